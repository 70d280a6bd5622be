// All that a database holds in memory: the schema, the dictionaries, and for each table its
// segments and memtables. Commits pass through here twice: Resolve turns a caller's batch into a
// commit record without changing what readers or the log can see, Apply carries a commit record
// out. Recovery calls Apply with the same bytes, so that a replayed state is the state that was.
//
// Threads: every function belongs to whoever holds the writer's mutex, except those marked "any
// thread". Readers hold the views, schema and dictionaries, all of which are safe beside the
// writer.
//
// Visibility: Apply makes records reachable but readers look only at records up to the seq of their
// snapshot. Take views() and schema() for new snapshots when the seq is published, not between
// Apply and that, or a reader may see a schema ahead of its commit.
//
// What the owner has to keep to, or a crash loses or resurrects records:
//  * Marks (superseded records) that reach a deletions file or a merged segment may come from
//  commits
//    later than the flushed state: sync the log up to last_seq() before a manifest names such a
//    file.
//  * A merge may drop a record only if it was replaced at or below a seq that is itself durable.
//  * A manifest stores FrozenState::schema with the log that began at the freeze: replaying that
//  log
//    brings every later change.
#ifndef HYPERGRAPH_GRAPH_GRAPH_STATE_H_
#define HYPERGRAPH_GRAPH_GRAPH_STATE_H_

#include <map>
#include <memory>
#include <shared_mutex>
#include <vector>

#include "core/graph/memtable.h"
#include "core/graph/schema.h"
#include "core/graph/snapshot.h"
#include "core/index/dictionary.h"
#include "core/index/segment.h"
#include "include/hypergraph/database.h"

namespace hypergraph {

struct BatchLimits {
  uint32_t text_bytes_max = 1u << 20;  // One node key, label, role or string property.
  uint64_t commit_bytes_max = 1ull << 30;
};
inline constexpr uint32_t kKeyBytesMax = 255;  // A caller key. Its length is stored in one byte.

// What a manifest gives back.
struct RestoredState {
  std::shared_ptr<const Schema> schema;  // Null: MakeEmptySchema().
  std::unique_ptr<Dictionary> nodes;     // Null: empty.
  std::unique_ptr<Dictionary> symbols;   // Null: empty, from 1.
  std::map<TableId, std::vector<std::shared_ptr<Segment>>> segments;
  Seq last_seq = 0;  // Of the flushed state.
  Micros last_committed_at = kMicrosMin;
};

// What one flush writes. Immutable; its memtables still take marks, which InstallFlush carries
// over.
struct FrozenState {
  Seq last_seq = 0;
  uint32_t nodes_end = 0, symbols_end = 0;  // Write the dictionaries up to here (or further).
  std::shared_ptr<const Schema> schema;
  std::vector<CommitInstant> instants;                        // Those not yet in a clock file.
  std::map<TableId, std::shared_ptr<const Memtable>> tables;  // Only those that have records.
};

// Where the records of a replaced source went: row (of the memtable or input segment) to its place
// among the records of all outputs laid end to end.
inline constexpr uint32_t kRowDropped = UINT32_MAX;
struct FlushedTable {
  std::vector<std::shared_ptr<Segment>> outputs;  // In rank order; one, unless the flush was split.
  std::vector<uint32_t> row_to_rank;  // From Memtable::SortedRecords; may be kRowDropped.
};
struct MergeInput {
  std::shared_ptr<Segment> segment;
  std::vector<uint32_t> row_to_rank;
};

class GraphState {
 public:
  GraphState();
  ~GraphState();
  GraphState(const GraphState&) = delete;
  GraphState& operator=(const GraphState&) = delete;

  // Requires: nothing was applied yet.
  void Restore(RestoredState restored);

  // --- Commits.

  // Decodes and checks a batch (WIRE.md; any bytes at all), finds duplicates and conflicts, assigns
  // numbers. On an error nothing has changed. An empty payload means that the batch changes nothing
  // (all duplicates or unknown ids): there is nothing to log, and receipt->seq is last_seq().
  // Otherwise the payload is to be logged in a frame of seq receipt->seq and applied, before the
  // next Resolve; dropping it instead is safe too. `now` is the clock's; the commit's own instant
  // never goes back.
  Status Resolve(ByteView batch, const BatchLimits& limits, Micros now,
                 std::vector<uint8_t>* payload, CommitReceipt* receipt);

  // Carries a payload of Resolve out. kCorrupt, possibly with a part applied, if its bytes are no
  // such payload or do not continue last_seq(); kCorrupt or kIo also if a segment cannot be read.
  Status Apply(ByteView payload);
  // Whether a payload of Resolve does nothing but append rows to one table, which nothing will keep
  // Apply from: it may be logged while it is applied. Changes nothing.
  bool OnlyAppends(ByteView payload);

  // Recovery of much that is asked about little: records come without their members' chains, until
  // ChainMore has made all of them. Of at most so many records a table; false when none are left.
  void DeferChains();
  bool ChainMore(uint32_t records_max);
  // For what is applied from here on; null: no longer.
  void UsePages(PageReserve* pages);

  Seq last_seq() const { return last_seq_; }
  Micros last_committed_at() const { return last_committed_at_; }

  // --- What readers get.

  std::shared_ptr<const Schema> schema() const { return schema_; }
  // Rebuilt only after a schema change, Freeze or Install*; else the same object again.
  std::shared_ptr<const TableViews> views();
  Dictionary& nodes() { return *nodes_; }  // Any thread for its const functions. The address is
  Dictionary& symbols() {
    return *symbols_;
  }  // the same for the life of this object after Restore.

  // The last unflushed commit at or before the instant, or up to the seq; false when there is none
  // (look in the clock files then). Any thread.
  bool LastInstantAtOrBefore(Micros instant, CommitInstant* found) const;
  bool LastInstantUpTo(Seq seq, CommitInstant* found) const;

  // --- Flush and merge.

  // Of the active memtables: what to flush by.
  uint64_t memtable_bytes() const;
  uint64_t memtable_records() const;
  bool has_frozen() const { return frozen_ != nullptr; }
  // Everything active becomes frozen; commits go on into new memtables. Requires: !has_frozen().
  std::shared_ptr<const FrozenState> Freeze();
  std::shared_ptr<const FrozenState> frozen() const { return frozen_; }
  // The segments take the place of the frozen memtables. Marks that came since Freeze are carried
  // into the outputs' deletions(); their rows count as kRowDropped where the flush left them out.
  // A table dropped meanwhile is passed over: its outputs are garbage. Requires: has_frozen(), and
  // every table of frozen()->tables in `flushed` (without outputs if all records were left out).
  void InstallFlush(const std::map<TableId, FlushedTable>& flushed);

  // Before reading the inputs of a merge; from then on marks on segments are remembered. Every
  // BeginMerge ends in one InstallMerge or AbandonMerge.
  void BeginMerge() { ++merges_running_; }
  // The outputs (laid end to end: what row_to_rank counts in) take the inputs' place. False, with
  // nothing changed, if the table or an input is gone meanwhile.
  bool InstallMerge(TableId table, std::span<const MergeInput> inputs,
                    const std::vector<std::shared_ptr<Segment>>& outputs);
  void AbandonMerge();

  // By ts_min. Empty for a table without any, or unknown.
  std::vector<std::shared_ptr<Segment>> segments(TableId table) const;

 private:
  friend class BatchResolver;
  friend class RecordApplier;

  struct Table {
    std::vector<std::shared_ptr<Segment>> segments;
    std::shared_ptr<Memtable> frozen;  // Null: none.
    std::shared_ptr<Memtable> active;
  };
  struct Mark {
    const RowSource* source;
    uint32_t row;
    Seq superseded_by;
  };

  void SetSchema(std::shared_ptr<const Schema> schema);
  Status MarkSuperseded(const Table& table, EdgeId id, Seq old_seq, Seq by);
  void CarryMarks(const RowSource& from, std::span<const uint32_t> row_to_rank,
                  std::span<const std::shared_ptr<Segment>> outputs);
  void ForgetMarks(const RowSource* source);
  void NoteCommit(Seq seq, Micros committed_at);

  std::shared_ptr<const Schema> schema_;
  std::unique_ptr<Dictionary> nodes_, symbols_;
  std::map<TableId, Table> tables_;  // Exactly the schema's.
  Seq last_seq_ = 0;
  Micros last_committed_at_ = kMicrosMin;
  // Keys below these are in the log or in files; a payload carries those from here on.
  uint32_t nodes_logged_end_ = 0, symbols_logged_end_ = 1;
  std::shared_ptr<const TableViews> views_;  // Null: to be rebuilt.
  std::shared_ptr<const FrozenState> frozen_;
  int merges_running_ = 0;
  bool defers_chains_ = false;
  PageReserve* pages_ = nullptr;
  std::vector<Mark>
      marks_;  // Since Freeze or the oldest running BeginMerge, on frozen and segments.

  mutable std::shared_mutex instants_mutex_;
  std::vector<CommitInstant> instants_;  // Guarded by instants_mutex_. Ascending.
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_GRAPH_GRAPH_STATE_H_

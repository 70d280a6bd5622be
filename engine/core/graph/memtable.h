// The newest records of one table, in memory, in the order of their commits, until a flush makes a
// segment of them. Columns that grow in place, a chain of rows for each node, and the least and
// greatest event_ts of each 1,024 rows. Chains may come later than their rows (after an opening,
// which does not wait for them): the members of such rows are looked through.
//
// Threads: Append, Mark and Freeze belong to the writer. The functions of RowSource run on any
// thread meanwhile and take no lock, except FindId and FindKey of tables with updates or keys. Rows
// become readable when the row count is published, after all their columns.
//
// Invariant: rows ascend in seq. Never ranked().
#ifndef HYPERGRAPH_GRAPH_MEMTABLE_H_
#define HYPERGRAPH_GRAPH_MEMTABLE_H_

#include <atomic>
#include <bit>
#include <memory>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

#include "core/graph/commit_record.h"
#include "core/graph/growing_column.h"
#include "core/graph/node_chains.h"
#include "core/graph/text_arena.h"
#include "core/index/record_columns.h"
#include "core/index/row_source.h"

namespace hypergraph {

// Weights are held XOR these, so that 1 is zero.
inline constexpr uint64_t kOneBits = std::bit_cast<uint64_t>(1.0);

class Memtable final : public RowSource {
 public:
  explicit Memtable(TableId table);
  ~Memtable() override;
  Memtable(const Memtable&) = delete;
  Memtable& operator=(const Memtable&) = delete;

  // --- Writer.

  // Appends the block's rows as records first_seq, first_seq + 1, …  kTooLarge beyond 2^31 members.
  // Requires: first_seq is beyond every seq here; the block was checked (DecodeRows).
  Status Append(const RowBlock& block, Seq first_seq);
  bool HasRoomFor(const RowBlock& block) const;
  // From here on rows are appended without their chains, which ChainMore makes.
  void DeferChains() { defers_chains_ = true; }
  void UsePages(PageReserve* pages) { memory_.UsePages(pages); }
  // Makes the chains of at most so many rows more; false when none are left to be made. Rows
  // appended from then on come with theirs.
  bool ChainMore(uint32_t rows_max);
  // Requires: row < row count. The first mark of a row stays.
  void Mark(uint32_t row, Seq superseded_by);
  // The row of a record; false if it is not here.
  bool FindSeq(Seq seq, uint32_t* row) const;
  // From here on nothing is appended, but marks may come.
  void Freeze() {
    ChainMore(UINT32_MAX);  // Degrees of what never changes again are exact.
    frozen_.store(true, std::memory_order_release);
  }

  uint64_t bytes() const;  // What has been set aside, used or not: what to flush by.

  // --- Any thread.

  uint32_t row_count() const { return row_count_.load(std::memory_order_acquire); }
  Seq SupersededBy(uint32_t row) const;  // 0: none.
  // All records in (event_ts, seq) order, marks included, and where each row went. Requires:
  // frozen.
  void SortedRecords(RecordColumns* records, std::vector<uint32_t>* row_to_rank) const;

  SourceBounds bounds() const override;
  bool ranked() const override { return false; }
  Status LowerBound(Micros ts, uint32_t* rank) const override;  // kUnsupported.
  Status RowsInWindow(TimeWindow window, uint32_t limit, bool newest_first,
                      std::vector<uint32_t>* rows) const override;
  uint32_t Degree(NodeNumber node) const override;
  Status RowsOfNode(NodeNumber node, TimeWindow window, std::vector<uint32_t>* rows) const override;
  Status RowsOfNodes(std::span<const NodeNumber> nodes, uint32_t at_least, TimeWindow window,
                     std::vector<uint32_t>* rows) const override;
  bool EstimateIndex(const IndexProbe& probe, uint32_t* row_count) const override;  // Never.
  Status RowsByIndex(const IndexProbe& probe, TimeWindow window,
                     std::vector<uint32_t>* rows) const override;
  Status Select(const Comparison& comparison, Rows rows,
                std::vector<uint32_t>* selected) const override;
  bool AllVisible(Seq at) const override;
  Status SelectVisible(Seq at, Rows rows, std::vector<uint32_t>* visible) const override;
  Status EventTs(Rows rows, Micros* out) const override;
  Status Seqs(Rows rows, Seq* out) const override;
  Status Ids(Rows rows, EdgeId* out) const override;
  Status ValidTo(Rows rows, Micros* out) const override;
  Status Weights(Rows rows, double* out) const override;
  Status Labels(Rows rows, Symbol* out) const override;
  Status Arities(Rows rows, uint32_t* out) const override;
  Status Members(Rows rows, MemberColumns* out) const override;
  Status Keys(Rows rows, std::vector<std::string_view>* out) const override;
  Status Property(PropertyIndex property, Rows rows, PropertyColumn* out) const override;
  Status SumWeights(Rows rows, double* sum) const override;
  Status CountMembers(Rows rows, std::span<uint32_t> counts) const override;
  Status FindId(EdgeId id, std::vector<uint32_t>* rows) const override;
  Status FindKey(std::string_view key, std::vector<uint32_t>* rows) const override;

 private:
  static constexpr uint32_t kZoneRows = 1024;
  struct Zone {
    std::atomic<Micros> ts_min, ts_max;
    std::atomic<Micros> ts_max_so_far;  // Of this zone and all before it.
  };
  struct PropertyStore {
    PropertyStore(PropertyType of, BlockMemory* memory)
        : type(of), present(memory), values(memory) {}
    const PropertyType type;
    GrowingColumn<uint8_t> present;
    GrowingColumn<uint64_t>
        values;  // Integers and floats as bits; strings by address in the arena.
  };

  void AppendPlain(const RowBlock& block, uint32_t first_row, Seq first_seq);
  void AppendMembers(const RowBlock& block, uint32_t first_row);
  void ChainRows(uint32_t first_row, uint32_t end_row);  // Requires: their members are written.
  void AppendKeys(const RowBlock& block, uint32_t first_row);
  void AddKeySlot(uint32_t slot);
  void AppendProperty(const PropertyBlock& block, uint32_t count, uint32_t first_row);
  void AppendZones(const RowBlock& block, uint32_t first_row);
  void NoteIds(const RowBlock& block, uint32_t first_row, Seq first_seq);

  EdgeId IdOf(uint32_t row) const {
    const EdgeId id = ids_[row];
    return id == 0 ? seqs_[row] : id;
  }
  Micros ValidToOf(uint32_t row) const { return valid_to_[row] ^ kMicrosMax; }
  double WeightOf(uint32_t row) const;
  std::string_view KeyOf(uint32_t row) const { return TextArena::TextAt(keys_[row]); }
  uint32_t MembersBegin(uint32_t row) const { return row == 0 ? 0 : member_ends_[row - 1]; }
  const PropertyStore* FindProperty(PropertyIndex property) const;

  // --- Reading, over several files.
  // Rows from place `from` on, which ascend.
  void SortByTime(std::vector<uint32_t>* rows, size_t from) const;
  void CopyMembers(uint32_t begin, uint32_t end, MemberColumns* out) const;
  uint32_t RowsInZones(TimeWindow window, uint32_t row_count) const;  // An upper bound.
  void ScanForNode(NodeNumber node, TimeWindow window, std::vector<uint32_t>* rows) const;
  void RowsOfChain(NodeNumber node, TimeWindow window, std::vector<uint32_t>* rows) const;
  void RowsWithoutChains(NodeNumber node, uint32_t first, uint32_t end, TimeWindow window,
                         std::vector<uint32_t>* rows) const;
  Status SelectProperty(const Comparison& comparison, Rows rows,
                        std::vector<uint32_t>* selected) const;
  uint32_t DistinctOf(uint32_t row, std::span<const NodeNumber> sorted_nodes) const;
  void ExportNumbers(std::span<const uint32_t> order, RecordColumns* records) const;
  void ExportMembers(std::span<const uint32_t> order, RecordColumns* records) const;
  void ExportKeys(std::span<const uint32_t> order, RecordColumns* records) const;
  void ExportProperties(std::span<const uint32_t> order, RecordColumns* records) const;
  void ExportMarks(std::span<const uint32_t> order, RecordColumns* records) const;

  const TableId table_;
  std::atomic<bool> frozen_{false};
  std::atomic<uint32_t> row_count_{0};
  uint32_t member_count_ = 0;  // The writer's; readers take the last row's end.
  bool defers_chains_ = false;
  std::atomic<uint32_t> chained_rows_{0};  // Those before it are in chains_.
  std::atomic<Micros> ts_min_{kMicrosMax}, ts_max_{kMicrosMin};

  BlockMemory memory_;  // Before all that lies in it.
  GrowingColumn<Seq> seqs_{&memory_};
  GrowingColumn<Micros> event_ts_{&memory_};
  // Held so that zero, which a block is full of before it is written, is the default.
  GrowingColumn<EdgeId> ids_{&memory_};        // 0: the row's own seq.
  GrowingColumn<Micros> valid_to_{&memory_};   // XOR kMicrosMax.
  GrowingColumn<uint64_t> weights_{&memory_};  // The bits XOR those of 1.0.
  GrowingColumn<Symbol> labels_{&memory_};
  GrowingColumn<uint64_t> keys_{&memory_};  // In the arena.
  GrowingColumn<std::atomic<Seq>> superseded_by_{&memory_};
  std::atomic<uint32_t> mark_count_{0};
  GrowingColumn<uint32_t> member_ends_{&memory_};
  GrowingColumn<NodeNumber> members_{&memory_};
  GrowingColumn<Symbol> roles_{&memory_};
  GrowingColumn<Zone> zones_{&memory_};
  NodeChains chains_{&memory_};
  TextArena arena_;
  GrowingColumn<std::atomic<PropertyStore*>> properties_{&memory_};
  std::vector<std::unique_ptr<PropertyStore>> property_owners_;  // The writer's.

  std::atomic<bool> has_versions_{false}, has_keys_{false};
  mutable std::shared_mutex lookup_mutex_;
  std::unordered_multimap<EdgeId, uint32_t> versions_;  // Guarded by lookup_mutex_: id ≠ seq.
  std::vector<uint32_t> key_slots_;                     // Guarded by lookup_mutex_: row + 1, or 0.
  uint32_t key_count_ = 0;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_GRAPH_MEMTABLE_H_

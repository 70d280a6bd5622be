// Which rows of a table a Selection means, over all the sources of a snapshot: names resolved,
// types checked, the window clamped by TTL, the cheapest access path chosen for each source, and
// the rest filtered.
//
// Threads: a Selector belongs to one query on one thread. Ownership: it borrows the snapshot,
// which keeps the sources alive, and the guard. Rows handed out are valid until the next call on
// the same scan.
#ifndef HYPERGRAPH_QUERY_SELECT_H_
#define HYPERGRAPH_QUERY_SELECT_H_

#include <memory>
#include <optional>
#include <vector>

#include "core/base/status.h"
#include "core/graph/snapshot.h"
#include "core/query/guard.h"
#include "core/query/plan.h"

namespace hypergraph {

enum class AccessPath : uint8_t {
  kNothing,  // Nothing in this source can match.
  kIds,
  kKeys,
  kIndex,     // A property index.
  kMembers,   // Postings of the members asked for.
  kInstants,  // Exact event_ts: how node properties are found.
  kWindow,    // Every row of the time window.
};

struct SelectOptions {
  Seq at = kSeqNone;  // Visibility; kSeqNone: the snapshot's own.
  // Not null: only these event_ts, ascending and distinct. Borrowed as long as the Selector lives.
  const std::vector<Micros>* instants = nullptr;
};

// Consecutive matches of one source, ascending in (event_ts, seq).
struct RowBatch {
  uint32_t source = 0;
  Rows rows = Rows::Range(0, 0);  // Empty: the end.
};

class CompiledSelection;  // select_compile.h

class Selector {
 public:
  Selector();
  ~Selector();
  Selector(const Selector&) = delete;
  Selector& operator=(const Selector&) = delete;

  // kNotFound: no such table or property; kTypeMismatch, kInvalid: says which operand. Requires:
  // called once, before everything else.
  Status Prepare(const Snapshot& snapshot, const Selection& selection, Guard* guard,
                 const SelectOptions& options = {});

  const TableSchema& schema() const;
  uint32_t source_count() const;
  const RowSource& source(uint32_t index) const;
  Seq at() const;
  TimeWindow window() const;  // The selection's, clamped by TTL.
  Guard& guard() const;
  // True when an unknown name, an empty window or the like leaves nothing to look for.
  bool matches_nothing() const;

  // True when every row of the source inside window() matches as it is: no filter, no replaced
  // rows.
  bool MatchesAll(uint32_t source) const;
  // Appends the candidates that match, in their order. Requires: candidates lie inside window().
  // Checks visibility and every part of the selection but the window; charges the guard, and
  // examines all candidates even when that stops it.
  Status Match(uint32_t source, Rows candidates, std::vector<uint32_t>* matched);

  const CompiledSelection& compiled() const { return *compiled_; }
  CompiledSelection& compiled() { return *compiled_; }

 private:
  std::unique_ptr<CompiledSelection> compiled_;
};

// All matches, source by source, at most kGuardRows a batch: contiguous when nothing filters.
class BatchScan {
 public:
  explicit BatchScan(Selector* selector);
  ~BatchScan();
  // An empty batch: the end, or the guard stopped. Errors: kCancelled, kCorrupt.
  Status Next(RowBatch* batch);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// A place in the order (event_ts, seq); a scan goes on strictly behind it.
struct Position {
  Micros event_ts = 0;
  Seq seq = 0;
  auto operator<=>(const Position&) const = default;
};

// All matches in the order (event_ts, seq), over all sources.
class OrderedScan {
 public:
  // `rows_wanted` is a hint how many the caller will take.
  OrderedScan(Selector* selector, bool newest_first, std::optional<Position> after,
              uint64_t rows_wanted);
  ~OrderedScan();
  // The rows of a batch always ascend; newest first, the batch is to be read from its end, and each
  // batch lies before the one given earlier. An empty batch: the end, or the guard stopped.
  Status Next(RowBatch* batch);
  // Whether there may be more behind what was given: exact when little is left to look at, and true
  // when finding out would be work. Requires: the guard has not stopped.
  Status MayHaveMore(bool* more);
  // True once every match was given, even if the guard stopped just then.
  bool ended() const;
  // Once the guard stopped the scan: every match up to here (from here on, newest first) was given.
  // Empty: nothing was settled yet.
  std::optional<Position> settled() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_QUERY_SELECT_H_

// The matches of one source in order, a chunk at a time: picks the cheapest way to find candidates,
// then checks them for what is left of the selection.
//
// Threads: one query's, on one thread. Ownership: borrows the CompiledSelection and the source.
#ifndef HYPERGRAPH_QUERY_SELECT_ACCESS_H_
#define HYPERGRAPH_QUERY_SELECT_ACCESS_H_

#include <utility>
#include <vector>

#include "core/query/row_lists.h"
#include "core/query/select_compile.h"

namespace hypergraph {

struct AccessChoice {
  AccessPath path = AccessPath::kNothing;
  const IndexPlan* index = nullptr;  // With kIndex.
  uint64_t estimated_rows = 0;       // Of candidates.
};

// Whether the source may have visible rows of the window at all.
bool MayMatch(const CompiledSelection& compiled, const SourceBounds& bounds);

Status ChooseAccess(const CompiledSelection& compiled, const RowSource& source,
                    AccessChoice* choice);

class SourceCursor {
 public:
  // `after`: only what lies strictly behind it in the direction of the scan.
  SourceCursor(CompiledSelection* compiled, uint32_t source, bool newest_first,
               const std::optional<Position>& after);
  ~SourceCursor() { KeepRowList(std::move(list_)); }
  SourceCursor(const SourceCursor&) = delete;
  SourceCursor& operator=(const SourceCursor&) = delete;

  Status Open();

  // The next matches, from at most `candidates_max` candidates (at least one): ascending, and
  // newest first each chunk before the last. Empty with !done(): none of them matched. Valid until
  // the next call. Requires: !done(). Of a guard that has stopped, it looks at one candidate.
  Status Next(uint32_t candidates_max, Rows* matched);
  bool done() const { return done_; }
  bool looked() const { return looked_; }  // At any candidate.
  // True when a chunk comes whole and unchecked: then its size is worth bounding by what is wanted.
  bool unchecked() const { return remainder_.empty(); }

  // The last candidate that was looked at; empty before the first.
  Status LookedAt(std::optional<Position>* position) const;

  const RowSource& source() const { return *source_; }
  uint32_t source_index() const { return source_index_; }
  const AccessChoice& choice() const { return choice_; }

 private:
  Status Collect();
  Status CollectIds();
  Status CollectKeys();
  Status CollectIndex();
  Status CollectMembers();
  Status CollectInstants();
  Status OpenRange();
  Status RefillWindow();
  // Charges the guard for a lookup; sets gave_up_ when it has stopped. Lookups examine no rows, so
  // examined_max does not end them.
  Status ChargeLookup();
  Status SortList();
  Status KeepWindow();
  Status TrimList();
  // How many of the candidates [0, count) lie before `position` or (when `at_it`) are at it.
  Status CountBefore(Rows rows, const Position& position, bool at_it, uint32_t* count) const;
  Rows Candidates() const {
    return ranged_ ? Rows::Range(range_first_, range_count_) : Rows::List(list_);
  }

  CompiledSelection* compiled_;
  const RowSource* source_;
  uint32_t source_index_;
  bool newest_first_;
  std::optional<Position> after_;
  TimeWindow window_;  // The selection's, narrowed by after_.
  AccessChoice choice_;
  Remainder remainder_;

  bool ranged_ = false;
  uint32_t range_first_ = 0, range_count_ = 0;
  std::vector<uint32_t> list_ = TakeRowList();
  uint32_t taken_ = 0;    // Candidates handed to the checks, from the end when newest first.
  bool refills_ = false;  // The list is only the next part of the window's rows.
  uint32_t refill_rows_ = 0;
  bool done_ = false;
  bool looked_ = false;
  bool gave_up_ = false;  // The guard stopped before all candidates were collected.
  uint32_t last_looked_ = 0;
  std::vector<uint32_t> matched_;
};

// The place of a row in the order.
Status PositionOf(const RowSource& source, uint32_t row, Position* position);

}  // namespace hypergraph

#endif  // HYPERGRAPH_QUERY_SELECT_ACCESS_H_

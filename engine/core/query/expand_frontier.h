// Expansion level by level over postings: from each node that got better, the hyperedges that it
// could not take before. Each hyperedge is walked once, at the first level that can take it.
//
// A node's newest entry is its earliest arrival within the levels walked, with the fewest hops
// among those; without time, its only entry. Entries are the same as those of a TimePass where both
// are of one arrival and one number of hops.
//
// Threads: one.
#ifndef HYPERGRAPH_QUERY_EXPAND_FRONTIER_H_
#define HYPERGRAPH_QUERY_EXPAND_FRONTIER_H_

#include <vector>

#include "core/query/expand_edges.h"

namespace hypergraph {

class FrontierWalk {
 public:
  // Requires: the journal has the seeds and nothing else. All outlive the walk. `window_share`: of
  // all rows those in the window, for estimates.
  FrontierWalk(Selector* selector, const WalkRules& rules, double window_share, Journal* journal);

  bool AtEnd() const { return level_ == rules_.hops_max || frontier_empty(); }
  // About what the next level costs, by its rows and its lookups; no more than `enough` need be
  // told apart.
  Status EstimateLevel(uint64_t row_cost, uint64_t lookup_cost, uint64_t enough,
                       uint64_t* cost) const;
  // Walks one more level. When the guard stops it, what is in the journal is correct so far.
  Status WalkLevel();

 private:
  bool frontier_empty() const { return level_first_ == journal_->entries.size(); }
  bool stopped() const { return selector_->guard().stopped(); }
  TimeWindow Unwalked(const Journal::Entry& entry) const;
  Status Gather(uint32_t source, uint32_t first, uint32_t end);
  Status WalkRows(uint32_t source);
  Status WalkMatched(uint32_t source);
  bool Walk(const WalkEdge& edge);
  uint32_t LeavingEntry(const WalkEdge& edge) const;
  bool Reach(NodeNumber node, const WalkEdge& edge, uint32_t parent);

  Selector* const selector_;
  const WalkRules& rules_;
  Journal* const journal_;
  const double window_share_;
  uint32_t level_ = 0;
  uint32_t level_first_ = 0;       // The first entry of the newest level.
  uint32_t reached_first_ = 0;     // The first entry of the level being walked.
  std::vector<Seq> reached_seqs_;  // Of the hyperedges of the entries from reached_first_ on.
  std::vector<std::vector<bool>> walked_;  // By source and row.
  std::vector<uint32_t> gathered_, rows_, matched_;
  EdgeColumns edges_;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_QUERY_EXPAND_FRONTIER_H_

// Expansion by one pass over hyperedges in (event_ts, seq) order, as in Wu et al., "Path Problems
// in Temporal Graphs" (VLDB 2014): what is reached first is reached earliest, so a node's later
// entries matter only with fewer hops.
//
// After the pass a node's first entry is its earliest arrival, with the fewest hops among those;
// its newest entry has the fewest hops, with the earliest arrival among those.
//
// The hyperedge of an entry is the one with the lowest seq that gives this arrival and these hops;
// the parent is the first of its members, in their order, from which it does.
//
// Threads: one.
#ifndef HYPERGRAPH_QUERY_EXPAND_PASS_H_
#define HYPERGRAPH_QUERY_EXPAND_PASS_H_

#include <vector>

#include "core/query/expand_journal.h"
#include "core/query/guard.h"

namespace hypergraph {

class TimePass {
 public:
  // Requires: rules.timed; the journal has the seeds and nothing else. All outlive the pass.
  TimePass(const WalkRules& rules, Guard* guard, Journal* journal);

  // Requires: edges come in (event_ts, seq) order.
  void Add(const WalkEdge& edge);
  // Settles the current instant. Requires: no more edges of it come.
  void Finish() { EndTick(); }

  // Not ok once the guard was cancelled. When it stops, what is in the journal are journeys that
  // exist, maybe not the best.
  const Status& status() const { return status_; }
  // From now on only journeys of at most `hops` hops count.
  void LimitHops(uint32_t hops) { hops_max_ = hops; }
  // The members held because their hyperedges share one instant; bounds the caller's memory.
  size_t held_members() const { return held_nodes_.size(); }

 private:
  struct Best {
    uint32_t hops = Journal::kNone;
    uint32_t entry = Journal::kNone;
  };
  Best BestLeaving(const WalkEdge& edge, bool this_tick_too) const;
  // True when a node was reached better than before.
  bool Relax(const WalkEdge& edge);
  void Hold(const WalkEdge& edge);
  WalkEdge Held(size_t index) const;
  void EndTick();
  void SettleTick();
  bool GivesUp(const WalkEdge& edge);

  const WalkRules& rules_;
  Guard* const guard_;
  Journal* const journal_;
  uint32_t hops_max_;
  Micros tick_ = kMicrosMin;
  uint32_t tick_first_ = 0;  // The first entry of this instant.
  // The hyperedges of this instant, when they may be walked one after the other.
  std::vector<EdgeId> held_ids_;
  std::vector<size_t> held_ends_;
  std::vector<NodeNumber> held_nodes_;
  std::vector<Symbol> held_roles_;
  Status status_;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_QUERY_EXPAND_PASS_H_

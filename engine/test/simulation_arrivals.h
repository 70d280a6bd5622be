// What expansions and paths should say, by trying all hyperedges at each hop.
//
// Threads: one at a time.
#ifndef HYPERGRAPH_TEST_SIMULATION_ARRIVALS_H_
#define HYPERGRAPH_TEST_SIMULATION_ARRIVALS_H_

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "core/query/plan.h"
#include "test/model.h"

namespace hypergraph::test {

inline BatchNode NodeOf(const OwnedNodeKey& key) {
  return key.is_text ? BatchNode(key.text) : BatchNode(key.integer);
}

// The earliest arrivals with at most 0, 1, … hops.
class Arrivals {
 public:
  // Seeds arrive at `begin`.
  Arrivals(const ExpandPlan& plan, Micros begin, const std::vector<const ModelRecord*>& edges)
      : plan_(plan) {
    by_hops_.emplace_back();
    for (const OwnedNodeKey& seed : plan.seeds) {
      seeds_.insert(NodeOf(seed));
      by_hops_[0][NodeOf(seed)] = begin;
    }
    for (uint32_t hop = 1; hop <= plan.hops_max; ++hop) by_hops_.push_back(Next(edges));
  }
  using Map = std::map<BatchNode, Micros>;
  const std::vector<Map>& by_hops() const { return by_hops_; }
  // The arrival of a row, and its hops.
  std::pair<Micros, uint32_t> RowOf(const BatchNode& node) const {
    const Micros arrival = by_hops_.back().at(node);
    uint32_t hops = 0;
    while (true) {
      const auto found = by_hops_[hops].find(node);
      if (found != by_hops_[hops].end() && found->second == arrival) return {arrival, hops};
      ++hops;
    }
  }

 private:
  Map Next(const std::vector<const ModelRecord*>& edges) const {
    const Map& before = by_hops_.back();
    Map next = before;
    for (const ModelRecord* edge : edges) {
      const bool taken =
          std::any_of(edge->members.begin(), edge->members.end(), [&](const auto& member) {
            const auto found = before.find(member.first);
            if (found == before.end()) return false;
            if (plan_.from_role && *plan_.from_role != member.second) return false;
            if (plan_.order == HopOrder::kAny || seeds_.contains(member.first)) return true;
            return plan_.order == HopOrder::kStrict ? found->second < edge->event_ts
                                                    : found->second <= edge->event_ts;
          });
      if (!taken) continue;
      for (const auto& [node, role] : edge->members) {
        if ((plan_.to_role && *plan_.to_role != role) || seeds_.contains(node)) continue;
        // Without an order, only the first hop that reaches a node counts.
        if (plan_.order == HopOrder::kAny && before.contains(node)) continue;
        const auto [at, fresh] = next.emplace(node, edge->event_ts);
        if (!fresh) at->second = std::min(at->second, edge->event_ts);
      }
    }
    return next;
  }

  const ExpandPlan& plan_;
  std::set<BatchNode> seeds_;
  std::vector<Map> by_hops_;
};

}  // namespace hypergraph::test

#endif  // HYPERGRAPH_TEST_SIMULATION_ARRIVALS_H_

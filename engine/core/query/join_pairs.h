// What the ways to join have in common: the terms of a pair, and the pairs found.
//
// Threads: one.
#ifndef HYPERGRAPH_QUERY_JOIN_PAIRS_H_
#define HYPERGRAPH_QUERY_JOIN_PAIRS_H_

#include <vector>

#include "core/query/expand_edges.h"

namespace hypergraph {

struct JoinSide {
  Selector selector;
  bool has_role = false;
  Symbol role = kSymbolNone;
  // The distinct nodes of the edge in the side's role, ascending.
  void NodesOf(const WalkEdge& edge, std::vector<NodeNumber>* nodes) const;
};

struct JoinTerms {
  int64_t distance_min = 0, distance_max = 0;
  uint32_t shared_min = 1;
  bool same_table = false;
};

// [ts + low, ts + high], half-open, of the instants that there are. Wide: a distance's negative may
// have no int64.
TimeWindow Around(Micros ts, __int128 low, __int128 high);

struct EdgeName {
  Micros ts = 0;
  Seq seq = 0;
  EdgeId id = 0;
};

struct JoinPair {
  EdgeName left, right;
  NodeNumber shared = 0;
  uint32_t shared_count = 0;
};

// The first `rows_max` pairs in the order of the result, whatever order they are found in.
class JoinPairs {
 public:
  explicit JoinPairs(Guard* guard);

  void Add(const JoinPair& pair);
  // When pairs come in the order of lefts, nothing later can be among the first.
  bool Full() const { return pairs_.size() > kept_max_; }
  std::vector<JoinPair> Take();

 private:
  void Cut();
  Guard* const guard_;
  size_t kept_max_ = 0;
  Truncated reason_ = Truncated::kRowsMax;  // Of kept_max_.
  bool cut_ = false;
  std::vector<JoinPair> pairs_;
};

// The ways. Pairs so far are right when the guard stops them.
Status SlideJoin(JoinSide* left, JoinSide* right, const JoinTerms& terms, uint32_t node_end,
                 JoinPairs* pairs);
Status ProbeJoin(JoinSide* driver, JoinSide* probed, bool driver_is_left, const JoinTerms& terms,
                 JoinPairs* pairs);

}  // namespace hypergraph

#endif  // HYPERGRAPH_QUERY_JOIN_PAIRS_H_

// Pairs of hyperedges that share members, close in time.
//
// A pair has a hyperedge of `left` and one of `right`, event_ts of the right one less that of the
// left one within [distance_min, distance_max], and at least shared_min nodes in common: each a
// member of the left in left_role and of the right in right_role, where these are given. A
// hyperedge is not paired with itself. One row a pair: the shared node with the lowest number, and
// how many are shared. Rows are by left event_ts and seq, then right event_ts and seq.
//
// rows_max cuts the last rows. Truncated otherwise, pairs may be missing anywhere.
//
// Threads: any; a query runs on one.
#ifndef HYPERGRAPH_QUERY_JOIN_H_
#define HYPERGRAPH_QUERY_JOIN_H_

#include <vector>

#include "core/base/status.h"
#include "core/graph/snapshot.h"
#include "core/query/guard.h"
#include "core/query/plan.h"

namespace hypergraph {

enum class JoinMethod : uint8_t {
  kChoose,
  kSlide,       // Both sides in time, the right one's recent members in a window.
  kProbeRight,  // Each left hyperedge looks in the right side's postings.
  kProbeLeft,
};

// Requires: plan.kind is kJoin.
Status RunJoin(const Snapshot& snapshot, const Plan& plan, Guard* guard,
               std::vector<uint8_t>* result, JoinMethod method = JoinMethod::kChoose);

}  // namespace hypergraph

#endif  // HYPERGRAPH_QUERY_JOIN_H_

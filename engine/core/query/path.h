// The shortest path from any of some seeds to a target: fewest hops, then earliest arrival, in the
// order that the plan asks for (see expand.h).
//
// A row a hop, from the seed's: `parent` and `node` are where it leaves and arrives. No rows: the
// target is out of reach, unknown, or itself a seed. A truncated result has a journey that exists,
// or none; there may be a shorter one.
//
// Threads: any; a query runs on one.
#ifndef HYPERGRAPH_QUERY_PATH_H_
#define HYPERGRAPH_QUERY_PATH_H_

#include <vector>

#include "core/base/status.h"
#include "core/graph/snapshot.h"
#include "core/query/guard.h"
#include "core/query/plan.h"

namespace hypergraph {

// Requires: plan.kind is kShortestPath.
Status RunShortestPath(const Snapshot& snapshot, const Plan& plan, Guard* guard,
                       std::vector<uint8_t>* result);

}  // namespace hypergraph

#endif  // HYPERGRAPH_QUERY_PATH_H_

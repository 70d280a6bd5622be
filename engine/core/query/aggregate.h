// Groups and measures over the hyperedges of a selection.
//
// Groups: by bucket of event_ts (floor division from the origin), by label, by property (null is a
// group of its own), and by membership: node, role, or both of the same membership. With a group by
// membership every membership counts, so a node in two roles of a hyperedge counts twice under
// `node` alone, and a distinct count of members or roles is of the memberships in the group.
// Without groups there is one row, even when nothing matches.
//
// Rows are ordered by group, part by part: numbers and texts ascending, nodes, roles and labels by
// their numbers, null last. With a top they are by that measure, greatest first and null last, then
// by group. A sum is a float64: of integers exact within ±2^53, else the nearest.
//
// rows_max and bytes_max cut rows, in that order, that are right themselves. When deadline or
// examined_max ends it, or the groups outgrow bytes_max, figures are of the rows read until then.
//
// Threads: any; a query runs on one.
#ifndef HYPERGRAPH_QUERY_AGGREGATE_H_
#define HYPERGRAPH_QUERY_AGGREGATE_H_

#include <vector>

#include "core/base/status.h"
#include "core/graph/snapshot.h"
#include "core/query/guard.h"
#include "core/query/plan.h"

namespace hypergraph {

enum class AggregateMethod : uint8_t {
  kChoose,
  kGeneral,  // No shortcuts: what the others are tested against.
};

// Requires: plan.kind is kAggregate.
Status RunAggregate(const Snapshot& snapshot, const Plan& plan, Guard* guard,
                    std::vector<uint8_t>* result,
                    AggregateMethod method = AggregateMethod::kChoose);

}  // namespace hypergraph

#endif  // HYPERGRAPH_QUERY_AGGREGATE_H_

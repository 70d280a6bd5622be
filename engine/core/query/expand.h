// Expansion from seeds over the hyperedges of a selection.
//
// Under an order (each hop no earlier, or later, than the one before) a row is a node's earliest
// arrival by a journey of at most hops_max hops, and the fewest hops that arrive then; `via` is the
// last hyperedge of that journey and `parent` the node before. Rows are by arrival, hops, node.
// Following parents through rows is a journey in that order too, and as early, but may have more
// hops than the row says: the parent's own row is its earliest arrival, however many hops it took.
// A shortest path gives whole journeys.
//
// Without an order a row is the fewest hops to a node; `via` is the earliest hyperedge (by
// event_ts, seq) that gives these and arrival its event_ts. Rows are by hops, arrival, node;
// parents through rows have exactly one hop less.
//
// Seeds have 0 hops and arrive when the window begins: kMicrosMin when it is unbounded. They may
// take hyperedges from that instant on under every order. A seed that is in no hyperedge of the
// table which the snapshot sees is left out, whether or not somebody knows its key.
//
// A truncated result (deadline, examined_max, frontier_max, bytes_max) has only journeys that
// exist, but nodes may be missing, and others may be reachable earlier or with fewer hops than it
// says. rows_max alone cuts the last rows and nothing else.
//
// Threads: any; a query runs on one.
#ifndef HYPERGRAPH_QUERY_EXPAND_H_
#define HYPERGRAPH_QUERY_EXPAND_H_

#include <vector>

#include "core/base/status.h"
#include "core/graph/snapshot.h"
#include "core/query/guard.h"
#include "core/query/plan.h"

namespace hypergraph {

// Requires: plan.kind is kExpand.
Status RunExpand(const Snapshot& snapshot, const Plan& plan, Guard* guard,
                 std::vector<uint8_t>* result);

}  // namespace hypergraph

#endif  // HYPERGRAPH_QUERY_EXPAND_H_

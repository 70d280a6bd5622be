// How a find would run: a step a row, without running it.
#ifndef HYPERGRAPH_QUERY_EXPLAIN_H_
#define HYPERGRAPH_QUERY_EXPLAIN_H_

#include <vector>

#include "core/base/status.h"
#include "core/graph/snapshot.h"
#include "core/query/guard.h"
#include "core/query/plan.h"

namespace hypergraph {

Status RunExplain(const Snapshot& snapshot, const Plan& plan, Guard* guard,
                  std::vector<uint8_t>* result);

}  // namespace hypergraph

#endif  // HYPERGRAPH_QUERY_EXPLAIN_H_

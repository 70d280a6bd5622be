// Runs plans that give rows back as they are: hyperedges (find) and node properties (nodes), page
// by page. WIRE.md says what a result holds.
//
// Pages of one snapshot neither repeat nor skip a row, however many share an instant. A page reads
// at the seq of the first page while history reaches it; once it does not, or the cursor comes from
// a later state than the snapshot's, the page is read at the snapshot's own seq and says
// snapshot_lost.
//
// Threads: any; each call is one query.
#ifndef HYPERGRAPH_QUERY_FIND_H_
#define HYPERGRAPH_QUERY_FIND_H_

#include <vector>

#include "core/base/status.h"
#include "core/graph/snapshot.h"
#include "core/query/guard.h"
#include "core/query/plan.h"

namespace hypergraph {

Status RunFind(const Snapshot& snapshot, const FindPlan& plan, Guard* guard,
               std::vector<uint8_t>* result);
Status RunNodes(const Snapshot& snapshot, const Plan& plan, Guard* guard,
                std::vector<uint8_t>* result);

}  // namespace hypergraph

#endif  // HYPERGRAPH_QUERY_FIND_H_

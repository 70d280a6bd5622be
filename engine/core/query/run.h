// Runs a plan against a snapshot.
#ifndef HYPERGRAPH_QUERY_RUN_H_
#define HYPERGRAPH_QUERY_RUN_H_

#include <atomic>
#include <vector>

#include "core/base/status.h"
#include "core/graph/snapshot.h"

namespace hypergraph {

// Shared with whoever may stop the query. Checked at least every 4,096 rows, 64 posting blocks, and
// each frontier.
struct QueryControl {
  std::atomic<bool> cancelled{false};
};

// `result` gets the bytes of WIRE.md. Deadline and budgets end in a result marked truncated, not in
// an error; a cancel ends in kCancelled.
Status RunPlan(const Snapshot& snapshot, ByteView plan, const QueryControl* control,
               std::vector<uint8_t>* result);

}  // namespace hypergraph

#endif  // HYPERGRAPH_QUERY_RUN_H_

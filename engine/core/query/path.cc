#include "core/query/path.h"

#include <algorithm>

#include "core/query/expand_walk.h"
#include "core/query/result.h"

namespace hypergraph {

Status RunShortestPath(const Snapshot& snapshot, const Plan& plan, Guard* guard,
                       std::vector<uint8_t>* result) {
  ExpandWalk walk;
  HG_RETURN_IF_ERROR(walk.Prepare(snapshot, plan.path.expand, guard));
  std::optional<NodeNumber> target;
  HG_RETURN_IF_ERROR(FindNode(snapshot, plan.path.target, &target));
  std::vector<uint32_t> hops;  // The entries of the path, the target's first.
  if (target) {
    HG_RETURN_IF_ERROR(walk.Run(WalkMethod::kChoose, target));
    for (uint32_t i = walk.journal().slots.Get(*target);
         i != Journal::kNone && walk.journal().entries[i].parent != Journal::kNone;
         i = walk.journal().entries[i].parent) {
      hops.push_back(i);
    }
  }
  if (hops.size() > guard->rows_max()) {
    guard->Stop(Truncated::kRowsMax);
    hops.erase(hops.begin(), hops.end() - guard->rows_max());
  }
  std::reverse(hops.begin(), hops.end());

  std::vector<int64_t> arrivals;
  std::vector<double> vias;
  std::vector<uint32_t> parents, nodes;
  for (const uint32_t i : hops) {
    const Journal::Entry& entry = walk.journal().entries[i];
    arrivals.push_back(entry.arrival);
    vias.push_back(static_cast<double>(entry.via));
    parents.push_back(walk.journal().entries[entry.parent].node);
    nodes.push_back(entry.node);
  }
  ResultWriter writer(PlanKind::kShortestPath, 4, result);
  const auto kind = [](ResultKind column) { return static_cast<uint8_t>(column); };
  writer.AddI64(kind(ResultKind::kArrival), 0, arrivals);
  writer.AddF64(kind(ResultKind::kVia), 0, vias);
  writer.AddU32(kind(ResultKind::kParent), 0, parents);
  writer.AddU32(kind(ResultKind::kNode), 0, nodes);
  ResultSummary summary;
  summary.row_count = static_cast<uint32_t>(hops.size());
  summary.seq = snapshot.seq;
  return writer.Finish(summary, *guard);
}

}  // namespace hypergraph

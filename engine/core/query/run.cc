#include "core/query/run.h"

#include "core/query/aggregate.h"
#include "core/query/expand.h"
#include "core/query/explain.h"
#include "core/query/find.h"
#include "core/query/guard.h"
#include "core/query/join.h"
#include "core/query/path.h"
#include "core/query/plan.h"

namespace hypergraph {

Status RunPlan(const Snapshot& snapshot, ByteView plan_bytes, const QueryControl* control,
               std::vector<uint8_t>* result) {
  if (IsFind(plan_bytes)) {
    Budget budget;
    FindPlan find;
    HG_RETURN_IF_ERROR(DecodeFind(plan_bytes, &budget, &find));
    Guard guard(budget, control);
    HG_RETURN_IF_ERROR(guard.Look());
    return RunFind(snapshot, find, &guard, result);
  }
  Plan plan;
  HG_RETURN_IF_ERROR(DecodePlan(plan_bytes, &plan));
  Guard guard(plan.budget, control);
  HG_RETURN_IF_ERROR(guard.Look());
  switch (plan.kind) {
    case PlanKind::kFind:
      return RunFind(snapshot, plan.find, &guard, result);
    case PlanKind::kAggregate:
      return RunAggregate(snapshot, plan, &guard, result);
    case PlanKind::kExpand:
      return RunExpand(snapshot, plan, &guard, result);
    case PlanKind::kShortestPath:
      return RunShortestPath(snapshot, plan, &guard, result);
    case PlanKind::kJoin:
      return RunJoin(snapshot, plan, &guard, result);
    case PlanKind::kNodes:
      return RunNodes(snapshot, plan, &guard, result);
    case PlanKind::kExplain:
      return RunExplain(snapshot, plan, &guard, result);
  }
  return {Code::kInvalid, "plan: unknown kind"};
}

}  // namespace hypergraph

#include "core/query/join.h"

#include <algorithm>

#include "core/query/expand_walk.h"
#include "core/query/join_pairs.h"
#include "core/query/result.h"

namespace hypergraph {

namespace {

// What a lookup in the other side's postings costs, in rows of a pass over it.
constexpr uint64_t kProbeCost = 16;

// About what a slide would hold in memory: the right side's members within one window.
double SlideBytes(const Selector& right, uint64_t rows, const JoinTerms& terms) {
  uint64_t row_count = 0;
  uint64_t member_count = 0;
  double span = 1;
  for (uint32_t i = 0; i < right.source_count(); ++i) {
    const SourceBounds bounds = right.source(i).bounds();
    if (bounds.row_count == 0) continue;
    row_count += bounds.row_count;
    member_count += bounds.member_count;
    span = std::max(span, static_cast<double>(bounds.ts_max) - static_cast<double>(bounds.ts_min));
  }
  if (row_count == 0) return 0;
  const double distance =
      static_cast<double>(terms.distance_max) - static_cast<double>(terms.distance_min);
  const double arity = static_cast<double>(member_count) / static_cast<double>(row_count);
  return static_cast<double>(rows) * std::min(1.0, distance / span) * (arity * 8 + 32);
}

JoinMethod Choose(uint64_t left_rows, uint64_t right_rows, bool slide_fits) {
  const uint64_t smaller = std::min(left_rows, right_rows);
  if (slide_fits && smaller * kProbeCost >= std::max(left_rows, right_rows)) {
    return JoinMethod::kSlide;
  }
  return left_rows <= right_rows ? JoinMethod::kProbeRight : JoinMethod::kProbeLeft;
}

Status WritePairs(const std::vector<JoinPair>& pairs, Seq seq, const Guard& guard,
                  std::vector<uint8_t>* result) {
  std::vector<double> left_ids, right_ids;
  std::vector<int64_t> left_ts, right_ts;
  std::vector<uint32_t> shared, counts;
  for (const JoinPair& pair : pairs) {
    left_ids.push_back(static_cast<double>(pair.left.id));
    left_ts.push_back(pair.left.ts);
    right_ids.push_back(static_cast<double>(pair.right.id));
    right_ts.push_back(pair.right.ts);
    shared.push_back(pair.shared);
    counts.push_back(pair.shared_count);
  }
  ResultWriter writer(PlanKind::kJoin, 6, result);
  const auto kind = [](ResultKind column) { return static_cast<uint8_t>(column); };
  writer.AddF64(kind(ResultKind::kLeftId), 0, left_ids);
  writer.AddI64(kind(ResultKind::kLeftTs), 0, left_ts);
  writer.AddF64(kind(ResultKind::kRightId), 0, right_ids);
  writer.AddI64(kind(ResultKind::kRightTs), 0, right_ts);
  writer.AddU32(kind(ResultKind::kSharedNode), 0, shared);
  writer.AddU32(kind(ResultKind::kSharedCount), 0, counts);
  ResultSummary summary;
  summary.row_count = static_cast<uint32_t>(pairs.size());
  summary.seq = seq;
  return writer.Finish(summary, guard);
}

}  // namespace

Status RunJoin(const Snapshot& snapshot, const Plan& plan, Guard* guard,
               std::vector<uint8_t>* result, JoinMethod method) {
  const JoinPlan& join = plan.join;
  if (join.shared_min == 0) return {Code::kInvalid, "a join needs at least 1 shared member"};
  JoinSide left, right;
  bool known = true;
  HG_RETURN_IF_ERROR(left.selector.Prepare(snapshot, join.left, guard));
  HG_RETURN_IF_ERROR(right.selector.Prepare(snapshot, join.right, guard));
  HG_RETURN_IF_ERROR(FindRole(snapshot, join.left_role, &left.has_role, &left.role, &known));
  HG_RETURN_IF_ERROR(FindRole(snapshot, join.right_role, &right.has_role, &right.role, &known));
  const bool possible = known && join.distance_min <= join.distance_max &&
                        !left.selector.matches_nothing() && !right.selector.matches_nothing();
  const JoinTerms terms = {join.distance_min, join.distance_max, join.shared_min,
                           join.left.table == join.right.table};
  uint64_t left_rows = 0, right_rows = 0;
  double share = 0;
  HG_RETURN_IF_ERROR(CountWindow(left.selector, &left_rows, &share));
  HG_RETURN_IF_ERROR(CountWindow(right.selector, &right_rows, &share));
  if (method == JoinMethod::kChoose) {
    const double bytes = SlideBytes(right.selector, right_rows, terms);
    method = Choose(left_rows, right_rows, bytes < static_cast<double>(guard->bytes_max()) / 2);
  }
  JoinPairs pairs(guard);
  if (possible && method == JoinMethod::kSlide) {
    HG_RETURN_IF_ERROR(SlideJoin(&left, &right, terms, snapshot.nodes->end(), &pairs));
  } else if (possible && method == JoinMethod::kProbeRight) {
    HG_RETURN_IF_ERROR(ProbeJoin(&left, &right, true, terms, &pairs));
  } else if (possible) {
    HG_RETURN_IF_ERROR(ProbeJoin(&right, &left, false, terms, &pairs));
  }
  return WritePairs(pairs.Take(), snapshot.seq, *guard, result);
}

}  // namespace hypergraph

#include "core/query/expand.h"

#include <algorithm>
#include <limits>

#include "core/query/expand_walk.h"
#include "core/query/result.h"

namespace hypergraph {

namespace {

constexpr uint64_t kRowBytes = 4 + 4 + 8 + 8 + 4;

void KeepRows(Guard* guard, std::vector<uint32_t>* rows) {
  if (rows->size() > guard->rows_max()) {
    guard->Stop(Truncated::kRowsMax);
    rows->resize(guard->rows_max());
  }
  const uint64_t affordable = std::max<uint64_t>(1, guard->bytes_max() / kRowBytes);
  if (rows->size() > affordable) {
    guard->Stop(Truncated::kBytesMax);
    rows->resize(affordable);
  }
}

}  // namespace

Status RunExpand(const Snapshot& snapshot, const Plan& plan, Guard* guard,
                 std::vector<uint8_t>* result) {
  ExpandWalk walk;
  HG_RETURN_IF_ERROR(walk.Prepare(snapshot, plan.expand, guard));
  HG_RETURN_IF_ERROR(walk.Run(WalkMethod::kChoose, std::nullopt));
  const std::vector<Journal::Entry>& entries = walk.journal().entries;
  std::vector<uint32_t> rows = walk.RowEntries();
  KeepRows(guard, &rows);

  const size_t count = rows.size();
  std::vector<uint32_t> nodes(count), hops(count), parents(count);
  std::vector<int64_t> arrivals(count);
  std::vector<double> vias(count);
  for (size_t i = 0; i < count; ++i) {
    const Journal::Entry& entry = entries[rows[i]];
    const bool is_seed = entry.parent == Journal::kNone;
    nodes[i] = entry.node;
    hops[i] = entry.hops;
    arrivals[i] = entry.arrival;
    vias[i] = is_seed ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(entry.via);
    parents[i] = is_seed ? kNodeNone : entries[entry.parent].node;
  }
  ResultWriter writer(PlanKind::kExpand, 5, result);
  writer.Reserve(count * kRowBytes + 64);
  const auto kind = [](ResultKind column) { return static_cast<uint8_t>(column); };
  writer.AddU32(kind(ResultKind::kNode), 0, nodes);
  writer.AddU32(kind(ResultKind::kHop), 0, hops);
  writer.AddI64(kind(ResultKind::kArrival), 0, arrivals);
  writer.AddF64(kind(ResultKind::kVia), 0, vias);
  writer.AddU32(kind(ResultKind::kParent), 0, parents);
  ResultSummary summary;
  summary.row_count = static_cast<uint32_t>(count);
  summary.seq = snapshot.seq;
  return writer.Finish(summary, *guard);
}

}  // namespace hypergraph

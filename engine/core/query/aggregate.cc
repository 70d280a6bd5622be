#include "core/query/aggregate.h"

#include <algorithm>

#include "core/query/aggregate_state.h"
#include "core/query/select_compile.h"

namespace hypergraph {

namespace {

// Counters of all nodes are for as many nodes at most: 64 MiB.
constexpr uint32_t kCountedNodesMax = 16u << 20;
// They pay once the rows' members are not far fewer than the nodes.
constexpr uint64_t kNodesARow = 128;

uint64_t MembershipCount(const Selector& selector) {
  uint64_t count = 0;
  for (uint32_t i = 0; i < selector.source_count(); ++i) {
    count += selector.source(i).bounds().member_count;
  }
  return count;
}

// How many groups a result can show at most.
uint32_t KeptMax(const AggregatePlan& plan, const Guard& guard) {
  return plan.top_by ? std::min(plan.top_count, guard.rows_max()) : guard.rows_max();
}

// What a group takes to be finished, ordered and written, as bytes of a result that take as long.
constexpr uint64_t kBytesAGroup = 48;

// About how many members the rows have.
uint64_t MembersOf(const RowSource& source, Rows rows) {
  const SourceBounds bounds = source.bounds();
  return bounds.member_count * rows.size() / std::max(bounds.row_count, 1u);
}

// The general way, in parts that the members of fit the memory meant for them.
Status AddInParts(const RowSource& source, Rows rows, Guard* guard, AggregateState* state) {
  std::vector<uint32_t> arities;
  // Rows that were examined count, even if examining them was the last thing that was allowed.
  const auto gives_up = [guard] {
    return guard->stopped() && guard->reason() != Truncated::kExaminedMax;
  };
  while (rows.size() > 0 && !gives_up()) {
    uint32_t count = rows.size();
    if (state->NeedsMembers()) {
      HG_RETURN_IF_ERROR(RowsWithin(source, rows, kMembersInBatch, &arities, &count));
    }
    HG_RETURN_IF_ERROR(state->AddRows(source, rows.Slice(0, count)));
    HG_RETURN_IF_ERROR(guard->Work(state->last_member_count() / 32));
    if (state->bytes() > guard->bytes_max()) guard->Stop(Truncated::kBytesMax);
    rows = rows.Slice(count, rows.size() - count);
  }
  return Status::Ok();
}

Status AddAll(Selector* selector, uint32_t node_end, AggregateMethod method,
              AggregateState* state) {
  const bool shortcuts = method == AggregateMethod::kChoose;
  const bool nodes_fit = shortcuts && state->CanAddByNode() && node_end <= kCountedNodesMax &&
                         MembershipCount(*selector) < UINT32_MAX;
  std::vector<uint8_t> by_rank(selector->source_count());
  for (uint32_t i = 0; shortcuts && i < by_rank.size(); ++i) {
    by_rank[i] = state->PaysByRank(selector->source(i), selector->window());
  }
  Guard& guard = selector->guard();
  BatchScan scan(selector);
  bool counted_nodes = false;
  uint64_t nodes_max = 0;  // Of nodes counted.
  for (uint64_t rows_seen = 0;;) {
    RowBatch batch;
    HG_RETURN_IF_ERROR(scan.Next(&batch));
    if (batch.rows.size() == 0) break;
    rows_seen += batch.rows.size();
    const RowSource& source = selector->source(batch.source);
    if (nodes_fit && (counted_nodes || rows_seen * kNodesARow >= node_end)) {
      counted_nodes = true;
      nodes_max = std::min<uint64_t>(
          {nodes_max + MembersOf(source, batch.rows), node_end, KeptMax(state->plan(), guard)});
      HG_RETURN_IF_ERROR(state->AddByNode(source, batch.rows, node_end));
    } else if (by_rank[batch.source]) {
      HG_RETURN_IF_ERROR(state->AddByRank(source, batch.rows));
    } else {
      HG_RETURN_IF_ERROR(AddInParts(source, batch.rows, &guard, state));
    }
    if (!counted_nodes && state->bytes() > guard.bytes_max()) guard.Stop(Truncated::kBytesMax);
    guard.PlanToWrite(kBytesAGroup * (state->groups().size() + nodes_max));
  }
  if (!counted_nodes) return Status::Ok();
  bool more = false;
  state->FinishNodes(KeptMax(state->plan(), guard), &more);
  const bool asked_for_more = !state->plan().top_by || state->plan().top_count > guard.rows_max();
  if (more && asked_for_more) guard.Stop(Truncated::kRowsMax);
  return Status::Ok();
}

}  // namespace

Status RunAggregate(const Snapshot& snapshot, const Plan& plan, Guard* guard,
                    std::vector<uint8_t>* result, AggregateMethod method) {
  Selector selector;
  HG_RETURN_IF_ERROR(selector.Prepare(snapshot, plan.aggregate.selection, guard));
  HG_RETURN_IF_ERROR(CheckAggregate(selector.schema(), plan.aggregate));
  AggregateState state(selector.schema(), plan.aggregate);
  HG_RETURN_IF_ERROR(AddAll(&selector, snapshot.nodes->end(), method, &state));
  return WriteAggregate(state, snapshot.seq, guard, result);
}

}  // namespace hypergraph

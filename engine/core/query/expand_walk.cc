#include "core/query/expand_walk.h"

#include <algorithm>
#include <tuple>

#include "core/query/expand_frontier.h"
#include "core/query/expand_pass.h"

namespace hypergraph {

namespace {

// Windows of fewer rows are passed over without asking what postings would cost.
constexpr uint64_t kSmallWindow = 2048;
// What postings cost, in rows of a pass: rows far apart are dearer, and each lookup has its price.
constexpr uint64_t kWalkPostingCost = 4;
constexpr uint64_t kWalkLookupCost = 8;
// Of a walk that answers with all nodes that it reached.
constexpr uint64_t kBytesANode = 96;

// Whether the snapshot sees a hyperedge of the table with the node, whatever the selection takes of
// them. A dictionary has no versions: a key may be there for the sake of a later commit alone.
Status IsMember(const Snapshot& snapshot, const TableView& table, NodeNumber node, Guard* guard,
                bool* is_member) {
  const Micros ttl = table.schema->ttl;
  TimeWindow window;
  if (ttl > 0 && snapshot.now >= kMicrosMin + ttl) window.from = snapshot.now - ttl;
  std::vector<const RowSource*> unsure;
  *is_member = true;
  for (const auto& source : table.sources) {
    if (source->bounds().row_count == 0 || source->Degree(node) == 0) continue;
    if (source->bounds().ts_min >= window.from && source->AllVisible(snapshot.seq)) {
      return Status::Ok();
    }
    unsure.push_back(source.get());
  }
  std::vector<uint32_t> rows, visible;
  for (const RowSource* source : unsure) {
    rows.clear();
    HG_RETURN_IF_ERROR(source->RowsOfNode(node, window, &rows));
    HG_RETURN_IF_ERROR(guard->Work(1 + rows.size() / 32));
    HG_RETURN_IF_ERROR(source->SelectVisible(snapshot.seq, Rows::List(rows), &visible));
    if (!visible.empty() || guard->stopped()) return Status::Ok();
  }
  *is_member = false;
  return Status::Ok();
}

}  // namespace

Status FindNode(const Snapshot& snapshot, const OwnedNodeKey& key,
                std::optional<NodeNumber>* number) {
  return snapshot.nodes->Find({key.is_text, key.integer, key.text}, number);
}

Status FindRole(const Snapshot& snapshot, const std::optional<std::string>& role, bool* has_role,
                Symbol* symbol, bool* known) {
  *has_role = role.has_value();
  if (!role) return Status::Ok();
  std::optional<uint32_t> number;
  HG_RETURN_IF_ERROR(snapshot.symbols->Find({true, 0, *role}, &number));
  if (!number) *known = false;
  *symbol = number.value_or(kSymbolNone);
  return Status::Ok();
}

Status ExpandWalk::Prepare(const Snapshot& snapshot, const ExpandPlan& plan, Guard* guard) {
  const Selection& selection = plan.selection;
  if (!selection.ids.empty() || !selection.keys.empty() || !selection.members.empty()) {
    return {Code::kInvalid,
            "an expansion selects by window, validity and filter, not by ids, keys "
            "or members"};
  }
  guard_ = guard;
  HG_RETURN_IF_ERROR(selector_.Prepare(snapshot, selection, guard));
  rules_.timed = plan.order != HopOrder::kAny;
  rules_.strict = plan.order == HopOrder::kStrict;
  rules_.hops_max = plan.hops_max;
  rules_.window = selector_.window();
  HG_RETURN_IF_ERROR(
      FindRole(snapshot, plan.from_role, &rules_.has_from_role, &rules_.from_role, &walkable_));
  HG_RETURN_IF_ERROR(
      FindRole(snapshot, plan.to_role, &rules_.has_to_role, &rules_.to_role, &walkable_));
  if (selector_.matches_nothing()) walkable_ = false;
  const auto table = snapshot.tables->find(selection.table);
  for (const OwnedNodeKey& key : plan.seeds) {
    std::optional<NodeNumber> node;
    HG_RETURN_IF_ERROR(FindNode(snapshot, key, &node));
    bool is_member = false;
    if (node && table != snapshot.tables->end()) {
      HG_RETURN_IF_ERROR(IsMember(snapshot, table->second, *node, guard, &is_member));
    }
    if (is_member) seeds_.push_back(*node);
    HG_RETURN_IF_ERROR(guard->Work(1));
    if (guard->stopped()) break;
  }
  node_end_ = snapshot.nodes->end();
  Restart();
  return CountWindow(selector_, &window_rows_, &window_share_);
}

void ExpandWalk::Restart() {
  journal_.reset();  // First: it gives the thread's array back.
  journal_.emplace(node_end_, guard_->frontier_max());
  guard_->PlanToWrite(0);
  for (const NodeNumber seed : seeds_) {
    if (!journal_->AddSeed(seed, rules_.window.from)) guard_->Stop(Truncated::kFrontierMax);
  }
}

Status ExpandWalk::Run(WalkMethod method, std::optional<NodeNumber> target) {
  if (!walkable_ || seeds_.empty() || rules_.hops_max == 0 || guard_->stopped()) {
    return Status::Ok();
  }
  if (target && journal_->slots.Get(*target) != Journal::kNone) return Status::Ok();
  rules_.bytes_a_node = target ? 0 : kBytesANode;
  const bool small = window_rows_ <= kSmallWindow;
  if (rules_.timed && (method == WalkMethod::kPass || (method == WalkMethod::kChoose && small))) {
    return RunPass(target);
  }
  const bool choose = rules_.timed && method == WalkMethod::kChoose;
  bool done = false;
  HG_RETURN_IF_ERROR(RunFrontier(target, choose ? window_rows_ : UINT64_MAX, &done));
  if (done) return Status::Ok();
  Restart();
  return RunPass(target);
}

Status ExpandWalk::RunPass(std::optional<NodeNumber> target) {
  passed_ = true;
  TimePass pass(rules_, guard_, &*journal_);
  EdgeStream stream(&selector_);
  Micros instant = kMicrosMin;
  WalkEdge edge;
  while (stream.Next(&edge)) {
    if (target && edge.ts != instant) {
      instant = edge.ts;
      pass.Finish();  // So that the limit does not touch the instant before.
      // What comes later can only be shorter, not earlier.
      const uint32_t found = journal_->slots.Get(*target);
      const uint32_t hops = found == Journal::kNone ? UINT32_MAX : journal_->entries[found].hops;
      if (hops == 1) break;
      if (hops != UINT32_MAX) pass.LimitHops(hops - 1);
    }
    pass.Add(edge);
    guard_->PlanToWrite(journal_->node_count * rules_.bytes_a_node);
    const bool held_too_much = pass.held_members() > guard_->bytes_max() / 16;
    if (held_too_much) guard_->Stop(Truncated::kBytesMax);
    if (held_too_much || journal_->full || !pass.status().ok()) break;
  }
  HG_RETURN_IF_ERROR(stream.status());
  pass.Finish();
  HG_RETURN_IF_ERROR(pass.status());
  if (journal_->full) guard_->Stop(Truncated::kFrontierMax);
  return Status::Ok();
}

Status ExpandWalk::RunFrontier(std::optional<NodeNumber> target, uint64_t cost_max, bool* done) {
  FrontierWalk walk(&selector_, rules_, window_share_, &*journal_);
  uint64_t spent = 0;
  while (!walk.AtEnd() && !guard_->stopped()) {
    if (cost_max != UINT64_MAX) {
      uint64_t cost = 0;
      HG_RETURN_IF_ERROR(
          walk.EstimateLevel(kWalkPostingCost, kWalkLookupCost, cost_max - spent + 1, &cost));
      if (guard_->stopped()) break;
      spent += cost;
      if (spent > cost_max) return Status::Ok();
    }
    HG_RETURN_IF_ERROR(walk.WalkLevel());
    if (target && journal_->slots.Get(*target) != Journal::kNone) break;
  }
  *done = true;
  return Status::Ok();
}

uint32_t ExpandWalk::RowEntry(NodeNumber node) const {
  uint32_t index = journal_->slots.Get(node);
  if (!passed_) return index;
  while (index != Journal::kNone && journal_->entries[index].earlier != Journal::kNone) {
    index = journal_->entries[index].earlier;
  }
  return index;
}

std::vector<uint32_t> ExpandWalk::RowEntries() const {
  const std::vector<Journal::Entry>& entries = journal_->entries;
  std::vector<uint32_t> rows;
  rows.reserve(journal_->node_count);
  for (uint32_t i = 0; i < entries.size(); ++i) {
    const bool is_row =
        passed_ ? entries[i].earlier == Journal::kNone : journal_->slots.Get(entries[i].node) == i;
    if (is_row) rows.push_back(i);
  }
  const auto by_arrival = [&entries](uint32_t a, uint32_t b) {
    return std::tie(entries[a].arrival, entries[a].hops, entries[a].node) <
           std::tie(entries[b].arrival, entries[b].hops, entries[b].node);
  };
  const auto by_hops = [&entries](uint32_t a, uint32_t b) {
    return std::tie(entries[a].hops, entries[a].arrival, entries[a].node) <
           std::tie(entries[b].hops, entries[b].arrival, entries[b].node);
  };
  if (!rules_.timed) {
    std::sort(rows.begin(), rows.end(), by_hops);
  } else if (!passed_) {
    std::sort(rows.begin(), rows.end(), by_arrival);
  } else {
    // A pass reaches nodes in the order of their arrival: only equal ones are left to sort.
    for (size_t first = 0, end = 0; first < rows.size(); first = end) {
      while (end < rows.size() && entries[rows[end]].arrival == entries[rows[first]].arrival) ++end;
      std::sort(rows.begin() + static_cast<ptrdiff_t>(first),
                rows.begin() + static_cast<ptrdiff_t>(end), by_arrival);
    }
  }
  return rows;
}

}  // namespace hypergraph

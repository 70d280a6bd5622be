#include "core/query/expand_frontier.h"

#include <algorithm>

#include "core/base/sort_keys.h"

namespace hypergraph {

namespace {

// The first to touch a page of memory or a block of a file waits for it as long as some hundred
// rows at hand take. So these are few, and count for many, that a deadline is met also then.
constexpr uint32_t kBatchRows = 512;
constexpr uint32_t kNodeUnits = 256;
constexpr uint32_t kEdgeUnits = 32;

}  // namespace

FrontierWalk::FrontierWalk(Selector* selector, const WalkRules& rules, double window_share,
                           Journal* journal)
    : selector_(selector),
      rules_(rules),
      journal_(journal),
      window_share_(window_share),
      walked_(selector->source_count()) {}

// The span of its hyperedges that no earlier entry of the node could take.
TimeWindow FrontierWalk::Unwalked(const Journal::Entry& entry) const {
  if (!rules_.timed || entry.via == 0) return rules_.window;
  const Micros later = rules_.strict ? 1 : 0;
  TimeWindow window = {entry.arrival + later, rules_.window.to};
  if (entry.earlier != Journal::kNone) {
    window.to = std::min(window.to, journal_->entries[entry.earlier].arrival + later);
  }
  return window;
}

Status FrontierWalk::EstimateLevel(uint64_t row_cost, uint64_t lookup_cost, uint64_t enough,
                                   uint64_t* cost) const {
  *cost = 0;
  const uint32_t sources = selector_->source_count();
  for (size_t i = level_first_; i < journal_->entries.size() && *cost < enough; ++i) {
    uint64_t rows = 0;
    for (uint32_t source = 0; source < sources; ++source) {
      rows += selector_->source(source).Degree(journal_->entries[i].node);
    }
    const double row_costs = static_cast<double>(rows * row_cost) * window_share_;
    *cost += sources * lookup_cost + static_cast<uint64_t>(row_costs);
    HG_RETURN_IF_ERROR(selector_->guard().Work(1 + sources / 8));
    if (stopped()) break;
  }
  return Status::Ok();
}

Status FrontierWalk::WalkLevel() {
  const uint32_t first = level_first_;
  const auto end = static_cast<uint32_t>(journal_->entries.size());
  reached_first_ = end;
  reached_seqs_.clear();
  for (uint32_t source = 0; source < walked_.size() && !stopped(); ++source) {
    HG_RETURN_IF_ERROR(Gather(source, first, end));
    if (!stopped()) HG_RETURN_IF_ERROR(WalkRows(source));
  }
  level_first_ = end;
  ++level_;
  return Status::Ok();
}

// Into rows_: what the level's nodes may take and nobody has taken, each once.
Status FrontierWalk::Gather(uint32_t source, uint32_t first, uint32_t end) {
  const RowSource& rows_of = selector_->source(source);
  std::vector<bool>& walked = walked_[source];
  if (walked.empty()) walked.resize(rows_of.bounds().row_count);
  rows_.clear();
  for (uint32_t i = first; i < end; ++i) {
    const Journal::Entry& entry = journal_->entries[i];
    const TimeWindow window = Unwalked(entry);
    if (window.from >= window.to) continue;
    gathered_.clear();
    if (rows_of.Degree(entry.node) == 0) continue;
    HG_RETURN_IF_ERROR(rows_of.RowsOfNode(entry.node, window, &gathered_));
    HG_RETURN_IF_ERROR(selector_->guard().Work(gathered_.size() + kNodeUnits));
    if (stopped()) return Status::Ok();
    for (const uint32_t row : gathered_) {
      // A memtable may have grown since: by rows that this snapshot does not see.
      if (row >= walked.size() || walked[row]) continue;
      walked[row] = true;
      rows_.push_back(row);
    }
  }
  return Status::Ok();
}

Status FrontierWalk::WalkRows(uint32_t source) {
  // Neighbours in number are neighbours in memory. The order of walking changes no result. Nothing
  // looks at the clock within, so that it must not take long for many.
  SortDistinct(&rows_, static_cast<uint32_t>(walked_[source].size()));
  for (size_t at = 0; at < rows_.size(); at += kBatchRows) {
    const size_t count = std::min<size_t>(kBatchRows, rows_.size() - at);
    matched_.clear();
    HG_RETURN_IF_ERROR(selector_->Match(source, Rows::List({rows_.data() + at, count}), &matched_));
    HG_RETURN_IF_ERROR(WalkMatched(source));
    HG_RETURN_IF_ERROR(selector_->guard().Look());
    if (stopped()) return Status::Ok();
  }
  return Status::Ok();
}

Status FrontierWalk::WalkMatched(uint32_t source) {
  const Rows matched = Rows::List(matched_);
  for (uint32_t done = 0; done < matched.size(); done += edges_.size()) {
    const Rows left = matched.Slice(done, matched.size() - done);
    HG_RETURN_IF_ERROR(LoadEdges(selector_->source(source), left, &edges_));
    HG_RETURN_IF_ERROR(selector_->guard().Work(edges_.Units()));
    for (uint32_t i = 0; i < edges_.size(); ++i) {
      // Nobody may leave it in this role yet: another node may, later.
      if (!Walk(edges_.At(i))) walked_[source][left[i]] = false;
      selector_->guard().PlanToWrite(journal_->node_count * rules_.bytes_a_node);
      HG_RETURN_IF_ERROR(selector_->guard().Work(kEdgeUnits));
      if (stopped()) return Status::Ok();
      if (!journal_->full) continue;
      selector_->guard().Stop(Truncated::kFrontierMax);
      return Status::Ok();
    }
  }
  return Status::Ok();
}

bool FrontierWalk::Walk(const WalkEdge& edge) {
  const uint32_t parent = LeavingEntry(edge);
  if (parent == Journal::kNone) return false;
  for (size_t i = 0; i < edge.nodes.size(); ++i) {
    if (!rules_.MayEnter(edge.roles, i)) continue;
    if (!Reach(edge.nodes[i], edge, parent)) break;
  }
  return true;
}

// The entry of the first member from which this level may take the hyperedge.
uint32_t FrontierWalk::LeavingEntry(const WalkEdge& edge) const {
  for (size_t i = 0; i < edge.nodes.size(); ++i) {
    uint32_t index = journal_->slots.Get(edge.nodes[i]);
    if (index == Journal::kNone || !rules_.MayLeave(edge.roles, i)) continue;
    if (index >= reached_first_) index = journal_->entries[index].earlier;
    if (index == Journal::kNone) continue;
    const Journal::Entry& entry = journal_->entries[index];
    if (entry.hops != level_) continue;
    const bool in_time = !rules_.timed || entry.via == 0 || entry.arrival < edge.ts ||
                         (!rules_.strict && entry.arrival == edge.ts);
    if (in_time) return index;
  }
  return Journal::kNone;
}

// False when the budget is spent.
bool FrontierWalk::Reach(NodeNumber node, const WalkEdge& edge, uint32_t parent) {
  const uint32_t index = journal_->slots.Get(node);
  if (index != Journal::kNone && index >= reached_first_) {
    Journal::Entry& entry = journal_->entries[index];
    Seq& seq = reached_seqs_[index - reached_first_];
    if (edge.ts > entry.arrival || (edge.ts == entry.arrival && edge.seq >= seq)) return true;
    entry.arrival = edge.ts;
    entry.via = edge.id;
    entry.parent = parent;
    seq = edge.seq;
    return true;
  }
  if (index != Journal::kNone) {
    const Journal::Entry& entry = journal_->entries[index];
    if (!rules_.timed || entry.via == 0 || entry.arrival <= edge.ts) return true;
  }
  if (!journal_->Append({node, level_ + 1, edge.ts, edge.id, parent, index})) return false;
  reached_seqs_.push_back(edge.seq);
  return true;
}

}  // namespace hypergraph

#include "core/query/expand_pass.h"

namespace hypergraph {

TimePass::TimePass(const WalkRules& rules, Guard* guard, Journal* journal)
    : rules_(rules),
      guard_(guard),
      journal_(journal),
      hops_max_(rules.hops_max),
      tick_first_(static_cast<uint32_t>(journal->entries.size())) {}

void TimePass::Add(const WalkEdge& edge) {
  if (edge.ts != tick_) {
    EndTick();
    tick_ = edge.ts;
  }
  if (!rules_.strict) Hold(edge);
  Relax(edge);
}

TimePass::Best TimePass::BestLeaving(const WalkEdge& edge, bool this_tick_too) const {
  Best best;
  for (size_t i = 0; i < edge.nodes.size(); ++i) {
    uint32_t index = journal_->slots.Get(edge.nodes[i]);
    if (index == Journal::kNone) continue;
    if (index >= tick_first_ && !this_tick_too) {
      index = journal_->entries[index].earlier;
      if (index == Journal::kNone) continue;
    }
    const uint32_t hops = journal_->entries[index].hops;
    if (hops < best.hops && rules_.MayLeave(edge.roles, i)) best = {hops, index};
  }
  return best;
}

bool TimePass::Relax(const WalkEdge& edge) {
  const Best best = BestLeaving(edge, !rules_.strict);
  if (best.hops >= hops_max_) return false;
  const uint32_t hops = best.hops + 1;
  bool improved = false;
  for (size_t i = 0; i < edge.nodes.size(); ++i) {
    const NodeNumber node = edge.nodes[i];
    const uint32_t index = journal_->slots.Get(node);
    if (index != Journal::kNone && journal_->entries[index].hops <= hops) continue;
    if (!rules_.MayEnter(edge.roles, i)) continue;
    if (index != Journal::kNone && index >= tick_first_) {
      Journal::Entry& entry = journal_->entries[index];
      entry.hops = hops;
      entry.via = edge.id;
      entry.parent = best.entry;
    } else if (!journal_->Append({node, hops, edge.ts, edge.id, best.entry, index})) {
      return improved;
    }
    improved = true;
  }
  return improved;
}

void TimePass::Hold(const WalkEdge& edge) {
  held_ids_.push_back(edge.id);
  held_nodes_.insert(held_nodes_.end(), edge.nodes.begin(), edge.nodes.end());
  held_ends_.push_back(held_nodes_.size());
  if (!rules_.has_from_role && !rules_.has_to_role) return;
  for (size_t i = 0; i < edge.nodes.size(); ++i) {
    held_roles_.push_back(edge.roles ? edge.roles[i] : kSymbolNone);
  }
}

WalkEdge TimePass::Held(size_t index) const {
  const size_t first = index == 0 ? 0 : held_ends_[index - 1];
  const std::span<const NodeNumber> nodes(held_nodes_.data() + first, held_ends_[index] - first);
  const Symbol* roles = held_roles_.empty() ? nullptr : held_roles_.data() + first;
  return {tick_, 0, held_ids_[index], nodes, roles};
}

void TimePass::EndTick() {
  const bool reached = journal_->entries.size() > tick_first_;
  if (!rules_.strict && reached && held_ids_.size() > 1) SettleTick();
  held_ids_.clear();
  held_ends_.clear();
  held_nodes_.clear();
  held_roles_.clear();
  tick_first_ = static_cast<uint32_t>(journal_->entries.size());
}

// Rounds over one instant may be as many as its hyperedges, which examine no more rows.
bool TimePass::GivesUp(const WalkEdge& edge) {
  if (!status_.ok()) return true;
  status_ = guard_->Work(1 + edge.nodes.size() / 32);
  return !status_.ok() || guard_->stopped();
}

// Several hyperedges of one instant may follow each other in any order: walk them until nothing
// gets better, which takes at most one round for each hop, then say for each entry through which
// hyperedge it came, whatever the order of the rounds was.
void TimePass::SettleTick() {
  for (bool improved = true; improved;) {
    improved = false;
    for (size_t i = 0; i < held_ids_.size(); ++i) {
      const WalkEdge edge = Held(i);
      improved = Relax(edge) || improved;
      if (journal_->full || GivesUp(edge)) return;
    }
  }
  std::vector<Journal::Entry>& entries = journal_->entries;
  for (size_t i = tick_first_; i < entries.size(); ++i) entries[i].via = 0;
  for (size_t i = 0; i < held_ids_.size(); ++i) {
    const WalkEdge edge = Held(i);
    const Best best = BestLeaving(edge, /*this_tick_too=*/true);
    if (best.hops >= hops_max_) continue;
    for (size_t k = 0; k < edge.nodes.size(); ++k) {
      const uint32_t index = journal_->slots.Get(edge.nodes[k]);
      if (index == Journal::kNone || index < tick_first_) continue;
      Journal::Entry& entry = entries[index];
      if (entry.via != 0 || entry.hops != best.hops + 1) continue;
      if (!rules_.MayEnter(edge.roles, k)) continue;
      entry.via = edge.id;
      entry.parent = best.entry;
    }
  }
}

}  // namespace hypergraph

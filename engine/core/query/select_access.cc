#include "core/query/select_access.h"

#include <algorithm>

namespace hypergraph {
namespace {

// What finding one candidate costs, in quarters of a row of a plain scan.
constexpr uint64_t kWindowCost = 1;
constexpr uint64_t kPostingCost = 4;
constexpr uint64_t kIndexCost = 6;
constexpr uint64_t kLookupCost = 64;

// How many rows can have enough of the nodes: all but nodes_at_least − 1 of the lists must be read
// to be sure of a row, and the shortest ones will do.
uint64_t MemberEstimate(const CompiledSelection& compiled, const RowSource& source) {
  std::vector<uint64_t> degrees;
  degrees.reserve(compiled.nodes.size());
  for (const NodeNumber node : compiled.nodes) degrees.push_back(source.Degree(node));
  std::sort(degrees.begin(), degrees.end());
  uint64_t rows = 0;
  const size_t lists = degrees.size() - compiled.nodes_at_least + 1;
  for (size_t i = 0; i < lists; ++i) rows += degrees[i];
  return rows;
}

class CheapestAccess {
 public:
  void Offer(AccessPath path, uint64_t rows, uint64_t cost_each, const IndexPlan* index = nullptr) {
    const uint64_t cost = rows * cost_each;
    if (choice_.path != AccessPath::kNothing && cost >= cost_) return;
    cost_ = cost;
    choice_ = {path, index, rows};
  }
  const AccessChoice& choice() const { return choice_; }

 private:
  AccessChoice choice_;
  uint64_t cost_ = 0;
};

Status WindowRows(const CompiledSelection& compiled, const RowSource& source,
                  const SourceBounds& bounds, uint64_t* rows) {
  *rows = bounds.row_count;
  if (!source.ranked()) return Status::Ok();
  uint32_t first = 0;
  uint32_t end = bounds.row_count;
  if (compiled.window.from > bounds.ts_min) {
    HG_RETURN_IF_ERROR(source.LowerBound(compiled.window.from, &first));
  }
  if (compiled.window.to <= bounds.ts_max) {
    HG_RETURN_IF_ERROR(source.LowerBound(compiled.window.to, &end));
  }
  *rows = end > first ? end - first : 0;
  return Status::Ok();
}

}  // namespace

bool MayMatch(const CompiledSelection& compiled, const SourceBounds& bounds) {
  return !compiled.nothing && bounds.row_count > 0 && bounds.seq_min <= compiled.at &&
         bounds.ts_max >= compiled.window.from && bounds.ts_min < compiled.window.to;
}

Status ChooseAccess(const CompiledSelection& compiled, const RowSource& source,
                    AccessChoice* choice) {
  *choice = {};
  const SourceBounds bounds = source.bounds();
  if (!MayMatch(compiled, bounds)) return Status::Ok();
  HG_RETURN_IF_ERROR(compiled.guard->Work(compiled.nodes.size()));
  CheapestAccess cheapest;
  if (compiled.instants != nullptr) {
    *choice = {AccessPath::kInstants, nullptr, compiled.instants->size()};
    return Status::Ok();
  }
  if (!compiled.ids.empty()) cheapest.Offer(AccessPath::kIds, compiled.ids.size(), kLookupCost);
  if (!compiled.keys.empty()) cheapest.Offer(AccessPath::kKeys, compiled.keys.size(), kLookupCost);
  if (!compiled.nodes.empty()) {
    const uint64_t rows = MemberEstimate(compiled, source);
    if (rows == 0) return Status::Ok();
    cheapest.Offer(AccessPath::kMembers, rows, kPostingCost);
  }
  for (const IndexPlan& index : compiled.indexes) {
    if (index.probes.size() > 1 && !source.ranked()) continue;
    uint64_t rows = 0;
    bool serves = true;
    for (const IndexProbe& probe : index.probes) {
      uint32_t probe_rows = 0;
      serves = serves && source.EstimateIndex(probe, &probe_rows);
      rows += probe_rows;
    }
    if (serves) cheapest.Offer(AccessPath::kIndex, rows, kIndexCost, &index);
  }
  // Without postings, members would have to be read of every row; the window alone is no match.
  if (compiled.nodes.empty()) {
    uint64_t rows = 0;
    HG_RETURN_IF_ERROR(WindowRows(compiled, source, bounds, &rows));
    cheapest.Offer(AccessPath::kWindow, rows, kWindowCost);
  }
  *choice = cheapest.choice();
  return Status::Ok();
}

Status PositionOf(const RowSource& source, uint32_t row, Position* position) {
  HG_RETURN_IF_ERROR(source.EventTs(Rows::List({&row, 1}), &position->event_ts));
  return source.Seqs(Rows::List({&row, 1}), &position->seq);
}

SourceCursor::SourceCursor(CompiledSelection* compiled, uint32_t source, bool newest_first,
                           const std::optional<Position>& after)
    : compiled_(compiled),
      source_((*compiled->sources)[source].get()),
      source_index_(source),
      newest_first_(newest_first),
      after_(after),
      window_(compiled->window) {
  if (!after) return;
  if (!newest_first) {
    window_.from = std::max(window_.from, after->event_ts);
  } else if (after->event_ts < kMicrosMax) {
    window_.to = std::min(window_.to, after->event_ts + 1);
  }
}

Status SourceCursor::Open() {
  if (window_.from >= window_.to) {
    done_ = true;
    return Status::Ok();
  }
  if (!compiled_->MembersOnly()) {
    HG_RETURN_IF_ERROR(ChooseAccess(*compiled_, *source_, &choice_));
  } else if (MayMatch(*compiled_, source_->bounds())) {
    // Where it is the only way, finding out its cost is a good part of it.
    HG_RETURN_IF_ERROR(compiled_->guard->Work(compiled_->nodes.size()));
    choice_.path = AccessPath::kMembers;
  }
  remainder_ = compiled_->WholeRemainder(*source_);
  HG_RETURN_IF_ERROR(Collect());
  // A stop while collecting leaves candidates out: there is more, but nobody may ask for it.
  if (gave_up_) return Status::Ok();
  done_ = done_ || (!refills_ && Candidates().size() == 0);
  return Status::Ok();
}

Status SourceCursor::Collect() {
  switch (choice_.path) {
    case AccessPath::kNothing:
      done_ = true;
      return Status::Ok();
    case AccessPath::kIds:
      remainder_.ids = false;
      return CollectIds();
    case AccessPath::kKeys:
      remainder_.keys = false;
      return CollectKeys();
    case AccessPath::kIndex: {
      const std::vector<bool>& settled = choice_.index->settled;
      remainder_.filters.clear();
      for (size_t i = 0; i < settled.size(); ++i) {
        if (!settled[i]) remainder_.filters.push_back(&compiled_->conjuncts[i]);
      }
      return CollectIndex();
    }
    case AccessPath::kMembers:
      remainder_.members = !compiled_->nodes_suffice;
      return CollectMembers();
    case AccessPath::kInstants:
      return CollectInstants();
    case AccessPath::kWindow:
      break;
  }
  if (source_->ranked()) return OpenRange();
  refills_ = true;
  refill_rows_ = 1024;
  return Status::Ok();
}

Status SourceCursor::Next(uint32_t candidates_max, Rows* matched) {
  *matched = Rows::Range(0, 0);
  if (refills_ && taken_ == list_.size()) HG_RETURN_IF_ERROR(RefillWindow());
  const Rows candidates = Candidates();
  uint32_t count = candidates.size() - taken_;
  if (count == 0) {
    done_ = true;
    return Status::Ok();
  }
  Guard& guard = *compiled_->guard;
  count = std::min({count, candidates_max, kGuardRows});
  const uint64_t left = guard.stopped() ? 0 : guard.examined_left();
  count = static_cast<uint32_t>(std::clamp<uint64_t>(left, 1, count));
  uint32_t from = newest_first_ ? candidates.size() - taken_ - count : taken_;
  if (ranged_ && count > 1 && !remainder_.empty()) {
    // Chunks end where zones do, so that each needs one zone's bounds.
    const uint32_t first = range_first_ + from;
    if (newest_first_) {
      const uint32_t up = (kGuardRows - first % kGuardRows) % kGuardRows;
      if (up < count) from += up, count -= up;
    } else {
      count = std::min(count, kGuardRows - first % kGuardRows);
    }
  }
  const Rows chunk = candidates.Slice(from, count);
  taken_ += count;
  looked_ = true;
  last_looked_ = newest_first_ ? chunk[0] : chunk[count - 1];
  done_ = !refills_ && taken_ == candidates.size();
  HG_RETURN_IF_ERROR(guard.Examine(count));
  HG_RETURN_IF_ERROR(compiled_->Check(*source_, remainder_, chunk, matched));
  if (!matched->contiguous() && !remainder_.empty()) {
    // Others check through the same buffers while this chunk is still in use.
    matched_.assign(matched->list(), matched->list() + matched->size());
    *matched = Rows::List(matched_);
  }
  return Status::Ok();
}

Status SourceCursor::LookedAt(std::optional<Position>* position) const {
  position->reset();
  if (!looked_) return Status::Ok();
  position->emplace();
  return PositionOf(*source_, last_looked_, &**position);
}

}  // namespace hypergraph

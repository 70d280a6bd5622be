// The access paths of a SourceCursor: each fills the candidates, in order, without what lies
// outside the window or not behind the start.
#include <algorithm>

#include "core/query/select_access.h"

namespace hypergraph {
namespace {

constexpr uint32_t kRefillRowsMax = 1u << 16;
// What a lookup costs a source, in rows.
constexpr uint64_t kLookupUnits = 4;

}  // namespace

Status SourceCursor::CountBefore(Rows rows, const Position& position, bool at_it,
                                 uint32_t* count) const {
  uint32_t low = 0;
  uint32_t high = rows.size();
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    Position here;
    HG_RETURN_IF_ERROR(PositionOf(*source_, rows[middle], &here));
    if (here < position || (at_it && here == position)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  *count = low;
  return Status::Ok();
}

Status SourceCursor::OpenRange() {
  const SourceBounds bounds = source_->bounds();
  uint32_t first = 0;
  uint32_t end = bounds.row_count;
  if (window_.from > bounds.ts_min) HG_RETURN_IF_ERROR(source_->LowerBound(window_.from, &first));
  if (window_.to <= bounds.ts_max) HG_RETURN_IF_ERROR(source_->LowerBound(window_.to, &end));
  ranged_ = true;
  range_first_ = first;
  range_count_ = end > first ? end - first : 0;
  if (!after_ || range_count_ == 0) return Status::Ok();
  uint32_t before = 0;
  HG_RETURN_IF_ERROR(
      CountBefore(Rows::Range(range_first_, range_count_), *after_, !newest_first_, &before));
  if (newest_first_) {
    range_count_ = before;
  } else {
    range_first_ += before;
    range_count_ -= before;
  }
  return Status::Ok();
}

// Takes the next part of a memtable's window: newer records may come to it meanwhile, but none that
// the snapshot sees.
Status SourceCursor::RefillWindow() {
  for (;;) {
    list_.clear();
    taken_ = 0;
    HG_RETURN_IF_ERROR(source_->RowsInWindow(window_, refill_rows_, newest_first_, &list_));
    const bool whole = list_.size() < refill_rows_;
    if (whole) refills_ = false;
    std::optional<Position> start = after_;
    if (looked_) HG_RETURN_IF_ERROR(LookedAt(&start));
    if (start) {
      uint32_t before = 0;
      HG_RETURN_IF_ERROR(CountBefore(Rows::List(list_), *start, !newest_first_, &before));
      if (newest_first_) {
        list_.resize(before);
      } else {
        list_.erase(list_.begin(), list_.begin() + before);
      }
    }
    refill_rows_ = refill_rows_ < kRefillRowsMax ? refill_rows_ * 4 : refill_rows_;
    if (!list_.empty() || whole) break;
    // More rows share one instant than a part has room for.
    refill_rows_ = refill_rows_ < UINT32_MAX / 2 ? refill_rows_ * 2 : UINT32_MAX;
  }
  if (list_.empty()) return Status::Ok();
  Position edge;
  HG_RETURN_IF_ERROR(PositionOf(*source_, newest_first_ ? list_.front() : list_.back(), &edge));
  if (newest_first_) {
    window_.to = std::min(window_.to, edge.event_ts + 1);
  } else {
    window_.from = std::max(window_.from, edge.event_ts);
  }
  return Status::Ok();
}

Status SourceCursor::ChargeLookup() {
  Guard& guard = *compiled_->guard;
  HG_RETURN_IF_ERROR(guard.Work(kLookupUnits));
  gave_up_ = guard.stopped() && guard.reason() != Truncated::kExaminedMax;
  return Status::Ok();
}

Status SourceCursor::CollectIds() {
  for (size_t i = 0; i < compiled_->ids.size() && !gave_up_; ++i) {
    HG_RETURN_IF_ERROR(source_->FindId(compiled_->ids[i], &list_));
    HG_RETURN_IF_ERROR(ChargeLookup());
  }
  HG_RETURN_IF_ERROR(SortList());
  HG_RETURN_IF_ERROR(KeepWindow());
  return TrimList();
}

Status SourceCursor::CollectKeys() {
  for (size_t i = 0; i < compiled_->keys.size() && !gave_up_; ++i) {
    HG_RETURN_IF_ERROR(source_->FindKey(compiled_->keys[i], &list_));
    HG_RETURN_IF_ERROR(ChargeLookup());
  }
  HG_RETURN_IF_ERROR(SortList());
  HG_RETURN_IF_ERROR(KeepWindow());
  return TrimList();
}

Status SourceCursor::CollectIndex() {
  for (const IndexProbe& probe : choice_.index->probes) {
    HG_RETURN_IF_ERROR(source_->RowsByIndex(probe, window_, &list_));
  }
  if (choice_.index->probes.size() > 1) HG_RETURN_IF_ERROR(SortList());
  return TrimList();
}

Status SourceCursor::CollectMembers() {
  if (compiled_->nodes.size() == 1) {
    HG_RETURN_IF_ERROR(source_->RowsOfNode(compiled_->nodes[0], window_, &list_));
  } else {
    HG_RETURN_IF_ERROR(
        source_->RowsOfNodes(compiled_->nodes, compiled_->nodes_at_least, window_, &list_));
  }
  return TrimList();
}

Status SourceCursor::CollectInstants() {
  const std::vector<Micros>& instants = *compiled_->instants;
  const SourceBounds bounds = source_->bounds();
  auto instant =
      std::lower_bound(instants.begin(), instants.end(), std::max(window_.from, bounds.ts_min));
  for (; instant != instants.end() && *instant < window_.to && *instant <= bounds.ts_max;
       ++instant) {
    if (*instant == kMicrosMax || gave_up_) break;
    if (source_->ranked()) {
      uint32_t row = 0;
      HG_RETURN_IF_ERROR(source_->LowerBound(*instant, &row));
      for (; row < bounds.row_count; ++row) {
        Micros here = 0;
        HG_RETURN_IF_ERROR(source_->EventTs(Rows::Range(row, 1), &here));
        if (here != *instant) break;
        list_.push_back(row);
      }
    } else {
      const TimeWindow only{*instant, *instant + 1};
      HG_RETURN_IF_ERROR(source_->RowsInWindow(only, UINT32_MAX, newest_first_, &list_));
    }
    HG_RETURN_IF_ERROR(ChargeLookup());
  }
  return TrimList();
}

// Brings rows that were found in any order into (event_ts, seq).
Status SourceCursor::SortList() {
  if (source_->ranked()) {
    std::sort(list_.begin(), list_.end());
    list_.erase(std::unique(list_.begin(), list_.end()), list_.end());
    return Status::Ok();
  }
  std::vector<std::pair<Position, uint32_t>> placed(list_.size());
  for (size_t i = 0; i < list_.size(); ++i) {
    placed[i].second = list_[i];
    HG_RETURN_IF_ERROR(PositionOf(*source_, list_[i], &placed[i].first));
  }
  std::sort(placed.begin(), placed.end());
  placed.erase(std::unique(placed.begin(), placed.end()), placed.end());
  list_.clear();
  for (const auto& [position, row] : placed) list_.push_back(row);
  return Status::Ok();
}

// Lookups by id and key know nothing of time.
Status SourceCursor::KeepWindow() {
  uint32_t first = 0;
  uint32_t end = static_cast<uint32_t>(list_.size());
  HG_RETURN_IF_ERROR(CountBefore(Rows::List(list_), {window_.from, 0}, false, &first));
  if (window_.to != kMicrosMax) {
    HG_RETURN_IF_ERROR(CountBefore(Rows::List(list_), {window_.to, 0}, false, &end));
  }
  list_.resize(end);
  list_.erase(list_.begin(), list_.begin() + std::min(first, end));
  return Status::Ok();
}

Status SourceCursor::TrimList() {
  if (!after_ || list_.empty()) return Status::Ok();
  uint32_t before = 0;
  HG_RETURN_IF_ERROR(CountBefore(Rows::List(list_), *after_, !newest_first_, &before));
  if (newest_first_) {
    list_.resize(before);
  } else {
    list_.erase(list_.begin(), list_.begin() + before);
  }
  return Status::Ok();
}

}  // namespace hypergraph

// Access paths of a segment: by time, by node, by id, by key, by property index.
#include <algorithm>
#include <array>

#include "core/base/hash.h"
#include "core/index/segment_reader.h"

namespace hypergraph {

Status SegmentReader::LowerBound(Micros ts, uint32_t* rank) const {
  *rank = 0;
  if (ts <= info_.bounds.ts_min) return Status::Ok();
  *rank = row_count();
  if (ts > info_.bounds.ts_max) return Status::Ok();
  uint64_t index = 0;
  const uint64_t code = static_cast<uint64_t>(ts) - static_cast<uint64_t>(event_ts_.base());
  if (!event_ts_.codes().LowerBound(code, &index)) return Damaged();
  *rank = static_cast<uint32_t>(index);
  return Status::Ok();
}

Status SegmentReader::RangeOf(TimeWindow window, RankRange* range) const {
  *range = {};
  if (window.from >= window.to) return Status::Ok();
  HG_RETURN_IF_ERROR(LowerBound(window.from, &range->from));
  HG_RETURN_IF_ERROR(LowerBound(window.to, &range->to));
  return Status::Ok();
}

Status SegmentReader::RowsInWindow(TimeWindow window, uint32_t limit, bool newest_first,
                                   std::vector<uint32_t>* rows) const {
  RankRange range;
  HG_RETURN_IF_ERROR(RangeOf(window, &range));
  const uint32_t count = std::min(limit, range.to - range.from);
  const uint32_t first = newest_first ? range.to - count : range.from;
  rows->reserve(rows->size() + count);
  for (uint32_t i = 0; i < count; ++i) rows->push_back(first + i);
  return Status::Ok();
}

uint32_t SegmentReader::Degree(NodeNumber node) const {
  NodeDirectory::Place place;
  // Damage is told by whoever then reads the rows.
  return postings_.nodes().Find(node, &place) ? place.degree : row_count();
}

Status SegmentReader::RowsOfNode(NodeNumber node, TimeWindow window,
                                 std::vector<uint32_t>* rows) const {
  PostingList list;
  if (!postings_.Find(node, &list)) return Damaged();
  if (list.count() == 0) return Status::Ok();
  RankRange range;
  HG_RETURN_IF_ERROR(RangeOf(window, &range));
  return Checked(list.AppendRows(range, rows));
}

Status SegmentReader::RowsOfNodes(std::span<const NodeNumber> nodes, uint32_t at_least,
                                  TimeWindow window, std::vector<uint32_t>* rows) const {
  RankRange range;
  HG_RETURN_IF_ERROR(RangeOf(window, &range));
  return Checked(postings_.RowsOfNodes(nodes, at_least, range, rows));
}

bool SegmentReader::IsReplaced(uint32_t row) const {
  uint64_t low = 0;
  uint64_t high = has_ids_ ? id_rows_.count() : 0;
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    const uint64_t found = id_rows_[middle];
    if (found == row) return true;
    if (found < row) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return false;
}

bool SegmentReader::FindSeqByOrder(uint64_t code, std::vector<uint32_t>* rows) const {
  uint64_t low = 0;
  uint64_t high = seq_index_.count();
  if (!file_->Verified(seq_index_.bytes())) return false;
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    const auto row = static_cast<uint32_t>(seq_index_[middle]);
    uint64_t found = 0;
    if (row >= row_count() || !seq_.codes().At(row, &found)) return false;
    if (found == code && !IsReplaced(row)) rows->push_back(row);
    if (found == code) return true;
    if (found < code) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return true;
}

bool SegmentReader::FindSeqInBlock(uint64_t block, uint64_t code, std::vector<uint32_t>* rows,
                                   bool* found) const {
  std::array<uint64_t, kCodeBlockRows> codes;
  *found = false;
  const uint64_t first = block << kCodeBlockShift;
  if (first >= row_count()) return false;
  const auto count = static_cast<size_t>(std::min<uint64_t>(kCodeBlockRows, row_count() - first));
  if (!seq_.codes().Read(first, count, codes.data())) return false;
  const auto at = std::find(codes.begin(), codes.begin() + count, code);
  if (at == codes.begin() + count) return true;
  *found = true;  // Numbers are given once.
  const auto row = static_cast<uint32_t>(first + static_cast<uint64_t>(at - codes.begin()));
  if (!IsReplaced(row)) rows->push_back(row);
  return true;
}

// Rows whose own number is `seq` and is their id too.
bool SegmentReader::FindSeq(Seq seq, std::vector<uint32_t>* rows) const {
  if (seq < info_.bounds.seq_min || seq > info_.bounds.seq_max) return true;
  const uint64_t code = seq - static_cast<uint64_t>(seq_.base());
  bool found = false;
  if (seq_index_form_ == SeqIndexForm::kRows) return FindSeqByOrder(code, rows);
  if (seq_index_form_ == SeqIndexForm::kBlocks) {
    const uint64_t place = seq - info_.bounds.seq_min;
    return file_->Verified(seq_index_.BytesOf(place, 1)) &&
           FindSeqInBlock(seq_index_[place], code, rows, &found);
  }
  constexpr uint64_t kZoneBlocks = kZoneRows >> kCodeBlockShift;
  for (uint64_t zone = 0; zone << kZoneShift < row_count(); ++zone) {
    uint64_t low = 0;
    uint64_t high = 0;
    if (!seq_.ZoneBounds(zone, &low, &high)) return false;
    if (code < low || code > high) continue;
    const uint64_t end = std::min((zone + 1) * kZoneBlocks, seq_.codes().block_count());
    for (uint64_t block = zone * kZoneBlocks; block < end && !found; ++block) {
      if (!seq_.codes().BlockBounds(block, &low, &high)) return false;
      if (code < low || code > high) continue;
      if (!FindSeqInBlock(block, code, rows, &found)) return false;
    }
    if (found) return true;
  }
  return true;
}

bool SegmentReader::FindReplacedId(EdgeId id, std::vector<uint32_t>* rows) const {
  uint64_t low = 0;
  uint64_t high = id_order_.count();
  if (!file_->Verified(id_order_.bytes()) || !file_->Verified(id_rows_.bytes())) return false;
  const auto id_at = [&](uint64_t place, uint64_t* found) {
    const uint64_t at = id_order_[place];
    return at < ids_.count() && ids_.At(at, found);
  };
  uint64_t found = 0;
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    if (!id_at(middle, &found)) return false;
    if (found < id) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  for (; low < id_order_.count(); ++low) {
    if (!id_at(low, &found)) return false;
    if (found != id) break;
    const uint64_t row = id_rows_[id_order_[low]];
    if (row >= row_count()) return false;
    rows->push_back(static_cast<uint32_t>(row));
  }
  return true;
}

Status SegmentReader::FindId(EdgeId id, std::vector<uint32_t>* rows) const {
  const auto before = static_cast<ptrdiff_t>(rows->size());
  if (has_ids_ && (!FindReplacedId(id, rows))) return Damaged();
  if (!FindSeq(id, rows)) return Damaged();
  std::sort(rows->begin() + before, rows->end());
  return Status::Ok();
}

Status SegmentReader::FindKey(std::string_view key, std::vector<uint32_t>* rows) const {
  if (!has_keys_ || key.empty()) return Status::Ok();
  const auto hash = static_cast<uint32_t>(HashText(key) >> 32);
  const size_t count = key_hashes_.size();
  // Hashes are even: the place is near hash / 2^32. Gallop from there, then halve.
  const auto at = [&](size_t place, uint32_t* found) {
    if (!file_->Verified(key_hashes_.subspan(place, 1))) return false;
    *found = key_hashes_[place];
    return true;
  };
  size_t low = 0;
  size_t high = count;
  const auto guess = static_cast<size_t>((static_cast<uint64_t>(hash) * count) >> 32);
  uint32_t found = 0;
  for (size_t step = 64; step < count; step *= 8) {
    const size_t left = guess > step ? guess - step : 0;
    const size_t right = std::min(count, guess + step);
    bool holds = true;
    if (left > 0) {
      if (!at(left - 1, &found)) return Damaged();
      holds = found < hash;
    }
    if (right < count) {
      if (!at(right, &found)) return Damaged();
      holds = holds && found >= hash;
    }
    if (!holds) continue;
    low = left;
    high = right;
    break;
  }
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (!at(middle, &found)) return Damaged();
    if (found < hash) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  for (; low < count; ++low) {
    if (!at(low, &found)) return Damaged();
    if (found != hash) break;
    if (!file_->Verified(key_rows_.BytesOf(low, 1))) return Damaged();
    const auto row = static_cast<uint32_t>(key_rows_[low]);
    std::string_view text;
    if (row >= row_count() || !keys_.Read(row, 1, &text)) return Damaged();
    if (text == key) rows->push_back(row);
  }
  return Status::Ok();
}

}  // namespace hypergraph

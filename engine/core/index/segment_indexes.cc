// The property indexes that hang on a segment.
#include <algorithm>
#include <mutex>

#include "core/index/segment_reader.h"

namespace hypergraph {

void SegmentReader::AttachIndex(std::shared_ptr<const PropertyIndexFile> index) {
  // The one implementation there is.
  auto reader = std::static_pointer_cast<const PropertyIndexReader>(std::move(index));
  if (!reader->Fits(info_.file_id, row_count())) return;  // Of another segment: it would lie.
  const std::unique_lock lock(indexes_mutex_);
  indexes_.push_back(std::move(reader));
}

void SegmentReader::DetachIndex(uint64_t file_id) {
  const std::unique_lock lock(indexes_mutex_);
  std::erase_if(indexes_, [&](const auto& index) { return index->info().file_id == file_id; });
}

IndexedColumn SegmentReader::ColumnOf(const ColumnRef& column) const {
  if (column.kind == ColumnKind::kLabel) return {label_ ? &*label_ : nullptr, nullptr};
  if (column.kind != ColumnKind::kProperty) return {};
  const auto found = properties_.find(column.property);
  if (found == properties_.end()) return {};
  if (found->second.type == PropertyType::kString) return {nullptr, &found->second.texts};
  return {&found->second.numbers, nullptr};
}

std::shared_ptr<const PropertyIndexReader> SegmentReader::IndexFor(const IndexProbe& probe) const {
  if (probe.columns.empty() || probe.equals.size() + 1 != probe.columns.size()) return nullptr;
  const std::shared_lock lock(indexes_mutex_);
  for (const auto& index : indexes_) {
    if (index->info().columns == probe.columns) return index;
  }
  return nullptr;
}

Status SegmentReader::FindInIndex(const PropertyIndexReader& index, const IndexProbe& probe,
                                  std::vector<PropertyIndexReader::Range>* ranges) const {
  std::vector<IndexedColumn> columns;
  for (const ColumnRef& column : probe.columns) columns.push_back(ColumnOf(column));
  if (index.FindRanges(columns, probe, ranges)) return Status::Ok();
  HG_RETURN_IF_ERROR(index.Fault());
  return Damaged();
}

bool SegmentReader::EstimateIndex(const IndexProbe& probe, uint32_t* estimate) const {
  const auto index = IndexFor(probe);
  if (index == nullptr) return false;
  std::vector<PropertyIndexReader::Range> ranges;
  uint64_t count = 0;
  if (FindInIndex(*index, probe, &ranges).ok()) {
    for (const auto& range : ranges) count += range.past - range.first;
  }
  *estimate = static_cast<uint32_t>(std::min<uint64_t>(count, row_count()));
  return true;
}

Status SegmentReader::RowsByIndex(const IndexProbe& probe, TimeWindow window,
                                  std::vector<uint32_t>* rows) const {
  const auto index = IndexFor(probe);
  if (index == nullptr) return Status(Code::kInvalid, "no index on these columns");
  std::vector<PropertyIndexReader::Range> ranges;
  HG_RETURN_IF_ERROR(FindInIndex(*index, probe, &ranges));
  RankRange ranks;
  HG_RETURN_IF_ERROR(RangeOf(window, &ranks));
  const auto before = static_cast<ptrdiff_t>(rows->size());
  for (const auto& range : ranges) {
    if (index->AppendRows(range, ranks, rows)) continue;
    HG_RETURN_IF_ERROR(index->Fault());
    return Damaged();
  }
  if (ranges.size() > 1 || (ranges.size() == 1 && !ranges[0].one_key)) {
    std::sort(rows->begin() + before, rows->end());
  }
  return Status::Ok();
}

}  // namespace hypergraph

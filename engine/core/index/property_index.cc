#include "core/index/property_index.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "core/base/sort_keys.h"
#include "core/index/segment_reader.h"

namespace hypergraph {

namespace {

enum class IndexSection : uint32_t { kMeta = 1, kRanks = 2 };  // Frozen: stored.

// How many codes of a column may have one value: two zeros, or quotients that come to the same.
constexpr uint64_t kEqualCodesMax = 64;

// The sort key of one column of every row: a code, or the text where texts have no codes.
struct SortColumn {
  std::vector<uint64_t> codes;
  std::vector<std::string_view> texts;
  bool Less(uint32_t left, uint32_t right) const {
    return codes.empty() ? texts[left] < texts[right] : codes[left] < codes[right];
  }
};

bool ReadSortColumn(const IndexedColumn& column, uint32_t rows, SortColumn* sort,
                    std::vector<uint8_t>* present) {
  std::vector<uint8_t> bits(rows, 0);
  bool ok = true;
  if (column.numbers != nullptr) {
    sort->codes.resize(rows);
    ok = column.numbers->present().Read(0, rows, bits.data()) &&
         column.numbers->ReadCodes(0, rows, sort->codes.data());
  } else if (column.texts != nullptr) {
    ok = column.texts->present().Read(0, rows, bits.data());
    if (column.texts->has_dictionary()) {
      sort->codes.resize(rows);
      ok = ok && column.texts->codes().Read(0, rows, sort->codes.data());
    } else {
      sort->texts.resize(rows);
      ok = ok && column.texts->Read(0, rows, sort->texts.data());
    }
  }
  for (uint32_t i = 0; i < rows; ++i) (*present)[i] &= bits[i];
  return ok;
}

void SortWithPlaces(std::span<const uint64_t> keys, std::span<const uint8_t> present,
                    std::vector<uint32_t>* ranks) {
  std::vector<KeyedPlace> places;
  places.reserve(keys.size());
  for (uint32_t row = 0; row < present.size(); ++row) {
    if (present[row] != 0) places.push_back({keys[row], row});
  }
  SortByKey(&places);
  ranks->reserve(places.size());
  for (const auto& [key, row] : places) ranks->push_back(row);
}

// The usual case, several times as fast: all codes of a row fit one number. False: they do not.
bool SortByPackedCodes(std::span<const SortColumn> sorts, std::span<const uint8_t> present,
                       std::vector<uint32_t>* ranks) {
  std::vector<uint64_t> keys(present.size());
  unsigned used = 0;
  for (const SortColumn& sort : sorts) {
    if (sort.codes.size() != keys.size()) return false;
    uint64_t all = 0;
    for (const uint64_t code : sort.codes) all |= code;
    const auto width = static_cast<unsigned>(std::bit_width(all));
    used += width;
    if (used > 64) return false;
    for (size_t row = 0; row < keys.size(); ++row) {
      keys[row] = (width < 64 ? keys[row] << width : 0) | sort.codes[row];
    }
  }
  const auto rank_bits = static_cast<unsigned>(std::bit_width(present.size()));
  if (used + rank_bits > 64) {
    SortWithPlaces(keys, present, ranks);
    return true;
  }
  // The rank fits in too, and half as many bytes are moved.
  uint32_t count = 0;
  for (uint32_t row = 0; row < present.size(); ++row) {
    if (present[row] != 0) keys[count++] = keys[row] << rank_bits | row;
  }
  keys.resize(count);
  SortByHighBits(&keys, rank_bits);
  ranks->reserve(count);
  const uint64_t rank_mask = (uint64_t{1} << rank_bits) - 1;
  for (const uint64_t key : keys) ranks->push_back(static_cast<uint32_t>(key & rank_mask));
  return true;
}

Status SortRanks(const SegmentReader& segment, std::span<const ColumnRef> columns,
                 std::vector<uint32_t>* ranks) {
  const uint32_t rows = segment.bounds().row_count;
  std::vector<SortColumn> sorts(columns.size());
  std::vector<uint8_t> present(rows, 1);
  for (size_t i = 0; i < columns.size(); ++i) {
    if (!ReadSortColumn(segment.ColumnOf(columns[i]), rows, &sorts[i], &present)) {
      return segment.Damaged();
    }
  }
  if (SortByPackedCodes(sorts, present, ranks)) return Status::Ok();
  for (uint32_t row = 0; row < rows; ++row) {
    if (present[row] != 0) ranks->push_back(row);
  }
  std::sort(ranks->begin(), ranks->end(), [&](uint32_t left, uint32_t right) {
    for (const SortColumn& sort : sorts) {
      if (sort.Less(left, right)) return true;
      if (sort.Less(right, left)) return false;
    }
    return left < right;
  });
  return Status::Ok();
}

}  // namespace

Status WritePropertyIndex(FileSystem& files, const std::string& path, uint64_t file_id,
                          const Segment& segment, std::span<const ColumnRef> columns,
                          PropertyIndexInfo* info) {
  // The one implementation there is.
  const auto& reader = static_cast<const SegmentReader&>(segment);
  std::vector<uint32_t> ranks;
  HG_RETURN_IF_ERROR(SortRanks(reader, columns, &ranks));
  auto file = SectionFileWriter::Create(files, path, FileKind::kPropertyIndex, file_id);
  if (!file.ok()) return file.status();
  ByteWriter meta;
  meta.Put(uint32_t{1});  // The version of this layout.
  meta.Put(reader.info().file_id);
  meta.Put(reader.bounds().row_count);
  meta.Put(static_cast<uint32_t>(columns.size()));
  for (const ColumnRef& column : columns) {
    meta.Put(column.kind);
    meta.Put(column.property);
  }
  ByteWriter section;
  PackedArray::Write(std::span<const uint32_t>(ranks), &section, &meta);
  (*file)->Add(static_cast<uint32_t>(IndexSection::kRanks), section.view());
  (*file)->Add(static_cast<uint32_t>(IndexSection::kMeta), meta.view());
  SectionFileInfo written;
  HG_RETURN_IF_ERROR((*file)->Finish(&written));
  info->file_id = file_id;
  info->file_bytes = written.file_bytes;
  info->footer_crc = written.footer_crc;
  info->columns.assign(columns.begin(), columns.end());
  return Status::Ok();
}

StatusOr<std::shared_ptr<const PropertyIndexFile>> PropertyIndexFile::Open(
    FileSystem& files, const std::string& path, const PropertyIndexInfo& info) {
  SectionFile::Expected expected;
  expected.kind = FileKind::kPropertyIndex;
  expected.file_id = info.file_id;
  expected.info = {info.file_bytes, info.footer_crc};
  auto file = SectionFile::Open(files, path, expected);
  if (!file.ok()) return file.status();
  auto reader = std::make_shared<PropertyIndexReader>(std::move(file).value(), info);
  HG_RETURN_IF_ERROR(reader->ReadMeta());
  return std::shared_ptr<const PropertyIndexFile>(std::move(reader));
}

Status PropertyIndexReader::ReadMeta() {
  ByteView bytes;
  ByteView section;
  HG_RETURN_IF_ERROR(file_->VerifiedSection(static_cast<uint32_t>(IndexSection::kMeta), &bytes));
  HG_RETURN_IF_ERROR(file_->Section(static_cast<uint32_t>(IndexSection::kRanks), &section));
  ByteReader meta(bytes);
  if (meta.Get<uint32_t>() > 1) {
    return Status(Code::kNewerFormat, file_->name() + ": written by a later version");
  }
  segment_id_ = meta.Get<uint64_t>();
  row_count_ = meta.Get<uint32_t>();
  const auto columns = meta.Get<uint32_t>();
  bool fits = columns == info_.columns.size();
  for (uint32_t i = 0; fits && i < columns; ++i) {
    ColumnRef column;
    column.kind = meta.Get<ColumnKind>();
    column.property = meta.Get<PropertyIndex>();
    fits = column == info_.columns[i];
  }
  if (!fits || !PackedArray::Open(section, &meta, &ranks_) || ranks_.count() > row_count_ ||
      ranks_.width() > 32) {
    return Status(Code::kCorrupt, file_->name() + ": not the index it should be");
  }
  return Status::Ok();
}

Status PropertyIndexReader::Verify() const {
  HG_RETURN_IF_ERROR(file_->VerifyAll());
  for (uint64_t place = 0; place < ranks_.count(); ++place) {
    if (ranks_[place] >= row_count_) {
      return Status(Code::kCorrupt, file_->name() + ": a rank beyond the segment");
    }
  }
  return Status::Ok();
}

bool PropertyIndexReader::RankAt(uint64_t place, uint32_t* rank) const {
  if (!file_->Verified(ranks_.BytesOf(place, 1))) return false;
  *rank = static_cast<uint32_t>(ranks_[place]);
  return *rank < row_count_;
}

// What a place's column is compared with: a code, or a text where texts have no codes.
struct PropertyIndexReader::Key {
  bool by_text = false;
  uint64_t code = 0;
  std::string_view text;
};

namespace {

// The sign of the column's value at `row` against a code or a text.
bool OrderAt(const IndexedColumn& column, uint32_t row, bool by_text, uint64_t code,
             std::string_view text, int* order) {
  if (by_text) {
    std::string_view found;
    if (!column.texts->Read(row, 1, &found)) return false;
    const int sign = found.compare(text);
    *order = sign < 0 ? -1 : (sign > 0 ? 1 : 0);
    return true;
  }
  uint64_t found = 0;
  const bool read = column.numbers != nullptr ? column.numbers->ReadCodes(row, 1, &found)
                                              : column.texts->codes().At(row, &found);
  *order = found < code ? -1 : (found > code ? 1 : 0);
  return read;
}

bool ByText(const IndexedColumn& column) {
  return column.texts != nullptr && !column.texts->has_dictionary();
}

bool CodesOf(const IndexedColumn& column, CompareOp op, const Value& operand, CodeRanges* ranges) {
  return column.numbers != nullptr ? RangesOf(*column.numbers, op, {&operand, 1}, ranges)
                                   : RangesOf(*column.texts, op, {&operand, 1}, ranges);
}

// The codes that lie within the probe's bounds on its last column; none when it is empty.
bool LastCodes(const IndexedColumn& column, const IndexProbe& probe, CodeRange* range, bool* any) {
  CodeRanges found;
  *any = true;
  range->low = 0;
  range->high = UINT64_MAX;
  if (probe.low) {
    const CompareOp op = probe.low_inclusive ? CompareOp::kGe : CompareOp::kGt;
    if (!CodesOf(column, op, *probe.low, &found)) return false;
    *any = *any && !found.empty();
    if (!found.empty()) range->low = found[0].low;
  }
  if (probe.high) {
    const CompareOp op = probe.high_inclusive ? CompareOp::kLe : CompareOp::kLt;
    if (!CodesOf(column, op, *probe.high, &found)) return false;
    *any = *any && !found.empty();
    if (!found.empty()) range->high = found[0].high;
  }
  *any = *any && range->low <= range->high;
  return true;
}

}  // namespace

// The places whose first columns equal `prefix` and whose last one is within the probe's bounds.
bool PropertyIndexReader::Search(std::span<const IndexedColumn> columns,
                                 std::span<const Key> prefix, const IndexProbe& probe,
                                 std::vector<Range>* ranges) const {
  const IndexedColumn& last = columns.back();
  const bool by_text = ByText(last);
  CodeRange codes;
  bool any = true;
  if (!by_text && !LastCodes(last, probe, &codes, &any)) return false;
  const auto* low_text = probe.low ? std::get_if<std::string>(&*probe.low) : nullptr;
  const auto* high_text = probe.high ? std::get_if<std::string>(&*probe.high) : nullptr;
  if (by_text) any = (!probe.low || low_text != nullptr) && (!probe.high || high_text != nullptr);
  if (!any) return true;
  bool sound = true;
  // Whether the place is before the range's begin (`end` false) or before its end.
  const auto is_before = [&](uint64_t place, bool end) {
    uint32_t row = 0;
    int order = 0;
    sound = sound && RankAt(place, &row);
    for (size_t i = 0; sound && i < prefix.size(); ++i) {
      sound = OrderAt(columns[i], row, prefix[i].by_text, prefix[i].code, prefix[i].text, &order);
      if (order != 0) return order < 0;
    }
    if (!sound) return false;
    if (!by_text) {
      sound = OrderAt(last, row, false, end ? codes.high : codes.low, {}, &order);
      return end ? order <= 0 : order < 0;
    }
    const auto* bound = end ? high_text : low_text;
    if (bound == nullptr) return end;
    sound = OrderAt(last, row, true, 0, *bound, &order);
    const bool inclusive = end ? probe.high_inclusive : !probe.low_inclusive;
    return inclusive ? order <= 0 : order < 0;
  };
  const auto find = [&](uint64_t low, bool end) {
    uint64_t high = ranks_.count();
    while (sound && low < high) {
      const uint64_t middle = low + (high - low) / 2;
      if (is_before(middle, end)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  };
  Range range;
  range.first = find(0, false);
  range.past = find(range.first, true);
  range.one_key = by_text ? low_text != nullptr && high_text != nullptr && *low_text == *high_text
                          : codes.low == codes.high;
  if (range.first < range.past) ranges->push_back(range);
  return sound;
}

bool PropertyIndexReader::FindRanges(std::span<const IndexedColumn> columns,
                                     const IndexProbe& probe, std::vector<Range>* ranges) const {
  for (const IndexedColumn& column : columns) {
    if (column.numbers == nullptr && column.texts == nullptr) return true;
  }
  // Each equality is one code, or two: the zeros of both signs.
  std::vector<std::vector<Key>> prefixes(1);
  for (size_t i = 0; i + 1 < columns.size(); ++i) {
    std::vector<Key> choices;
    if (ByText(columns[i])) {
      const auto* text = std::get_if<std::string>(&probe.equals[i]);
      if (text != nullptr) choices.push_back({true, 0, *text});
    } else {
      CodeRanges codes;
      if (!CodesOf(columns[i], CompareOp::kEq, probe.equals[i], &codes)) return false;
      for (const CodeRange& range : codes) {
        if (range.high - range.low >= kEqualCodesMax) return false;
        for (uint64_t code = range.low; code - range.low <= range.high - range.low; ++code) {
          choices.push_back({false, code, {}});
          if (code == range.high) break;
        }
      }
    }
    std::vector<std::vector<Key>> longer;
    for (const std::vector<Key>& prefix : prefixes) {
      for (const Key& key : choices) {
        longer.push_back(prefix);
        longer.back().push_back(key);
      }
    }
    prefixes = std::move(longer);
  }
  for (const std::vector<Key>& prefix : prefixes) {
    if (!Search(columns, prefix, probe, ranges)) return false;
  }
  return true;
}

bool PropertyIndexReader::AppendRows(const Range& range, RankRange ranks,
                                     std::vector<uint32_t>* rows) const {
  uint64_t first = range.first;
  uint64_t past = range.past;
  if (range.one_key) {  // The window's ranks lie side by side.
    const auto bound = [&](uint32_t rank) {
      uint64_t low = first;
      uint64_t high = past;
      while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        uint32_t found = 0;
        if (!RankAt(middle, &found)) return UINT64_MAX;
        if (found < rank) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      return low;
    };
    const uint64_t from = bound(ranks.from);
    const uint64_t to = bound(ranks.to);
    if (from == UINT64_MAX || to == UINT64_MAX) return false;
    first = from;
    past = std::max(from, to);
  }
  if (!file_->Verified(ranks_.BytesOf(first, past - first))) return false;
  const size_t before = rows->size();
  rows->resize(before + (past - first));
  ranks_.Read(first, past - first, rows->data() + before);
  const auto begin = rows->begin() + static_cast<ptrdiff_t>(before);
  rows->erase(std::remove_if(begin, rows->end(),
                             [&](uint32_t rank) { return rank < ranks.from || rank >= ranks.to; }),
              rows->end());
  return true;
}

}  // namespace hypergraph

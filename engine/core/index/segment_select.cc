// Comparisons of a segment's columns: on codes where the column has them, zones left out.
#include <algorithm>
#include <array>

#include "core/index/among.h"
#include "core/index/code_ranges.h"
#include "core/index/segment_reader.h"

namespace hypergraph {

namespace {

constexpr uint32_t kSelectChunk = 1024;  // Divides a zone.

// Appends rows[i] where code i is within one of the ranges and `present` is null or set.
template <typename Code>
void AppendMatches(const Code* codes, const uint8_t* present, Rows rows,
                   std::span<const CodeRange> ranges, std::vector<uint32_t>* selected) {
  const uint32_t count = rows.size();
  std::array<uint8_t, kSelectChunk> matches;
  if (ranges.size() == 1) {
    const auto low = static_cast<Code>(std::min<uint64_t>(ranges[0].low, Code(-1)));
    const auto span =
        static_cast<Code>(std::min<uint64_t>(ranges[0].high, Code(-1)) - uint64_t{low});
    if (ranges[0].low > Code(-1)) return;
    for (uint32_t i = 0; i < count; ++i) {
      matches[i] = static_cast<Code>(codes[i] - low) <= span ? 1 : 0;
    }
  } else {
    for (uint32_t i = 0; i < count; ++i) matches[i] = InRanges(codes[i], ranges) ? 1 : 0;
  }
  if (present != nullptr) {
    for (uint32_t i = 0; i < count; ++i) matches[i] &= present[i];
  }
  const size_t before = selected->size();
  selected->resize(before + count);
  uint32_t* out = selected->data() + before;
  if (rows.contiguous()) {
    const uint32_t first = rows.first();
    for (uint32_t i = 0; i < count; ++i) {
      *out = first + i;
      out += matches[i];
    }
  } else {
    const uint32_t* list = rows.list();
    for (uint32_t i = 0; i < count; ++i) {
      *out = list[i];
      out += matches[i];
    }
  }
  selected->resize(static_cast<size_t>(out - selected->data()));
}

void AppendAll(Rows rows, std::vector<uint32_t>* selected) {
  for (uint32_t i = 0; i < rows.size(); ++i) selected->push_back(rows[i]);
}

template <typename Hold>
void AppendWhere(Rows rows, Hold hold, std::vector<uint32_t>* selected) {
  for (uint32_t i = 0; i < rows.size(); ++i) {
    if (hold(i)) selected->push_back(rows[i]);
  }
}

bool IsNullTest(CompareOp op) { return op == CompareOp::kIsNull || op == CompareOp::kIsNotNull; }

template <typename T>
bool HoldsAny(const T& value, const Comparison& comparison, const Among& among) {
  if (comparison.op == CompareOp::kIsNotNull) return true;
  if (comparison.op == CompareOp::kIn) return among.Has(value);
  return std::any_of(comparison.operands.begin(), comparison.operands.end(),
                     [&](const Value& operand) { return Compare(value, comparison.op, operand); });
}

bool ReadPresent(const PresentColumn& column, Rows rows, uint8_t* out) {
  return rows.contiguous() ? column.Read(rows.first(), rows.size(), out)
                           : column.Gather({rows.list(), rows.size()}, out);
}

// Rows [done, …) of at most a chunk, which stay in one zone when they are contiguous.
Rows ChunkAt(Rows rows, uint32_t done) {
  uint32_t count = std::min(kSelectChunk, rows.size() - done);
  if (rows.contiguous()) {
    const uint32_t first = rows.first() + done;
    count = std::min(count, kSelectChunk - first % kSelectChunk);
  }
  return rows.Slice(done, count);
}

bool SelectNulls(const PresentColumn& present, bool wanted, Rows rows,
                 std::vector<uint32_t>* selected) {
  std::array<uint8_t, kSelectChunk> bits;
  for (uint32_t done = 0; done < rows.size();) {
    const Rows chunk = ChunkAt(rows, done);
    if (!ReadPresent(present, chunk, bits.data())) return false;
    AppendWhere(
        chunk, [&](uint32_t i) { return (bits[i] != 0) == wanted; }, selected);
    done += chunk.size();
  }
  return true;
}

// Codes of one chunk, as narrow as they are, matched.
bool MatchChunk(const CodeColumn& codes, const uint8_t* present, Rows chunk,
                std::span<const CodeRange> ranges, std::vector<uint32_t>* selected) {
  if (chunk.contiguous() && codes.max() <= UINT32_MAX) {
    std::array<uint32_t, kSelectChunk> narrow;
    if (!codes.ReadNarrow(chunk.first(), chunk.size(), narrow.data())) return false;
    AppendMatches(narrow.data(), present, chunk, ranges, selected);
    return true;
  }
  std::array<uint64_t, kSelectChunk> wide;
  const bool read = chunk.contiguous() ? codes.Read(chunk.first(), chunk.size(), wide.data())
                                       : codes.Gather({chunk.list(), chunk.size()}, wide.data());
  if (!read) return false;
  AppendMatches(wide.data(), present, chunk, ranges, selected);
  return true;
}

bool MatchFloats(const NumberColumn& column, const uint8_t* present, Rows chunk,
                 std::span<const CodeRange> ranges, std::vector<uint32_t>* selected) {
  std::array<uint64_t, kSelectChunk> codes;
  const bool read = chunk.contiguous()
                        ? column.ReadCodes(chunk.first(), chunk.size(), codes.data())
                        : column.GatherCodes({chunk.list(), chunk.size()}, codes.data());
  if (!read) return false;
  AppendMatches(codes.data(), present, chunk, ranges, selected);
  return true;
}

}  // namespace

// `absent`: the value that rows without one are taken to have; none: they are null.
Status SegmentReader::SelectNumber(const NumberColumn& column, const Comparison& comparison,
                                   Rows rows, std::optional<int64_t> absent,
                                   std::vector<uint32_t>* selected) const {
  if (IsNullTest(comparison.op)) {
    const bool wanted = comparison.op == CompareOp::kIsNotNull;
    if (!absent) return Checked(SelectNulls(column.present(), wanted, rows, selected));
    if (wanted) AppendAll(rows, selected);
    return Status::Ok();
  }
  const bool absent_holds = absent && HoldsAny(*absent, comparison, Among(comparison.operands));
  CodeRanges ranges;
  if (!RangesOf(column, comparison.op, comparison.operands, &ranges)) return Damaged();
  if (ranges.empty() && !absent_holds) return Status::Ok();
  const bool all_present = column.present().all();
  std::array<uint8_t, kSelectChunk> present;
  std::vector<uint32_t> matched;
  for (uint32_t done = 0; done < rows.size();) {
    const Rows chunk = ChunkAt(rows, done);
    done += chunk.size();
    if (chunk.contiguous() && !absent_holds) {
      uint64_t low = 0;
      uint64_t high = 0;
      if (!column.ZoneBounds(chunk.first() >> kZoneShift, &low, &high)) return Damaged();
      if (low > high || !AnyWithin(ranges, low, high)) continue;
      if (all_present && ranges.size() == 1 && ranges[0].low <= low && ranges[0].high >= high) {
        AppendAll(chunk, selected);
        continue;
      }
    }
    if (!all_present && !ReadPresent(column.present(), chunk, present.data())) return Damaged();
    const uint8_t* bits = all_present ? nullptr : present.data();
    if (!absent_holds) {
      if (!(column.coded() ? MatchChunk(column.codes(), bits, chunk, ranges, selected)
                           : MatchFloats(column, bits, chunk, ranges, selected))) {
        return Damaged();
      }
      continue;
    }
    matched.clear();
    if (!MatchChunk(column.codes(), bits, chunk, ranges, &matched)) return Damaged();
    size_t next = 0;
    for (uint32_t i = 0; i < chunk.size(); ++i) {
      const bool matches = next < matched.size() && matched[next] == chunk[i];
      if (matches) ++next;
      if (matches || (bits != nullptr && bits[i] == 0)) selected->push_back(chunk[i]);
    }
  }
  return Status::Ok();
}

Status SegmentReader::SelectText(const TextColumn& column, const Comparison& comparison, Rows rows,
                                 std::vector<uint32_t>* selected) const {
  if (IsNullTest(comparison.op)) {
    const bool wanted = comparison.op == CompareOp::kIsNotNull;
    return Checked(SelectNulls(column.present(), wanted, rows, selected));
  }
  CodeRanges ranges;
  if (column.has_dictionary()) {
    if (!RangesOf(column, comparison.op, comparison.operands, &ranges)) return Damaged();
    if (ranges.empty()) return Status::Ok();
  }
  const Among among(comparison.operands);
  std::array<uint8_t, kSelectChunk> present;
  std::array<std::string_view, kSelectChunk> texts;
  for (uint32_t done = 0; done < rows.size();) {
    const Rows chunk = ChunkAt(rows, done);
    done += chunk.size();
    if (!ReadPresent(column.present(), chunk, present.data())) return Damaged();
    if (column.has_dictionary()) {
      if (!MatchChunk(column.codes(), present.data(), chunk, ranges, selected)) return Damaged();
      continue;
    }
    const bool read = chunk.contiguous()
                          ? column.Read(chunk.first(), chunk.size(), texts.data())
                          : column.Gather({chunk.list(), chunk.size()}, texts.data());
    if (!read) return Damaged();
    AppendWhere(
        chunk, [&](uint32_t i) { return present[i] != 0 && HoldsAny(texts[i], comparison, among); },
        selected);
  }
  return Status::Ok();
}

Status SegmentReader::SelectKey(const Comparison& comparison, Rows rows,
                                std::vector<uint32_t>* selected) const {
  const Among among(comparison.operands);
  std::vector<std::string_view> keys;
  for (uint32_t done = 0; done < rows.size();) {
    const Rows chunk = ChunkAt(rows, done);
    done += chunk.size();
    HG_RETURN_IF_ERROR(Keys(chunk, &keys));
    AppendWhere(
        chunk,
        [&](uint32_t i) {
          if (comparison.op == CompareOp::kIsNull) return keys[i].empty();
          return !keys[i].empty() && HoldsAny(keys[i], comparison, among);
        },
        selected);
  }
  return Status::Ok();
}

// Of values that no column holds: ids and arities.
Status SegmentReader::SelectComputed(const Comparison& comparison, Rows rows,
                                     std::vector<uint32_t>* selected) const {
  const Among among(comparison.operands);
  std::array<uint64_t, kSelectChunk> ids;
  std::array<uint32_t, kSelectChunk> arities;
  const bool by_id = comparison.column.kind == ColumnKind::kId;
  if (comparison.op == CompareOp::kIsNull) return Status::Ok();
  for (uint32_t done = 0; done < rows.size();) {
    const Rows chunk = ChunkAt(rows, done);
    done += chunk.size();
    HG_RETURN_IF_ERROR(by_id ? Ids(chunk, ids.data()) : Arities(chunk, arities.data()));
    AppendWhere(
        chunk,
        [&](uint32_t i) {
          return HoldsAny(by_id ? static_cast<int64_t>(ids[i]) : int64_t{arities[i]}, comparison,
                          among);
        },
        selected);
  }
  return Status::Ok();
}

Status SegmentReader::Select(const Comparison& comparison, Rows rows,
                             std::vector<uint32_t>* selected) const {
  const CompareOp op = comparison.op;
  if (!IsNullTest(op) && op != CompareOp::kIn && comparison.operands.size() != 1) {
    return Status(Code::kInvalid, "a comparison has one operand");
  }
  const auto all_have = [&](const auto& value) {
    const Among among(comparison.operands);
    if (op != CompareOp::kIsNull && HoldsAny(value, comparison, among)) AppendAll(rows, selected);
    return Status::Ok();
  };
  const auto none_has = [&] {
    if (op == CompareOp::kIsNull) AppendAll(rows, selected);
    return Status::Ok();
  };
  switch (comparison.column.kind) {
    case ColumnKind::kEventTs:
      return SelectNumber(event_ts_, comparison, rows, std::nullopt, selected);
    case ColumnKind::kSeq:
      return SelectNumber(seq_, comparison, rows, std::nullopt, selected);
    case ColumnKind::kValidTo:
      if (!valid_to_) return all_have(kMicrosMax);
      return SelectNumber(*valid_to_, comparison, rows, kMicrosMax, selected);
    case ColumnKind::kWeight:
      if (!weight_) return all_have(1.0);
      return SelectNumber(*weight_, comparison, rows, std::nullopt, selected);
    case ColumnKind::kLabel:
      if (!label_) return none_has();
      return SelectNumber(*label_, comparison, rows, std::nullopt, selected);
    case ColumnKind::kKey:
      return has_keys_ ? SelectKey(comparison, rows, selected) : none_has();
    case ColumnKind::kId:
    case ColumnKind::kArity:
      return SelectComputed(comparison, rows, selected);
    case ColumnKind::kProperty: {
      const auto found = properties_.find(comparison.column.property);
      if (found == properties_.end()) return none_has();
      if (found->second.type == PropertyType::kString) {
        return SelectText(found->second.texts, comparison, rows, selected);
      }
      return SelectNumber(found->second.numbers, comparison, rows, std::nullopt, selected);
    }
    case ColumnKind::kMembers:
    case ColumnKind::kRoles:
      return Status(Code::kInvalid, "members and roles cannot be compared");
  }
  return Status(Code::kInvalid, "no such column");
}

}  // namespace hypergraph

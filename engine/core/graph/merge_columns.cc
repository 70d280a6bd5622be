#include "core/graph/merge_columns.h"

#include <algorithm>
#include <utility>

namespace hypergraph {
namespace {

constexpr uint64_t kPlainBytes = 24;  // event_ts, seq, id.

using Run = RecordAppender::Run;

template <typename T>
void AppendRange(const std::vector<T>& from, uint64_t begin, uint64_t end, std::vector<T>* to) {
  to->insert(to->end(), from.begin() + static_cast<std::ptrdiff_t>(begin),
             from.begin() + static_cast<std::ptrdiff_t>(end));
}

// Values of a column that stays empty while all are the default. `before` records came so far.
template <typename T>
void AppendOptional(const std::vector<T>& from, Run run, T absent, size_t before,
                    std::vector<T>* to) {
  if (to->empty()) {
    const auto is_value = [&](uint32_t i) { return from[run.first + i] != absent; };
    uint32_t i = 0;
    while (!from.empty() && i < run.count && !is_value(i)) ++i;
    if (from.empty() || i == run.count) return;
    to->assign(before, absent);
  }
  if (from.empty()) {
    to->resize(before + run.count, absent);
  } else {
    AppendRange(from, run.first, run.first + run.count, to);
  }
}

uint64_t Begin(const std::vector<uint64_t>& ends, size_t row) {
  return row == 0 ? 0 : ends[row - 1];
}

// Those of `from` on, moved to where their first text was put, `at`.
void AppendEnds(const std::vector<uint64_t>& from, Run run, uint64_t at,
                std::vector<uint64_t>* to) {
  const uint64_t begin = Begin(from, run.first);
  for (uint32_t i = 0; i < run.count; ++i) to->push_back(from[run.first + i] - begin + at);
}

// Adds one record without the property.
void AppendAbsent(PropertyValues* to) {
  to->present.push_back(0);
  switch (to->type) {
    case PropertyType::kFloat64:
      to->floats.push_back(0);
      break;
    case PropertyType::kString:
      to->string_ends.push_back(to->string_bytes.size());
      break;
    default:
      to->integers.push_back(0);
  }
}

}  // namespace

void RecordAppender::Append(const RecordColumns& from, Run run, Seq superseded_by) {
  const size_t before = out_.record_count;
  const uint64_t end = uint64_t{run.first} + run.count;
  AppendRange(from.event_ts, run.first, end, &out_.event_ts);
  AppendRange(from.seq, run.first, end, &out_.seq);
  AppendRange(from.id, run.first, end, &out_.id);
  AppendOptional(from.valid_to, run, kMicrosMax, before, &out_.valid_to);
  AppendOptional(from.weight, run, 1.0, before, &out_.weight);
  AppendOptional(from.label, run, kSymbolNone, before, &out_.label);
  if (superseded_by != kSeqNone || !out_.superseded_by.empty()) {
    out_.superseded_by.resize(before, kSeqNone);
    out_.superseded_by.resize(before + run.count, superseded_by);
  }
  AppendMembers(from, run);
  AppendKeys(from, run);
  AppendProperties(from, run);
  out_.record_count += run.count;
  bytes_ += run.count * (kPlainBytes + out_.properties.size() * (sizeof(int64_t) + 1));
}

void RecordAppender::AppendMembers(const RecordColumns& from, Run run) {
  const size_t before = out_.members.size();
  if (from.member_ends.empty()) {
    out_.member_ends.resize(out_.member_ends.size() + run.count, before);
    return;
  }
  const uint64_t begin = Begin(from.member_ends, run.first);
  const uint64_t end = from.member_ends[run.first + run.count - 1];
  AppendRange(from.members, begin, end, &out_.members);
  AppendEnds(from.member_ends, run, before, &out_.member_ends);
  if (!from.roles.empty()) {
    const auto has_role = [](Symbol role) { return role != kSymbolNone; };
    const auto first = from.roles.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto last = from.roles.begin() + static_cast<std::ptrdiff_t>(end);
    if (!out_.roles.empty() || std::any_of(first, last, has_role)) {
      out_.roles.resize(before, kSymbolNone);
      out_.roles.insert(out_.roles.end(), first, last);
    }
  } else if (!out_.roles.empty()) {
    out_.roles.resize(out_.members.size(), kSymbolNone);
  }
  bytes_ += (end - begin) * (sizeof(NodeNumber) + sizeof(Symbol));
}

void RecordAppender::AppendKeys(const RecordColumns& from, Run run) {
  const uint64_t begin = from.key_ends.empty() ? 0 : Begin(from.key_ends, run.first);
  const uint64_t end = from.key_ends.empty() ? 0 : from.key_ends[run.first + run.count - 1];
  if (begin == end && out_.key_ends.empty()) return;
  out_.key_ends.resize(out_.record_count, 0);
  const size_t before = out_.key_bytes.size();
  out_.key_bytes.append(from.key_bytes, begin, end - begin);
  if (from.key_ends.empty()) {
    out_.key_ends.resize(out_.record_count + run.count, before);
  } else {
    AppendEnds(from.key_ends, run, before, &out_.key_ends);
  }
  bytes_ += end - begin;
}

PropertyValues& RecordAppender::PropertyOf(const PropertyValues& from) {
  for (PropertyValues& property : out_.properties) {
    if (property.property == from.property) return property;
  }
  PropertyValues& made = out_.properties.emplace_back();
  made.property = from.property;
  made.type = from.type;
  for (uint32_t i = 0; i < out_.record_count; ++i) AppendAbsent(&made);
  return made;
}

void RecordAppender::AppendTexts(const PropertyValues& from, Run run, PropertyValues* to) {
  const size_t before = to->string_bytes.size();
  for (uint64_t row = run.first; row < uint64_t{run.first} + run.count; ++row) {
    // Where it is absent, a segment may give any text.
    if (from.present.empty() || from.present[row] != 0) {
      const uint64_t begin = Begin(from.string_ends, row);
      to->string_bytes.append(from.string_bytes, begin, from.string_ends[row] - begin);
    }
    to->string_ends.push_back(to->string_bytes.size());
  }
  bytes_ += to->string_bytes.size() - before;
}

// The numbers with whatever they are where the property is absent: those are not read.
void RecordAppender::AppendProperties(const RecordColumns& from, Run run) {
  const uint64_t end = uint64_t{run.first} + run.count;
  for (const PropertyValues& property : from.properties) {
    const auto is_present = [&](uint64_t row) {
      return property.present.empty() || property.present[row] != 0;
    };
    uint64_t row = run.first;
    while (row < end && !is_present(row)) ++row;
    if (row == end) continue;
    PropertyValues& to = PropertyOf(property);
    if (property.present.empty()) {
      to.present.resize(to.present.size() + run.count, 1);
    } else {
      AppendRange(property.present, run.first, end, &to.present);
    }
    switch (property.type) {
      case PropertyType::kFloat64:
        AppendRange(property.floats, run.first, end, &to.floats);
        break;
      case PropertyType::kString:
        AppendTexts(property, run, &to);
        break;
      default:
        AppendRange(property.integers, run.first, end, &to.integers);
    }
  }
  const size_t after = out_.record_count + run.count;
  for (PropertyValues& property : out_.properties) {
    while (property.present.size() < after) AppendAbsent(&property);
  }
}

RecordColumns RecordAppender::Take() {
  for (PropertyValues& property : out_.properties) {
    if (std::find(property.present.begin(), property.present.end(), 0) == property.present.end()) {
      property.present.clear();
    }
  }
  if (!out_.superseded_by.empty()) out_.superseded_by.resize(out_.record_count, kSeqNone);
  std::sort(
      out_.properties.begin(), out_.properties.end(),
      [](const PropertyValues& a, const PropertyValues& b) { return a.property < b.property; });
  bytes_ = 0;
  return std::exchange(out_, {});
}

}  // namespace hypergraph

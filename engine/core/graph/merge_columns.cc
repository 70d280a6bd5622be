#include "core/graph/merge_columns.h"

#include <algorithm>
#include <utility>

namespace hypergraph {
namespace {

constexpr uint64_t kPlainBytes = 24;  // event_ts, seq, id.

// A value of a column that stays empty while all are the default. `before` records came so far.
template <typename T>
void AppendOptional(const std::vector<T>& from, size_t row, T absent, size_t before,
                    std::vector<T>* to) {
  const T value = from.empty() ? absent : from[row];
  if (to->empty()) {
    if (value == absent) return;
    to->assign(before, absent);
  }
  to->push_back(value);
}

uint64_t Begin(const std::vector<uint64_t>& ends, size_t row) {
  return row == 0 ? 0 : ends[row - 1];
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

void RecordAppender::Append(const RecordColumns& from, uint32_t row, Seq superseded_by) {
  const size_t before = out_.record_count;
  out_.event_ts.push_back(from.event_ts[row]);
  out_.seq.push_back(from.seq[row]);
  out_.id.push_back(from.id[row]);
  AppendOptional(from.valid_to, row, kMicrosMax, before, &out_.valid_to);
  AppendOptional(from.weight, row, 1.0, before, &out_.weight);
  AppendOptional(from.label, row, kSymbolNone, before, &out_.label);
  if (superseded_by != kSeqNone || !out_.superseded_by.empty()) {
    out_.superseded_by.resize(before, kSeqNone);
    out_.superseded_by.push_back(superseded_by);
  }
  AppendMembers(from, row);
  const uint64_t key_begin = from.key_ends.empty() ? 0 : Begin(from.key_ends, row);
  const uint64_t key_bytes = from.key_ends.empty() ? 0 : from.key_ends[row] - key_begin;
  if (key_bytes > 0 || !out_.key_ends.empty()) {
    if (out_.key_ends.empty()) out_.key_ends.assign(before, 0);
    out_.key_bytes.append(from.key_bytes, key_begin, key_bytes);
    out_.key_ends.push_back(out_.key_bytes.size());
  }
  bytes_ += kPlainBytes + key_bytes;
  AppendProperties(from, row);
  ++out_.record_count;
}

void RecordAppender::AppendMembers(const RecordColumns& from, uint32_t row) {
  const uint64_t begin = from.member_ends.empty() ? 0 : Begin(from.member_ends, row);
  const uint64_t end = from.member_ends.empty() ? 0 : from.member_ends[row];
  const size_t members_before = out_.members.size();
  const auto at = [](const auto& values, uint64_t i) {
    return values.begin() + static_cast<std::ptrdiff_t>(i);
  };
  out_.members.insert(out_.members.end(), at(from.members, begin), at(from.members, end));
  out_.member_ends.push_back(out_.members.size());
  if (!from.roles.empty()) {
    const bool has_role = std::any_of(at(from.roles, begin), at(from.roles, end),
                                      [](Symbol role) { return role != kSymbolNone; });
    if (has_role || !out_.roles.empty()) {
      out_.roles.resize(members_before, kSymbolNone);
      out_.roles.insert(out_.roles.end(), at(from.roles, begin), at(from.roles, end));
    }
  } else if (!out_.roles.empty()) {
    out_.roles.resize(out_.members.size(), kSymbolNone);
  }
  bytes_ += (end - begin) * (sizeof(NodeNumber) + sizeof(Symbol));
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

void RecordAppender::AppendProperties(const RecordColumns& from, uint32_t row) {
  for (const PropertyValues& property : from.properties) {
    if (!property.present.empty() && property.present[row] == 0) continue;
    PropertyValues& to = PropertyOf(property);
    to.present.push_back(1);
    switch (property.type) {
      case PropertyType::kFloat64:
        to.floats.push_back(property.floats[row]);
        break;
      case PropertyType::kString: {
        const uint64_t begin = Begin(property.string_ends, row);
        const uint64_t text_bytes = property.string_ends[row] - begin;
        to.string_bytes.append(property.string_bytes, begin, text_bytes);
        to.string_ends.push_back(to.string_bytes.size());
        bytes_ += text_bytes;
        break;
      }
      default:
        to.integers.push_back(property.integers[row]);
    }
  }
  for (PropertyValues& property : out_.properties) {
    if (property.present.size() == out_.record_count) AppendAbsent(&property);
    bytes_ += sizeof(int64_t) + 1;
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

// Whole reads of a segment: for merges, and to verify.
#include <algorithm>
#include <string>

#include "core/index/segment_reader.h"

namespace hypergraph {

namespace {

constexpr uint32_t kChunk = 4096;

template <typename T>
T* Grow(std::vector<T>* values, size_t count) {
  values->resize(values->size() + count);
  return values->data() + (values->size() - count);
}

// A column that earlier records did not need begins with their default.
template <typename T>
void FillUpTo(std::vector<T>* values, size_t count, T value) {
  if (values->size() < count) values->resize(count, value);
}

void AppendTexts(std::span<const std::string_view> texts, std::vector<uint64_t>* ends,
                 std::string* bytes) {
  for (const std::string_view text : texts) {
    bytes->append(text);
    ends->push_back(bytes->size());
  }
}

PropertyValues* FindOrAdd(PropertyIndex property, PropertyType type, size_t before,
                          RecordColumns* columns) {
  for (PropertyValues& values : columns->properties) {
    if (values.property == property) return &values;
  }
  PropertyValues& values = columns->properties.emplace_back();
  values.property = property;
  values.type = type;
  values.present.assign(before, 0);
  if (type == PropertyType::kFloat64) {
    values.floats.assign(before, 0);
  } else if (type == PropertyType::kString) {
    values.string_ends.assign(before, 0);
  } else {
    values.integers.assign(before, 0);
  }
  return &values;
}

// Records without the property, after some that have it.
void AppendAbsent(size_t before, size_t after, PropertyValues* values) {
  if (values->present.empty()) values->present.assign(before, 1);
  values->present.resize(after, 0);
  if (values->type == PropertyType::kFloat64) {
    values->floats.resize(after, 0);
  } else if (values->type == PropertyType::kString) {
    values->string_ends.resize(after, values->string_bytes.size());
  } else {
    values->integers.resize(after, 0);
  }
}

void AppendProperty(const PropertyColumn& column, size_t before, PropertyValues* values) {
  const bool all = std::all_of(column.present.begin(), column.present.end(),
                               [](uint8_t bit) { return bit != 0; });
  if (!all && values->present.empty()) values->present.assign(before, 1);
  if (!all || !values->present.empty()) {
    values->present.insert(values->present.end(), column.present.begin(), column.present.end());
  }
  if (values->type == PropertyType::kFloat64) {
    values->floats.insert(values->floats.end(), column.floats.begin(), column.floats.end());
  } else if (values->type == PropertyType::kString) {
    AppendTexts(column.strings, &values->string_ends, &values->string_bytes);
  } else {
    values->integers.insert(values->integers.end(), column.integers.begin(), column.integers.end());
  }
}

void AppendMembers(const MemberColumns& members, RecordColumns* columns) {
  const size_t before = columns->members.size();
  columns->members.insert(columns->members.end(), members.nodes.begin(), members.nodes.end());
  for (size_t i = 1; i < members.offsets.size(); ++i) {
    columns->member_ends.push_back(before + members.offsets[i]);
  }
  if (members.roles.empty() && columns->roles.empty()) return;
  FillUpTo(&columns->roles, before, kSymbolNone);
  columns->roles.insert(columns->roles.end(), members.roles.begin(), members.roles.end());
  FillUpTo(&columns->roles, columns->members.size(), kSymbolNone);
}

}  // namespace

Status SegmentReader::ReadProperties(uint32_t first, uint32_t count, RecordColumns* columns) const {
  const size_t before = columns->record_count;
  PropertyColumn column;
  for (const auto& [property, reader] : properties_) {
    HG_RETURN_IF_ERROR(Property(property, Rows::Range(first, count), &column));
    AppendProperty(column, before, FindOrAdd(property, reader.type, before, columns));
  }
  for (PropertyValues& values : columns->properties) {
    if (properties_.count(values.property) == 0) AppendAbsent(before, before + count, &values);
  }
  return Status::Ok();
}

Status SegmentReader::Read(uint32_t first, uint32_t count, RecordColumns* columns) const {
  const size_t before = columns->record_count;
  const size_t after = before + count;
  const Rows rows = Rows::Range(first, count);
  HG_RETURN_IF_ERROR(EventTs(rows, Grow(&columns->event_ts, count)));
  HG_RETURN_IF_ERROR(Seqs(rows, Grow(&columns->seq, count)));
  HG_RETURN_IF_ERROR(Ids(rows, Grow(&columns->id, count)));
  if (valid_to_ || !columns->valid_to.empty()) {
    FillUpTo(&columns->valid_to, before, kMicrosMax);
    HG_RETURN_IF_ERROR(ValidTo(rows, Grow(&columns->valid_to, count)));
  }
  if (weight_ || !columns->weight.empty()) {
    FillUpTo(&columns->weight, before, 1.0);
    HG_RETURN_IF_ERROR(Weights(rows, Grow(&columns->weight, count)));
  }
  if (label_ || !columns->label.empty()) {
    FillUpTo(&columns->label, before, kSymbolNone);
    HG_RETURN_IF_ERROR(Labels(rows, Grow(&columns->label, count)));
  }
  if (has_keys_ || !columns->key_ends.empty()) {
    FillUpTo(&columns->key_ends, before, uint64_t{columns->key_bytes.size()});
    std::vector<std::string_view> keys;
    HG_RETURN_IF_ERROR(Keys(rows, &keys));
    AppendTexts(keys, &columns->key_ends, &columns->key_bytes);
  }
  const size_t members_before = columns->members.size();
  for (uint32_t done = 0; done < count; done += kChunk) {
    MemberColumns members;
    members.Clear();
    HG_RETURN_IF_ERROR(Members(rows.Slice(done, std::min(kChunk, count - done)), &members));
    AppendMembers(members, columns);
    if (columns->members.size() - members_before > info_.bounds.member_count) return Damaged();
  }
  HG_RETURN_IF_ERROR(ReadProperties(first, count, columns));
  if (!deletions_.empty() || !columns->superseded_by.empty()) {
    FillUpTo(&columns->superseded_by, before, kSeqNone);
    Seq* superseded_by = Grow(&columns->superseded_by, count);
    for (uint32_t i = 0; i < count; ++i) superseded_by[i] = deletions_.SupersededBy(first + i);
  }
  columns->record_count = static_cast<uint32_t>(after);
  return Status::Ok();
}

Status SegmentReader::VerifyOrder() const {
  std::vector<Micros> times(kChunk);
  std::vector<Seq> seqs(kChunk);
  Micros last_ts = kMicrosMin;
  Seq last_seq = 0;
  const SourceBounds& bounds = info_.bounds;
  for (uint32_t done = 0; done < row_count(); done += kChunk) {
    const uint32_t count = std::min(kChunk, row_count() - done);
    HG_RETURN_IF_ERROR(EventTs(Rows::Range(done, count), times.data()));
    HG_RETURN_IF_ERROR(Seqs(Rows::Range(done, count), seqs.data()));
    for (uint32_t i = 0; i < count; ++i) {
      const bool ascends = times[i] > last_ts || (times[i] == last_ts && seqs[i] > last_seq);
      if (!ascends || times[i] < bounds.ts_min || times[i] > bounds.ts_max ||
          seqs[i] < bounds.seq_min || seqs[i] > bounds.seq_max) {
        return Status(Code::kCorrupt, file_->name() + ": row " + std::to_string(done + i) +
                                          " is out of its order or bounds");
      }
      last_ts = times[i];
      last_seq = seqs[i];
    }
  }
  return Status::Ok();
}

Status SegmentReader::VerifyColumns() const {
  bool sound = event_ts_.VerifyWhole() && seq_.VerifyWhole() && (!has_ids_ || ids_.VerifyWhole()) &&
               (!valid_to_ || valid_to_->VerifyWhole()) && (!weight_ || weight_->VerifyWhole()) &&
               (!label_ || label_->VerifyWhole()) && (!has_keys_ || keys_.VerifyWhole()) &&
               postings_.VerifyWhole() && members_.VerifyWhole(postings_.nodes().count());
  for (const auto& [property, reader] : properties_) {
    sound = sound && (reader.type == PropertyType::kString ? reader.texts.VerifyWhole()
                                                           : reader.numbers.VerifyWhole());
  }
  return Checked(sound);
}

Status SegmentReader::Verify() const {
  HG_RETURN_IF_ERROR(file_->VerifyAll());
  HG_RETURN_IF_ERROR(VerifyColumns());
  return VerifyOrder();
}

}  // namespace hypergraph

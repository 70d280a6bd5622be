#include "core/query/result.h"

#include "core/query/result_layout.h"

namespace hypergraph {
namespace {

constexpr uint32_t kFlagSnapshotLost = 1;
constexpr uint32_t kKeysAtOnce = 1024;

template <typename T>
void Store(uint8_t* at, T value) {
  std::memcpy(at, &value, sizeof value);
}

}  // namespace

ResultWriter::ResultWriter(PlanKind kind, uint32_t column_count, std::vector<uint8_t>* out)
    : out_(out), column_count_(column_count) {
  out_->clear();
  out_->resize(kResultHeaderBytes + kResultDescriptionBytes * column_count);
  Store(out_->data(), kResultMagic);
  Store(out_->data() + kPlanKindAt, static_cast<uint32_t>(kind));
  Store(out_->data() + kColumnCountAt, column_count);
}

void ResultWriter::Reserve(uint64_t more_bytes) {
  out_->reserve(out_->size() + static_cast<size_t>(more_bytes));
}

void ResultWriter::AppendBytes(const void* data, size_t count) {
  const auto* bytes = static_cast<const uint8_t*>(data);
  out_->insert(out_->end(), bytes, bytes + count);
}

void ResultWriter::Align() { out_->resize((out_->size() + 7) & ~size_t{7}); }

uint8_t* ResultWriter::Description() {
  return out_->data() + kResultHeaderBytes + kResultDescriptionBytes * (columns_begun_ - 1);
}

void ResultWriter::BeginColumn(ValueType type, uint8_t kind, uint16_t place) {
  EndValues();
  assert(columns_begun_ < column_count_);
  ++columns_begun_;
  Align();
  values_at_ = out_->size();
  value_bytes_ = ResultValueBytes(type);
  values_open_ = true;
  uint8_t* description = Description();
  description[0] = static_cast<uint8_t>(type);
  description[1] = kind;
  Store(description + kPlaceAt, place);
  Store(description + kValuesAt, static_cast<uint32_t>(values_at_));
}

void ResultWriter::EndValues() {
  if (!values_open_) return;
  values_open_ = false;
  Store(Description() + kValuesCountAt,
        static_cast<uint32_t>((out_->size() - values_at_) / value_bytes_));
}

void ResultWriter::SetOffsets(std::span<const uint32_t> offsets) {
  EndValues();
  Align();
  const auto offsets_at = static_cast<uint32_t>(out_->size());
  AppendBytes(offsets.data(), offsets.size_bytes());
  Store(Description() + kOffsetsAt, offsets_at);
}

void ResultWriter::ShareOffsets(uint32_t earlier_column) {
  EndValues();
  const uint8_t* earlier =
      out_->data() + kResultHeaderBytes + kResultDescriptionBytes * earlier_column;
  Store(Description() + kOffsetsAt, LoadUnaligned<uint32_t>(earlier + kOffsetsAt));
}

void ResultWriter::AddNodeKeys(const Dictionary& nodes, std::span<const uint32_t> known) {
  EndValues();
  const auto count = LoadUnaligned<uint32_t>(Description() + kValuesCountAt);
  if (count == 0) return;
  const size_t before = out_->size();
  Align();
  const size_t keys_at = out_->size();
  if (known.size() == count) {
    AppendBytes(known.data(), known.size_bytes());
    Store(Description() + kKeysAt, static_cast<uint32_t>(keys_at));
    return;
  }
  // By parts: what is appended is not zeroed first.
  uint32_t keys[kKeysAtOnce];
  bool all_small = true;
  out_->reserve(keys_at + size_t{count} * sizeof(uint32_t));
  for (uint32_t done = 0; done < count && all_small; done += kKeysAtOnce) {
    const uint32_t taken = std::min(kKeysAtOnce, count - done);
    // Aligned: values begin at a multiple of 8 of what an allocator gave.
    const auto* values = reinterpret_cast<const uint32_t*>(out_->data() + values_at_) + done;
    all_small = nodes.SmallKeysOf({values, taken}, keys, &all_small).ok() && all_small;
    AppendBytes(keys, taken * sizeof(uint32_t));
  }
  if (all_small) {
    Store(Description() + kKeysAt, static_cast<uint32_t>(keys_at));
  } else {
    out_->resize(before);
  }
}

void ResultWriter::SetValidity(std::span<const uint8_t> present) {
  EndValues();
  if (std::memchr(present.data(), 0, present.size()) == nullptr) return;
  Align();
  const size_t validity_at = out_->size();
  out_->resize(validity_at + (present.size() + 7) / 8);
  uint8_t* bits = out_->data() + validity_at;
  for (size_t i = 0; i < present.size(); ++i) {
    bits[i / 8] = static_cast<uint8_t>(bits[i / 8] | ((present[i] != 0 ? 1u : 0u) << (i % 8)));
  }
  Store(Description() + kValidityAt, static_cast<uint32_t>(validity_at));
}

void ResultWriter::AddPlain(ValueType type, uint8_t kind, uint16_t place, const void* values,
                            size_t bytes, std::span<const uint8_t> present) {
  BeginColumn(type, kind, place);
  AppendBytes(values, bytes);
  if (!present.empty()) SetValidity(present);
}

void ResultWriter::AddF64(uint8_t kind, uint16_t place, std::span<const double> values,
                          std::span<const uint8_t> present) {
  AddPlain(ValueType::kF64, kind, place, values.data(), values.size_bytes(), present);
}
void ResultWriter::AddI64(uint8_t kind, uint16_t place, std::span<const int64_t> values,
                          std::span<const uint8_t> present) {
  AddPlain(ValueType::kI64, kind, place, values.data(), values.size_bytes(), present);
}
void ResultWriter::AddU32(uint8_t kind, uint16_t place, std::span<const uint32_t> values,
                          std::span<const uint8_t> present) {
  AddPlain(ValueType::kU32, kind, place, values.data(), values.size_bytes(), present);
}
void ResultWriter::AddU8(uint8_t kind, uint16_t place, std::span<const uint8_t> values,
                         std::span<const uint8_t> present) {
  AddPlain(ValueType::kU8, kind, place, values.data(), values.size_bytes(), present);
}

void ResultWriter::AddText(uint8_t kind, uint16_t place, std::span<const std::string_view> values,
                           std::span<const uint8_t> present) {
  BeginColumn(ValueType::kText, kind, place);
  std::vector<uint32_t> offsets;
  offsets.reserve(values.size() + 1);
  offsets.push_back(0);
  for (const std::string_view text : values) {
    AppendBytes(text.data(), text.size());
    offsets.push_back(static_cast<uint32_t>(out_->size() - values_at_));
  }
  SetOffsets(offsets);
  if (!present.empty()) SetValidity(present);
}

Status ResultWriter::Finish(const ResultSummary& summary, const Guard& guard) {
  EndValues();
  assert(columns_begun_ == column_count_);
  Align();
  if (out_->size() + summary.cursor.size() > UINT32_MAX) {
    return {Code::kTooLarge, "the result would have more than 4 GiB; ask for fewer rows at a time"};
  }
  const size_t cursor_at = out_->size();
  AppendBytes(summary.cursor.data(), summary.cursor.size());
  uint8_t* header = out_->data();
  Store(header + kRowCountAt, summary.row_count);
  const Truncated truncated = summary.whole ? Truncated::kWhole : guard.reason();
  Store(header + kTruncatedAt, static_cast<uint32_t>(truncated));
  if (!summary.cursor.empty()) {
    Store(header + kCursorAt, static_cast<uint32_t>(cursor_at));
    Store(header + kCursorBytesAt, static_cast<uint32_t>(summary.cursor.size()));
  }
  Store(header + kFlagsAt, summary.snapshot_lost ? kFlagSnapshotLost : 0u);
  Store(header + kSeqAt, static_cast<double>(summary.seq));
  Store(header + kExaminedAt, static_cast<double>(guard.examined()));
  Store(header + kMicrosAt, guard.ElapsedMicros());
  return Status::Ok();
}

}  // namespace hypergraph

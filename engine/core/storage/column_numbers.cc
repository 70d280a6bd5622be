#include "core/storage/column_numbers.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/storage/column_number_codes.h"
#include "core/storage/verify_lookups.h"

namespace hypergraph {

namespace {

constexpr size_t kChunk = 1024;

// Eight sums side by side: the additions of one do not wait for those of another.
template <typename T>
double SumOf(const T* values, size_t count) {
  std::array<double, 8> sums{};
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    for (size_t lane = 0; lane < 8; ++lane) sums[lane] += static_cast<double>(values[i + lane]);
  }
  for (; i < count; ++i) sums[i % 8] += static_cast<double>(values[i]);
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

template <typename T>
bool Gather(const SectionFile& file, std::span<const T> values, std::span<const uint32_t> rows,
            double* out) {
  const ByteView bytes(reinterpret_cast<const uint8_t*>(values.data()), values.size_bytes());
  const bool all_verified = VerifiedForLookups(file, bytes, rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!all_verified && !file.Verified(values.subspan(rows[i], 1))) return false;
    out[i] = static_cast<double>(values[rows[i]]);
  }
  return true;
}

}  // namespace

bool NumberColumn::Open(const SectionFile* file, ByteView section, uint64_t row_count,
                        ByteReader* meta, NumberColumn* column) {
  column->file_ = file;
  column->row_count_ = row_count;
  column->form_ = meta->Get<NumberForm>();
  if (!PresentColumn::Open(file, section, row_count, meta, &column->present_)) return false;
  switch (column->form_) {
    case NumberForm::kScaled:
      column->scale_ = meta->Get<double>();
      if (!(column->scale_ > 0) || std::isinf(column->scale_)) return false;
      [[fallthrough]];
    case NumberForm::kInteger:
      column->base_ = meta->Get<int64_t>();
      break;
    case NumberForm::kDictionary:
      if (!OpenRawArray(section, meta, &column->dictionary_)) return false;
      break;
    case NumberForm::kIntegerDictionary:
      if (!OpenRawArray(section, meta, &column->integer_dictionary_)) return false;
      break;
    case NumberForm::kFloat32:
      if (!OpenRawArray(section, meta, &column->floats32_)) return false;
      if (column->floats32_.size() != row_count) return false;
      break;
    case NumberForm::kFloat64:
      if (!OpenRawArray(section, meta, &column->floats64_)) return false;
      if (column->floats64_.size() != row_count) return false;
      break;
    default:
      return false;
  }
  if (column->coded()) {
    if (!CodeColumn::Open(file, section, meta, &column->codes_)) return false;
    if (column->codes_.count() != row_count) return false;
    const size_t values =
        column->integers() ? column->integer_dictionary_.size() : column->dictionary_.size();
    const bool has_dictionary =
        column->form_ == NumberForm::kDictionary || column->form_ == NumberForm::kIntegerDictionary;
    if (has_dictionary && column->codes_.max() >= values) return false;
  }
  const uint64_t zones = (row_count + kZoneRows - 1) >> kZoneShift;
  if (!PackedArray::Open(section, meta, &column->zone_low_) ||
      !PackedArray::Open(section, meta, &column->zone_high_) ||
      column->zone_low_.count() != zones || column->zone_high_.count() != zones) {
    return false;
  }
  return column->integers() ||
         (OpenRawArray(section, meta, &column->zone_sums_) && column->zone_sums_.size() == zones);
}

bool NumberColumn::DecodeIntegers(size_t count, int64_t* codes) const {
  if (form_ == NumberForm::kInteger) {
    const auto base = static_cast<uint64_t>(base_);
    for (size_t i = 0; i < count; ++i) {
      codes[i] = static_cast<int64_t>(static_cast<uint64_t>(codes[i]) + base);
    }
    return true;
  }
  if (!VerifyDictionary()) return false;
  for (size_t i = 0; i < count; ++i) codes[i] = IntegerOf(static_cast<uint64_t>(codes[i]));
  return true;
}

bool NumberColumn::ReadIntegers(uint64_t first, size_t count, int64_t* out) const {
  return codes_.Read(first, count, reinterpret_cast<uint64_t*>(out)) && DecodeIntegers(count, out);
}

bool NumberColumn::GatherIntegers(std::span<const uint32_t> rows, int64_t* out) const {
  return codes_.Gather(rows, reinterpret_cast<uint64_t*>(out)) && DecodeIntegers(rows.size(), out);
}

// Requires: coded(), the dictionary is verified.
void NumberColumn::DecodeFloats(std::span<uint64_t> codes, double* out) const {
  if (form_ == NumberForm::kScaled) {
    for (size_t i = 0; i < codes.size(); ++i) {
      out[i] = static_cast<double>(static_cast<int64_t>(codes[i] + static_cast<uint64_t>(base_))) /
               scale_;
    }
    return;
  }
  for (size_t i = 0; i < codes.size(); ++i) {
    out[i] = dictionary_[std::min<uint64_t>(codes[i], dictionary_.size() - 1)];
  }
}

bool NumberColumn::ReadFloats(uint64_t first, size_t count, double* out) const {
  if (form_ == NumberForm::kFloat64) {
    if (!file_->Verified(floats64_.subspan(first, count))) return false;
    std::copy_n(floats64_.data() + first, count, out);
    return true;
  }
  if (form_ == NumberForm::kFloat32) {
    if (!file_->Verified(floats32_.subspan(first, count))) return false;
    for (size_t i = 0; i < count; ++i) out[i] = static_cast<double>(floats32_[first + i]);
    return true;
  }
  if (!VerifyDictionary()) return false;
  std::array<uint64_t, kChunk> codes;
  for (size_t done = 0; done < count; done += kChunk) {
    const size_t taken = std::min(kChunk, count - done);
    if (!codes_.Read(first + done, taken, codes.data())) return false;
    DecodeFloats({codes.data(), taken}, out + done);
  }
  return true;
}

bool NumberColumn::GatherFloats(std::span<const uint32_t> rows, double* out) const {
  if (form_ == NumberForm::kFloat64) return Gather(*file_, floats64_, rows, out);
  if (form_ == NumberForm::kFloat32) return Gather(*file_, floats32_, rows, out);
  if (!VerifyDictionary()) return false;
  std::array<uint64_t, kChunk> codes;
  for (size_t done = 0; done < rows.size(); done += kChunk) {
    const size_t taken = std::min(kChunk, rows.size() - done);
    if (!codes_.Gather(rows.subspan(done, taken), codes.data())) return false;
    DecodeFloats({codes.data(), taken}, out + done);
  }
  return true;
}

bool NumberColumn::SumFloats(uint64_t first, uint64_t count, double* sum) const {
  double total = 0;
  const uint64_t end = first + count;
  std::array<double, kChunk> values;
  while (first < end) {
    if (first % kZoneRows == 0 && end - first >= kZoneRows) {
      const uint64_t zones = (end - first) >> kZoneShift;
      const auto sums = zone_sums_.subspan(first >> kZoneShift, zones);
      if (!file_->Verified(sums)) return false;
      total += SumOf(sums.data(), sums.size());
      first += zones << kZoneShift;
      continue;
    }
    const uint64_t zone_end = (first | (kZoneRows - 1)) + 1;
    const auto taken =
        static_cast<size_t>(std::min<uint64_t>({kChunk, end - first, zone_end - first}));
    if (!ReadFloats(first, taken, values.data())) return false;
    total += SumOf(values.data(), taken);
    first += taken;
  }
  *sum = total;
  return true;
}

bool NumberColumn::ReadCodes(uint64_t first, size_t count, uint64_t* out) const {
  if (coded()) return codes_.Read(first, count, out);
  if (form_ == NumberForm::kFloat32) {
    if (!file_->Verified(floats32_.subspan(first, count))) return false;
    for (size_t i = 0; i < count; ++i) out[i] = OrderedBits32(floats32_[first + i]);
    return true;
  }
  if (!file_->Verified(floats64_.subspan(first, count))) return false;
  for (size_t i = 0; i < count; ++i) out[i] = OrderedBits(floats64_[first + i]);
  return true;
}

bool NumberColumn::GatherCodes(std::span<const uint32_t> rows, uint64_t* out) const {
  if (coded()) return codes_.Gather(rows, out);
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!ReadCodes(rows[i], 1, out + i)) return false;
  }
  return true;
}

uint64_t NumberColumn::code_min() const {
  if (coded()) return 0;
  return form_ == NumberForm::kFloat32 ? OrderedBits32(-std::numeric_limits<float>::infinity())
                                       : OrderedBits(-std::numeric_limits<double>::infinity());
}

uint64_t NumberColumn::code_max() const {
  if (coded()) return codes_.max();
  return form_ == NumberForm::kFloat32 ? OrderedBits32(std::numeric_limits<float>::infinity())
                                       : OrderedBits(std::numeric_limits<double>::infinity());
}

int64_t NumberColumn::IntegerOf(uint64_t code) const {
  if (form_ == NumberForm::kIntegerDictionary) {
    return integer_dictionary_[std::min<uint64_t>(code, integer_dictionary_.size() - 1)];
  }
  return static_cast<int64_t>(code + static_cast<uint64_t>(base_));
}

double NumberColumn::FloatOf(uint64_t code) const {
  if (form_ == NumberForm::kFloat64) return FromOrderedBits(code);
  if (form_ == NumberForm::kFloat32) {
    return static_cast<double>(FromOrderedBits32(static_cast<uint32_t>(code)));
  }
  double value = 0;
  DecodeFloats({&code, 1}, &value);
  return value;
}

bool NumberColumn::ZoneBounds(uint64_t zone, uint64_t* low, uint64_t* high) const {
  if (!file_->Verified(zone_low_.BytesOf(zone, 1)) ||
      !file_->Verified(zone_high_.BytesOf(zone, 1))) {
    return false;
  }
  *low = zone_low_[zone];
  *high = zone_high_[zone];
  return true;
}

bool NumberColumn::VerifyWhole() const {
  return VerifyDictionary() && file_->Verified(floats32_) && file_->Verified(floats64_) &&
         (!coded() || codes_.VerifyWhole()) && file_->Verified(zone_low_.bytes()) &&
         file_->Verified(zone_high_.bytes()) && file_->Verified(zone_sums_);
}

}  // namespace hypergraph

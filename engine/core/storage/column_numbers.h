// A column of int64 or float64 values, some of them absent, in the smallest form that gives every
// bit back, with a zone map over it.
//
// Whatever the form, a value has a code, and codes have the order of the values: a comparison
// becomes a range of codes once, and rows are compared as codes.
//
// Threads: any. Functions that give false met a damaged block: see SectionFile::Fault.
#ifndef HYPERGRAPH_STORAGE_COLUMN_NUMBERS_H_
#define HYPERGRAPH_STORAGE_COLUMN_NUMBERS_H_

#include "core/storage/column_codes.h"
#include "core/storage/column_present.h"

namespace hypergraph {

inline constexpr uint32_t kZoneShift = 12;  // A zone map has an entry for each 4,096 rows.
inline constexpr uint32_t kZoneRows = 1u << kZoneShift;

enum class NumberForm : uint8_t {  // Frozen: stored.
  kInteger = 1,                    // base + code.
  kScaled = 2,                     // (base + code) / scale.
  kDictionary = 3,                 // The code-th of ascending values.
  kFloat32 = 4,
  kFloat64 = 5,
  kIntegerDictionary = 6,  // The code-th of ascending integers.
};

class NumberColumn {
 public:
  // `present` is empty (all are) or 1 or 0 a value; the value of an absent one is not kept.
  static void WriteIntegers(std::span<const int64_t> values, std::span<const uint8_t> present,
                            CodeLayout layout, ByteWriter* section, ByteWriter* meta);
  static void WriteFloats(std::span<const double> values, std::span<const uint8_t> present,
                          ByteWriter* section, ByteWriter* meta);
  // False when what `meta` says does not fit. The file outlives the column.
  static bool Open(const SectionFile* file, ByteView section, uint64_t row_count, ByteReader* meta,
                   NumberColumn* column);

  bool integers() const {
    return form_ == NumberForm::kInteger || form_ == NumberForm::kIntegerDictionary;
  }
  NumberForm form() const { return form_; }
  const PresentColumn& present() const { return present_; }
  const CodeColumn& codes() const { return codes_; }  // Not of kFloat32 and kFloat64.
  bool coded() const { return form_ != NumberForm::kFloat32 && form_ != NumberForm::kFloat64; }

  // Requires: integers(). Absent values are unspecified.
  [[nodiscard]] bool ReadIntegers(uint64_t first, size_t count, int64_t* out) const;
  [[nodiscard]] bool GatherIntegers(std::span<const uint32_t> rows, int64_t* out) const;
  // Requires: not integers().
  [[nodiscard]] bool ReadFloats(uint64_t first, size_t count, double* out) const;
  [[nodiscard]] bool GatherFloats(std::span<const uint32_t> rows, double* out) const;
  [[nodiscard]] bool SumFloats(uint64_t first, uint64_t count, double* sum) const;

  [[nodiscard]] bool ReadCodes(uint64_t first, size_t count, uint64_t* out) const;
  [[nodiscard]] bool GatherCodes(std::span<const uint32_t> rows, uint64_t* out) const;
  // All codes lie within these, and each code between them has a value.
  uint64_t code_min() const;
  uint64_t code_max() const;
  int64_t IntegerOf(uint64_t code) const;  // Both require: VerifyDictionary() was true.
  double FloatOf(uint64_t code) const;
  [[nodiscard]] bool VerifyDictionary() const {
    return file_->Verified(dictionary_) && file_->Verified(integer_dictionary_);
  }
  // Of kInteger: what the codes are counted from.
  int64_t base() const { return base_; }
  // Of the values that are present; low above high when none is.
  [[nodiscard]] bool ZoneBounds(uint64_t zone, uint64_t* low, uint64_t* high) const;
  [[nodiscard]] bool VerifyWhole() const;

 private:
  [[nodiscard]] bool DecodeIntegers(size_t count, int64_t* codes) const;  // In place.
  void DecodeFloats(std::span<uint64_t> codes, double* out) const;

  const SectionFile* file_ = nullptr;
  NumberForm form_ = NumberForm::kInteger;
  uint64_t row_count_ = 0;
  int64_t base_ = 0;
  double scale_ = 1;
  PresentColumn present_;
  CodeColumn codes_;
  std::span<const double> dictionary_;
  std::span<const int64_t> integer_dictionary_;
  std::span<const float> floats32_;
  std::span<const double> floats64_;
  PackedArray zone_low_, zone_high_;
  std::span<const double> zone_sums_;  // Not of integers.
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_STORAGE_COLUMN_NUMBERS_H_

#include "space.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "failure.h"

namespace hypermesh::hnsw {
namespace {

constexpr float kStoredCodeMax = 127;
// Of a query's codes: a sum of 16,384 products of the two still fits into 31 bits.
constexpr float kQueryCodeMax = 1023;

constexpr size_t RoundUp(size_t count, size_t unit) { return (count + unit - 1) / unit * unit; }

std::string Named(size_t position) { return "vector " + std::to_string(position); }

template <typename Code>
void Quantise(const float* exact, size_t count, float code_max, Code* codes, CoarseTerms* terms) {
  float largest = 0;
  float square = 0;
  for (size_t i = 0; i < count; ++i) {
    largest = std::max(largest, std::fabs(exact[i]));
    square += exact[i] * exact[i];
  }
  terms->scale = largest / code_max;
  terms->square = square;
  const float inverse = largest > 0 ? code_max / largest : 0;
  for (size_t i = 0; i < count; ++i) codes[i] = static_cast<Code>(std::lrintf(exact[i] * inverse));
}

}  // namespace

Space::Space(Metric metric, Storage storage, size_t dimension)
    : kernels_(BestKernels()),
      metric_(metric),
      storage_(storage),
      dimension_(dimension),
      padded_(RoundUp(dimension, kPadding)),
      code_padded_(RoundUp(dimension, kCodePadding)) {
  const bool is_l2 = metric == Metric::kL2;
  if (storage == Storage::kF32) {
    exact_bytes_ = padded_ * sizeof(float);
    exact_ = is_l2 ? kernels_.l2_f32 : kernels_.ip_f32;
  } else {
    exact_bytes_ = padded_ * sizeof(uint16_t);
    exact_ = is_l2 ? kernels_.l2_f16 : kernels_.ip_f16;
  }
  data_bytes_ = exact_bytes_;
  fast_ = exact_;
  fast_param_ = &padded_;
  if (is_coarse()) {
    data_bytes_ += code_padded_ + sizeof(CoarseTerms);
    fast_ = is_l2 ? CoarseL2 : CoarseIp;
    fast_param_ = this;
  }
}

void Space::Normalise(const float* vector, size_t position, float limit, float* exact) const {
  double square = 0;
  for (size_t i = 0; i < dimension_; ++i) {
    // Read once: the caller's memory may change under us.
    const float value = vector[i];
    if (!std::isfinite(value))
      Fail("not_finite", Named(position) + " has NaN or infinity at " + std::to_string(i));
    exact[i] = value;
    square += static_cast<double>(value) * value;
  }
  std::fill(exact + dimension_, exact + padded_, 0.0f);
  if (metric_ == Metric::kCosine) {
    if (!(square > 0)) Fail("zero_norm", Named(position) + " is zero, which has no direction");
    const double inverse = 1 / std::sqrt(square);
    for (size_t i = 0; i < dimension_; ++i) exact[i] = static_cast<float>(exact[i] * inverse);
    return;
  }
  for (size_t i = 0; i < dimension_; ++i)
    if (std::fabs(exact[i]) > limit)
      Fail("out_of_range", Named(position) + " has a value at " + std::to_string(i) + " beyond " +
                               std::to_string(static_cast<int64_t>(limit)));
}

void Space::Encode(const float* vector, size_t position, char* stored) const {
  if (storage_ == Storage::kF32) {
    Normalise(vector, position, kMagnitudeMax, reinterpret_cast<float*>(stored));
    return;
  }
  thread_local AlignedArray<float> exact;
  thread_local size_t room = 0;
  if (room < padded_) {
    exact = MakeAligned<float>(padded_);
    room = padded_;
  }
  Normalise(vector, position, kHalfMax, exact.get());
  kernels_.to_f16(exact.get(), reinterpret_cast<uint16_t*>(stored), padded_);
  if (is_coarse()) DeriveCoarse(stored);
}

void Space::DeriveCoarse(char* stored) const {
  if (!is_coarse()) return;
  const AlignedArray<float> exact = MakeAligned<float>(padded_);
  Decode(stored, exact.get());
  CoarseTerms terms{};
  auto* codes = reinterpret_cast<int8_t*>(stored + exact_bytes_);
  std::memset(codes, 0, code_padded_);
  Quantise(exact.get(), dimension_, kStoredCodeMax, codes, &terms);
  std::memcpy(stored + exact_bytes_ + code_padded_, &terms, sizeof terms);
}

void Space::Decode(const char* stored, float* vector) const {
  if (storage_ == Storage::kF32) {
    std::memcpy(vector, stored, exact_bytes_);
  } else {
    kernels_.from_f16(reinterpret_cast<const uint16_t*>(stored), vector, padded_);
  }
}

bool Space::IsSound(const char* stored) const {
  bool sound = true;
  if (storage_ == Storage::kF32) {
    const auto* values = reinterpret_cast<const float*>(stored);
    for (size_t i = 0; i < dimension_; ++i) sound &= std::fabs(values[i]) <= kMagnitudeMax;
  } else {
    const auto* values = reinterpret_cast<const uint16_t*>(stored);
    for (size_t i = 0; i < dimension_; ++i) sound &= (values[i] & 0x7c00u) != 0x7c00u;
  }
  return sound;
}

void Space::Prepare(const float* vector, size_t position, Query* query) const {
  if (query->exact == nullptr) {
    query->exact = MakeAligned<float>(padded_);
    query->fast = query->exact.get();
    if (is_coarse()) {
      query->coarse = MakeAligned<char>(64 + code_padded_ * sizeof(int16_t));
      query->fast = query->coarse.get();
    }
  }
  Normalise(vector, position, kQueryMagnitudeMax, query->exact.get());
  if (!is_coarse()) return;
  CoarseTerms terms{};
  auto* codes = reinterpret_cast<int16_t*>(query->coarse.get() + 64);
  std::memset(codes, 0, code_padded_ * sizeof(int16_t));
  Quantise(query->exact.get(), dimension_, kQueryCodeMax, codes, &terms);
  std::memcpy(query->coarse.get(), &terms, sizeof terms);
}

namespace {

struct CoarseDot {
  CoarseTerms query, stored;
  float dot;
};

}  // namespace

static CoarseDot DotOf(const Kernels& kernels, const void* query, const char* codes,
                       size_t padded) {
  CoarseDot result{};
  std::memcpy(&result.query, query, sizeof result.query);
  std::memcpy(&result.stored, codes + padded, sizeof result.stored);
  const auto* query_codes = reinterpret_cast<const int16_t*>(static_cast<const char*>(query) + 64);
  const int32_t sum = kernels.dot_i8(query_codes, reinterpret_cast<const int8_t*>(codes), padded);
  result.dot = static_cast<float>(sum) * result.query.scale * result.stored.scale;
  return result;
}

float Space::CoarseL2(const void* query, const void* stored, const void* param) {
  const auto& space = *static_cast<const Space*>(param);
  const char* codes = static_cast<const char*>(stored) + space.exact_bytes_;
  const CoarseDot result = DotOf(space.kernels_, query, codes, space.code_padded_);
  return result.query.square + result.stored.square - 2 * result.dot;
}

float Space::CoarseIp(const void* query, const void* stored, const void* param) {
  const auto& space = *static_cast<const Space*>(param);
  const char* codes = static_cast<const char*>(stored) + space.exact_bytes_;
  return 1 - DotOf(space.kernels_, query, codes, space.code_padded_).dot;
}

}  // namespace hypermesh::hnsw

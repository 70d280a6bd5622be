#include <bit>
#include <cmath>

#include "kernels.h"

namespace hypermesh::hnsw {
namespace {

// As many sums side by side as compilers put into one vector register.
constexpr size_t kLanes = 16;

float Total(const float (&sums)[kLanes]) {
  float total = 0;
  for (const float sum : sums) total += sum;
  return total;
}

float FromF16(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16;
  const uint32_t exponent = (half >> 10) & 31u;
  const uint32_t fraction = half & 1023u;
  if (exponent == 0) {
    const float small = static_cast<float>(fraction) * 0x1p-24f;
    return sign != 0 ? -small : small;
  }
  const uint32_t wide = exponent == 31 ? 255u : exponent + 112u;
  return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
}

// Rounds to the nearest, ties to even, as the instruction does.
uint16_t ToF16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const auto sign = static_cast<uint16_t>((bits >> 16) & 0x8000u);
  const float magnitude = std::fabs(value);
  if (!(magnitude < 65520.0f)) return sign | (std::isnan(value) ? 0x7e00u : 0x7c00u);
  // Adding this brings the bits that a half keeps to the end of the fraction, rounded.
  const uint32_t exponent = std::bit_cast<uint32_t>(magnitude) >> 23;
  const uint32_t anchor = (exponent < 113u ? 113u : exponent) + 13u;
  const float rounder = std::bit_cast<float>(anchor << 23);
  const float rounded = (magnitude + rounder) - rounder;
  if (rounded < 0x1p-14f) return sign | static_cast<uint16_t>(rounded * 0x1p24f);
  const uint32_t kept = std::bit_cast<uint32_t>(rounded);
  return sign | static_cast<uint16_t>((kept >> 13) - (112u << 10));
}

template <typename Stored, typename Read>
float L2(const void* query, const void* stored, const void* padded, Read read) {
  const auto* a = static_cast<const float*>(query);
  const auto* b = static_cast<const Stored*>(stored);
  float sums[kLanes] = {};
  for (size_t i = 0, count = *static_cast<const size_t*>(padded); i < count; i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      const float difference = a[i + lane] - read(b[i + lane]);
      sums[lane] += difference * difference;
    }
  }
  return Total(sums);
}

template <typename Stored, typename Read>
float Ip(const void* query, const void* stored, const void* padded, Read read) {
  const auto* a = static_cast<const float*>(query);
  const auto* b = static_cast<const Stored*>(stored);
  float sums[kLanes] = {};
  for (size_t i = 0, count = *static_cast<const size_t*>(padded); i < count; i += kLanes)
    for (size_t lane = 0; lane < kLanes; ++lane) sums[lane] += a[i + lane] * read(b[i + lane]);
  return 1 - Total(sums);
}

float L2F32(const void* query, const void* stored, const void* padded) {
  return L2<float>(query, stored, padded, [](float value) { return value; });
}
float IpF32(const void* query, const void* stored, const void* padded) {
  return Ip<float>(query, stored, padded, [](float value) { return value; });
}
float L2F16(const void* query, const void* stored, const void* padded) {
  return L2<uint16_t>(query, stored, padded, FromF16);
}
float IpF16(const void* query, const void* stored, const void* padded) {
  return Ip<uint16_t>(query, stored, padded, FromF16);
}

int32_t DotI8(const int16_t* query, const int8_t* stored, size_t padded) {
  int32_t sum = 0;
  for (size_t i = 0; i < padded; ++i) sum += query[i] * stored[i];
  return sum;
}

void ToF16All(const float* from, uint16_t* to, size_t count) {
  for (size_t i = 0; i < count; ++i) to[i] = ToF16(from[i]);
}
void FromF16All(const uint16_t* from, float* to, size_t count) {
  for (size_t i = 0; i < count; ++i) to[i] = FromF16(from[i]);
}

}  // namespace

const Kernels& ScalarKernels() {
  static constexpr Kernels kernels = {"scalar", L2F32, IpF32,    L2F16,
                                      IpF16,    DotI8, ToF16All, FromF16All};
  return kernels;
}

}  // namespace hypermesh::hnsw

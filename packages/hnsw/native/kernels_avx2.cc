#include "kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define HN_AVX2 __attribute__((target("avx2,fma,f16c")))

namespace hypermesh::hnsw {
namespace {

// Four sums of eight, so that a multiplication does not wait for the one before.
struct Sums {
  __m256 a, b, c, d;
};

HN_AVX2 inline float Total(const Sums& sums) {
  const __m256 all = _mm256_add_ps(_mm256_add_ps(sums.a, sums.b), _mm256_add_ps(sums.c, sums.d));
  const __m128 half = _mm_add_ps(_mm256_castps256_ps128(all), _mm256_extractf128_ps(all, 1));
  const __m128 pair = _mm_add_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_add_ss(pair, _mm_movehdup_ps(pair)));
}

HN_AVX2 inline __m256 Load(const float* at) { return _mm256_loadu_ps(at); }
HN_AVX2 inline __m256 Load(const uint16_t* at) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
}

template <typename Stored>
HN_AVX2 float L2(const void* query, const void* stored, const void* padded) {
  const auto* a = static_cast<const float*>(query);
  const auto* b = static_cast<const Stored*>(stored);
  const size_t count = *static_cast<const size_t*>(padded);
  const float* const end = a + (count & ~size_t{31});
  Sums sums = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps()};
  for (; a != end; a += 32, b += 32) {
    const __m256 d0 = _mm256_sub_ps(Load(a), Load(b));
    const __m256 d1 = _mm256_sub_ps(Load(a + 8), Load(b + 8));
    const __m256 d2 = _mm256_sub_ps(Load(a + 16), Load(b + 16));
    const __m256 d3 = _mm256_sub_ps(Load(a + 24), Load(b + 24));
    sums.a = _mm256_fmadd_ps(d0, d0, sums.a);
    sums.b = _mm256_fmadd_ps(d1, d1, sums.b);
    sums.c = _mm256_fmadd_ps(d2, d2, sums.c);
    sums.d = _mm256_fmadd_ps(d3, d3, sums.d);
  }
  if ((count & 16) != 0) {
    const __m256 d0 = _mm256_sub_ps(Load(a), Load(b));
    const __m256 d1 = _mm256_sub_ps(Load(a + 8), Load(b + 8));
    sums.a = _mm256_fmadd_ps(d0, d0, sums.a);
    sums.b = _mm256_fmadd_ps(d1, d1, sums.b);
  }
  return Total(sums);
}

template <typename Stored>
HN_AVX2 float Ip(const void* query, const void* stored, const void* padded) {
  const auto* a = static_cast<const float*>(query);
  const auto* b = static_cast<const Stored*>(stored);
  const size_t count = *static_cast<const size_t*>(padded);
  const float* const end = a + (count & ~size_t{31});
  Sums sums = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps()};
  for (; a != end; a += 32, b += 32) {
    sums.a = _mm256_fmadd_ps(Load(a), Load(b), sums.a);
    sums.b = _mm256_fmadd_ps(Load(a + 8), Load(b + 8), sums.b);
    sums.c = _mm256_fmadd_ps(Load(a + 16), Load(b + 16), sums.c);
    sums.d = _mm256_fmadd_ps(Load(a + 24), Load(b + 24), sums.d);
  }
  if ((count & 16) != 0) {
    sums.a = _mm256_fmadd_ps(Load(a), Load(b), sums.a);
    sums.b = _mm256_fmadd_ps(Load(a + 8), Load(b + 8), sums.b);
  }
  return 1 - Total(sums);
}

HN_AVX2 inline __m256i Products(const int16_t* query, const int8_t* stored) {
  const __m256i codes =
      _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(stored)));
  return _mm256_madd_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(query)), codes);
}

HN_AVX2 int32_t DotI8(const int16_t* query, const int8_t* stored, size_t padded) {
  __m256i even = _mm256_setzero_si256();
  __m256i odd = _mm256_setzero_si256();
  for (size_t i = 0; i < padded; i += 32) {
    even = _mm256_add_epi32(even, Products(query + i, stored + i));
    odd = _mm256_add_epi32(odd, Products(query + i + 16, stored + i + 16));
  }
  const __m256i all = _mm256_add_epi32(even, odd);
  __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1));
  sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4e));
  sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xb1));
  return _mm_cvtsi128_si32(sum);
}

HN_AVX2 void ToF16(const float* from, uint16_t* to, size_t count) {
  for (size_t i = 0; i < count; i += 8) {
    const __m128i halves = _mm256_cvtps_ph(_mm256_loadu_ps(from + i), _MM_FROUND_TO_NEAREST_INT);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i), halves);
  }
}

HN_AVX2 void FromF16(const uint16_t* from, float* to, size_t count) {
  for (size_t i = 0; i < count; i += 8) _mm256_storeu_ps(to + i, Load(from + i));
}

}  // namespace

const Kernels* Avx2Kernels() {
  static constexpr Kernels kernels = {"avx2",       L2<float>, Ip<float>, L2<uint16_t>,
                                      Ip<uint16_t>, DotI8,     ToF16,     FromF16};
  __builtin_cpu_init();
  const bool usable = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                      __builtin_cpu_supports("f16c");
  return usable ? &kernels : nullptr;
}

}  // namespace hypermesh::hnsw

#else

namespace hypermesh::hnsw {
const Kernels* Avx2Kernels() { return nullptr; }
}  // namespace hypermesh::hnsw

#endif

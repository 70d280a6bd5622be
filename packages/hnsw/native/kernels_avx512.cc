#include "kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)
// GCC 12 warns of its own header's "undefined" vectors.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>

#define HN_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,f16c")))

namespace hypermesh::hnsw {
namespace {

HN_AVX512 inline __m512 Load(const float* at) { return _mm512_loadu_ps(at); }
HN_AVX512 inline __m512 Load(const uint16_t* at) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)));
}

template <typename Stored>
HN_AVX512 float L2(const void* query, const void* stored, const void* padded) {
  const auto* a = static_cast<const float*>(query);
  const auto* b = static_cast<const Stored*>(stored);
  const size_t count = *static_cast<const size_t*>(padded);
  const float* const end = a + (count & ~size_t{31});
  __m512 even = _mm512_setzero_ps();
  __m512 odd = _mm512_setzero_ps();
  for (; a != end; a += 32, b += 32) {
    const __m512 d0 = _mm512_sub_ps(Load(a), Load(b));
    const __m512 d1 = _mm512_sub_ps(Load(a + 16), Load(b + 16));
    even = _mm512_fmadd_ps(d0, d0, even);
    odd = _mm512_fmadd_ps(d1, d1, odd);
  }
  if ((count & 16) != 0) {
    const __m512 d0 = _mm512_sub_ps(Load(a), Load(b));
    even = _mm512_fmadd_ps(d0, d0, even);
  }
  return _mm512_reduce_add_ps(_mm512_add_ps(even, odd));
}

template <typename Stored>
HN_AVX512 float Ip(const void* query, const void* stored, const void* padded) {
  const auto* a = static_cast<const float*>(query);
  const auto* b = static_cast<const Stored*>(stored);
  const size_t count = *static_cast<const size_t*>(padded);
  const float* const end = a + (count & ~size_t{31});
  __m512 even = _mm512_setzero_ps();
  __m512 odd = _mm512_setzero_ps();
  for (; a != end; a += 32, b += 32) {
    even = _mm512_fmadd_ps(Load(a), Load(b), even);
    odd = _mm512_fmadd_ps(Load(a + 16), Load(b + 16), odd);
  }
  if ((count & 16) != 0) even = _mm512_fmadd_ps(Load(a), Load(b), even);
  return 1 - _mm512_reduce_add_ps(_mm512_add_ps(even, odd));
}

HN_AVX512 int32_t DotI8(const int16_t* query, const int8_t* stored, size_t padded) {
  __m512i sum = _mm512_setzero_si512();
  for (size_t i = 0; i < padded; i += 32) {
    const __m512i codes =
        _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(stored + i)));
    sum = _mm512_add_epi32(sum, _mm512_madd_epi16(_mm512_loadu_si512(query + i), codes));
  }
  return _mm512_reduce_add_epi32(sum);
}

}  // namespace

const Kernels* Avx512Kernels() {
  const Kernels* narrow = Avx2Kernels();
  __builtin_cpu_init();
  if (narrow == nullptr || !__builtin_cpu_supports("avx512f") ||
      !__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512vl") ||
      !__builtin_cpu_supports("avx512dq")) {
    return nullptr;
  }
  static const Kernels kernels = {"avx512",     L2<float>, Ip<float>,      L2<uint16_t>,
                                  Ip<uint16_t>, DotI8,     narrow->to_f16, narrow->from_f16};
  return &kernels;
}

}  // namespace hypermesh::hnsw

#else

namespace hypermesh::hnsw {
const Kernels* Avx512Kernels() { return nullptr; }
}  // namespace hypermesh::hnsw

#endif

// Distances between a query and what an index stores, one set of functions for each instruction
// set; which one runs is chosen when the addon starts.
//
// Every array is padded with zeros: floats to a multiple of kPadding elements, codes to one of
// kCodePadding. So no kernel has a tail.
#ifndef HYPERMESH_HNSW_KERNELS_H_
#define HYPERMESH_HNSW_KERNELS_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace hypermesh::hnsw {

inline constexpr size_t kPadding = 16;
inline constexpr size_t kCodePadding = 32;

// hnswlib's DISTFUNC<float>: the query, the stored vector, and a size_t with the padded dimension.
using Distance = float (*)(const void* query, const void* stored, const void* padded);

// What the coarse kernels take for a query and find behind a stored vector's codes: the value of an
// element is code × scale.
struct CoarseTerms {
  float scale;
  float square;  // Of the exact vector's norm.
};

struct Kernels {
  const char* name;
  Distance l2_f32, ip_f32;
  Distance l2_f16, ip_f16;
  // The sum of int16 query codes times int8 stored codes.
  int32_t (*dot_i8)(const int16_t* query, const int8_t* stored, size_t padded);
  void (*to_f16)(const float* from, uint16_t* to, size_t count);
  void (*from_f16)(const uint16_t* from, float* to, size_t count);
};

// Those that this machine can run, the fastest last; the first is plain C++.
std::span<const Kernels* const> UsableKernels();
inline const Kernels& BestKernels() { return *UsableKernels().back(); }

const Kernels& ScalarKernels();
// Null where this is no x86-64 machine, or one without the instructions.
const Kernels* Avx2Kernels();
const Kernels* Avx512Kernels();

}  // namespace hypermesh::hnsw

#endif  // HYPERMESH_HNSW_KERNELS_H_

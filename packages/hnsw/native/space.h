// What a vector is in an index: its metric, its stored form, and the two distances of them.
//
// A stored vector is, in this order: the exact form (floats or halves, padded), and for i8 the
// codes and their CoarseTerms. `Exact` reads the first; `Fast` is what traversals use, the codes
// where there are some. Threads: immutable after construction.
#ifndef HYPERMESH_HNSW_SPACE_H_
#define HYPERMESH_HNSW_SPACE_H_

#include <hnswlib/hnswlib.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "kernels.h"

namespace hypermesh::hnsw {

// Values stand in saved images: never change one.
enum class Metric : uint8_t { kL2 = 0, kCosine = 1, kIp = 2 };
enum class Storage : uint8_t { kF32 = 0, kF16 = 1, kI8 = 2 };

// Beyond these a squared distance may not be a finite float any more; halves end at 65504. A query
// is not stored and may be the sum of a few vectors that are.
inline constexpr float kMagnitudeMax = 1e15f;
inline constexpr float kHalfMax = 65504.0f;
inline constexpr float kQueryMagnitudeMax = 4e15f;

struct FreeAligned {
  void operator()(void* data) const { ::operator delete (data, std::align_val_t{64}); }
};
template <typename T>
using AlignedArray = std::unique_ptr<T[], FreeAligned>;
template <typename T>
AlignedArray<T> MakeAligned(size_t count) {
  return AlignedArray<T>(static_cast<T*>(::operator new (count * sizeof(T), std::align_val_t{64})));
}

// A query in the form that the distances take; made anew for each space, filled for each query.
struct Query {
  AlignedArray<float> exact;
  // For i8: CoarseTerms, then the codes.
  AlignedArray<char> coarse;
  const void* fast = nullptr;
};

class Space final : public hnswlib::SpaceInterface<float> {
 public:
  // Requires: dimension > 0.
  Space(Metric metric, Storage storage, size_t dimension);

  size_t get_data_size() override { return data_bytes_; }
  hnswlib::DISTFUNC<float> get_dist_func() override { return exact_; }
  void* get_dist_func_param() override { return &padded_; }

  Metric metric() const { return metric_; }
  Storage storage() const { return storage_; }
  size_t dimension() const { return dimension_; }
  size_t padded() const { return padded_; }
  size_t data_bytes() const { return data_bytes_; }
  size_t exact_bytes() const { return exact_bytes_; }
  bool is_coarse() const { return storage_ == Storage::kI8; }

  // Checks a vector and brings it into the stored form. Throws, naming the vector by `position`.
  void Encode(const float* vector, size_t position, char* stored) const;
  // Fills in what follows from the exact form, as after a load.
  void DeriveCoarse(char* stored) const;
  // Into padded() floats.
  void Decode(const char* stored, float* vector) const;
  // False where a saved exact form holds what Encode would not have written.
  bool IsSound(const char* stored) const;

  // Checks a query and fills `query`, whose arrays are made where they are missing.
  void Prepare(const float* vector, size_t position, Query* query) const;

  float Exact(const float* query, const char* stored) const {
    return exact_(query, stored, &padded_);
  }
  float Fast(const void* query, const char* stored) const {
    return fast_(query, stored, fast_param_);
  }

 private:
  // The vector padded and, under cosine, of length one; else its numbers end at `limit`.
  void Normalise(const float* vector, size_t position, float limit, float* exact) const;
  static float CoarseL2(const void* query, const void* stored, const void* space);
  static float CoarseIp(const void* query, const void* stored, const void* space);

  const Kernels& kernels_;
  const Metric metric_;
  const Storage storage_;
  const size_t dimension_;
  size_t padded_, code_padded_, exact_bytes_, data_bytes_;
  Distance exact_ = nullptr;
  Distance fast_ = nullptr;
  const void* fast_param_ = nullptr;
};

}  // namespace hypermesh::hnsw

#endif  // HYPERMESH_HNSW_SPACE_H_

// Beyond what lib's limits.ts says to callers, what memory safety rests on.
#ifndef HYPERMESH_HNSW_LIMITS_H_
#define HYPERMESH_HNSW_LIMITS_H_

#include <cstdint>

namespace hypermesh::hnsw {

inline constexpr uint32_t kDimensionMax = 8192;
inline constexpr uint32_t kMMin = 4;
inline constexpr uint32_t kMMax = 128;
inline constexpr uint32_t kEfMax = 20000;

}  // namespace hypermesh::hnsw

#endif  // HYPERMESH_HNSW_LIMITS_H_

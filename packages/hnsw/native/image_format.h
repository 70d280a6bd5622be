// The first bytes of an image. All numbers are little-endian, as the machines are that this builds
// for.
#ifndef HYPERMESH_HNSW_IMAGE_FORMAT_H_
#define HYPERMESH_HNSW_IMAGE_FORMAT_H_

#include <bit>
#include <cstdint>

#include "limits.h"

namespace hypermesh::hnsw {

static_assert(std::endian::native == std::endian::little);

inline constexpr uint64_t kImageMagic = 0x31305753'4e484d48ull;  // "HMHNSW01"
inline constexpr uint32_t kImageVersion = 1;

struct ImageHeader {
  uint64_t magic;
  uint32_t version;
  uint8_t metric, storage;
  uint16_t zero;
  uint32_t dimension, m, ef_construction, count;
  uint64_t seed;
  uint32_t alive_count, entry;
  int32_t top_level;
  uint32_t zeros[3];
};
static_assert(sizeof(ImageHeader) == 64);

// Behind it: a level a slot (a byte each), a bit a slot for those alive (in 64-bit words), for each
// slot and each of its levels, 0 first, a 16-bit count and as many 32-bit slots, and the exact
// vectors without padding.

}  // namespace hypermesh::hnsw

#endif  // HYPERMESH_HNSW_IMAGE_FORMAT_H_

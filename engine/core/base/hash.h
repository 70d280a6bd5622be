// A fast 64-bit hash of bytes and of numbers. Not for secrets, and no guard against chosen
// collisions; siphash.h is. Frozen: stored filters and directories depend on its values.
//
// Threads: any.
#ifndef HYPERGRAPH_BASE_HASH_H_
#define HYPERGRAPH_BASE_HASH_H_

#include <string_view>

#include "core/base/bytes.h"

namespace hypergraph {

namespace hash_internal {
inline constexpr uint64_t kMix1 = 0x9e3779b97f4a7c15;
inline constexpr uint64_t kMix2 = 0xd6e8feb86659fd93;

// Both halves of the 128-bit product, folded together.
inline uint64_t Fold(uint64_t a, uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}
}  // namespace hash_internal

inline uint64_t HashNumber(uint64_t number, uint64_t seed = 0) {
  return hash_internal::Fold(number ^ hash_internal::kMix1 ^ seed,
                             hash_internal::kMix2 + (number >> 32 | number << 32));
}

uint64_t HashBytes(ByteView bytes, uint64_t seed = 0);
inline uint64_t HashText(std::string_view text, uint64_t seed = 0) {
  return HashBytes(AsBytes(text), seed);
}

}  // namespace hypergraph

#endif  // HYPERGRAPH_BASE_HASH_H_

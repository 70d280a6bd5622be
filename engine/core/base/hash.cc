#include "core/base/hash.h"

namespace hypergraph {

using hash_internal::Fold;
using hash_internal::kMix1;
using hash_internal::kMix2;

uint64_t HashBytes(ByteView bytes, uint64_t seed) {
  const uint8_t* at = bytes.data();
  size_t left = bytes.size();
  uint64_t state = seed ^ Fold(bytes.size() ^ kMix1, kMix2);
  for (; left >= 16; left -= 16, at += 16) {
    state =
        Fold(LoadUnaligned<uint64_t>(at) ^ kMix1 ^ state, LoadUnaligned<uint64_t>(at + 8) ^ kMix2);
  }
  uint64_t low = 0;
  uint64_t high = 0;
  if (left >= 8) {
    low = LoadUnaligned<uint64_t>(at);
    if (left > 8) std::memcpy(&high, at + 8, left - 8);
  } else if (left > 0) {
    std::memcpy(&low, at, left);
  }
  state = Fold(low ^ kMix2 ^ state, high ^ kMix1);
  return Fold(state ^ kMix1, kMix2);
}

}  // namespace hypergraph

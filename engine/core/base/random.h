// A seeded generator (xoshiro256**): the same seed, the same numbers, on every machine. Not for
// secrets; RandomBytes of platform/file.h is.
//
// Threads: one at a time.
#ifndef HYPERGRAPH_BASE_RANDOM_H_
#define HYPERGRAPH_BASE_RANDOM_H_

#include <array>
#include <bit>
#include <cassert>

#include "core/base/types.h"

namespace hypergraph {

class Random {
 public:
  explicit Random(uint64_t seed) {
    for (uint64_t& word : state_) {  // SplitMix64, as xoshiro's authors advise.
      seed += 0x9e3779b97f4a7c15;
      uint64_t mixed = seed;
      mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
      mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
      word = mixed ^ (mixed >> 31);
    }
  }

  uint64_t Next() {
    const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }
  // In [0, limit). Requires: limit > 0.
  uint64_t Below(uint64_t limit) {
    assert(limit > 0);
    return static_cast<uint64_t>((static_cast<unsigned __int128>(Next()) * limit) >> 64);
  }
  // In [low, high]. Requires: low <= high.
  int64_t Between(int64_t low, int64_t high) {
    const uint64_t span = static_cast<uint64_t>(high) - static_cast<uint64_t>(low);
    const uint64_t step = span == UINT64_MAX ? Next() : Below(span + 1);
    return static_cast<int64_t>(static_cast<uint64_t>(low) + step);
  }
  double Fraction() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }  // In [0, 1).
  bool Chance(double probability) { return Fraction() < probability; }

 private:
  std::array<uint64_t, 4> state_;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_BASE_RANDOM_H_

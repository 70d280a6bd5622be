#include "core/base/siphash.h"

#include <bit>

#include "core/base/bytes.h"

namespace hypergraph {
namespace {

struct State {
  uint64_t a, b, c, d;

  void Rounds(int count) {
    for (; count > 0; --count) {
      a += b;
      c += d;
      b = std::rotl(b, 13) ^ a;
      d = std::rotl(d, 16) ^ c;
      a = std::rotl(a, 32);
      c += b;
      a += d;
      b = std::rotl(b, 17) ^ c;
      d = std::rotl(d, 21) ^ a;
      c = std::rotl(c, 32);
    }
  }
  void Take(uint64_t word) {
    d ^= word;
    Rounds(2);
    a ^= word;
  }
  uint64_t Sum() const { return a ^ b ^ c ^ d; }
};

}  // namespace

SipTag SipHash128(const SipKey& key, ByteView bytes) {
  const auto key_low = LoadUnaligned<uint64_t>(key.data());
  const auto key_high = LoadUnaligned<uint64_t>(key.data() + 8);
  State state{key_low ^ 0x736f6d6570736575, key_high ^ 0x646f72616e646f6d ^ 0xee,
              key_low ^ 0x6c7967656e657261, key_high ^ 0x7465646279746573};
  const size_t whole = bytes.size() / 8 * 8;
  for (size_t at = 0; at < whole; at += 8) state.Take(LoadUnaligned<uint64_t>(bytes.data() + at));
  uint64_t last = static_cast<uint64_t>(bytes.size()) << 56;
  for (size_t at = whole; at < bytes.size(); ++at) {
    last |= static_cast<uint64_t>(bytes[at]) << (8 * (at - whole));
  }
  state.Take(last);
  state.c ^= 0xee;
  state.Rounds(4);
  const uint64_t low = state.Sum();
  state.b ^= 0xdd;
  state.Rounds(4);
  const uint64_t high = state.Sum();
  SipTag tag;
  std::memcpy(tag.data(), &low, 8);
  std::memcpy(tag.data() + 8, &high, 8);
  return tag;
}

bool SameTag(const SipTag& a, const SipTag& b) {
  unsigned difference = 0;
  for (size_t at = 0; at < a.size(); ++at) difference |= static_cast<unsigned>(a[at] ^ b[at]);
  return difference == 0;
}

}  // namespace hypergraph

#include "core/base/utf8.h"

#include "core/base/bytes.h"

namespace hypergraph {
namespace {

// The length of the well-formed character at `at`, whose first byte is not ASCII; 0 when there is
// none.
size_t CharacterBytes(const uint8_t* at, size_t left) {
  const uint8_t first = at[0];
  size_t count = 0;
  uint8_t second_min = 0x80;
  uint8_t second_max = 0xbf;
  if (first >= 0xc2 && first <= 0xdf) {
    count = 2;
  } else if (first >= 0xe0 && first <= 0xef) {
    count = 3;
    if (first == 0xe0) second_min = 0xa0;
    if (first == 0xed) second_max = 0x9f;
  } else if (first >= 0xf0 && first <= 0xf4) {
    count = 4;
    if (first == 0xf0) second_min = 0x90;
    if (first == 0xf4) second_max = 0x8f;
  }
  if (count == 0 || left < count) return 0;
  if (at[1] < second_min || at[1] > second_max) return 0;
  for (size_t index = 2; index < count; ++index) {
    if ((at[index] & 0xc0) != 0x80) return 0;
  }
  return count;
}

}  // namespace

bool IsUtf8(std::string_view text) {
  const auto* at = reinterpret_cast<const uint8_t*>(text.data());
  size_t left = text.size();
  while (left > 0) {
    if (left >= 8 && (LoadUnaligned<uint64_t>(at) & 0x8080808080808080) == 0) {
      at += 8;
      left -= 8;
      continue;
    }
    const size_t count = *at < 0x80 ? 1 : CharacterBytes(at, left);
    if (count == 0) return false;
    at += count;
    left -= count;
  }
  return true;
}

}  // namespace hypergraph

#include "core/base/json_text.h"

#include <algorithm>

#include "core/base/bytes.h"

namespace hypergraph {
namespace {

// At most so many bytes of a text are written between two looks at the room that is left.
constexpr size_t kTextBytesAtOnce = 512;
constexpr size_t kEscapeBytesMax = 6;

// Whether one of 8 bytes may have to be escaped; never false where one has to.
bool MayEscape(uint64_t bytes) {
  constexpr uint64_t kEach = 0x0101010101010101;
  constexpr uint64_t kHigh = 0x8080808080808080;
  const uint64_t quote = bytes ^ (kEach * '"');
  const uint64_t backslash = bytes ^ (kEach * '\\');
  return ((((bytes - kEach * 0x20) & ~bytes) | ((quote - kEach) & ~quote) |
           ((backslash - kEach) & ~backslash)) &
          kHigh) != 0;
}

uint8_t* PutEscaped(uint8_t* at, uint8_t byte) {
  constexpr std::string_view kHex = "0123456789abcdef";
  if (byte == '"' || byte == '\\') {
    *at++ = '\\';
    *at++ = byte;
    return at;
  }
  if (byte >= 0x20) {
    *at++ = byte;
    return at;
  }
  // \b \t \n \v \f \r are 8 to 13, of which \v has no short form.
  constexpr std::string_view kShort = "btn-fr";
  *at++ = '\\';
  if (byte >= 8 && byte <= 13 && byte != 11) {
    *at++ = static_cast<uint8_t>(kShort[byte - 8u]);
    return at;
  }
  std::memcpy(at, "u00", 3);
  at += 3;
  *at++ = static_cast<uint8_t>(kHex[byte >> 4]);
  *at++ = static_cast<uint8_t>(kHex[byte & 15]);
  return at;
}

}  // namespace

void PutJsonText(std::string_view text, ByteSink* sink) {
  const auto* from = reinterpret_cast<const uint8_t*>(text.data());
  size_t left = text.size();
  sink->Put('"');
  while (left > 0) {
    size_t some = std::min(left, kTextBytesAtOnce);
    left -= some;
    uint8_t* at = sink->Reserve(some * kEscapeBytesMax);
    while (some > 0) {
      if (some >= 8 && !MayEscape(LoadUnaligned<uint64_t>(from))) {
        std::memcpy(at, from, 8);
        at += 8;
        from += 8;
        some -= 8;
        continue;
      }
      at = PutEscaped(at, *from++);
      --some;
    }
    sink->EndAt(at);
  }
  sink->Put('"');
}

}  // namespace hypergraph

#include "core/storage/byte_groups.h"

#include <algorithm>
#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace hypergraph {

namespace {

unsigned LengthAt(const uint8_t* control, size_t index) {
  return (control[index / 4] >> (index % 4 * 2) & 3u) + 1;
}

#if defined(__x86_64__)

struct ShuffleTables {
  std::array<std::array<uint8_t, 16>, 256> shuffles{};
  std::array<uint8_t, 256> lengths{};
};

constexpr ShuffleTables MakeTables() {
  ShuffleTables tables;
  for (unsigned control = 0; control < 256; ++control) {
    unsigned at = 0;
    for (unsigned value = 0; value < 4; ++value) {
      const unsigned length = (control >> (value * 2) & 3u) + 1;
      for (unsigned byte = 0; byte < 4; ++byte) {
        // A place with its high bit set shuffles in a zero.
        tables.shuffles[control][value * 4 + byte] =
            static_cast<uint8_t>(byte < length ? at + byte : 0x80);
      }
      at += length;
    }
    tables.lengths[control] = static_cast<uint8_t>(at);
  }
  return tables;
}

constexpr ShuffleTables kTables = MakeTables();

__attribute__((target("ssse3"))) const uint8_t* DecodeQuads(const uint8_t* control, size_t quads,
                                                            const uint8_t* data, uint32_t* out) {
  for (size_t quad = 0; quad < quads; ++quad) {
    const uint8_t key = control[quad];
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(data));
    const __m128i shuffle =
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(kTables.shuffles[key].data()));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + quad * 4), _mm_shuffle_epi8(bytes, shuffle));
    data += kTables.lengths[key];
  }
  return data;
}

bool HasShuffle() {
  static const bool has = __builtin_cpu_supports("ssse3") != 0;
  return has;
}

#endif

}  // namespace

void EncodeByteGroups(std::span<const uint32_t> values, std::vector<uint8_t>* out) {
  const size_t control_at = out->size();
  size_t bytes = ByteGroupControlBytes(values.size());
  const size_t data_at = control_at + bytes;
  for (const uint32_t value : values) bytes += ByteGroupLength(value);
  out->resize(control_at + bytes + 4);  // Each value is stored as four bytes, the rest then redone.
  uint8_t* control = out->data() + control_at;
  uint8_t* data = out->data() + data_at;
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t length = ByteGroupLength(values[i]);
    control[i / 4] |= static_cast<uint8_t>((length - 1) << (i % 4 * 2));
    std::memcpy(data, &values[i], sizeof(uint32_t));
    data += length;
  }
  out->resize(control_at + bytes);
}

size_t ByteGroupDataBytes(const uint8_t* control, size_t first, size_t count) {
  size_t bytes = 0;
  size_t index = first;
  const size_t end = first + count;
  for (; index < end && index % 4 != 0; ++index) bytes += LengthAt(control, index);
  for (; end - index >= 32; index += 32) {
    auto fields = LoadUnaligned<uint64_t>(control + index / 4);
    fields = (fields & 0x3333333333333333) + (fields >> 2 & 0x3333333333333333);
    fields = (fields + (fields >> 4)) & 0x0f0f0f0f0f0f0f0f;
    bytes += 32 + (fields * 0x0101010101010101 >> 56);
  }
  for (; index < end; ++index) bytes += LengthAt(control, index);
  return bytes;
}

const uint8_t* DecodeByteGroupsPlain(const uint8_t* control, size_t first, size_t count,
                                     const uint8_t* data, uint32_t* out) {
  for (size_t index = first; index < first + count; ++index) {
    const unsigned length = LengthAt(control, index);
    *out++ = LoadUnaligned<uint32_t>(data) & 0xffffffffu >> (32 - length * 8);
    data += length;
  }
  return data;
}

const uint8_t* DecodeByteGroups(const uint8_t* control, size_t first, size_t count,
                                const uint8_t* data, uint32_t* out) {
#if defined(__x86_64__)
  if (HasShuffle()) {
    const size_t head = std::min(count, static_cast<size_t>(-first & 3));
    data = DecodeByteGroupsPlain(control, first, head, data, out);
    const size_t quads = (count - head) / 4;
    data = DecodeQuads(control + (first + head) / 4, quads, data, out + head);
    const size_t done = head + quads * 4;
    return DecodeByteGroupsPlain(control, first + done, count - done, data, out + done);
  }
#endif
  return DecodeByteGroupsPlain(control, first, count, data, out);
}

}  // namespace hypergraph

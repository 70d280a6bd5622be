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

// The sum of the 2-bit fields.
uint64_t SumOfFields(uint64_t fields) {
  fields = (fields & 0x3333333333333333) + (fields >> 2 & 0x3333333333333333);
  fields = (fields + (fields >> 4)) & 0x0f0f0f0f0f0f0f0f;
  return fields * 0x0101010101010101 >> 56;
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

__attribute__((target("ssse3"))) inline __m128i DecodeFour(const uint8_t* data, unsigned key) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(data));
  return _mm_shuffle_epi8(
      bytes, _mm_loadu_si128(reinterpret_cast<const __m128i*>(kTables.shuffles[key].data())));
}

// Of what lies at any place within its control byte: four values, then what is left of them.
template <bool kHasSlack>
__attribute__((target("ssse3"))) const uint8_t* DecodeShifted(const uint8_t* control, size_t first,
                                                              size_t count, const uint8_t* data,
                                                              uint32_t* out) {
  const unsigned shift = first % 4 * 2;
  control += first / 4;
  for (; count >= 4; count -= 4, out += 4, ++control) {
    // The second byte is one of the last value's own unless nothing of it is shifted in.
    const unsigned next = shift == 0 ? 0 : control[1];
    const unsigned key = (control[0] | next << 8) >> shift & 255;
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), DecodeFour(data, key));
    data += kTables.lengths[key];
  }
  if (count == 0) return data;
  const unsigned next = shift + count * 2 > 8 ? control[1] : 0;
  const unsigned key = (control[0] | next << 8) >> shift & ((1u << count * 2) - 1);
  if constexpr (kHasSlack) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), DecodeFour(data, key));
  } else {
    std::array<uint32_t, 4> last;
    _mm_storeu_si128(reinterpret_cast<__m128i*>(last.data()), DecodeFour(data, key));
    for (size_t i = 0; i < count; ++i) out[i] = last[i];
  }
  return data + kTables.lengths[key] - (4 - count);  // Values that are not there count one each.
}

// The data bytes of values [0, count).
__attribute__((target("popcnt"))) inline size_t DataBytesBefore(const uint8_t* control,
                                                                size_t count) {
  constexpr uint64_t kLow = 0x5555555555555555;
  const auto sum = [](uint64_t fields) __attribute__((target("popcnt"))) {
    return static_cast<size_t>(__builtin_popcountll(fields & kLow) +
                               2 * __builtin_popcountll(fields >> 1 & kLow));
  };
  size_t bytes = count;
  for (; count >= 32; count -= 32, control += 8) bytes += sum(LoadUnaligned<uint64_t>(control));
  if (count == 0) return bytes;
  return bytes + sum(LoadUnaligned<uint64_t>(control) & ((uint64_t{1} << count * 2) - 1));
}

// Whoever has the one instruction has the other.
bool HasShuffle() {
  static const bool has =
      __builtin_cpu_supports("ssse3") != 0 && __builtin_cpu_supports("popcnt") != 0;
  return has;
}

#endif

}  // namespace

void EncodeByteGroups(std::span<const uint32_t> values, std::vector<uint8_t>* out) {
  const size_t control_at = out->size();
  const size_t data_at = control_at + ByteGroupControlBytes(values.size());
  // Each value is stored as four bytes, of which the next one takes what is not its own.
  out->resize(data_at + values.size() * sizeof(uint32_t));
  uint8_t* control = out->data() + control_at;
  uint8_t* data = out->data() + data_at;
  for (size_t first = 0; first < values.size(); first += 4) {
    const size_t count = std::min<size_t>(4, values.size() - first);
    unsigned lengths = 0;
    for (size_t i = 0; i < count; ++i) {
      const uint32_t value = values[first + i];
      const auto length = static_cast<unsigned>(ByteGroupLength(value));
      std::memcpy(data, &value, sizeof value);
      data += length;
      lengths |= (length - 1) << (i * 2);
    }
    *control++ = static_cast<uint8_t>(lengths);
  }
  out->resize(static_cast<size_t>(data - out->data()));
}

size_t ByteGroupDataBytes(const uint8_t* control, size_t first, size_t count) {
  size_t bytes = count;
  const size_t end = first + count;
  control += first / 4;
  size_t left = end - first / 4 * 4;  // Fields from the byte that holds the first one on.
  unsigned skipped = first % 4 * 2;
  for (; left >= 32; left -= 32, control += 8, skipped = 0) {
    bytes += SumOfFields(LoadUnaligned<uint64_t>(control) >> skipped);
  }
  if (left * 2 <= skipped) return bytes;
  const uint64_t fields = LoadUnaligned<uint64_t>(control) & ((uint64_t{1} << left * 2) - 1);
  return bytes + SumOfFields(fields >> skipped);
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
  if (HasShuffle()) return DecodeShifted<false>(control, first, count, data, out);
#endif
  return DecodeByteGroupsPlain(control, first, count, data, out);
}

const uint8_t* DecodeByteGroupsAmong(const uint8_t* control, size_t first, size_t count,
                                     const uint8_t* data, uint32_t* out) {
#if defined(__x86_64__)
  if (HasShuffle()) {
    data += DataBytesBefore(control, first);
    return DecodeShifted<true>(control, first, count, data, out);
  }
#endif
  data += ByteGroupDataBytes(control, 0, first);
  return DecodeByteGroupsPlain(control, first, count, data, out);
}

}  // namespace hypergraph

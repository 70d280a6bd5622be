#include "core/storage/bit_pack.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace hypergraph {

namespace {

constexpr uint64_t kNoBitsCountMax = uint64_t{1} << 32;

// Eight values of W bits are W bytes, so each of the eight has a constant place and shift.
template <unsigned W, typename T, size_t... I>
inline void UnpackEight(const uint8_t* in, T* out, std::index_sequence<I...>) {
  constexpr uint64_t kMask = W == 64 ? ~uint64_t{0} : (uint64_t{1} << (W % 64)) - 1;
  if constexpr (W <= 25 && sizeof(T) == 4) {
    ((out[I] =
          LoadUnaligned<uint32_t>(in + I * W / 8) >> (I * W % 8) & static_cast<uint32_t>(kMask)),
     ...);
  } else {
    ((out[I] = static_cast<T>(LoadUnaligned<uint64_t>(in + I * W / 8) >> (I * W % 8) & kMask)),
     ...);
  }
}

template <unsigned W, typename T>
void UnpackGroups(const uint8_t* in, size_t groups, T* out) {
  for (size_t group = 0; group < groups; ++group) {
    UnpackEight<W>(in + group * W, out + group * 8, std::make_index_sequence<8>());
  }
}

template <typename T>
using GroupFunction = void (*)(const uint8_t*, size_t, T*);

template <typename T, size_t... W>
constexpr std::array<GroupFunction<T>, sizeof...(W)> MakeGroupFunctions(std::index_sequence<W...>) {
  return {&UnpackGroups<static_cast<unsigned>(W), T>...};
}

template <typename T>
void Unpack(const uint8_t* data, unsigned width, uint64_t first, size_t count, T* out) {
  static constexpr auto kFunctions =
      MakeGroupFunctions<T>(std::make_index_sequence<sizeof(T) * 8 + 1>());
  assert(width <= sizeof(T) * 8);
  if (width == 0) {
    std::fill_n(out, count, T{0});
    return;
  }
  const size_t head = std::min(count, static_cast<size_t>(-first & 7));
  for (size_t i = 0; i < head; ++i) out[i] = static_cast<T>(UnpackOne(data, width, first + i));
  const size_t groups = (count - head) / 8;
  if (groups > 0) kFunctions[width](data + (first + head) / 8 * width, groups, out + head);
  for (size_t i = head + groups * 8; i < count; ++i) {
    out[i] = static_cast<T>(UnpackOne(data, width, first + i));
  }
}

template <typename T>
void Pack(std::span<const T> values, unsigned width, uint8_t* out) {
  if (width == 0) return;
  uint64_t word = 0;
  unsigned fill = 0;
  for (const T value : values) {
    const auto bits = static_cast<uint64_t>(value);
    word |= bits << fill;
    fill += width;
    if (fill < 64) continue;
    std::memcpy(out, &word, 8);
    out += 8;
    fill -= 64;
    word = fill == 0 ? 0 : bits >> (width - fill);
  }
  std::memcpy(out, &word, (fill + 7) / 8);
}

PackedSums SumUnpacked(const uint8_t* data, unsigned width, uint32_t place) {
  std::array<uint32_t, kPackedSumCount> values;
  UnpackBits(data, width, 0, kPackedSumCount, values.data());
  PackedSums sums;
  for (uint32_t i = 0; i < kPackedSumCount; ++i) {
    sums.total += values[i];
    if (i < place) sums.before += values[i];
  }
  sums.value = values[place];
  return sums;
}

#if defined(__x86_64__)

constexpr unsigned kSpreadWidthMax = 8;

// Spreads eight values at a time to a byte each, whose sums are an instruction.
__attribute__((target("bmi2"))) PackedSums SumSpread(const uint8_t* data, unsigned width,
                                                     uint32_t place) {
  // So many bytes of ones, then of zeros: read from its middle less a place on, it leaves `place`.
  static constexpr std::array<uint8_t, 2 * kPackedSumCount> kOnes = [] {
    std::array<uint8_t, 2 * kPackedSumCount> ones{};
    for (size_t i = 0; i < kPackedSumCount; ++i) ones[i] = 0xff;
    return ones;
  }();
  const uint64_t ones = uint64_t{0x0101010101010101} * ((uint64_t{1} << width) - 1);
  alignas(16) std::array<uint64_t, kPackedSumCount / 8> bytes;
  for (size_t group = 0; group < bytes.size(); ++group) {
    bytes[group] = _pdep_u64(LoadUnaligned<uint64_t>(data + group * width), ones);
  }
  const auto* words = reinterpret_cast<const __m128i*>(bytes.data());
  const auto* masks = reinterpret_cast<const __m128i*>(kOnes.data() + kPackedSumCount - place);
  const __m128i zero = _mm_setzero_si128();
  const __m128i low = _mm_load_si128(words);
  const __m128i high = _mm_load_si128(words + 1);
  const __m128i total = _mm_add_epi64(_mm_sad_epu8(low, zero), _mm_sad_epu8(high, zero));
  const __m128i before =
      _mm_add_epi64(_mm_sad_epu8(_mm_and_si128(low, _mm_loadu_si128(masks)), zero),
                    _mm_sad_epu8(_mm_and_si128(high, _mm_loadu_si128(masks + 1)), zero));
  const auto sum = [](__m128i halves) {
    return static_cast<uint64_t>(_mm_cvtsi128_si64(halves)) +
           static_cast<uint64_t>(_mm_cvtsi128_si64(_mm_srli_si128(halves, 8)));
  };
  PackedSums sums;
  sums.before = static_cast<uint32_t>(sum(before));
  sums.total = sum(total);
  sums.value = static_cast<uint32_t>(bytes[place / 8] >> (place % 8 * 8) & 0xff);
  return sums;
}

bool HasSpread() {
  static const bool has = __builtin_cpu_supports("bmi2") != 0;
  return has;
}

#endif

template <typename T>
void WriteArray(std::span<const T> values, ByteWriter* section, ByteWriter* meta) {
  T max = 0;
  for (const T value : values) max |= value;
  const unsigned width = PackedWidth(max);
  section->AlignTo(8);
  const size_t at = section->size();
  meta->Put(static_cast<uint64_t>(at));
  meta->Put(static_cast<uint64_t>(values.size()));
  meta->Put(static_cast<uint8_t>(width));
  section->bytes().resize(at + PackedBytes(values.size(), width) + kPackedPadding);
  Pack(values, width, section->bytes().data() + at);
}

}  // namespace

void UnpackBits(const uint8_t* data, unsigned width, uint64_t first, size_t count, uint64_t* out) {
  Unpack(data, width, first, count, out);
}

void UnpackBits(const uint8_t* data, unsigned width, uint64_t first, size_t count, uint32_t* out) {
  Unpack(data, width, first, count, out);
}

PackedSums SumPacked(const uint8_t* data, unsigned width, uint32_t place) {
#if defined(__x86_64__)
  if (width <= kSpreadWidthMax && HasSpread()) return SumSpread(data, width, place);
#endif
  return SumUnpacked(data, width, place);
}

void PackBits(std::span<const uint64_t> values, unsigned width, uint8_t* out) {
  Pack(values, width, out);
}

void PackBits(std::span<const uint32_t> values, unsigned width, uint8_t* out) {
  Pack(values, width, out);
}

void PackedArray::Write(std::span<const uint64_t> values, ByteWriter* section, ByteWriter* meta) {
  WriteArray(values, section, meta);
}

void PackedArray::Write(std::span<const uint32_t> values, ByteWriter* section, ByteWriter* meta) {
  WriteArray(values, section, meta);
}

bool PackedArray::Open(ByteView section, ByteReader* meta, PackedArray* array) {
  const auto offset = meta->Get<uint64_t>();
  const auto count = meta->Get<uint64_t>();
  const auto width = meta->Get<uint8_t>();
  if (!meta->ok() || !IsPackedWidth(width)) return false;
  if (offset > section.size() || section.size() - offset < kPackedPadding) return false;
  const uint64_t room = section.size() - offset - kPackedPadding;
  if (count > (width == 0 ? kNoBitsCountMax : room * 8 / width)) return false;
  array->data_ = section.data() + offset;
  array->count_ = count;
  array->width_ = width;
  return true;
}

}  // namespace hypergraph

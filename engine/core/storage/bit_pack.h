// Unsigned integers of a fixed number of bits, one after the other, lowest bits first. One value is
// one unaligned 8-byte load away; runs are unpacked by loops made for their width.
//
// Invariant: packed bytes are followed by kPackedPadding bytes that may be read. Threads: any.
#ifndef HYPERGRAPH_STORAGE_BIT_PACK_H_
#define HYPERGRAPH_STORAGE_BIT_PACK_H_

#include <bit>

#include "core/base/bytes.h"

namespace hypergraph {

inline constexpr size_t kPackedPadding = 8;

// Bits of each value when `max` is the greatest: 0 to 57, or 64, so that a load of 8 bytes has it.
inline unsigned PackedWidth(uint64_t max) {
  const auto width = static_cast<unsigned>(std::bit_width(max));
  return width > 57 ? 64 : width;
}
inline bool IsPackedWidth(unsigned width) { return width <= 57 || width == 64; }
constexpr uint64_t WidthMask(unsigned width) {
  return width == 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1;
}
// Without the padding. Requires: count × width is below 2^64.
inline uint64_t PackedBytes(uint64_t count, unsigned width) { return (count * width + 7) / 8; }

inline uint64_t UnpackOne(const uint8_t* data, unsigned width, uint64_t index) {
  const uint64_t bit = index * width;
  return LoadUnaligned<uint64_t>(data + bit / 8) >> (bit % 8) & WidthMask(width);
}

// Values [first, first + count). For uint32_t the width is at most 32.
void UnpackBits(const uint8_t* data, unsigned width, uint64_t first, size_t count, uint64_t* out);
void UnpackBits(const uint8_t* data, unsigned width, uint64_t first, size_t count, uint32_t* out);

// What lists of so many packed lengths are found by.
inline constexpr uint32_t kPackedSumCount = 32;
struct PackedSums {     // Small enough to be given in registers.
  uint64_t total = 0;   // Of all.
  uint32_t before = 0;  // Of those in front of the one asked for, modulo 2^32.
  uint32_t value = 0;
};
// Of kPackedSumCount values, without the others being written anywhere. Requires: place is one of
// theirs, width is at most 32.
PackedSums SumPacked(const uint8_t* data, unsigned width, uint32_t place);

// Writes PackedBytes(values.size(), width) bytes. Requires: every value fits.
void PackBits(std::span<const uint64_t> values, unsigned width, uint8_t* out);
void PackBits(std::span<const uint32_t> values, unsigned width, uint8_t* out);

// A packed array within a section, unchecked: see SectionFile::Verified.
class PackedArray {
 public:
  // Appends the values, padding included, to `section`, and where they are to `meta`.
  static void Write(std::span<const uint64_t> values, ByteWriter* section, ByteWriter* meta);
  static void Write(std::span<const uint32_t> values, ByteWriter* section, ByteWriter* meta);
  // False when what `meta` says does not fit into `section`. Values of no bits take no bytes: of
  // these there are at most 2^32, and who opens the array compares the count with one it knows.
  static bool Open(ByteView section, ByteReader* meta, PackedArray* array);

  uint64_t count() const { return count_; }
  unsigned width() const { return width_; }
  uint64_t operator[](uint64_t index) const { return UnpackOne(data_, width_, index); }
  // For uint32_t the width is at most 32: a reader of files checks it once, when it opens the
  // array.
  template <typename T>
  void Read(uint64_t first, size_t count, T* out) const {
    UnpackBits(data_, width_, first, count, out);
  }
  // The bytes under values [first, first + count).
  ByteView BytesOf(uint64_t first, uint64_t count) const {
    const uint64_t begin = first * width_ / 8;
    return {data_ + begin, static_cast<size_t>(PackedBytes(first + count, width_) - begin)};
  }
  ByteView bytes() const { return BytesOf(0, count_); }

 private:
  const uint8_t* data_ = nullptr;
  uint64_t count_ = 0;
  unsigned width_ = 0;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_STORAGE_BIT_PACK_H_

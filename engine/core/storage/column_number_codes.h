// Between floating point numbers and unsigned codes of the same order, and how raw arrays lie in a
// section.
//
// Threads: any.
#ifndef HYPERGRAPH_STORAGE_COLUMN_NUMBER_CODES_H_
#define HYPERGRAPH_STORAGE_COLUMN_NUMBER_CODES_H_

#include <bit>

#include "core/base/bytes.h"

namespace hypergraph {

inline uint64_t OrderedBits(double value) {
  const auto bits = std::bit_cast<uint64_t>(value);
  return bits >> 63 != 0 ? ~bits : bits | uint64_t{1} << 63;
}
inline double FromOrderedBits(uint64_t code) {
  return std::bit_cast<double>(code >> 63 != 0 ? code & ~(uint64_t{1} << 63) : ~code);
}
inline uint32_t OrderedBits32(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  return bits >> 31 != 0 ? ~bits : bits | 1u << 31;
}
inline float FromOrderedBits32(uint32_t code) {
  return std::bit_cast<float>(code >> 31 != 0 ? code & ~(1u << 31) : ~code);
}

template <typename T>
void WriteRawArray(std::span<const T> values, ByteWriter* section, ByteWriter* meta) {
  section->AlignTo(8);
  meta->Put(static_cast<uint64_t>(section->size()));
  meta->Put(static_cast<uint64_t>(values.size()));
  section->PutArray(values);
}
// Sections begin at multiples of 64, so the array is aligned.
template <typename T>
bool OpenRawArray(ByteView section, ByteReader* meta, std::span<const T>* values) {
  const auto offset = meta->Get<uint64_t>();
  const auto count = meta->Get<uint64_t>();
  if (!meta->ok() || offset % 8 != 0 || offset > section.size() ||
      count > (section.size() - offset) / sizeof(T)) {
    return false;
  }
  *values = {reinterpret_cast<const T*>(section.data() + offset), static_cast<size_t>(count)};
  return true;
}

}  // namespace hypergraph

#endif  // HYPERGRAPH_STORAGE_COLUMN_NUMBER_CODES_H_

// Unsigned 32-bit integers of 1 to 4 bytes each: two bits a value in control bytes (four values
// each), then the data bytes. Decoded four at a time by a byte shuffle where the processor has one.
//
// Invariant: control bytes and data are each followed by kByteGroupPadding bytes that may be read:
// the control bytes by data and its padding. Threads: any.
#ifndef HYPERGRAPH_STORAGE_BYTE_GROUPS_H_
#define HYPERGRAPH_STORAGE_BYTE_GROUPS_H_

#include "core/base/bytes.h"

namespace hypergraph {

inline constexpr size_t kByteGroupPadding = 16;

inline size_t ByteGroupControlBytes(size_t count) { return (count + 3) / 4; }
inline size_t ByteGroupLength(uint32_t value) {
  return value < 0x100 ? 1 : (value < 0x10000 ? 2 : (value < 0x1000000 ? 3 : 4));
}

// Appends the control bytes, then the data bytes.
void EncodeByteGroups(std::span<const uint32_t> values, std::vector<uint8_t>* out);
// The data bytes of values [first, first + count).
size_t ByteGroupDataBytes(const uint8_t* control, size_t first, size_t count);
// Whether values [0, count) may be decoded from [data, end), whatever the control bytes say:
// nothing is then read at or behind `readable_end`, which lies kByteGroupPadding bytes or more
// behind `end`. That the values also end at `end` is for the caller to ask once they are decoded.
inline bool MayDecodeByteGroups(const uint8_t* control, size_t count, const uint8_t* data,
                                const uint8_t* end, const uint8_t* readable_end) {
  // Of 4 bytes each, the last one read with the three behind it.
  if (count + 3 <= static_cast<size_t>(readable_end - data) / 4) return true;
  return ByteGroupDataBytes(control, 0, count) <= static_cast<size_t>(end - data);
}
// Values [first, first + count); `data` is where value `first` begins. Returns where the last ends.
const uint8_t* DecodeByteGroups(const uint8_t* control, size_t first, size_t count,
                                const uint8_t* data, uint32_t* out);
// The same where `data` is where value 0 begins, and `out` has room for kByteGroupSlack values
// more, which then hold anything.
inline constexpr size_t kByteGroupSlack = 4;
const uint8_t* DecodeByteGroupsAmong(const uint8_t* control, size_t first, size_t count,
                                     const uint8_t* data, uint32_t* out);
// The same without the shuffle: what tests compare with.
const uint8_t* DecodeByteGroupsPlain(const uint8_t* control, size_t first, size_t count,
                                     const uint8_t* data, uint32_t* out);

}  // namespace hypergraph

#endif  // HYPERGRAPH_STORAGE_BYTE_GROUPS_H_

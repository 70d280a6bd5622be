// A bit a slot in 64-bit words, readable while others set and clear.
#ifndef HYPERMESH_HNSW_BITS_H_
#define HYPERMESH_HNSW_BITS_H_

#include <cstddef>
#include <cstdint>

namespace hypermesh::hnsw {

inline constexpr size_t WordsOf(size_t bits) { return (bits + 63) / 64; }

inline uint64_t WordAt(const uint64_t* words, size_t at) {
  return __atomic_load_n(words + at, __ATOMIC_RELAXED);
}
inline bool HasBit(const uint64_t* words, uint32_t slot) {
  return ((WordAt(words, slot / 64) >> (slot % 64)) & 1) != 0;
}
inline void SetBit(uint64_t* words, uint32_t slot) {
  __atomic_fetch_or(words + slot / 64, uint64_t{1} << (slot % 64), __ATOMIC_RELAXED);
}
// Whether it was set.
inline bool ClearBit(uint64_t* words, uint32_t slot) {
  const uint64_t bit = uint64_t{1} << (slot % 64);
  return (__atomic_fetch_and(words + slot / 64, ~bit, __ATOMIC_RELAXED) & bit) != 0;
}
inline size_t CountBits(uint64_t word) { return static_cast<size_t>(__builtin_popcountll(word)); }

// Calls visit(slot) for each set bit, lowest first.
template <typename Visit>
void ForEachBit(uint64_t word, size_t word_at, Visit visit) {
  for (; word != 0; word &= word - 1)
    visit(static_cast<uint32_t>(word_at * 64 + static_cast<size_t>(__builtin_ctzll(word))));
}

}  // namespace hypermesh::hnsw

#endif  // HYPERMESH_HNSW_BITS_H_

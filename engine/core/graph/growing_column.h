// A column that grows at its end and never moves: the values lie in blocks that double in size, so
// that readers keep reading while the one writer appends.
//
// Threads: one writer. A reader may read values that were written before something it acquired (the
// row count of the memtable). A value whose block was never written to reads as T{}.
#ifndef HYPERGRAPH_GRAPH_GROWING_COLUMN_H_
#define HYPERGRAPH_GRAPH_GROWING_COLUMN_H_

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "core/base/block_memory.h"

namespace hypergraph {

template <typename T>
class GrowingColumn {
  static_assert(std::is_trivially_destructible_v<T>, "blocks are zeroed memory");

 public:
  // Blocks are `memory`'s, which outlives this.
  explicit GrowingColumn(BlockMemory* memory) : memory_(memory) {}
  ~GrowingColumn() = default;
  GrowingColumn(const GrowingColumn&) = delete;
  GrowingColumn& operator=(const GrowingColumn&) = delete;

  // The place of value i for writing; its block is made, all T{}, when it is not there yet.
  T& At(uint32_t i) {
    const Place place = PlaceOf(i);
    return BlockForWriting(place.block)[place.offset];
  }
  // The value, or null where its block was never made.
  const T* Find(uint32_t i) const {
    const Place place = PlaceOf(i);
    const T* block = blocks_[place.block].load(std::memory_order_acquire);
    return block == nullptr ? nullptr : block + place.offset;
  }
  T* FindForMark(uint32_t i) const {
    const Place place = PlaceOf(i);
    T* block = blocks_[place.block].load(std::memory_order_acquire);
    return block == nullptr ? nullptr : block + place.offset;
  }
  T operator[](uint32_t i) const {  // Not of atomics.
    const T* value = Find(i);
    return value == nullptr ? T{} : *value;
  }
  // As many of the values [first, first + count) as lie side by side; null where there is no block.
  std::span<const T> Run(uint32_t first, uint32_t count, uint32_t* run) const {
    const Place place = PlaceOf(first);
    const uint64_t left = BlockSize(place.block) - place.offset;
    *run = left < count ? static_cast<uint32_t>(left) : count;
    const T* block = blocks_[place.block].load(std::memory_order_acquire);
    if (block == nullptr) return {};
    return {block + place.offset, *run};
  }
  std::span<T> RunForWriting(uint32_t first, uint32_t count) {
    const Place place = PlaceOf(first);
    const uint64_t left = BlockSize(place.block) - place.offset;
    const uint64_t run = left < count ? left : count;
    return {BlockForWriting(place.block) + place.offset, static_cast<size_t>(run)};
  }
  bool empty() const { return bytes() == 0; }
  uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  static constexpr uint32_t kFirstLog = 8;  // The first block has 256 values.
  static constexpr uint32_t kBlocks = 32 - kFirstLog + 1;
  struct Place {
    uint32_t block;
    uint64_t offset;
  };
  static uint64_t BlockSize(uint32_t block) { return uint64_t{1} << (kFirstLog + block); }
  static Place PlaceOf(uint32_t i) {
    const uint64_t shifted = uint64_t{i} + (1u << kFirstLog);
    const auto block = static_cast<uint32_t>(std::bit_width(shifted)) - 1 - kFirstLog;
    return {block, shifted - BlockSize(block)};
  }
  T* BlockForWriting(uint32_t block) {
    T* values = blocks_[block].load(std::memory_order_relaxed);
    return values != nullptr ? values : MakeBlock(block);
  }
  T* MakeBlock(uint32_t block) {
    auto* values = static_cast<T*>(memory_->Take(BlockSize(block) * sizeof(T)));
    blocks_[block].store(values, std::memory_order_release);
    bytes_.fetch_add(BlockSize(block) * sizeof(T), std::memory_order_relaxed);
    return values;
  }

  BlockMemory* const memory_;
  std::array<std::atomic<T*>, kBlocks> blocks_{};
  std::atomic<uint64_t> bytes_{0};
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_GRAPH_GROWING_COLUMN_H_

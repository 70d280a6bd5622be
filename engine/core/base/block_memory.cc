#include "core/base/block_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>

namespace hypergraph {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kChunkBytesMin = 64 << 10;
constexpr size_t kChunkBytesMax = 1 << 20;
// Larger ones get a mapping of their own, whose pages come as they are touched: much of it may
// never be.
constexpr size_t kSharedBytesMax = 256 << 10;
constexpr size_t kLargePageBytes = 2 << 20;
// Below this much, what is taken may stay small, and one page would be many times of it.
constexpr size_t kLargePagesFrom = 1 << 20;

}  // namespace

BlockMemory::~BlockMemory() {
  for (const Chunk& chunk : chunks_) munmap(chunk.at, chunk.bytes);
}

uint8_t* BlockMemory::Map(size_t bytes) {
  void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) std::abort();
  chunks_.push_back({at, bytes});
  mapped_ += bytes;
  return static_cast<uint8_t*>(at);
}

uint8_t* BlockMemory::MapLargePage() {
  // Large pages lie at multiples of their size: what is too much on both sides goes back.
  constexpr size_t kBytes = 2 * kLargePageBytes;
  void* mapped = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) std::abort();
  auto* const begin = static_cast<uint8_t*>(mapped);
  const size_t before = -reinterpret_cast<uintptr_t>(begin) & (kLargePageBytes - 1);
  uint8_t* const at = begin + before;
  if (before != 0) munmap(begin, before);
  munmap(at + kLargePageBytes, kBytes - before - kLargePageBytes);
#if defined(MADV_HUGEPAGE)
  (void)madvise(at, kLargePageBytes, MADV_HUGEPAGE);  // A hint: small ones serve as well.
#endif
  chunks_.push_back({at, kLargePageBytes});
  mapped_ += kLargePageBytes;
  return at;
}

void* BlockMemory::Take(size_t bytes) {
  bytes = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  if (bytes > kSharedBytesMax) return Map(bytes);
  if (bytes > left_) {
    // As much again as there is, so that little that is small stays so.
    const bool large = prefers_large_pages_ && mapped_ >= kLargePagesFrom;
    left_ = large ? kLargePageBytes
                  : std::max(bytes, std::clamp(mapped_, kChunkBytesMin, kChunkBytesMax));
    next_ = large ? MapLargePage() : Map(left_);
#if defined(MADV_POPULATE_WRITE)
    (void)madvise(next_, left_, MADV_POPULATE_WRITE);  // A hint, which older systems do not take.
#endif
  }
  uint8_t* const at = next_;
  next_ += bytes;
  left_ -= bytes;
  return at;
}

}  // namespace hypergraph

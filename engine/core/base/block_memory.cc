#include "core/base/block_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>

namespace hypergraph {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kChunkBytesMin = 64 << 10;
constexpr size_t kChunkBytesMax = 256 << 10;
// Larger ones get a mapping of their own, whose pages come as they are touched: much of it may
// never be.
constexpr size_t kSharedBytesMax = 32 << 10;

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

void* BlockMemory::Take(size_t bytes) {
  bytes = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  if (bytes > kSharedBytesMax) return Map(bytes);
  if (bytes > left_) {
    // As much again as there is, so that little that is small stays so.
    left_ = std::max(bytes, std::clamp(mapped_, kChunkBytesMin, kChunkBytesMax));
    next_ = Map(left_);
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

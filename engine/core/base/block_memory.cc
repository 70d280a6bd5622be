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

// Larger blocks than a chunk may stay empty for the most part, which would be a waste of pages.
bool BlockMemory::TakeMade(size_t bytes, uint8_t** at) {
  if (pages_ == nullptr || bytes > kChunkBytesMin) return false;
  *at = pages_->Take(bytes);
  if (*at == nullptr) return false;
  chunks_.push_back({*at, bytes});
  mapped_ += bytes;
  return true;
}

void* BlockMemory::Take(size_t bytes) {
  bytes = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  if (bytes > kSharedBytesMax) {
    uint8_t* made = nullptr;
    return bytes % kChunkBytesMin == 0 && TakeMade(bytes, &made) ? made : Map(bytes);
  }
  if (bytes > left_ && TakeMade(kChunkBytesMin, &next_)) left_ = kChunkBytesMin;
  if (bytes > left_) {
    // As much again as there is, so that little that is small stays so.
    const size_t most = pages_ != nullptr ? kChunkBytesMin : kChunkBytesMax;
    left_ = std::max(bytes, std::clamp(mapped_, kChunkBytesMin, most));
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

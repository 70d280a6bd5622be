// Strings that stay where they are, each behind its u32 length, in blocks that are freed together.
//
// Threads: Add belongs to one writer; TextAt is for whoever got the address from something
// published after Add.
#ifndef HYPERGRAPH_GRAPH_TEXT_ARENA_H_
#define HYPERGRAPH_GRAPH_TEXT_ARENA_H_

#include <atomic>
#include <bit>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"

namespace hypergraph {

class TextArena {
 public:
  // Never 0.
  uint64_t Add(std::string_view text) {
    const size_t needed = sizeof(uint32_t) + text.size();
    if (needed > left_) MakeBlock(needed);
    uint8_t* at = next_;
    const auto length = static_cast<uint32_t>(text.size());
    std::memcpy(at, &length, sizeof length);
    if (length != 0) std::memcpy(at + sizeof length, text.data(), length);
    next_ += needed;
    left_ -= needed;
    return std::bit_cast<uintptr_t>(at);
  }
  // Of 0: empty.
  static std::string_view TextAt(uint64_t address) {
    if (address == 0) return {};
    const auto* at = std::bit_cast<const uint8_t*>(static_cast<uintptr_t>(address));
    return {reinterpret_cast<const char*>(at + sizeof(uint32_t)), LoadUnaligned<uint32_t>(at)};
  }
  uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  static constexpr size_t kBlockBytes = 64 << 10;
  void MakeBlock(size_t needed) {
    const size_t block_bytes = needed > kBlockBytes ? needed : kBlockBytes;
    blocks_.push_back(std::make_unique_for_overwrite<uint8_t[]>(block_bytes));
    next_ = blocks_.back().get();
    left_ = block_bytes;
    bytes_.fetch_add(block_bytes, std::memory_order_relaxed);
  }
  uint8_t* next_ = nullptr;
  size_t left_ = 0;
  std::vector<std::unique_ptr<uint8_t[]>> blocks_;
  std::atomic<uint64_t> bytes_{0};
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_GRAPH_TEXT_ARENA_H_

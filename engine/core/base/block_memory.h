// Zeroed memory for what grows by blocks and goes all at once. Small blocks share chunks that the
// system makes at one stroke: page by page, a fault each, took as long as filling them. No large
// pages: a virtual machine that gives free memory back to its host gives just these, and to get one
// again took 5 ms, where the same in small ones takes 1.
//
// Threads: one writer. What Take gave may be read by others once it is published.
#ifndef HYPERGRAPH_BASE_BLOCK_MEMORY_H_
#define HYPERGRAPH_BASE_BLOCK_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/page_reserve.h"

namespace hypergraph {

class BlockMemory {
 public:
  BlockMemory() = default;
  ~BlockMemory();
  BlockMemory(const BlockMemory&) = delete;
  BlockMemory& operator=(const BlockMemory&) = delete;

  // All zero, at a multiple of 64, as long as this object lives. Ends the process where there is
  // none, as operator new does.
  void* Take(size_t bytes);
  // From here on memory comes of these pages as long as there are any. Null: no longer.
  void UsePages(PageReserve* pages) { pages_ = pages; }

 private:
  struct Chunk {
    void* at;
    size_t bytes;
  };
  uint8_t* Map(size_t bytes);
  bool TakeMade(size_t bytes, uint8_t** at);

  uint8_t* next_ = nullptr;
  size_t left_ = 0;
  size_t mapped_ = 0;
  std::vector<Chunk> chunks_;
  PageReserve* pages_ = nullptr;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_BASE_BLOCK_MEMORY_H_

// Zeroed memory for what grows by blocks and goes all at once. Small blocks share chunks that the
// system makes at one stroke: page by page, a fault each, took as long as filling them.
//
// Threads: one writer. What Take gave may be read by others once it is published.
#ifndef HYPERGRAPH_BASE_BLOCK_MEMORY_H_
#define HYPERGRAPH_BASE_BLOCK_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <vector>

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
  // While much is taken at one go: chunks of the system's large pages, once it shows that it is
  // much. To get and to clear the same memory page by page takes four times as long.
  void PreferLargePages(bool prefer) { prefers_large_pages_ = prefer; }

 private:
  struct Chunk {
    void* at;
    size_t bytes;
  };
  uint8_t* Map(size_t bytes);
  uint8_t* MapLargePage();

  uint8_t* next_ = nullptr;
  size_t left_ = 0;
  size_t mapped_ = 0;
  bool prefers_large_pages_ = false;
  std::vector<Chunk> chunks_;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_BASE_BLOCK_MEMORY_H_

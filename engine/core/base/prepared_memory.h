// Zeroed memory that one thread gives out while another makes its pages: to fill fresh memory takes
// twice as long as to fill what is there.
//
// Threads: Take from one thread at a time, MakeMore from one other.
#ifndef HYPERGRAPH_BASE_PREPARED_MEMORY_H_
#define HYPERGRAPH_BASE_PREPARED_MEMORY_H_

#include <cstddef>
#include <cstdint>

namespace hypergraph {

class PreparedMemory {
 public:
  explicit PreparedMemory(size_t bytes);
  ~PreparedMemory();
  PreparedMemory(const PreparedMemory&) = delete;
  PreparedMemory& operator=(const PreparedMemory&) = delete;

  // At a multiple of 64, as long as this object lives; null when less is left.
  uint8_t* Take(size_t bytes);
  // Makes the next few pages, whether taken or not; false when there are no more to be made here.
  bool MakeMore();

 private:
  uint8_t* begin_ = nullptr;
  size_t bytes_ = 0;
  size_t taken_ = 0;
  size_t made_ = 0;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_BASE_PREPARED_MEMORY_H_

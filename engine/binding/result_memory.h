// The memory of large results, which is used again: new memory comes from the system page by page,
// and in a virtual machine a page takes ten times what it takes to fill it.
//
// Threads: any.
#ifndef HYPERGRAPH_BINDING_RESULT_MEMORY_H_
#define HYPERGRAPH_BINDING_RESULT_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace hypergraph::binding {

class ResultMemory {
 public:
  // Empty, with the room of a result before where some is kept.
  std::vector<uint8_t> Take();
  void Give(std::vector<uint8_t>&& bytes);

  // Whether JavaScript may be lent so many bytes more. What it dropped comes back with a turn of
  // its event loop, which a program that asks in a loop of its own never takes: that one is told
  // no after some, or it would run out of memory.
  bool Lend(size_t bytes);
  void Return(size_t bytes, std::vector<uint8_t>&& memory);

 private:
  std::mutex mutex_;
  // Guarded by mutex_:
  std::vector<std::vector<uint8_t>> kept_;
  size_t kept_bytes_ = 0;  // Of room.
  size_t lent_bytes_ = 0;
};

}  // namespace hypergraph::binding

#endif  // HYPERGRAPH_BINDING_RESULT_MEMORY_H_

// What a thread needs while it searches or links, kept from one time to the next.
#ifndef HYPERMESH_HNSW_SCRATCH_H_
#define HYPERMESH_HNSW_SCRATCH_H_

#include <cstdint>
#include <cstring>
#include <vector>

#include "neighbor_pool.h"
#include "space.h"

namespace hypermesh::hnsw {

// Which slots one traversal has seen. A byte a slot, so that a hundred thousand stay in the L2
// cache.
class Visited {
 public:
  // Forgets all; slots below `count` may be asked for.
  void Begin(size_t count) {
    if (marks_.size() < count) marks_.resize(count);
    if (++mark_ != 0) return;
    std::memset(marks_.data(), 0, marks_.size());
    mark_ = 1;
  }
  // Whether it is the first time.
  bool Visit(uint32_t slot) {
    if (marks_[slot] == mark_) return false;
    marks_[slot] = mark_;
    return true;
  }

 private:
  std::vector<uint8_t> marks_;
  uint8_t mark_ = 0;
};

struct Scratch {
  Visited visited;
  NeighborPool pool;
  NeighborPool results;
  std::vector<Candidate> heap;
  std::vector<uint32_t> batch;
  std::vector<uint32_t> links;
  std::vector<Candidate> candidates;
  std::vector<Candidate> kept;
  AlignedArray<float> vector, other;
  size_t vector_room = 0;

  void MakeVectors(size_t padded) {
    if (vector_room >= padded) return;
    vector = MakeAligned<float>(padded);
    other = MakeAligned<float>(padded);
    vector_room = padded;
  }

  static Scratch& OfThread() {
    thread_local Scratch scratch;
    return scratch;
  }
};

}  // namespace hypermesh::hnsw

#endif  // HYPERMESH_HNSW_SCRATCH_H_

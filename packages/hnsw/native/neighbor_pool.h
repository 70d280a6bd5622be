// The nearest candidates of one traversal, in order, and which of them were expanded: one short
// sorted array does for the two heaps of the textbook.
#ifndef HYPERMESH_HNSW_NEIGHBOR_POOL_H_
#define HYPERMESH_HNSW_NEIGHBOR_POOL_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

namespace hypermesh::hnsw {

// Slots stay below this, so that a mark fits beside them.
inline constexpr uint32_t kSlotsMax = 0x7fffffff;

struct Candidate {
  float distance;
  uint32_t slot;
};

class NeighborPool {
 public:
  void Reset(size_t capacity) {
    if (items_.size() < capacity + 1) items_.resize(capacity + 1);
    capacity_ = capacity;
    count_ = next_ = 0;
  }

  size_t count() const { return count_; }
  bool is_full() const { return count_ == capacity_; }
  float distance(size_t at) const { return items_[at].distance; }
  uint32_t slot(size_t at) const { return items_[at].slot & kSlotsMax; }
  // What a candidate has to beat.
  float worst() const {
    return is_full() ? items_[count_ - 1].distance : std::numeric_limits<float>::infinity();
  }

  void Insert(float distance, uint32_t slot) {
    size_t at = PlaceOf(distance);
    if (at == capacity_) return;
    const size_t moved = (is_full() ? count_ - 1 : count_) - at;
    std::memmove(&items_[at + 1], &items_[at], moved * sizeof(Candidate));
    items_[at] = {distance, slot};
    if (!is_full()) ++count_;
    if (at < next_) next_ = at;
  }

  bool HasNext() const { return next_ < count_; }
  // The nearest that was not expanded; it is from now on. Requires: HasNext().
  uint32_t Next() {
    const uint32_t slot = items_[next_].slot;
    items_[next_].slot |= kExpanded;
    do ++next_;
    while (next_ < count_ && (items_[next_].slot & kExpanded) != 0);
    return slot;
  }
  // Its slot, to look ahead; kSlotsMax when there is none.
  uint32_t Peek() const { return HasNext() ? items_[next_].slot : kSlotsMax; }

 private:
  static constexpr uint32_t kExpanded = ~kSlotsMax;

  // Behind all that are not farther, without a branch to mispredict.
  size_t PlaceOf(float distance) const {
    const Candidate* from = items_.data();
    for (size_t left = count_; left > 0;) {
      const size_t half = left / 2;
      const bool is_behind = from[half].distance <= distance;
      from += is_behind ? half + 1 : 0;
      left = is_behind ? left - half - 1 : half;
    }
    return static_cast<size_t>(from - items_.data());
  }

  std::vector<Candidate> items_;
  size_t capacity_ = 0;
  size_t count_ = 0;
  size_t next_ = 0;
};

}  // namespace hypermesh::hnsw

#endif  // HYPERMESH_HNSW_NEIGHBOR_POOL_H_

#include "core/index/deletions.h"

#include <algorithm>
#include <mutex>

namespace hypergraph {

Deletions::Deletions(uint32_t row_count) : row_count_(row_count) {}

void Deletions::Add(uint32_t row, Seq superseded_by) {
  if (row >= row_count_) return;
  if (bits_owner_ == nullptr) {
    bits_owner_ = std::make_unique<std::atomic<uint64_t>[]>(row_count_ / 64 + 1);
    bits_.store(bits_owner_.get(), std::memory_order_release);
  }
  bool fresh = false;
  {
    // The map first: who sees the bit finds the entry.
    const std::unique_lock lock(mutex_);
    fresh = map_.emplace(row, superseded_by).second;
  }
  if (!fresh) return;
  bits_owner_[row / 64].fetch_or(uint64_t{1} << (row % 64), std::memory_order_release);
  // The count last: who sees it non-zero sees the bits.
  count_.fetch_add(1, std::memory_order_release);
}

Seq Deletions::SupersededBy(uint32_t row) const {
  const std::atomic<uint64_t>* bits = bits_.load(std::memory_order_acquire);
  if (bits == nullptr || row >= row_count_ ||
      (bits[row / 64].load(std::memory_order_acquire) >> (row % 64) & 1) == 0) {
    return kSeqNone;
  }
  const std::shared_lock lock(mutex_);
  const auto found = map_.find(row);
  return found == map_.end() ? kSeqNone : found->second;
}

std::vector<std::pair<uint32_t, Seq>> Deletions::Sorted() const {
  std::vector<std::pair<uint32_t, Seq>> sorted;
  {
    const std::shared_lock lock(mutex_);
    sorted.assign(map_.begin(), map_.end());
  }
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

}  // namespace hypergraph

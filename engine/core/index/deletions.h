// Which rows of one segment have been replaced, and by which record. Grows while the segment lives.
//
// Threads: one writer; any readers. A reader that asks at `seq` gets every replacement that was
// added before that `seq` was published.
#ifndef HYPERGRAPH_INDEX_DELETIONS_H_
#define HYPERGRAPH_INDEX_DELETIONS_H_

#include <atomic>
#include <memory>
#include <shared_mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/base/types.h"

namespace hypergraph {

class Deletions {
 public:
  explicit Deletions(uint32_t row_count);

  uint32_t row_count() const { return row_count_; }
  void Add(uint32_t row, Seq superseded_by);
  bool empty() const { return count_.load(std::memory_order_acquire) == 0; }
  uint32_t count() const { return count_.load(std::memory_order_acquire); }
  // 0, or the seq that replaced the row.
  Seq SupersededBy(uint32_t row) const;
  // All (row, seq), by row: what a deletion file stores.
  std::vector<std::pair<uint32_t, Seq>> Sorted() const;

 private:
  const uint32_t row_count_;
  std::atomic<uint32_t> count_{0};
  // One bit a row, made at the first Add; a set bit sends the reader to the map.
  std::atomic<std::atomic<uint64_t>*> bits_{nullptr};
  std::unique_ptr<std::atomic<uint64_t>[]> bits_owner_;
  mutable std::shared_mutex mutex_;
  std::unordered_map<uint32_t, Seq> map_;  // Guarded by mutex_.
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_INDEX_DELETIONS_H_

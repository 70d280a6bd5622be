// Lists of links as they were when an image of the graph was begun, of those that were linked anew
// before the image came to them: so it shows one instant, while the graph goes on.
//
// Threads: Keep from any that link, under the index's exclusive lock; the others under its shared
// lock, from one thread at a time.
#ifndef HYPERMESH_HNSW_KEPT_LINKS_H_
#define HYPERMESH_HNSW_KEPT_LINKS_H_

#include <cstdint>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

namespace hypermesh::hnsw {

class KeptLinks {
 public:
  // Of the slots below `count`.
  explicit KeptLinks(uint32_t count) : count_(count) {}

  // Before a list changes: what it has.
  void Keep(uint32_t slot, int level, std::span<const uint32_t> links) {
    if (slot < passed_ || slot >= count_) return;
    const std::lock_guard lock(mutex_);
    // The first change of a list counts.
    kept_.try_emplace(KeyOf(slot, level), links.begin(), links.end());
  }

  // What a list had, where it changed since; forgets it. Else false.
  bool Take(uint32_t slot, int level, std::vector<uint32_t>* links) {
    if (kept_.empty()) return false;
    const auto found = kept_.find(KeyOf(slot, level));
    if (found == kept_.end()) return false;
    *links = std::move(found->second);
    kept_.erase(found);
    return true;
  }

  // Lists of slots below are of no use any more.
  void Pass(uint32_t slot) { passed_ = slot; }

 private:
  static uint64_t KeyOf(uint32_t slot, int level) {
    return uint64_t{slot} << 8 | static_cast<uint64_t>(level);
  }

  const uint32_t count_;
  uint32_t passed_ = 0;
  std::mutex mutex_;
  std::unordered_map<uint64_t, std::vector<uint32_t>> kept_;
};

}  // namespace hypermesh::hnsw

#endif  // HYPERMESH_HNSW_KEPT_LINKS_H_

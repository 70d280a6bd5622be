// The layered graph, in the memory layout of hnswlib's HierarchicalNSW: its fields and accessors
// say where a slot's vector and links are. Growing, linking and searching are ours, because
// hnswlib's keep a mutex and a hash entry for each vector and cannot be filtered or validated.
//
// Threads: any number may read, or link new slots, at once; not both. Reserve, set_count and moving
// are for one thread alone. Index keeps to that. Slots are dense: 0 … count() − 1.
#ifndef HYPERMESH_HNSW_GRAPH_H_
#define HYPERMESH_HNSW_GRAPH_H_

#include <hnswlib/hnswlib.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "bits.h"
#include "kept_links.h"
#include "region.h"
#include "scratch.h"
#include "space.h"

namespace hypermesh::hnsw {

inline constexpr int kLevelMax = 31;
inline constexpr uint32_t kNoSlot = 0xffffffff;

struct GraphOptions {
  uint32_t m = 16;
  uint32_t ef_construction = 200;
  uint64_t seed = 1;
};

class Graph {
 public:
  // `space` outlives the graph.
  Graph(Space* space, const GraphOptions& options);
  ~Graph();
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  const Space& space() const { return space_; }
  const GraphOptions& options() const { return options_; }
  uint32_t count() const { return count_; }
  void set_count(uint32_t count) { count_ = count; }
  uint32_t entry() const { return memory_.enterpoint_node_; }
  int top_level() const { return memory_.maxlevel_; }
  size_t links_max(int level) const { return level == 0 ? memory_.maxM0_ : memory_.maxM_; }
  size_t bytes() const;

  const char* Data(uint32_t slot) const { return memory_.getDataByInternalId(slot); }
  char* Data(uint32_t slot) { return memory_.getDataByInternalId(slot); }
  int level(uint32_t slot) const { return memory_.element_levels_[slot]; }
  // Requires: level <= level(slot).
  std::span<const uint32_t> Links(uint32_t slot, int level) const {
    const hnswlib::linklistsizeint* list = memory_.get_linklist_at_level(slot, level);
    return {list + 1, memory_.getListCount(const_cast<hnswlib::linklistsizeint*>(list))};
  }
  void SetLinks(uint32_t slot, int level, std::span<const uint32_t> links);
  void set_entry(uint32_t slot) {
    memory_.enterpoint_node_ = slot;
    memory_.maxlevel_ = level(slot);
  }

  // Room for slots below `slots`. Throws `capacity` or `memory`.
  void Reserve(size_t slots);
  // Gives a slot below the reserved ones its level and empty lists. Its data is for the caller to
  // fill.
  void Place(uint32_t slot, int level);
  int DrawLevel(uint32_t slot) const;

  // Links a placed slot with its vector. `kConcurrent`: others may do so at the same time.
  // `alive`, a bit a slot, says which slots deserve new links; null for all.
  template <bool kConcurrent>
  void Link(uint32_t slot, const uint64_t* alive, Scratch* scratch);

  // From the entry down to above `level`, always to the nearest neighbor. Requires: count() > 0.
  template <bool kConcurrent>
  Candidate Descend(const void* query, bool exact, int level, Candidate from) const;
  // Fills scratch->pool, of `ef`, with the nearest on one level. Returns how many distances it
  // took.
  template <bool kConcurrent>
  size_t Traverse(const void* query, bool exact, int level, size_t ef, Candidate from,
                  Scratch* scratch) const;

  // Tells of each list that changes, until it is not to any more. Requires the index's shared lock,
  // so that nothing is being linked.
  void Watch(KeptLinks* kept);
  void Unwatch(KeptLinks* kept);

  float DistanceTo(const void* query, bool exact, uint32_t slot) const {
    return exact ? space_.Exact(static_cast<const float*>(query), Data(slot))
                 : space_.Fast(query, Data(slot));
  }
  void PrefetchData(uint32_t slot) const;
  // Of the lowest level.
  void PrefetchLinks(uint32_t slot) const {
    const hnswlib::linklistsizeint* list = memory_.get_linklist0(slot);
    __builtin_prefetch(list);
    __builtin_prefetch(list + 16);
    __builtin_prefetch(list + 32);
  }

 private:
  friend class GraphLocks;

  template <bool kConcurrent>
  std::span<const uint32_t> ReadLinks(uint32_t slot, int level, std::vector<uint32_t>* copy) const;
  // The exact vector of a slot as floats: in place where it is stored so, else in `room`.
  const float* ExactOf(uint32_t slot, float* room) const;
  // Of candidates in order: those that no kept one is nearer to than the owner is.
  void SelectDiverse(std::span<const Candidate> candidates, size_t max, Scratch* scratch) const;
  template <bool kConcurrent>
  void LinkBack(uint32_t slot, uint32_t neighbor, float distance, int level, Scratch* scratch);

  Space& space_;
  const GraphOptions options_;
  hnswlib::HierarchicalNSW<float> memory_;
  Region region_;
  std::vector<char*> upper_lists_;
  std::mutex entry_mutex_;
  std::mutex watching_mutex_;
  std::vector<KeptLinks*> watching_;
  std::atomic<size_t> upper_bytes_ = 0;
  uint32_t count_ = 0;
  size_t prefetch_lines_;
};

}  // namespace hypermesh::hnsw

#endif  // HYPERMESH_HNSW_GRAPH_H_

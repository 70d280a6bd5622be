// Traversing one level, and linking a new slot with what a traversal found.
#include <algorithm>
#include <atomic>
#include <limits>
#include <thread>

#include "graph.h"

namespace hypermesh::hnsw {

// Locks for the lists of links while several threads link: many slots share one, all indexes share
// all, since each is held for some nanoseconds.
class GraphLocks {
 public:
  class Guard {
   public:
    explicit Guard(uint32_t slot) : lock_(locks_[slot % kLocks].held) {
      while (lock_.exchange(true, std::memory_order_acquire))
        for (int turn = 0; lock_.load(std::memory_order_relaxed); ++turn) Pause(turn);
    }
    ~Guard() { lock_.store(false, std::memory_order_release); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    // Its holder may be waiting for this very core.
    static void Pause(int turn) {
      if (turn > 100) std::this_thread::yield();
#if defined(__x86_64__)
      __builtin_ia32_pause();
#endif
    }
    std::atomic<bool>& lock_;
  };

 private:
  static constexpr size_t kLocks = 4096;
  struct alignas(64) Lock {
    std::atomic<bool> held;
  };
  static inline Lock locks_[kLocks];
};

template <bool kConcurrent>
std::span<const uint32_t> Graph::ReadLinks(uint32_t slot, int level,
                                           std::vector<uint32_t>* copy) const {
  if constexpr (!kConcurrent) return Links(slot, level);
  copy->resize(links_max(0));
  const GraphLocks::Guard guard(slot);
  const std::span<const uint32_t> links = Links(slot, level);
  std::copy(links.begin(), links.end(), copy->begin());
  return {copy->data(), links.size()};
}

template <bool kConcurrent>
Candidate Graph::Descend(const void* query, bool exact, int level, Candidate from) const {
  std::vector<uint32_t>& copy = Scratch::OfThread().links;
  for (int at = this->level(from.slot); at > level; --at) {
    for (bool is_nearer = true; is_nearer;) {
      is_nearer = false;
      for (const uint32_t slot : ReadLinks<kConcurrent>(from.slot, at, &copy)) {
        const float distance = DistanceTo(query, exact, slot);
        if (!(distance < from.distance)) continue;
        from = {distance, slot};
        is_nearer = true;
      }
    }
  }
  return from;
}

template <bool kConcurrent>
size_t Graph::Traverse(const void* query, bool exact, int level, size_t ef, Candidate from,
                       Scratch* scratch) const {
  NeighborPool& pool = scratch->pool;
  std::vector<uint32_t>& batch = scratch->batch;
  batch.resize(links_max(0) + 1);
  pool.Reset(ef);
  scratch->visited.Begin(memory_.max_elements_);
  scratch->visited.Visit(from.slot);
  pool.Insert(from.distance, from.slot);
  size_t distances = 1;
  while (pool.HasNext()) {
    const uint32_t slot = pool.Next();
    size_t fresh = 0;
    for (const uint32_t link : ReadLinks<kConcurrent>(slot, level, &scratch->links)) {
      batch[fresh] = link;
      fresh += scratch->visited.Visit(link) ? 1 : 0;
    }
    if (level == 0) {
      const uint32_t next = pool.Peek();
      if (next != kSlotsMax) __builtin_prefetch(memory_.get_linklist0(next));
    }
    constexpr size_t kAhead = 3;
    for (size_t at = 0; at < std::min(kAhead, fresh); ++at) PrefetchData(batch[at]);
    for (size_t at = 0; at < fresh; ++at) {
      if (at + kAhead < fresh) PrefetchData(batch[at + kAhead]);
      const float distance = DistanceTo(query, exact, batch[at]);
      if (distance < pool.worst()) pool.Insert(distance, batch[at]);
    }
    distances += fresh;
  }
  return distances;
}

void Graph::SelectDiverse(std::span<const Candidate> candidates, size_t max,
                          Scratch* scratch) const {
  std::vector<Candidate>& kept = scratch->kept;
  kept.clear();
  if (candidates.size() < max) {
    kept.assign(candidates.begin(), candidates.end());
    return;
  }
  // Copies of one vector would fill a list and cut their island off: they get half of it.
  size_t copies_left = max / 2;
  for (const Candidate& candidate : candidates) {
    if (kept.size() == max) return;
    const float* vector = ExactOf(candidate.slot, scratch->other.get());
    bool is_copy = false;
    bool is_diverse = true;
    for (const Candidate& other : kept) {
      const float distance = space_.Exact(vector, Data(other.slot));
      if (distance < candidate.distance) {
        is_diverse = false;
        break;
      }
      is_copy |= distance == candidate.distance && other.distance == candidate.distance;
    }
    if (!is_diverse || (is_copy && copies_left == 0)) continue;
    if (is_copy) --copies_left;
    kept.push_back(candidate);
  }
}

template <bool kConcurrent>
void Graph::LinkBack(uint32_t slot, uint32_t neighbor, float distance, int level,
                     Scratch* scratch) {
  std::vector<uint32_t>& links = scratch->links;
  const size_t max = links_max(level);
  const auto relink = [&] {
    const std::span<const uint32_t> present = Links(neighbor, level);
    for (KeptLinks* kept : watching_) kept->Keep(neighbor, level, present);
    links.assign(present.begin(), present.end());
    if (links.size() < max) {
      links.push_back(slot);
    } else {
      std::vector<Candidate>& candidates = scratch->candidates;
      const float* owner = ExactOf(neighbor, scratch->vector.get());
      candidates.clear();
      candidates.push_back({distance, slot});
      for (const uint32_t link : links)
        candidates.push_back({space_.Exact(owner, Data(link)), link});
      std::sort(candidates.begin(), candidates.end(),
                [](const Candidate& a, const Candidate& b) { return a.distance < b.distance; });
      SelectDiverse(candidates, max, scratch);
      links.clear();
      for (const Candidate& kept : scratch->kept) links.push_back(kept.slot);
    }
    SetLinks(neighbor, level, links);
  };
  if constexpr (kConcurrent) {
    const GraphLocks::Guard guard(neighbor);
    relink();
  } else {
    relink();
  }
}

template <bool kConcurrent>
void Graph::Link(uint32_t slot, const uint64_t* alive, Scratch* scratch) {
  scratch->MakeVectors(space_.padded());
  std::unique_lock<std::mutex> entry_lock(entry_mutex_, std::defer_lock);
  if constexpr (kConcurrent) entry_lock.lock();
  const uint32_t entry = memory_.enterpoint_node_;
  const int top = memory_.maxlevel_;
  const int level = this->level(slot);
  if (entry == kNoSlot) {
    set_entry(slot);
    return;
  }
  // A new top: nobody else may find the graph without it.
  if constexpr (kConcurrent) {
    if (level <= top) entry_lock.unlock();
  }
  const AlignedArray<float> own =
      space_.storage() == Storage::kF32 ? nullptr : MakeAligned<float>(space_.padded());
  const float* query = ExactOf(slot, own.get());
  Candidate from = {space_.Exact(query, Data(entry)), entry};
  from = Descend<kConcurrent>(query, true, level, from);

  // The own lists of all levels are whole before any other slot leads here.
  std::vector<std::vector<Candidate>> neighbors(static_cast<size_t>(std::min(level, top)) + 1);
  for (int at = std::min(level, top); at >= 0; --at) {
    Traverse<kConcurrent>(query, true, at, memory_.ef_construction_, from, scratch);
    const NeighborPool& pool = scratch->pool;
    std::vector<Candidate>& candidates = scratch->candidates;
    candidates.clear();
    for (size_t i = 0; i < pool.count(); ++i) {
      const uint32_t found = pool.slot(i);
      if (alive == nullptr || HasBit(alive, found)) candidates.push_back({pool.distance(i), found});
    }
    if (candidates.size() < memory_.M_) {
      candidates.clear();
      for (size_t i = 0; i < pool.count(); ++i)
        candidates.push_back({pool.distance(i), pool.slot(i)});
    }
    from = {pool.distance(0), pool.slot(0)};
    SelectDiverse(candidates, memory_.M_, scratch);
    neighbors[static_cast<size_t>(at)] = scratch->kept;
    scratch->links.clear();
    for (const Candidate& kept : scratch->kept) scratch->links.push_back(kept.slot);
    SetLinks(slot, at, scratch->links);
  }
  for (int at = 0; at <= std::min(level, top); ++at)
    for (const Candidate& neighbor : neighbors[static_cast<size_t>(at)])
      LinkBack<kConcurrent>(slot, neighbor.slot, neighbor.distance, at, scratch);
  if (level > top) set_entry(slot);
}

template void Graph::Link<false>(uint32_t, const uint64_t*, Scratch*);
template void Graph::Link<true>(uint32_t, const uint64_t*, Scratch*);
template Candidate Graph::Descend<false>(const void*, bool, int, Candidate) const;
template size_t Graph::Traverse<false>(const void*, bool, int, size_t, Candidate, Scratch*) const;

}  // namespace hypermesh::hnsw

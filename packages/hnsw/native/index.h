// One index: the graph, its lock, which slots are alive, and the order of its writers.
//
// Threads: everything from any. Add, Compact and the like take long and belong on a pool; they go
// in slices, between which readers get in. TrySearch never waits; Remove, Vectors and the figures
// wait for the slice that runs, about as long as one vector takes.
#ifndef HYPERMESH_HNSW_INDEX_H_
#define HYPERMESH_HNSW_INDEX_H_

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "graph.h"
#include "rw_lock.h"
#include "search.h"
#include "space.h"

namespace hypermesh::hnsw {

struct IndexOptions {
  Metric metric = Metric::kL2;
  Storage storage = Storage::kF32;
  uint32_t dimension = 0;
  GraphOptions graph;
};

// Why a job should end before it is done. Both may be set by any thread; null is never set.
struct Stop {
  std::shared_ptr<const std::atomic<bool>> closed, aborted;

  bool IsSet() const { return (closed && *closed) || (aborted && *aborted); }
  // Throws `aborted` or `closed`.
  void Check() const;
};

struct Figures {
  uint32_t slots;
  uint32_t dead;
  size_t bytes;
};

// The answers of a batch, k a query; kNoSlot and infinity where there were fewer.
struct Answers {
  std::span<uint32_t> slots;
  std::span<float> distances;
  std::span<uint32_t> counts;
  Strategy strategy = Strategy::kPlain;  // The dearest that a query took.
};

class Index : public std::enable_shared_from_this<Index> {
 public:
  explicit Index(const IndexOptions& options);

  const IndexOptions& options() const { return options_; }
  const Space& space() const { return space_; }

  // Runs jobs that write one after the other, on the building pool.
  void EnqueueWriter(std::function<void()> job);

  // The first of the new slots. All of `vectors` or, when it throws, none that can be found.
  // Only as a writer.
  uint32_t Add(std::span<const float> vectors, size_t threads, const Stop& stop);
  // The alive ones in an index of their own, and from which slot each came. What is added or
  // removed meanwhile may be missing there, or be there still.
  std::shared_ptr<Index> Compact(size_t threads, const Stop& stop, std::vector<uint32_t>* slots);
  // How many of them were alive.
  size_t Remove(std::span<const uint32_t> slots);
  // The stored vectors, one after the other. Throws where a slot is none.
  void Vectors(std::span<const uint32_t> slots, float* vectors);
  Figures GetFigures();

  // `filter`: 64-bit words; empty without a filter, short ones end with zeros.
  void SearchAll(std::span<const float> queries, SearchLimits limits, bool has_filter,
                 std::span<const uint64_t> filter, size_t threads, const Stop& stop,
                 Answers* answers);
  // One query here and now; false when a writer is at work, or when it would take long.
  bool TrySearch(std::span<const float> query, SearchLimits limits, bool has_filter,
                 std::span<const uint64_t> filter, Answers* answers);

  // For save, load and compact, which are written beside it.
  Graph& graph() { return graph_; }
  RwLock& lock() { return lock_; }
  // Requires the lock. Makes slots below `slots` usable, dead at first.
  void Reserve(size_t slots);
  bool IsAlive(uint32_t slot) const { return HasBit(alive_.data(), slot); }
  void MarkAlive(uint32_t slot) {
    SetBit(alive_.data(), slot);
    alive_count_.fetch_add(1, std::memory_order_relaxed);
  }
  uint32_t alive_count() const { return alive_count_.load(std::memory_order_relaxed); }

 private:
  // What a filter leaves, into `words`. Requires the lock.
  Allowed Allow(bool has_filter, std::span<const uint64_t> filter, std::vector<uint64_t>* words);
  // False when it would take more than the limits allow.
  bool SearchAt(const float* query, size_t position, SearchLimits limits, const Allowed& allowed,
                Answers* answers);
  uint32_t AddStored(const char* staged, size_t count, size_t threads, const Stop& stop);
  void AddSlice(const char* staged, uint32_t first, size_t count, size_t threads, const Stop& stop,
                size_t* done);
  // Those of a row of slots; takes no memory. Requires the lock.
  void RemoveFrom(uint32_t first, size_t count);
  void RunWriters();

  const IndexOptions options_;
  Space space_;
  Graph graph_;
  RwLock lock_;
  std::vector<uint64_t> alive_;  // Grows under the exclusive lock.
  std::atomic<uint32_t> alive_count_ = 0;

  std::mutex writers_mutex_;
  std::deque<std::function<void()>> writers_;
  bool writing_ = false;
};

}  // namespace hypermesh::hnsw

#endif  // HYPERMESH_HNSW_INDEX_H_

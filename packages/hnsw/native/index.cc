#include "index.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <string>

#include "failure.h"
#include "thread_pool.h"

namespace hypermesh::hnsw {
namespace {

// Vectors of one slice at most; it ends early for a reader that waits. Several threads meet at its
// end.
constexpr size_t kSliceMax = 16 * 1024;
// Vectors that a compaction copies out at a time, under the lock.
constexpr size_t kCopiedMax = 1024;

// Numbers that a search on a JavaScript thread may compare in a scan: a few milliseconds.
constexpr size_t kNumbersNowMax = size_t{8} << 20;

}  // namespace

void Stop::Check() const {
  if (closed && *closed) Fail("closed", "the index was closed");
  if (aborted && *aborted) Fail("aborted", "aborted by its signal");
}

Index::Index(const IndexOptions& options)
    : options_(options),
      space_(options.metric, options.storage, options.dimension),
      graph_(&space_, options.graph) {}

void Index::EnqueueWriter(std::function<void()> job) {
  const std::lock_guard lock(writers_mutex_);
  writers_.push_back(std::move(job));
  if (writing_) return;
  try {
    ThreadPool::Building().Post([self = shared_from_this()] { self->RunWriters(); });
  } catch (...) {
    writers_.pop_back();
    throw;
  }
  writing_ = true;
}

void Index::RunWriters() {
  std::function<void()> job;
  {
    const std::lock_guard lock(writers_mutex_);
    job = std::move(writers_.front());
    writers_.pop_front();
  }
  job();
  {
    const std::lock_guard lock(writers_mutex_);
    writing_ = !writers_.empty();
    if (!writing_) return;
  }
  // Behind what others have asked for meanwhile.
  ThreadPool::Building().Post([self = shared_from_this()] { self->RunWriters(); });
}

void Index::Reserve(size_t slots) {
  graph_.Reserve(slots);
  if (alive_.size() < WordsOf(slots)) alive_.resize(WordsOf(slots) * 2, 0);
}

uint32_t Index::Add(std::span<const float> vectors, size_t threads, const Stop& stop) {
  const size_t dimension = space_.dimension();
  const size_t count = vectors.size() / dimension;
  const size_t bytes = space_.data_bytes();
  // All are checked before the first is added, from the copy that is then stored.
  const AlignedArray<char> staged = MakeAligned<char>(count * bytes);
  for (size_t at = 0; at < count; ++at) {
    if (at % kCopiedMax == 0) stop.Check();
    space_.Encode(vectors.data() + at * dimension, at, staged.get() + at * bytes);
  }
  return AddStored(staged.get(), count, threads, stop);
}

uint32_t Index::AddStored(const char* staged, size_t count, size_t threads, const Stop& stop) {
  uint32_t first = 0;
  {
    const ExclusiveLock lock(lock_);
    first = graph_.count();
    Reserve(size_t{first} + count);
  }
  for (size_t done = 0; done < count;) {
    const size_t wanted = std::min(kSliceMax, count - done);
    size_t linked = 0;
    try {
      stop.Check();
      AddSlice(staged + done * space_.data_bytes(), first + static_cast<uint32_t>(done), wanted,
               threads, stop, &linked);
    } catch (...) {
      const SharedLock lock(lock_);
      RemoveFrom(first, done + linked);
      throw;
    }
    done += linked;
  }
  return first;
}

void Index::AddSlice(const char* staged, uint32_t first, size_t count, size_t threads,
                     const Stop& stop, size_t* done) {
  const ExclusiveLock lock(lock_);
  const bool has_dead = alive_count() != graph_.count();
  std::atomic<size_t> next = 0;
  std::atomic<bool> ends = false;
  const auto link = [&] {
    Scratch& scratch = Scratch::OfThread();
    while (!ends.load(std::memory_order_relaxed)) {
      const size_t at = next.fetch_add(1, std::memory_order_relaxed);
      if (at >= count) return;
      const uint32_t slot = first + static_cast<uint32_t>(at);
      graph_.Place(slot, graph_.DrawLevel(slot));
      std::memcpy(graph_.Data(slot), staged + at * space_.data_bytes(), space_.data_bytes());
      MarkAlive(slot);
      const uint64_t* alive = has_dead ? alive_.data() : nullptr;
      if (threads > 1) {
        graph_.Link<true>(slot, alive, &scratch);
      } else {
        graph_.Link<false>(slot, alive, &scratch);
      }
      if (lock_.HasWaitingReaders() || stop.IsSet()) ends = true;
    }
  };
  const auto publish = [&] {
    *done = std::min(next.load(), count);
    graph_.set_count(first + static_cast<uint32_t>(*done));
  };
  try {
    ThreadPool::Building().RunTogether(threads, link);
  } catch (...) {
    publish();
    throw;
  }
  publish();
}

size_t Index::Remove(std::span<const uint32_t> slots) {
  const SharedLock lock(lock_);
  size_t removed = 0;
  for (const uint32_t slot : slots)
    if (slot < graph_.count() && ClearBit(alive_.data(), slot)) ++removed;
  alive_count_.fetch_sub(static_cast<uint32_t>(removed), std::memory_order_relaxed);
  return removed;
}

void Index::RemoveFrom(uint32_t first, size_t count) {
  uint32_t removed = 0;
  for (size_t at = 0; at < count; ++at)
    if (ClearBit(alive_.data(), first + static_cast<uint32_t>(at))) ++removed;
  alive_count_.fetch_sub(removed, std::memory_order_relaxed);
}

void Index::Vectors(std::span<const uint32_t> slots, float* vectors) {
  const AlignedArray<float> vector = MakeAligned<float>(space_.padded());
  const SharedLock lock(lock_);
  for (const uint32_t slot : slots) {
    if (slot >= graph_.count()) Fail("invalid", "there is no slot " + std::to_string(slot));
    space_.Decode(graph_.Data(slot), vector.get());
    std::copy(vector.get(), vector.get() + space_.dimension(), vectors);
    vectors += space_.dimension();
  }
}

std::shared_ptr<Index> Index::Compact(size_t threads, const Stop& stop,
                                      std::vector<uint32_t>* slots) {
  auto compacted = std::make_shared<Index>(options_);
  const size_t bytes = space_.data_bytes();
  const uint32_t end = GetFigures().slots;
  const AlignedArray<char> staged = MakeAligned<char>(kCopiedMax * bytes);
  for (uint32_t from = 0; from < end;) {
    size_t taken = 0;
    {
      const SharedLock lock(lock_);
      for (; from < end && taken < kCopiedMax; ++from) {
        if (!IsAlive(from)) continue;
        std::memcpy(staged.get() + taken++ * bytes, graph_.Data(from), bytes);
        slots->push_back(from);
      }
    }
    compacted->AddStored(staged.get(), taken, threads, stop);
  }
  return compacted;
}

Figures Index::GetFigures() {
  const SharedLock lock(lock_);
  return {graph_.count(), graph_.count() - alive_count(),
          graph_.bytes() + WordsOf(graph_.count()) * sizeof(uint64_t)};
}

Allowed Index::Allow(bool has_filter, std::span<const uint64_t> filter,
                     std::vector<uint64_t>* words) {
  const uint32_t count = graph_.count();
  if (!has_filter) {
    if (alive_count() == count) return {nullptr, count};
    return {alive_.data(), alive_count()};
  }
  words->assign(WordsOf(count), 0);
  size_t allowed = 0;
  for (size_t at = 0; at < std::min(words->size(), filter.size()); ++at) {
    (*words)[at] = filter[at] & WordAt(alive_.data(), at);
    allowed += CountBits((*words)[at]);
  }
  return {words->data(), allowed};
}

bool Index::SearchAt(const float* vector, size_t position, SearchLimits limits,
                     const Allowed& allowed, Answers* answers) {
  // Of this thread and for this space's dimension; made anew for another.
  thread_local Query query;
  thread_local size_t padded = 0;
  thread_local Storage storage = Storage::kF32;
  if (padded != space_.padded() || storage != space_.storage()) {
    query = Query{};
    padded = space_.padded();
    storage = space_.storage();
  }
  space_.Prepare(vector, position, &query);
  uint32_t* slots = answers->slots.data() + position * limits.k;
  float* distances = answers->distances.data() + position * limits.k;
  const std::optional<Answer> found =
      Search(graph_, query, limits, allowed, &Scratch::OfThread(), slots, distances);
  if (!found) return false;
  const Answer& answer = *found;
  std::fill(slots + answer.count, slots + limits.k, kNoSlot);
  std::fill(distances + answer.count, distances + limits.k, std::numeric_limits<float>::infinity());
  answers->counts[position] = static_cast<uint32_t>(answer.count);
  // Of the batch: several threads may say it at once.
  auto* strategy = reinterpret_cast<uint32_t*>(&answers->strategy);
  const auto dearer = static_cast<uint32_t>(answer.strategy);
  uint32_t known = __atomic_load_n(strategy, __ATOMIC_RELAXED);
  while (known < dearer && !__atomic_compare_exchange_n(strategy, &known, dearer, true,
                                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
  }
  return true;
}

void Index::SearchAll(std::span<const float> queries, SearchLimits limits, bool has_filter,
                      std::span<const uint64_t> filter, size_t threads, const Stop& stop,
                      Answers* answers) {
  // Queries that a thread takes at a time.
  constexpr size_t kStride = 8;
  const size_t dimension = space_.dimension();
  const size_t count = queries.size() / dimension;
  std::atomic<size_t> next = 0;
  ThreadPool::Searching().RunTogether(std::min(threads, count / kStride + 1), [&] {
    std::vector<uint64_t> words;
    for (size_t from = next.fetch_add(kStride); from < count; from = next.fetch_add(kStride)) {
      const size_t end = std::min(from + kStride, count);
      for (size_t at = from; at < end;) {
        stop.Check();
        const SharedLock lock(lock_);
        const Allowed allowed = Allow(has_filter, filter, &words);
        do {
          SearchAt(queries.data() + at * dimension, at, limits, allowed, answers);
          ++at;
        } while (at < end && !lock_.HasWaitingWriter());
      }
    }
  });
}

bool Index::TrySearch(std::span<const float> query, SearchLimits limits, bool has_filter,
                      std::span<const uint64_t> filter, Answers* answers) {
  if (!lock_.TryLockShared()) return false;
  struct Unlock {
    RwLock& lock;
    ~Unlock() { lock.UnlockShared(); }
  } const unlock{lock_};
  thread_local std::vector<uint64_t> words;
  const Allowed allowed = Allow(has_filter, filter, &words);
  limits.distances = kNumbersNowMax / space_.padded();
  return SearchAt(query.data(), 0, limits, allowed, answers);
}

}  // namespace hypermesh::hnsw

#include "rw_lock.h"

namespace hypermesh::hnsw {

bool RwLock::TryLockShared() {
  uint32_t state = state_.load(std::memory_order_relaxed);
  while ((state & kWriter) == 0) {
    if (state_.compare_exchange_weak(state, state + 1, std::memory_order_acquire,
                                     std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

void RwLock::LockShared() {
  if (TryLockShared()) return;
  std::unique_lock lock(mutex_);
  waiting_.fetch_add(1, std::memory_order_relaxed);
  // The writer clears its mark under the mutex, so no wake-up is missed.
  readers_.wait(lock, [this] { return TryLockShared(); });
  waiting_.fetch_sub(1, std::memory_order_relaxed);
  if (granted_ > 0 && --granted_ == 0) writer_.notify_one();
}

void RwLock::UnlockShared() {
  if (state_.fetch_sub(1, std::memory_order_release) != (kWriter | 1)) return;
  const std::lock_guard lock(mutex_);
  writer_.notify_one();
}

void RwLock::LockExclusive() {
  writer_mutex_.lock();
  std::unique_lock lock(mutex_);
  writer_.wait(lock, [this] { return granted_ == 0; });
  state_.fetch_or(kWriter, std::memory_order_relaxed);
  writer_.wait(lock, [this] { return state_.load(std::memory_order_acquire) == kWriter; });
}

void RwLock::UnlockExclusive() {
  {
    const std::lock_guard lock(mutex_);
    granted_ = waiting_.load(std::memory_order_relaxed);
    state_.fetch_and(~kWriter, std::memory_order_release);
    readers_.notify_all();
  }
  writer_mutex_.unlock();
}

}  // namespace hypermesh::hnsw

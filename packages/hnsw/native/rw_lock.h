// Many readers or one writer, in turn: a writer that waits holds new readers back, and the readers
// that have waited meanwhile all go before the next writer. So neither starves, and a reader that
// finds no writer pays one atomic addition.
#ifndef HYPERMESH_HNSW_RW_LOCK_H_
#define HYPERMESH_HNSW_RW_LOCK_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace hypermesh::hnsw {

class RwLock {
 public:
  bool TryLockShared();
  void LockShared();
  void UnlockShared();
  // For a reader that has more to do: whether it should let go and come again.
  bool HasWaitingWriter() const { return (state_.load(std::memory_order_relaxed) & kWriter) != 0; }

  void LockExclusive();
  void UnlockExclusive();
  // For the writer: whether it should let go soon.
  bool HasWaitingReaders() const { return waiting_.load(std::memory_order_relaxed) != 0; }

 private:
  // Set from when a writer asks until it is done. The rest counts the readers inside.
  static constexpr uint32_t kWriter = 0x80000000u;

  std::atomic<uint32_t> state_ = 0;
  std::atomic<uint32_t> waiting_ = 0;  // Readers; changed under mutex_.
  std::mutex writer_mutex_;            // Held by the writer.
  std::mutex mutex_;
  uint32_t granted_ = 0;  // Of the waiting readers, those that go before the next writer.
  std::condition_variable readers_, writer_;
};

class SharedLock {
 public:
  explicit SharedLock(RwLock& lock) : lock_(lock) { lock_.LockShared(); }
  ~SharedLock() { lock_.UnlockShared(); }
  SharedLock(const SharedLock&) = delete;
  SharedLock& operator=(const SharedLock&) = delete;

 private:
  RwLock& lock_;
};

class ExclusiveLock {
 public:
  explicit ExclusiveLock(RwLock& lock) : lock_(lock) { lock_.LockExclusive(); }
  ~ExclusiveLock() { lock_.UnlockExclusive(); }
  ExclusiveLock(const ExclusiveLock&) = delete;
  ExclusiveLock& operator=(const ExclusiveLock&) = delete;

 private:
  RwLock& lock_;
};

}  // namespace hypermesh::hnsw

#endif  // HYPERMESH_HNSW_RW_LOCK_H_

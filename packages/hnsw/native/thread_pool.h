// The process's threads for vectors: not libuv's, which files and names share. Searches and builds
// have their own, so that a search never waits until a build is done.
//
// The pools live until the process ends: indexes are shared by JavaScript threads that come and go.
// Threads: everything from any.
#ifndef HYPERMESH_HNSW_THREAD_POOL_H_
#define HYPERMESH_HNSW_THREAD_POOL_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>

namespace hypermesh::hnsw {

class ThreadPool {
 public:
  static ThreadPool& Searching();
  static ThreadPool& Building();
  // Of each pool; what runs already goes on.
  static void SetThreads(size_t threads);
  static size_t Threads();

  // Throws `memory` where the system gives no thread and none is there.
  void Post(std::function<void()> job);

  // Runs `work` here and on up to threads − 1 others that are free by then. `work` takes pieces of
  // a common pile until there are none, so it does not matter how many come. Returns when all that
  // came are done, and throws what the first of them threw.
  void RunTogether(size_t threads, const std::function<void()>& work);

 private:
  // How far its threads give way to those of the process that answer; 0 as these.
  explicit ThreadPool(int nice) : nice_(nice) {}

  void Run();
  // Requires the mutex.
  bool StartThread();

  const int nice_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  size_t threads_ = 0;
  size_t idle_ = 0;
};

}  // namespace hypermesh::hnsw

#endif  // HYPERMESH_HNSW_THREAD_POOL_H_

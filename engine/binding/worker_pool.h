// The engine's own threads for work that JavaScript awaits: not libuv's, which files and names
// share.
//
// Threads: Post from any; Stop from one, once. Threads start when there is work for them, at most
// kThreads. Ownership: whatever a job needs, it keeps.
#ifndef HYPERGRAPH_BINDING_WORKER_POOL_H_
#define HYPERGRAPH_BINDING_WORKER_POOL_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace hypergraph::binding {

// Maintenance (check, compact, backup) never takes all threads, so that queries always get one.
enum class Lane { kQuery, kMaintenance };

class WorkerPool {
 public:
  ~WorkerPool() { Stop(); }
  // False after Stop: the job was dropped.
  bool Post(Lane lane, std::function<void()> job);
  // Runs what is queued, then joins.
  void Stop();

 private:
  static constexpr size_t kThreads = 4;
  static constexpr size_t kMaintenanceThreads = 2;

  void Run();
  bool HasWork() const;

  std::mutex mutex_;
  std::condition_variable changed_;
  // The rest is guarded by mutex_.
  std::deque<std::function<void()>> queries_, maintenance_;
  std::vector<std::thread> threads_;
  size_t idle_ = 0;
  size_t maintaining_ = 0;
  bool stopped_ = false;
};

}  // namespace hypergraph::binding

#endif  // HYPERGRAPH_BINDING_WORKER_POOL_H_

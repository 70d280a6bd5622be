#include "binding/worker_pool.h"

#include <utility>

namespace hypergraph::binding {

bool WorkerPool::Post(Lane lane, std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return false;
    (lane == Lane::kQuery ? queries_ : maintenance_).push_back(std::move(job));
    if (queries_.size() + maintenance_.size() > idle_ && threads_.size() < kThreads)
      threads_.emplace_back([this] { Run(); });
  }
  changed_.notify_one();
  return true;
}

void WorkerPool::Stop() {
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    threads.swap(threads_);
  }
  changed_.notify_all();
  for (std::thread& thread : threads) thread.join();
}

bool WorkerPool::HasWork() const {
  return !queries_.empty() || (!maintenance_.empty() && maintaining_ < kMaintenanceThreads);
}

void WorkerPool::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    changed_.wait(lock, [this] { return HasWork() || (stopped_ && maintenance_.empty()); });
    --idle_;
    if (!HasWork()) return;
    const bool maintains = queries_.empty();
    auto& queue = maintains ? maintenance_ : queries_;
    std::function<void()> job = std::move(queue.front());
    queue.pop_front();
    if (maintains) ++maintaining_;
    lock.unlock();
    job();
    job = nullptr;  // What it kept goes outside the lock.
    lock.lock();
    if (maintains) {
      --maintaining_;
      changed_.notify_all();
    }
  }
}

}  // namespace hypergraph::binding

#include "thread_pool.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>

#ifdef __linux__
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "failure.h"

namespace hypermesh::hnsw {
namespace {

std::atomic<size_t> threads_wanted = 0;

// A third of the share of a thread that answers requests, where both want one core.
constexpr int kBuildingNice = 5;

// Of this thread alone, as Linux has it; elsewhere that would be the whole process.
void GiveWay([[maybe_unused]] int nice) {
#ifdef __linux__
  if (nice != 0) setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), nice);
#endif
}

// One call of RunTogether, kept by those that were asked and come too late.
struct Gathering {
  std::mutex mutex;
  std::condition_variable changed;
  const std::function<void()>* work = nullptr;  // Null once it is over.
  size_t present = 0;
  std::exception_ptr thrown;

  void Take(const std::function<void()>& pieces) {
    std::exception_ptr mine;
    try {
      pieces();
    } catch (...) {
      mine = std::current_exception();
    }
    if (!mine) return;
    const std::lock_guard lock(mutex);
    if (!thrown) thrown = mine;
  }
};

}  // namespace

ThreadPool& ThreadPool::Searching() {
  static ThreadPool& pool = *new ThreadPool(0);
  return pool;
}

ThreadPool& ThreadPool::Building() {
  static ThreadPool& pool = *new ThreadPool(kBuildingNice);
  return pool;
}

void ThreadPool::SetThreads(size_t threads) { threads_wanted = threads; }

size_t ThreadPool::Threads() {
  const size_t wanted = threads_wanted;
  return wanted != 0 ? wanted : std::max<size_t>(1, std::thread::hardware_concurrency());
}

void ThreadPool::Post(std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
    if (jobs_.size() > idle_ && threads_ < Threads() && !StartThread() && threads_ == 0) {
      jobs_.pop_back();
      Fail("memory", "the system gives no thread");
    }
  }
  changed_.notify_one();
}

bool ThreadPool::StartThread() {
  try {
    std::thread([this] { Run(); }).detach();
  } catch (const std::system_error&) {
    return false;  // Those that are there come to the job.
  }
  ++threads_;
  return true;
}

void ThreadPool::Run() {
  GiveWay(nice_);
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    changed_.wait(lock, [this] { return !jobs_.empty(); });
    --idle_;
    std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    // What it holds may be the last of a large index: freed while nobody waits for the mutex.
    job = nullptr;
    lock.lock();
  }
}

void ThreadPool::RunTogether(size_t threads, const std::function<void()>& work) {
  if (threads <= 1) {
    work();
    return;
  }
  const auto gathering = std::make_shared<Gathering>();
  gathering->work = &work;
  const auto ask = [&] {
    Post([gathering] {
      const std::function<void()>* pieces = nullptr;
      {
        const std::lock_guard lock(gathering->mutex);
        pieces = gathering->work;
        if (pieces == nullptr) return;
        ++gathering->present;
      }
      gathering->Take(*pieces);
      const std::lock_guard lock(gathering->mutex);
      if (--gathering->present == 0) gathering->changed.notify_one();
    });
  };
  try {
    for (size_t other = 1; other < threads; ++other) ask();
  } catch (...) {
    // It goes without others too, and those that were asked may be at work already.
  }
  gathering->Take(work);
  std::unique_lock lock(gathering->mutex);
  gathering->work = nullptr;
  gathering->changed.wait(lock, [&] { return gathering->present == 0; });
  if (gathering->thrown) std::rethrow_exception(gathering->thrown);
}

}  // namespace hypermesh::hnsw

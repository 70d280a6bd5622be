#include "core/base/run_both.h"

#include <pthread.h>

namespace hypergraph {
namespace {

void* Run(void* work) {
  (*static_cast<const std::function<void()>*>(work))();
  return nullptr;
}

}  // namespace

void RunBoth(const std::function<void()>& beside, const std::function<void()>& here) {
  // Not std::thread, which ends the process where no thread can be had.
  pthread_t thread;
  auto* work = const_cast<std::function<void()>*>(&beside);
  const bool started = pthread_create(&thread, nullptr, Run, work) == 0;
  if (!started) beside();
  here();
  if (started) pthread_join(thread, nullptr);
}

}  // namespace hypergraph

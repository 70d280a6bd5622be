// Keeps the event loop of one environment from sleeping while a small commit, the only work under
// way, is made durable: to get a sleeping thread up took an eighth of such a commit. The loop goes
// on with whatever else it has; only with nothing to do it looks again, yields its core to
// anybody who wants it, and gives up after kAwakeNs. What has come it settles itself, so that
// whoever completes it need not signal. Nothing of it with one core.
//
// Threads: the JavaScript thread.
#ifndef HYPERGRAPH_BINDING_LOOP_POLL_H_
#define HYPERGRAPH_BINDING_LOOP_POLL_H_

#include <node_api.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

#include "core/base/spin_policy.h"

struct uv_idle_s;

namespace hypergraph::binding {

class LoopPoll {
 public:
  // `settle` settles what has come once `has_come` says that something has; `sleep` is told that
  // the loop did not wait to the end.
  LoopPoll(const std::atomic<bool>& has_come, std::function<void(napi_env)> settle,
           std::function<void()> sleep)
      : has_come_(has_come), settle_(std::move(settle)), sleep_(std::move(sleep)) {}

  // Once, when the addon is loaded: the asynchronous context that it makes keeps for ever what is
  // current there. What it cannot have it does without.
  void Prepare(napi_env env);
  // `batch_bytes` were submitted, and nothing else is pending. Whether the loop stays awake: until
  // Came, Leave or `sleep`.
  bool Start(size_t batch_bytes);
  void Came();   // What was waited for.
  void Leave();  // More is pending now.
  bool is_awake() const { return is_awake_; }

 private:
  struct Handle;

  bool Settle();  // False: the environment allows it no more.
  void CountLate();
  void GiveUp();
  static void Turn(uv_idle_s* idle);
  static void Close(napi_async_cleanup_hook_handle hook, void* data);

  const std::atomic<bool>& has_come_;
  const std::function<void(napi_env)> settle_;
  const std::function<void()> sleep_;
  SpinPolicy policy_;
  Handle* handle_ = nullptr;  // Owned by the loop once it is closing.
  bool is_awake_ = false;
  uint64_t awake_until_ = 0;
};

}  // namespace hypergraph::binding

#endif  // HYPERGRAPH_BINDING_LOOP_POLL_H_

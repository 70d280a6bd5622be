// Keeps the event loop of one environment from sleeping while a small commit, the only work under
// way, is made durable: to get a sleeping thread up took an eighth of such a commit. The loop goes
// on with whatever else it has; only with nothing to do it looks again, yields its core to
// anybody who wants it, and gives up after kAwakeNs. Nothing of it with one core.
//
// Threads: the JavaScript thread.
#ifndef HYPERGRAPH_BINDING_LOOP_POLL_H_
#define HYPERGRAPH_BINDING_LOOP_POLL_H_

#include <node_api.h>

#include <cstddef>
#include <cstdint>

#include "core/base/spin_policy.h"

struct uv_idle_s;

namespace hypergraph::binding {

class LoopPoll {
 public:
  // `batch_bytes` were submitted, and nothing else is pending.
  void Start(napi_env env, size_t batch_bytes);
  void Came();   // What was waited for.
  void Leave();  // More is pending now.

 private:
  struct Handle;

  bool Prepare(napi_env env);
  void GiveUp();
  static void Turn(uv_idle_s* idle);
  static void Close(napi_async_cleanup_hook_handle hook, void* data);

  SpinPolicy policy_;
  Handle* handle_ = nullptr;  // Owned by the loop once it is closing.
  bool unusable_ = false;
  bool is_awake_ = false;
  uint64_t awake_until_ = 0;
};

}  // namespace hypergraph::binding

#endif  // HYPERGRAPH_BINDING_LOOP_POLL_H_

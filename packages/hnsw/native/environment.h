// One JavaScript environment (the main thread or a worker): its handles, its jobs on the pools, and
// the one way back from them. Nothing here is static, so each worker has its own.
//
// Threads: Begin and Settle on the JavaScript thread; Complete from any. Ownership: handles and
// jobs share it, so it outlives the environment itself.
#ifndef HYPERMESH_HNSW_ENVIRONMENT_H_
#define HYPERMESH_HNSW_ENVIRONMENT_H_

#include <node_api.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace hypermesh::hnsw {

// Makes a promise's value, on the JavaScript thread; nullptr with an exception pending when it
// cannot.
using ToValue = std::function<napi_value(napi_env)>;
// The long part of a call, on a pool. Throws Failure.
using Work = std::function<ToValue()>;

class Environment : public std::enable_shared_from_this<Environment> {
 public:
  // Null when Node-API refuses.
  static std::shared_ptr<Environment> Create(napi_env env);
  static Environment& Of(napi_env env);

  // Runs `work` where `post` puts it and settles the promise that this returns. `kept` is a value,
  // or null, whose memory `work` reads.
  napi_value Run(napi_env env, napi_value kept,
                 const std::function<void(std::function<void()>)>& post, Work work);

  // A mark that is set when the environment ends.
  std::shared_ptr<std::atomic<bool>> MakeClosed();

 private:
  struct Completion {
    napi_deferred deferred;
    napi_ref kept;
    ToValue value;
    bool is_failure;
  };

  static void Settle(napi_env env, napi_value callback, void* context, void* data);
  static void SettleOne(napi_env env, const Completion& completion);
  bool BeginJob();
  void Complete(Completion completion);
  // Before the environment goes: jobs end early, and are waited for.
  void Shutdown();

  napi_threadsafe_function function_ = nullptr;
  size_t pending_ = 0;  // Promises not yet settled; of the JavaScript thread.

  std::mutex mutex_;
  std::condition_variable idle_;
  // Guarded by mutex_:
  std::vector<Completion> completions_;
  size_t running_ = 0;
  bool signalled_ = false;  // A call of Settle is on its way.
  bool shut_down_ = false;
  std::vector<std::weak_ptr<std::atomic<bool>>> closed_marks_;
};

// The exception that is being handled as a JavaScript Error with `code`. Only in a catch block.
ToValue CaughtError();

}  // namespace hypermesh::hnsw

#endif  // HYPERMESH_HNSW_ENVIRONMENT_H_

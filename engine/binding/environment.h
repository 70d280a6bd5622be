// One JavaScript environment (the main thread or a worker): its pool, its open databases and the
// one way back from other threads. Nothing here is static, so each worker has its own.
//
// Threads: Begin, Adopt and Settle on the JavaScript thread; Complete, Post and Track from any.
// Ownership: handles, jobs and callbacks share it, so it outlives the environment itself.
#ifndef HYPERGRAPH_BINDING_ENVIRONMENT_H_
#define HYPERGRAPH_BINDING_ENVIRONMENT_H_

#include <node_api.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "binding/loop_poll.h"
#include "binding/result_memory.h"
#include "binding/worker_pool.h"
#include "include/hypergraph/database.h"

namespace hypergraph::binding {

class DatabaseState;
class ReceiptRound;

// What a promise is fulfilled with.
using Outcome = std::variant<std::monostate, std::string, std::vector<uint8_t>, CommitReceipt,
                             std::shared_ptr<DatabaseState>>;

class Environment : public std::enable_shared_from_this<Environment> {
 public:
  // Null, with an exception pending, when Node-API refuses.
  static std::shared_ptr<Environment> Create(napi_env env);
  static Environment& Of(napi_env env);

  // A promise that a later Complete settles. Until then the process stays alive.
  napi_value Begin(napi_env env, napi_deferred* deferred);
  // A commit of so many bytes, whose promise Begin made, was submitted.
  void AwaitCommit(size_t batch_bytes) {
    if (pending_ == 1 && poll_.Start(batch_bytes)) StayAwake();
  }
  // Settles the promise soon, together with what else is done by then.
  void Complete(napi_deferred deferred, Status status, Outcome outcome);

  bool Post(Lane lane, std::function<void()> job) { return pool_.Post(lane, std::move(job)); }
  // Makes the state that handles share. When its last owner drops it, it is closed on the pool.
  std::shared_ptr<DatabaseState> Adopt(std::unique_ptr<Database> database);

  // For results of synchronous queries: reused, so that a small one allocates nothing.
  std::vector<uint8_t>& scratch() {
    if (scratch_.capacity() == 0) scratch_ = results_->Take();
    return scratch_;
  }
  // Large results keep it: they may outlive the environment.
  const std::shared_ptr<ResultMemory>& results() const { return results_; }
  std::vector<uint8_t>& plan_scratch() { return plan_scratch_; }

  // The handle of a database that was found to be one last, so that it is asked only once: of the
  // JavaScript thread. Whoever frees a handle calls Forget first.
  const void* known_handle() const { return known_handle_; }
  void Know(const void* handle) { known_handle_ = handle; }
  void Forget(const void* handle) {
    if (known_handle_ == handle) known_handle_ = nullptr;
  }

 private:
  struct Completion {
    napi_deferred deferred;
    Status status;
    Outcome outcome;
  };

  static void Settle(napi_env env, napi_value callback, void* context, void* data);
  void SettleAll(napi_env env);
  void Signal();  // Requires: mutex_.
  // Whether the loop looks for completions by itself, so that none needs a signal.
  void StayAwake();
  void Sleep();
  void SettleOne(napi_env env, Completion& completion, ReceiptRound* receipts);
  // Before the environment goes: cancels, closes every database, joins the pool.
  void Shutdown();

  WorkerPool pool_;
  napi_threadsafe_function function_ = nullptr;
  uint64_t pending_ = 0;  // Promises not yet settled; of the JavaScript thread.
  const std::shared_ptr<ResultMemory> results_ = std::make_shared<ResultMemory>();
  std::atomic<bool> has_completions_{false};  // Written under mutex_.
  LoopPoll poll_{has_completions_, [this](napi_env env) { SettleAll(env); }, [this] { Sleep(); }};
  std::vector<uint8_t> scratch_;
  std::vector<uint8_t> plan_scratch_;
  const void* known_handle_ = nullptr;

  std::mutex mutex_;
  // Guarded by mutex_:
  std::vector<Completion> completions_;
  bool signalled_ = false;  // A call of Settle is on its way.
  bool is_awake_ = false;   // The loop looks by itself.
  bool shut_down_ = false;
  std::vector<std::weak_ptr<DatabaseState>> databases_;
};

}  // namespace hypergraph::binding

#endif  // HYPERGRAPH_BINDING_ENVIRONMENT_H_

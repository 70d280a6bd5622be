#include "binding/environment.h"

#include <algorithm>
#include <utility>

#include "binding/convert.h"
#include "binding/errors.h"
#include "binding/handles.h"

namespace hypergraph::binding {
namespace {

struct Holder {
  std::shared_ptr<Environment> environment;
};

}  // namespace

std::shared_ptr<Environment> Environment::Create(napi_env env) {
  auto environment = std::make_shared<Environment>();
  napi_value name = nullptr;
  if (napi_create_string_utf8(env, "hypergraph", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr,
                                      environment.get(), &Environment::Settle,
                                      &environment->function_) != napi_ok ||
      napi_unref_threadsafe_function(env, environment->function_) != napi_ok) {
    return nullptr;
  }
  auto holder = std::make_unique<Holder>(Holder{environment});
  const auto drop = [](napi_env, void* data, void*) {
    const std::unique_ptr<Holder> owned(static_cast<Holder*>(data));
  };
  if (napi_set_instance_data(env, holder.get(), drop, nullptr) != napi_ok) return nullptr;
  holder.release();
  // Hooks run last in, first out: this one before that of the function above, so that threads that
  // are still busy have something to call.
  const auto shutdown = [](void* data) { static_cast<Environment*>(data)->Shutdown(); };
  if (napi_add_env_cleanup_hook(env, shutdown, environment.get()) != napi_ok) return nullptr;
  environment->poll_.Prepare(env);
  return environment;
}

Environment& Environment::Of(napi_env env) {
  void* data = nullptr;
  napi_get_instance_data(env, &data);
  return *static_cast<Holder*>(data)->environment;
}

napi_value Environment::Begin(napi_env env, napi_deferred* deferred) {
  napi_value promise = nullptr;
  if (napi_create_promise(env, deferred, &promise) != napi_ok) return nullptr;
  if (pending_++ == 0) {
    napi_ref_threadsafe_function(env, function_);
  } else if (poll_.is_awake()) {
    poll_.Leave();
    Sleep();
  }
  return promise;
}

void Environment::StayAwake() {
  const std::lock_guard lock(mutex_);
  is_awake_ = completions_.empty();  // Of what is there already a signal is on its way.
}

void Environment::Sleep() {
  const std::lock_guard lock(mutex_);
  is_awake_ = false;
  if (!completions_.empty()) Signal();
}

void Environment::Complete(napi_deferred deferred, Status status, Outcome outcome) {
  const std::lock_guard lock(mutex_);
  if (shut_down_) return;  // Nobody is left to be told.
  completions_.push_back({deferred, std::move(status), std::move(outcome)});
  has_completions_.store(true, std::memory_order_release);
  if (!is_awake_) Signal();
}

void Environment::Signal() {
  if (signalled_) return;
  signalled_ = true;
  // Within the lock, since Shutdown waits for it before the function goes. It never blocks: its
  // queue has no bound, and holds at most one call of ours.
  napi_call_threadsafe_function(function_, nullptr, napi_tsfn_nonblocking);
}

void Environment::Settle(napi_env env, napi_value, void* context, void*) {
  if (env == nullptr) return;  // The environment is going.
  auto& self = *static_cast<Environment*>(context);
  {
    const std::lock_guard lock(self.mutex_);
    self.signalled_ = false;
    if (self.completions_.empty()) return;  // The loop, awake, was faster than this call.
  }
  self.SettleAll(env);
}

void Environment::SettleAll(napi_env env) {
  std::vector<Completion> completions;
  {
    const std::lock_guard lock(mutex_);
    completions.swap(completions_);
    has_completions_.store(false, std::memory_order_relaxed);
    is_awake_ = false;
  }
  poll_.Came();
  const auto is_receipt = [](const Completion& completion) {
    return std::holds_alternative<CommitReceipt>(completion.outcome);
  };
  const auto receipt_count = std::count_if(completions.begin(), completions.end(), is_receipt);
  ReceiptRound receipts(env, static_cast<size_t>(receipt_count));
  for (Completion& completion : completions) {
    // Without a scope of its own it uses the caller's: each promise must be settled and counted.
    napi_handle_scope scope = nullptr;
    const bool has_scope = napi_open_handle_scope(env, &scope) == napi_ok;
    SettleOne(env, completion, &receipts);
    if (has_scope) napi_close_handle_scope(env, scope);
  }
  pending_ -= completions.size();
  if (pending_ == 0) napi_unref_threadsafe_function(env, function_);
}

void Environment::SettleOne(napi_env env, Completion& completion, ReceiptRound* receipts) {
  napi_value value = nullptr;
  if (completion.status.ok()) {
    const auto* receipt = std::get_if<CommitReceipt>(&completion.outcome);
    value = receipt != nullptr ? receipts->ToValue(*receipt)
                               : ToValue(env, std::move(completion.outcome));
  }
  if (value != nullptr) {
    napi_resolve_deferred(env, completion.deferred, value);
    return;
  }
  // No memory for the value, or an exception from making it: the reason takes its place.
  napi_value reason = nullptr;
  bool is_pending = false;
  napi_is_exception_pending(env, &is_pending);
  if (is_pending) napi_get_and_clear_last_exception(env, &reason);
  if (!completion.status.ok()) reason = ToError(env, completion.status);
  if (reason == nullptr)
    reason = ToError(env, {Code::kTooLarge, "no memory for a value of this size"});
  napi_reject_deferred(env, completion.deferred, reason);
}

std::shared_ptr<DatabaseState> Environment::Adopt(std::unique_ptr<Database> database) {
  // The collector may drop the last owner, on the JavaScript thread; closing could make that one
  // wait.
  const auto dispose = [self = shared_from_this()](DatabaseState* state) {
    if (!self->Post(Lane::kQuery, [state] { delete state; })) delete state;
  };
  const std::shared_ptr<DatabaseState> state(new DatabaseState(std::move(database)), dispose);
  const std::lock_guard lock(mutex_);
  std::erase_if(databases_, [](const auto& known) { return known.expired(); });
  if (!shut_down_) databases_.push_back(state);
  return state;
}

void Environment::Shutdown() {
  std::vector<std::shared_ptr<DatabaseState>> databases;
  {
    const std::lock_guard lock(mutex_);
    shut_down_ = true;
    for (const auto& known : databases_) {
      if (auto state = known.lock()) databases.push_back(std::move(state));
    }
    databases_.clear();  // Their deleters keep this environment.
  }
  for (const auto& state : databases) state->BeginClose([] {});
  pool_.Stop();
  // A job that opened one while the list was made is behind Stop; its state closed itself.
  for (const auto& state : databases) static_cast<void>(state->Close());
}

}  // namespace hypergraph::binding

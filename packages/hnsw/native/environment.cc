#include "environment.h"

#include <exception>
#include <new>
#include <string>
#include <utility>

#include "failure.h"

namespace hypermesh::hnsw {

std::shared_ptr<Environment> Environment::Create(napi_env env) {
  auto environment = std::make_shared<Environment>();
  napi_value name = nullptr;
  if (napi_create_string_utf8(env, "hnsw", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr,
                                      environment.get(), &Environment::Settle,
                                      &environment->function_) != napi_ok ||
      napi_unref_threadsafe_function(env, environment->function_) != napi_ok) {
    return nullptr;
  }
  auto* holder = new std::shared_ptr<Environment>(environment);
  const auto drop = [](napi_env, void* data, void*) {
    delete static_cast<std::shared_ptr<Environment>*>(data);
  };
  if (napi_set_instance_data(env, holder, drop, nullptr) != napi_ok) {
    delete holder;
    return nullptr;
  }
  // Hooks run last in, first out: this one before that of the function above, so that jobs that
  // still run have something to call.
  const auto shutdown = [](void* data) { static_cast<Environment*>(data)->Shutdown(); };
  if (napi_add_env_cleanup_hook(env, shutdown, environment.get()) != napi_ok) return nullptr;
  return environment;
}

Environment& Environment::Of(napi_env env) {
  void* data = nullptr;
  napi_get_instance_data(env, &data);
  return **static_cast<std::shared_ptr<Environment>*>(data);
}

std::shared_ptr<std::atomic<bool>> Environment::MakeClosed() {
  auto mark = std::make_shared<std::atomic<bool>>(false);
  const std::lock_guard lock(mutex_);
  std::erase_if(closed_marks_, [](const auto& known) { return known.expired(); });
  closed_marks_.push_back(mark);
  return mark;
}

napi_value Environment::Run(napi_env env, napi_value kept,
                            const std::function<void(std::function<void()>)>& post, Work work) {
  napi_deferred deferred = nullptr;
  napi_value promise = nullptr;
  napi_ref kept_ref = nullptr;
  if (kept != nullptr && napi_create_reference(env, kept, 1, &kept_ref) != napi_ok) return nullptr;
  if (napi_create_promise(env, &deferred, &promise) != napi_ok) return nullptr;
  auto job = [self = shared_from_this(), deferred, kept_ref, work = std::move(work)]() mutable {
    if (!self->BeginJob()) return;
    Completion completion{deferred, kept_ref, nullptr, false};
    try {
      completion.value = work();
    } catch (...) {
      completion.value = CaughtError();
      completion.is_failure = true;
    }
    work = nullptr;  // What it holds may be the last owner, and goes before the job is said to be
                     // done.
    self->Complete(std::move(completion));
  };
  try {
    post(std::move(job));
  } catch (...) {
    SettleOne(env, {deferred, kept_ref, CaughtError(), true});
    return promise;
  }
  if (pending_++ == 0) napi_ref_threadsafe_function(env, function_);
  return promise;
}

bool Environment::BeginJob() {
  const std::lock_guard lock(mutex_);
  if (shut_down_) return false;  // Nobody is left to be told, and what the job reads may be gone.
  ++running_;
  return true;
}

void Environment::Complete(Completion completion) {
  const std::lock_guard lock(mutex_);
  if (!shut_down_) {
    completions_.push_back(std::move(completion));
    // Within the lock, since Shutdown waits for it before the function goes. It never blocks: its
    // queue has no bound, and holds at most one call of ours.
    if (!signalled_) napi_call_threadsafe_function(function_, nullptr, napi_tsfn_nonblocking);
    signalled_ = true;
  }
  if (--running_ == 0) idle_.notify_all();
}

void Environment::Settle(napi_env env, napi_value, void* context, void*) {
  if (env == nullptr) return;  // The environment is going.
  auto& self = *static_cast<Environment*>(context);
  std::vector<Completion> completions;
  {
    const std::lock_guard lock(self.mutex_);
    completions.swap(self.completions_);
    self.signalled_ = false;
  }
  for (const Completion& completion : completions) {
    napi_handle_scope scope = nullptr;
    const bool has_scope = napi_open_handle_scope(env, &scope) == napi_ok;
    SettleOne(env, completion);
    if (has_scope) napi_close_handle_scope(env, scope);
  }
  self.pending_ -= completions.size();
  if (self.pending_ == 0) napi_unref_threadsafe_function(env, self.function_);
}

void Environment::SettleOne(napi_env env, const Completion& completion) {
  if (completion.kept != nullptr) napi_delete_reference(env, completion.kept);
  napi_value value = completion.value(env);
  bool is_failure = completion.is_failure;
  bool is_pending = false;
  napi_is_exception_pending(env, &is_pending);
  if (is_pending) {
    napi_get_and_clear_last_exception(env, &value);
    is_failure = true;
  } else if (value == nullptr) {
    value = [&] {
      try {
        Fail("memory", "no memory for a value of this size");
      } catch (...) {
        return CaughtError()(env);
      }
    }();
    is_failure = true;
  }
  if (is_failure) {
    napi_reject_deferred(env, completion.deferred, value);
  } else {
    napi_resolve_deferred(env, completion.deferred, value);
  }
}

void Environment::Shutdown() {
  std::unique_lock lock(mutex_);
  shut_down_ = true;
  for (const auto& known : closed_marks_)
    if (const auto mark = known.lock()) *mark = true;
  idle_.wait(lock, [this] { return running_ == 0; });
}

ToValue CaughtError() {
  Failure failure{"internal", "unknown"};
  try {
    throw;
  } catch (const Failure& known) {
    failure = known;
  } catch (const std::bad_alloc&) {
    failure = {"memory", "out of memory"};
  } catch (const std::exception& other) {
    failure.text = other.what();
  } catch (...) {
  }
  return [failure](napi_env env) {
    napi_value code = nullptr;
    napi_value text = nullptr;
    napi_value error = nullptr;
    napi_create_string_utf8(env, failure.code, NAPI_AUTO_LENGTH, &code);
    napi_create_string_utf8(env, failure.text.data(), failure.text.size(), &text);
    napi_create_error(env, code, text, &error);
    return error;
  };
}

}  // namespace hypermesh::hnsw

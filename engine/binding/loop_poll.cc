#include "binding/loop_poll.h"

#include <uv.h>

#include <memory>
#include <thread>

namespace hypergraph::binding {
namespace {

// What takes longer is not worth a core.
constexpr size_t kBatchBytesMax = 4096;
constexpr uint64_t kAwakeNs = 400'000;
// The thread that writes mostly gets this core, and takes up to 0.1 ms of it.
constexpr uint64_t kYieldNsMax = 200'000;

}  // namespace

struct LoopPoll::Handle {
  uv_idle_t idle;
  napi_env env;
  napi_async_context context;
  napi_async_cleanup_hook_handle hook;
};

void LoopPoll::Prepare(napi_env env) {
  uv_loop_t* loop = nullptr;
  if (uv_available_parallelism() < 2 || napi_get_uv_event_loop(env, &loop) != napi_ok) return;
  auto handle = std::make_unique<Handle>();
  handle->env = env;
  napi_value name = nullptr;
  if (napi_create_string_utf8(env, "hypergraph", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_async_init(env, nullptr, name, &handle->context) != napi_ok) {
    return;
  }
  if (napi_add_async_cleanup_hook(env, Close, this, &handle->hook) != napi_ok) {
    napi_async_destroy(env, handle->context);
    return;
  }
  handle_ = handle.release();
  uv_idle_init(loop, &handle_->idle);
  // What is pending keeps the loop alive.
  uv_unref(reinterpret_cast<uv_handle_t*>(&handle_->idle));
  handle_->idle.data = this;
}

// The environment is going, and with it this object, maybe before the loop has closed the handle.
void LoopPoll::Close(napi_async_cleanup_hook_handle, void* data) {
  auto* self = static_cast<LoopPoll*>(data);
  Handle* handle = self->handle_;
  self->handle_ = nullptr;
  self->is_awake_ = false;
  napi_async_destroy(handle->env, handle->context);
  handle->idle.data = handle;
  uv_close(reinterpret_cast<uv_handle_t*>(&handle->idle), [](uv_handle_t* closed) {
    const std::unique_ptr<Handle> owned(static_cast<Handle*>(closed->data));
    napi_remove_async_cleanup_hook(owned->hook);
  });
}

bool LoopPoll::Start(size_t batch_bytes) {
  if (batch_bytes > kBatchBytesMax || handle_ == nullptr || !policy_.Wants()) return false;
  is_awake_ = true;
  awake_until_ = uv_hrtime() + kAwakeNs;
  uv_idle_start(&handle_->idle, Turn);
  return true;
}

void LoopPoll::Turn(uv_idle_s* idle) {
  auto* self = static_cast<LoopPoll*>(idle->data);
  const uint64_t before = uv_hrtime();
  std::this_thread::yield();
  const uint64_t now = uv_hrtime();
  // Who takes that long has work for the core, and this would be in the way.
  const bool is_late = now > self->awake_until_ || now - before > kYieldNsMax;
  if (self->has_come_.load(std::memory_order_acquire)) {
    if (is_late) self->CountLate();
    if (!self->Settle()) self->GiveUp();
  } else if (is_late) {
    self->GiveUp();
  }
}

// The caller's continuation runs before this returns.
bool LoopPoll::Settle() {
  const napi_env env = handle_->env;
  napi_handle_scope handles = nullptr;
  if (napi_open_handle_scope(env, &handles) != napi_ok) return false;
  napi_callback_scope callbacks = nullptr;
  const bool opened =
      napi_open_callback_scope(env, nullptr, handle_->context, &callbacks) == napi_ok;
  if (opened) {
    settle_(env);
    napi_close_callback_scope(env, callbacks);
  }
  napi_close_handle_scope(env, handles);
  return opened;
}

void LoopPoll::CountLate() {
  Leave();
  policy_.DidNotCome();
}

void LoopPoll::GiveUp() {
  CountLate();
  sleep_();
}

void LoopPoll::Came() {
  if (is_awake_) policy_.Came();
  Leave();
}

void LoopPoll::Leave() {
  if (is_awake_) uv_idle_stop(&handle_->idle);
  is_awake_ = false;
}

}  // namespace hypergraph::binding

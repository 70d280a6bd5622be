#include "binding/handles.h"

#include <utility>

#include "binding/type_tags.h"

namespace hypergraph::binding {

bool DatabaseState::BeginJob() {
  const std::lock_guard lock(mutex_);
  if (closed()) return false;
  ++running_;
  return true;
}

void DatabaseState::EndJob() {
  std::vector<std::function<void()>> when_idle;
  {
    const std::lock_guard lock(mutex_);
    if (--running_ == 0) when_idle.swap(when_idle_);
  }
  for (const auto& run : when_idle) run();
}

void DatabaseState::BeginClose(std::function<void()> when_idle) {
  {
    const std::lock_guard lock(mutex_);
    closed_.store(true, std::memory_order_release);
    for (const auto& [token, control] : queries_) control->cancelled = true;
    if (running_ != 0) {
      when_idle_.push_back(std::move(when_idle));
      return;
    }
  }
  when_idle();
}

Status DatabaseState::Close() {
  closed_.store(true, std::memory_order_release);
  const std::lock_guard lock(close_mutex_);
  if (!close_ran_) close_status_ = database_->Close();
  close_ran_ = true;
  return close_status_;
}

std::shared_ptr<QueryControl> DatabaseState::AddQuery(double token) {
  auto control = std::make_shared<QueryControl>();
  const std::lock_guard lock(mutex_);
  control->cancelled = closed();
  queries_.emplace(token, control);
  return control;
}

void DatabaseState::RemoveQuery(double token, const std::shared_ptr<QueryControl>& control) {
  const std::lock_guard lock(mutex_);
  const auto [first, last] = queries_.equal_range(token);
  for (auto at = first; at != last; ++at) {
    if (at->second != control) continue;
    queries_.erase(at);
    return;
  }
}

void DatabaseState::Cancel(double token) {
  if (token == 0) return;
  const std::lock_guard lock(mutex_);
  const auto [first, last] = queries_.equal_range(token);
  for (auto at = first; at != last; ++at) at->second->cancelled = true;
}

namespace {

template <typename Handle>
napi_value ToExternal(napi_env env, std::unique_ptr<Handle> handle, const napi_type_tag& tag) {
  const auto finalize = [](napi_env, void* data, void*) {
    const std::unique_ptr<Handle> owned(static_cast<Handle*>(data));
  };
  napi_value value = nullptr;
  if (napi_create_external(env, handle.get(), finalize, nullptr, &value) != napi_ok) return nullptr;
  handle.release();  // The External's from here on.
  return napi_type_tag_object(env, value, &tag) == napi_ok ? value : nullptr;
}

template <typename Handle>
Status FromExternal(napi_env env, napi_value value, const napi_type_tag& tag, Handle** handle) {
  napi_valuetype type = napi_undefined;
  bool is_ours = false;
  void* data = nullptr;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_external ||
      napi_check_object_type_tag(env, value, &tag, &is_ours) != napi_ok || !is_ours ||
      napi_get_value_external(env, value, &data) != napi_ok) {
    return {Code::kInvalid, "not a handle of this kind"};
  }
  *handle = static_cast<Handle*>(data);
  return Status::Ok();
}

Status Closed() { return {Code::kClosed, "the database is closed"}; }

}  // namespace

napi_value ToHandle(napi_env env, std::shared_ptr<DatabaseState> state) {
  auto handle = std::make_unique<DatabaseHandle>(DatabaseHandle{std::move(state)});
  return ToExternal(env, std::move(handle), kDatabaseTag);
}

napi_value ToHandle(napi_env env, std::shared_ptr<DatabaseState> state,
                    std::shared_ptr<const Snapshot> snapshot) {
  auto handle =
      std::make_unique<SnapshotHandle>(SnapshotHandle{std::move(state), std::move(snapshot)});
  return ToExternal(env, std::move(handle), kSnapshotTag);
}

Status FromHandle(napi_env env, napi_value value, DatabaseHandle** handle) {
  return FromExternal(env, value, kDatabaseTag, handle);
}

Status FromHandle(napi_env env, napi_value value, SnapshotHandle** handle) {
  return FromExternal(env, value, kSnapshotTag, handle);
}

Status OpenDatabase(napi_env env, napi_value value, std::shared_ptr<DatabaseState>* state) {
  DatabaseHandle* handle = nullptr;
  HG_RETURN_IF_ERROR(FromHandle(env, value, &handle));
  if (handle->state->closed()) return Closed();
  *state = handle->state;
  return Status::Ok();
}

Status ReadSnapshot(napi_env env, DatabaseState& state, napi_value value,
                    std::shared_ptr<const Snapshot>* snapshot) {
  napi_valuetype type = napi_undefined;
  if (napi_typeof(env, value, &type) == napi_ok && type == napi_null)
    return state.database().Read(snapshot);
  SnapshotHandle* handle = nullptr;
  HG_RETURN_IF_ERROR(FromHandle(env, value, &handle));
  if (handle->snapshot == nullptr) return {Code::kClosed, "the snapshot is closed"};
  if (handle->state.get() != &state) return {Code::kInvalid, "the snapshot is of another database"};
  *snapshot = handle->snapshot;
  return Status::Ok();
}

}  // namespace hypergraph::binding

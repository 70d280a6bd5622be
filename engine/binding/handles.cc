#include "binding/handles.h"

#include <utility>

#include "binding/environment.h"
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

// A handle with the environment that may know it. At its end the environment cannot be asked for.
template <typename Handle>
struct Owned {
  Owned(Handle held, std::shared_ptr<Environment> of)
      : handle(std::move(held)), environment(std::move(of)) {}
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() { environment->Forget(&handle); }

  Handle handle;
  const std::shared_ptr<Environment> environment;
};

template <typename Handle>
napi_value ToExternal(napi_env env, Handle handle, const napi_type_tag& tag) {
  auto owned =
      std::make_unique<Owned<Handle>>(std::move(handle), Environment::Of(env).shared_from_this());
  const auto finalize = [](napi_env, void*, void* hint) {
    const std::unique_ptr<Owned<Handle>> going(static_cast<Owned<Handle>*>(hint));
  };
  napi_value value = nullptr;
  if (napi_create_external(env, &owned->handle, finalize, owned.get(), &value) != napi_ok) {
    return nullptr;
  }
  owned.release();  // The External's from here on.
  return napi_type_tag_object(env, value, &tag) == napi_ok ? value : nullptr;
}

Status NoHandle() { return {Code::kInvalid, "not a handle of this kind"}; }

// What the External points to. Null of anything else.
void* PointerOf(napi_env env, napi_value value) {
  void* data = nullptr;
  return napi_get_value_external(env, value, &data) == napi_ok ? data : nullptr;
}

bool HasTag(napi_env env, napi_value value, const napi_type_tag& tag) {
  bool is_ours = false;
  return napi_check_object_type_tag(env, value, &tag, &is_ours) == napi_ok && is_ours;
}

Status Closed() { return {Code::kClosed, "the database is closed"}; }

}  // namespace

napi_value ToHandle(napi_env env, std::shared_ptr<DatabaseState> state) {
  return ToExternal(env, DatabaseHandle{std::move(state)}, kDatabaseTag);
}

napi_value ToHandle(napi_env env, std::shared_ptr<DatabaseState> state,
                    std::shared_ptr<const Snapshot> snapshot) {
  return ToExternal(env, SnapshotHandle{std::move(state), std::move(snapshot)}, kSnapshotTag);
}

Status FromHandle(napi_env env, napi_value value, DatabaseHandle** handle) {
  void* const data = PointerOf(env, value);
  if (data == nullptr) return NoHandle();
  Environment& environment = Environment::Of(env);
  // Comparing the tag takes as long as the rest of a short call. One that is known still lives, so
  // that nobody else's External points there.
  if (data != environment.known_handle()) {
    if (!HasTag(env, value, kDatabaseTag)) return NoHandle();
    environment.Know(data);
  }
  *handle = static_cast<DatabaseHandle*>(data);
  return Status::Ok();
}

Status FromHandle(napi_env env, napi_value value, SnapshotHandle** handle) {
  void* const data = PointerOf(env, value);
  if (data == nullptr || !HasTag(env, value, kSnapshotTag)) return NoHandle();
  *handle = static_cast<SnapshotHandle*>(data);
  return Status::Ok();
}

Status OpenDatabase(napi_env env, napi_value value, std::shared_ptr<DatabaseState>* state) {
  DatabaseHandle* handle = nullptr;
  HG_RETURN_IF_ERROR(FromHandle(env, value, &handle));
  if (handle->state->closed()) return Closed();
  *state = handle->state;
  return Status::Ok();
}

Status OpenDatabase(napi_env env, napi_value value, DatabaseState** state) {
  DatabaseHandle* handle = nullptr;
  HG_RETURN_IF_ERROR(FromHandle(env, value, &handle));
  if (handle->state->closed()) return Closed();
  *state = handle->state.get();
  return Status::Ok();
}

Status ReadSnapshot(napi_env env, DatabaseState& state, napi_value value,
                    std::shared_ptr<const Snapshot>* snapshot) {
  napi_valuetype type = napi_undefined;
  if (napi_typeof(env, value, &type) == napi_ok && type == napi_null)
    return state.database().ReadShared(snapshot);
  SnapshotHandle* handle = nullptr;
  HG_RETURN_IF_ERROR(FromHandle(env, value, &handle));
  if (handle->snapshot == nullptr) return {Code::kClosed, "the snapshot is closed"};
  if (handle->state.get() != &state) return {Code::kInvalid, "the snapshot is of another database"};
  *snapshot = handle->snapshot;
  return Status::Ok();
}

}  // namespace hypergraph::binding

#include "handles.h"

#include <mutex>
#include <unordered_map>
#include <utility>

#include "environment.h"
#include "failure.h"

namespace hypermesh::hnsw {
namespace {

// One random tag for each kind of handle: another kind, or another addon's, is refused instead of
// being read as memory.
constexpr napi_type_tag kIndexTag = {0x7d0c1b6e42f94a58ull, 0x9e63f1a7c85d2b04ull};
constexpr napi_type_tag kStopTag = {0x1f8a3dc25b7e4960ull, 0xb2d94e7013a6c85full};
constexpr napi_type_tag kImageTag = {0x5b1e9d3470c6f28aull, 0xe47a02c91d6b853full};

struct ImageHandle {
  std::shared_ptr<ImageWriter> writer;
};

struct StopHandle {
  std::shared_ptr<std::atomic<bool>> aborted = std::make_shared<std::atomic<bool>>(false);
};

// An index by its open handles: jobs that run may keep it for longer, but nobody attaches to that.
struct Opened {
  std::weak_ptr<Index> index;
  size_t handles = 0;
};

// The indexes that are open anywhere in the process. Never destroyed: threads outlive the statics.
struct Registry {
  std::mutex mutex;
  std::unordered_map<uint64_t, Opened> indexes;
  uint64_t last = 0;

  static Registry& Get() {
    static Registry& registry = *new Registry();
    return registry;
  }
};

template <typename Handle>
napi_value ToExternal(napi_env env, std::unique_ptr<Handle> handle, const napi_type_tag& tag) {
  const auto finalize = [](napi_env, void* data, void*) { delete static_cast<Handle*>(data); };
  napi_value value = nullptr;
  if (napi_create_external(env, handle.get(), finalize, nullptr, &value) != napi_ok) return nullptr;
  handle.release();  // The External's from here on.
  return napi_type_tag_object(env, value, &tag) == napi_ok ? value : nullptr;
}

template <typename Handle>
Handle& FromExternal(napi_env env, napi_value value, const napi_type_tag& tag) {
  napi_valuetype type = napi_undefined;
  bool is_ours = false;
  void* data = nullptr;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_external ||
      napi_check_object_type_tag(env, value, &tag, &is_ours) != napi_ok || !is_ours ||
      napi_get_value_external(env, value, &data) != napi_ok) {
    Fail("invalid", "not a handle of this kind");
  }
  return *static_cast<Handle*>(data);
}

}  // namespace

IndexHandle::IndexHandle(std::shared_ptr<Index> of, std::shared_ptr<std::atomic<bool>> mark,
                         uint64_t by)
    : index(std::move(of)), closed(std::move(mark)), id(by) {
  Registry& registry = Registry::Get();
  const std::lock_guard lock(registry.mutex);
  if (id == 0) id = ++registry.last;
  Opened& opened = registry.indexes[id];
  opened.index = index;
  ++opened.handles;
}

std::shared_ptr<Index> IndexHandle::Close() {
  if (index == nullptr) return nullptr;
  Registry& registry = Registry::Get();
  const std::lock_guard lock(registry.mutex);
  const auto found = registry.indexes.find(id);
  if (--found->second.handles == 0) registry.indexes.erase(found);
  return std::move(index);
}

napi_value ToHandle(napi_env env, std::shared_ptr<Index> index, uint64_t id) {
  auto closed = Environment::Of(env).MakeClosed();
  auto handle = std::make_unique<IndexHandle>(std::move(index), std::move(closed), id);
  return ToExternal(env, std::move(handle), kIndexTag);
}

IndexHandle& HandleOf(napi_env env, napi_value value) {
  return FromExternal<IndexHandle>(env, value, kIndexTag);
}

IndexHandle& OpenHandleOf(napi_env env, napi_value value) {
  IndexHandle& handle = HandleOf(env, value);
  if (handle.index == nullptr) Fail("closed", "the index is closed");
  return handle;
}

std::shared_ptr<Index> Attach(uint64_t id) {
  Registry& registry = Registry::Get();
  const std::lock_guard lock(registry.mutex);
  const auto found = registry.indexes.find(id);
  std::shared_ptr<Index> index =
      found == registry.indexes.end() ? nullptr : found->second.index.lock();
  if (index == nullptr) Fail("closed", "no open index has this handle");
  return index;
}

napi_value ToImageHandle(napi_env env, std::shared_ptr<ImageWriter> writer) {
  return ToExternal(env, std::make_unique<ImageHandle>(ImageHandle{std::move(writer)}), kImageTag);
}

std::shared_ptr<ImageWriter>& ImageOf(napi_env env, napi_value value) {
  return FromExternal<ImageHandle>(env, value, kImageTag).writer;
}

napi_value MakeStop(napi_env env) {
  return ToExternal(env, std::make_unique<StopHandle>(), kStopTag);
}

std::shared_ptr<std::atomic<bool>> AbortedOf(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  if (napi_typeof(env, value, &type) == napi_ok && type == napi_undefined) return nullptr;
  return FromExternal<StopHandle>(env, value, kStopTag).aborted;
}

}  // namespace hypermesh::hnsw

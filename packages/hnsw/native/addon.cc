// What Node loads: the exports and nothing else. Context-aware: runs once for each environment.
#include <node_api.h>

#if !defined(_WIN32)
#include <dlfcn.h>
#endif

#include "calls.h"
#include "environment.h"

namespace hypermesh::hnsw {
namespace {

// Node unloads an addon when the worker that loaded it ends; threads of ours stay inside for good.
void PinModule() {
#if !defined(_WIN32)
  Dl_info info{};
  const auto address = reinterpret_cast<void*>(&PinModule);
  if (dladdr(address, &info) != 0 && info.dli_fname != nullptr)
    static_cast<void>(dlopen(info.dli_fname, RTLD_LAZY | RTLD_NODELETE));
#endif
}

napi_value Init(napi_env env, napi_value exports) {
  PinModule();
  bool is_usable = Environment::Create(env) != nullptr;
  for (const std::span<const Call> calls : {IndexCalls(), JobCalls(), KernelCalls()}) {
    for (const Call& call : calls) {
      napi_value function = nullptr;
      is_usable = is_usable &&
                  napi_create_function(env, call.name, NAPI_AUTO_LENGTH, call.run, nullptr,
                                       &function) == napi_ok &&
                  napi_set_named_property(env, exports, call.name, function) == napi_ok;
    }
  }
  if (is_usable) return exports;
  napi_throw_error(env, nullptr, "the vector index cannot start in this environment");
  return nullptr;
}

}  // namespace
}  // namespace hypermesh::hnsw

NAPI_MODULE_INIT() { return hypermesh::hnsw::Init(env, exports); }

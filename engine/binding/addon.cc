// What Node loads: the exports and nothing else. Context-aware: runs once for each environment.
#include <node_api.h>

#if !defined(_WIN32)
#include <dlfcn.h>
#endif

#include "binding/calls.h"
#include "binding/environment.h"

namespace hypergraph::binding {
namespace {

// Node unloads an addon when the worker that loaded it ends; a thread of ours, or a finalizer, may
// still be inside. So this module stays for the life of the process.
void PinModule() {
#if !defined(_WIN32)
  Dl_info info{};
  const auto address = reinterpret_cast<void*>(&PinModule);
  if (dladdr(address, &info) != 0 && info.dli_fname != nullptr)
    static_cast<void>(dlopen(info.dli_fname, RTLD_LAZY | RTLD_NODELETE));
#endif
}

void ThrowUnusable(napi_env env) {
  bool is_pending = false;
  napi_is_exception_pending(env, &is_pending);
  if (!is_pending) napi_throw_error(env, nullptr, "the engine cannot start in this environment");
}

napi_value Init(napi_env env, napi_value exports) {
  PinModule();
  if (Environment::Create(env) == nullptr) {
    ThrowUnusable(env);
    return nullptr;
  }
  for (const std::span<const Call> calls : {DatabaseCalls(), QueryCalls(), JsonCalls()}) {
    for (const Call& call : calls) {
      napi_value function = nullptr;
      if (napi_create_function(env, call.name, NAPI_AUTO_LENGTH, call.run, nullptr, &function) !=
              napi_ok ||
          napi_set_named_property(env, exports, call.name, function) != napi_ok) {
        ThrowUnusable(env);
        return nullptr;
      }
    }
  }
  return exports;
}

}  // namespace
}  // namespace hypergraph::binding

NAPI_MODULE_INIT() { return hypergraph::binding::Init(env, exports); }

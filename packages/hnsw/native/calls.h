// The addon's functions, by their names in src/native-types.ts.
#ifndef HYPERMESH_HNSW_CALLS_H_
#define HYPERMESH_HNSW_CALLS_H_

#include <node_api.h>

#include <span>

#include "environment.h"

namespace hypermesh::hnsw {

struct Call {
  const char* name;
  napi_callback run;
};

std::span<const Call> IndexCalls();
std::span<const Call> JobCalls();
std::span<const Call> KernelCalls();

// Runs a call and throws to JavaScript what it throws here.
template <typename Run>
napi_value Guarded(napi_env env, Run run) {
  try {
    return run();
  } catch (...) {
    const napi_value error = CaughtError()(env);
    napi_throw(env, error);
    return nullptr;
  }
}

}  // namespace hypermesh::hnsw

#endif  // HYPERMESH_HNSW_CALLS_H_

// The parts of calls that several files have.
#ifndef HYPERMESH_HNSW_ARGUMENTS_H_
#define HYPERMESH_HNSW_ARGUMENTS_H_

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>

#include "convert.h"
#include "failure.h"
#include "handles.h"
#include "index.h"
#include "limits.h"
#include "thread_pool.h"

namespace hypermesh::hnsw {

inline Stop StopOf(napi_env env, const IndexHandle& handle, napi_value aborted) {
  return {handle.closed, AbortedOf(env, aborted)};
}

inline uint32_t InRange(uint32_t value, uint32_t min, uint32_t max, const char* name) {
  if (value < min || value > max) Fail("invalid", std::string(name) + " is out of range");
  return value;
}

inline SearchLimits LimitsOf(napi_env env, napi_value k, napi_value ef) {
  return {InRange(Uint32Of(env, k), 1, kEfMax, "k"), InRange(Uint32Of(env, ef), 1, kEfMax, "ef")};
}

inline size_t ThreadsOf(napi_env env, napi_value value) {
  const size_t threads = Uint32Of(env, value);
  return threads == 0 ? ThreadPool::Threads() : std::min(threads, ThreadPool::Threads());
}

inline std::span<float> RowsOf(napi_env env, napi_value value, const Index& index) {
  const std::span<float> rows = FloatsOf(env, value);
  if (rows.size() % index.space().dimension() != 0)
    Fail("dimension", "not a whole number of vectors of the index's dimension");
  return rows;
}

}  // namespace hypermesh::hnsw

#endif  // HYPERMESH_HNSW_ARGUMENTS_H_

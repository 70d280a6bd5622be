// The functions that the addon exports, and what they share.
//
// A synchronous one throws, an asynchronous one always gives a promise; both by errors.h.
#ifndef HYPERGRAPH_BINDING_CALLS_H_
#define HYPERGRAPH_BINDING_CALLS_H_

#include <node_api.h>

#include <functional>
#include <memory>
#include <span>

#include "binding/environment.h"

namespace hypergraph::binding {

struct Call {
  const char* name;
  napi_callback run;
};

std::span<const Call> QueryCalls();
std::span<const Call> DatabaseCalls();
std::span<const Call> JsonCalls();

// Fills what the caller left out with undefined.
template <size_t count>
void ReadArguments(napi_env env, napi_callback_info info, napi_value (&arguments)[count]) {
  size_t given = count;
  napi_get_cb_info(env, info, &given, arguments, nullptr, nullptr);
}

napi_value Rejected(napi_env env, const Status& status);

using PoolWork = std::function<Status(Outcome*)>;
// A promise of what the work gives on a thread of the pool.
napi_value RunOnPool(napi_env env, Lane lane, PoolWork work);
// The same for work on a database: a close waits for it, and rejects it when it comes first.
napi_value RunOnPool(napi_env env, std::shared_ptr<DatabaseState> state, Lane lane, PoolWork work);

}  // namespace hypergraph::binding

#endif  // HYPERGRAPH_BINDING_CALLS_H_

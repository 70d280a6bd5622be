#include "binding/calls.h"

#include <utility>

#include "binding/errors.h"
#include "binding/handles.h"

namespace hypergraph::binding {

napi_value Rejected(napi_env env, const Status& status) {
  napi_deferred deferred = nullptr;
  napi_value promise = nullptr;
  if (napi_create_promise(env, &deferred, &promise) != napi_ok) return nullptr;
  napi_reject_deferred(env, deferred, ToError(env, status));
  return promise;
}

napi_value RunOnPool(napi_env env, Lane lane, PoolWork work) {
  const std::shared_ptr<Environment> environment = Environment::Of(env).shared_from_this();
  napi_deferred deferred = nullptr;
  const napi_value promise = environment->Begin(env, &deferred);
  if (promise == nullptr) return nullptr;
  environment->Post(lane, [environment, deferred, work = std::move(work)] {
    Outcome outcome;
    Status status = work(&outcome);
    environment->Complete(deferred, std::move(status), std::move(outcome));
  });
  return promise;
}

napi_value RunOnPool(napi_env env, std::shared_ptr<DatabaseState> state, Lane lane, PoolWork work) {
  if (!state->BeginJob()) return Rejected(env, {Code::kClosed, "the database is closed"});
  const napi_value promise =
      RunOnPool(env, lane, [state, work = std::move(work)](Outcome* outcome) {
        Status status = work(outcome);
        state->EndJob();
        return status;
      });
  if (promise == nullptr) state->EndJob();  // Nobody else will, and a close waits for it.
  return promise;
}

}  // namespace hypergraph::binding

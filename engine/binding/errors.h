// Status to JavaScript error: the only place where the addon makes one.
#ifndef HYPERGRAPH_BINDING_ERRORS_H_
#define HYPERGRAPH_BINDING_ERRORS_H_

#include <node_api.h>

#include "core/base/status.h"

namespace hypergraph::binding {

// An Error with the status' message and its code as a property. Requires: !status.ok().
napi_value ToError(napi_env env, const Status& status);
// Throws it; nullptr, for callbacks to return.
napi_value Throw(napi_env env, const Status& status);

}  // namespace hypergraph::binding

#endif  // HYPERGRAPH_BINDING_ERRORS_H_

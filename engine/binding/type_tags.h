// One random tag for each kind of handle: a handle of another kind, or of another addon, is refused
// instead of being read as memory.
#ifndef HYPERGRAPH_BINDING_TYPE_TAGS_H_
#define HYPERGRAPH_BINDING_TYPE_TAGS_H_

#include <node_api.h>

namespace hypergraph::binding {

inline constexpr napi_type_tag kDatabaseTag = {0x5f1d3c7a9b2e4806ull, 0xa94c60d18e7f352bull};
inline constexpr napi_type_tag kSnapshotTag = {0xc2807be5164f9d3aull, 0x3e96f4a25bd8017cull};

}  // namespace hypergraph::binding

#endif  // HYPERGRAPH_BINDING_TYPE_TAGS_H_

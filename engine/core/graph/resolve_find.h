// The current version of hyperedges and of nodes' properties, over all sources of a table.
#ifndef HYPERGRAPH_GRAPH_RESOLVE_FIND_H_
#define HYPERGRAPH_GRAPH_RESOLVE_FIND_H_

#include <span>
#include <string_view>
#include <vector>

#include "core/index/row_source.h"

namespace hypergraph {

// Where a live record is: one that nothing has replaced. source is null when there is none.
struct LiveRecord {
  const RowSource* source = nullptr;
  uint32_t row = 0;
  Seq seq = 0;
  EdgeId id = 0;
  // It was there at the base, and is not any more, or is newer than it. Only with a base.
  bool changed_since_base = false;
};

using Sources = std::span<const RowSource* const>;  // Newest first.

// `base_end`: as of a batch; 0: no base.
Status FindLiveId(Sources sources, EdgeId id, Seq base_end, LiveRecord* found);
Status FindLiveKey(Sources sources, std::string_view key, LiveRecord* found);
// In the table of node properties.
Status FindLiveNode(Sources sources, NodeNumber node, Seq base_end, LiveRecord* found);

}  // namespace hypergraph

#endif  // HYPERGRAPH_GRAPH_RESOLVE_FIND_H_

// Hyperedges as walks and joins read them: columns of a batch, or one after the other in time.
//
// Threads: one.
#ifndef HYPERGRAPH_QUERY_EXPAND_EDGES_H_
#define HYPERGRAPH_QUERY_EXPAND_EDGES_H_

#include <vector>

#include "core/index/row_source.h"
#include "core/query/expand_journal.h"
#include "core/query/select.h"

namespace hypergraph {

// An upper bound of all sources' rows in the selector's window: exact of ranked sources. *share: of
// all their rows.
Status CountWindow(const Selector& selector, uint64_t* row_count, double* share);

struct EdgeColumns {
  std::vector<Micros> ts;
  std::vector<Seq> seq;
  std::vector<EdgeId> id;
  MemberColumns members;
  std::vector<uint32_t> arities;  // Scratch of LoadEdges.

  // What a guard is charged for reading them, beyond their rows.
  uint64_t Units() const { return members.nodes.size() / 32; }
  uint32_t size() const { return static_cast<uint32_t>(ts.size()); }
  WalkEdge At(uint32_t index) const {
    const uint32_t first = members.offsets[index];
    const uint32_t count = members.offsets[index + 1] - first;
    return {ts[index],
            seq[index],
            id[index],
            {members.nodes.data() + first, count},
            members.roles.empty() ? nullptr : members.roles.data() + first};
  }
};

// Replaces what `columns` held by the first of the rows: all of them, unless their members would
// take too much memory at once, and at least one if there is one.
Status LoadEdges(const RowSource& source, Rows rows, EdgeColumns* columns);

// All matches over all sources, by (event_ts, seq), one after the other.
class EdgeStream {
 public:
  // Requires: the selector outlives the stream.
  explicit EdgeStream(Selector* selector)
      : selector_(selector), scan_(selector, false, std::nullopt, UINT64_MAX) {}

  // False at the end, when the guard stopped, or when status() is an error. The edge's members are
  // valid until the next call.
  bool Next(WalkEdge* edge) {
    if (at_ >= edges_.size() && !Fill()) return false;
    *edge = edges_.At(at_++);
    return true;
  }
  const Status& status() const { return status_; }

 private:
  bool Fill();

  Selector* const selector_;
  OrderedScan scan_;
  RowBatch batch_;  // Those of its rows that are not in edges_ yet.
  EdgeColumns edges_;
  uint32_t at_ = 0;
  Status status_;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_QUERY_EXPAND_EDGES_H_

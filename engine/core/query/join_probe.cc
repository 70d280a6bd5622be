// A join that looks up each hyperedge's members in the other side's postings.
#include <algorithm>

#include "core/query/join_pairs.h"

namespace hypergraph {

namespace {

constexpr uint32_t kProbeRows = 4096;

class Prober {
 public:
  Prober(JoinSide* probed, bool driver_is_left, const JoinTerms& terms, JoinPairs* pairs)
      : probed_(probed), driver_is_left_(driver_is_left), terms_(terms), pairs_(pairs) {}

  // `nodes`: those of the edge that may be shared.
  Status Probe(const WalkEdge& edge, const std::vector<NodeNumber>& nodes) {
    if (nodes.size() < terms_.shared_min) return Status::Ok();
    Selector& selector = probed_->selector;
    const TimeWindow reach = Reach(edge.ts);
    if (reach.from >= reach.to) return Status::Ok();
    for (uint32_t i = 0; i < selector.source_count() && !selector.guard().stopped(); ++i) {
      rows_.clear();
      HG_RETURN_IF_ERROR(selector.source(i).RowsOfNodes(nodes, terms_.shared_min, reach, &rows_));
      HG_RETURN_IF_ERROR(selector.guard().Work(nodes.size() + rows_.size()));
      for (size_t at = 0; at < rows_.size() && !selector.guard().stopped(); at += kProbeRows) {
        const size_t count = std::min<size_t>(kProbeRows, rows_.size() - at);
        matched_.clear();
        HG_RETURN_IF_ERROR(selector.Match(i, Rows::List({rows_.data() + at, count}), &matched_));
        HG_RETURN_IF_ERROR(AddPairs(edge, nodes, selector.source(i)));
      }
    }
    return Status::Ok();
  }

 private:
  Status AddPairs(const WalkEdge& edge, const std::vector<NodeNumber>& nodes,
                  const RowSource& source) {
    const Rows matched = Rows::List(matched_);
    for (uint32_t done = 0; done < matched.size(); done += edges_.size()) {
      const Rows left = matched.Slice(done, matched.size() - done);
      HG_RETURN_IF_ERROR(LoadEdges(source, left, &edges_));
      HG_RETURN_IF_ERROR(probed_->selector.guard().Work(edges_.Units()));
      for (uint32_t k = 0; k < edges_.size(); ++k) AddPair(edge, nodes, edges_.At(k));
    }
    return Status::Ok();
  }

  // Where the other side's hyperedges may lie.
  TimeWindow Reach(Micros ts) const {
    const __int128 low = terms_.distance_min;
    const __int128 high = terms_.distance_max;
    const TimeWindow reach = driver_is_left_ ? Around(ts, low, high) : Around(ts, -high, -low);
    const TimeWindow window = probed_->selector.window();
    return {std::max(reach.from, window.from), std::min(reach.to, window.to)};
  }

  void AddPair(const WalkEdge& edge, const std::vector<NodeNumber>& nodes, const WalkEdge& other) {
    if (terms_.same_table && edge.id == other.id) return;
    probed_->NodesOf(other, &others_);
    shared_.clear();
    std::set_intersection(nodes.begin(), nodes.end(), others_.begin(), others_.end(),
                          std::back_inserter(shared_));
    if (shared_.size() < terms_.shared_min) return;
    const EdgeName driver = {edge.ts, edge.seq, edge.id};
    const EdgeName found = {other.ts, other.seq, other.id};
    pairs_->Add({driver_is_left_ ? driver : found, driver_is_left_ ? found : driver, shared_[0],
                 static_cast<uint32_t>(shared_.size())});
  }

  JoinSide* const probed_;
  const bool driver_is_left_;
  const JoinTerms& terms_;
  JoinPairs* const pairs_;
  std::vector<uint32_t> rows_, matched_;
  std::vector<NodeNumber> others_, shared_;
  EdgeColumns edges_;
};

}  // namespace

Status ProbeJoin(JoinSide* driver, JoinSide* probed, bool driver_is_left, const JoinTerms& terms,
                 JoinPairs* pairs) {
  Guard& guard = driver->selector.guard();
  EdgeStream stream(&driver->selector);
  Prober prober(probed, driver_is_left, terms, pairs);
  std::vector<NodeNumber> nodes;
  WalkEdge edge;
  while (stream.Next(&edge)) {
    driver->NodesOf(edge, &nodes);
    HG_RETURN_IF_ERROR(prober.Probe(edge, nodes));
    if (guard.stopped() || (driver_is_left && pairs->Full())) break;
  }
  return stream.status();
}

}  // namespace hypergraph

// A join in one pass over both sides: the right one's members of the current window hang in chains
// by node, newest first, and leave at the far end.
#include <algorithm>
#include <deque>

#include "core/query/join_pairs.h"

namespace hypergraph {

namespace {

class RightWindow {
 public:
  RightWindow(const JoinSide& side, uint32_t node_end) : side_(side), newest_(node_end) {}

  // Whether the edge may be added: numbers of links and edges are 31 bits.
  bool HasRoomFor(const WalkEdge& edge) const {
    return links_base_ + links_.size() + edge.nodes.size() < (1u << 31) - 1;
  }
  // Requires: HasRoomFor(edge).
  void Add(const WalkEdge& edge) {
    side_.NodesOf(edge, &nodes_);
    for (const NodeNumber node : nodes_) {
      const uint32_t before = newest_.Get(node);
      newest_.Set(node, links_base_ + static_cast<uint32_t>(links_.size()));
      links_.push_back({edges_base_ + static_cast<uint32_t>(edges_.size()), before});
    }
    edges_.push_back({{edge.ts, edge.seq, edge.id}, static_cast<uint32_t>(nodes_.size())});
  }
  void DropBefore(Micros ts) {
    while (!edges_.empty() && edges_.front().name.ts < ts) {
      links_.erase(links_.begin(), links_.begin() + edges_.front().link_count);
      links_base_ += edges_.front().link_count;
      edges_.pop_front();
      ++edges_base_;
    }
  }
  // Appends (edge, node) of every edge of the window that has the node.
  void Find(NodeNumber node, std::vector<uint64_t>* found) const {
    for (uint32_t link = newest_.Get(node); link != NodeSlots::kUnset && link >= links_base_;
         link = links_[link - links_base_].before) {
      found->push_back(uint64_t{links_[link - links_base_].edge} << 32 | node);
    }
  }
  const EdgeName& Name(uint32_t edge) const { return edges_[edge - edges_base_].name; }
  uint64_t bytes() const { return links_.size() * sizeof(Link) + edges_.size() * sizeof(Edge); }

 private:
  struct Link {
    uint32_t edge;
    uint32_t before;  // The next older link of the node.
  };
  struct Edge {
    EdgeName name;
    uint32_t link_count;
  };
  const JoinSide& side_;
  NodeSlots newest_;
  std::deque<Link> links_;
  std::deque<Edge> edges_;
  uint32_t links_base_ = 0, edges_base_ = 0;
  std::vector<NodeNumber> nodes_;
};

// `found` in order: an edge's nodes lie side by side, the lowest first.
void AddPairs(const WalkEdge& edge, const RightWindow& window, const JoinTerms& terms,
              const std::vector<uint64_t>& found, JoinPairs* pairs) {
  for (size_t first = 0, end = 0; first < found.size(); first = end) {
    const auto right = static_cast<uint32_t>(found[first] >> 32);
    while (end < found.size() && found[end] >> 32 == right) ++end;
    const EdgeName& name = window.Name(right);
    if (end - first < terms.shared_min || (terms.same_table && name.id == edge.id)) continue;
    pairs->Add({{edge.ts, edge.seq, edge.id},
                name,
                static_cast<NodeNumber>(found[first] & UINT32_MAX),
                static_cast<uint32_t>(end - first)});
  }
}

}  // namespace

Status SlideJoin(JoinSide* left, JoinSide* right, const JoinTerms& terms, uint32_t node_end,
                 JoinPairs* pairs) {
  Guard& guard = left->selector.guard();
  EdgeStream lefts(&left->selector);
  EdgeStream rights(&right->selector);
  RightWindow window(*right, node_end);
  WalkEdge edge, next;
  bool more = rights.Next(&next);
  std::vector<NodeNumber> nodes;
  std::vector<uint64_t> found;
  while (lefts.Next(&edge) && !pairs->Full()) {
    const TimeWindow reach = Around(edge.ts, terms.distance_min, terms.distance_max);
    window.DropBefore(reach.from);
    for (; more && next.ts < reach.to; more = rights.Next(&next)) {
      const bool has_room = window.HasRoomFor(next);
      if (next.ts >= reach.from && has_room) window.Add(next);
      if (window.bytes() > guard.bytes_max() || !has_room) guard.Stop(Truncated::kBytesMax);
      if (guard.stopped()) break;
    }
    HG_RETURN_IF_ERROR(rights.status());
    left->NodesOf(edge, &nodes);
    found.clear();
    for (const NodeNumber node : nodes) window.Find(node, &found);
    HG_RETURN_IF_ERROR(guard.Work(found.size() + 1));
    std::sort(found.begin(), found.end());
    AddPairs(edge, window, terms, found, pairs);
    if (guard.stopped()) break;
  }
  return lefts.status();
}

}  // namespace hypergraph

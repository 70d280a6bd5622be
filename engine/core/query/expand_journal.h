// What an expansion has found: every journey end that was an improvement, with the entry it came
// from, and per node the newest of them.
//
// Threads: one. At most one NodeSlots of a thread uses that thread's array; further ones hash.
#ifndef HYPERGRAPH_QUERY_EXPAND_JOURNAL_H_
#define HYPERGRAPH_QUERY_EXPAND_JOURNAL_H_

#include <unordered_map>
#include <vector>

#include "core/base/types.h"

namespace hypergraph {

// Node number → a small number below 2^31. Forgetting all of them costs nothing: the array belongs
// to the thread, and what earlier queries wrote lies below this one's base.
class NodeSlots {
 public:
  static constexpr uint32_t kUnset = UINT32_MAX;
  // Nodes from this number on are hashed, so that a thread keeps at most 32 MiB.
  static constexpr uint32_t kDenseMax = 8u << 20;

  explicit NodeSlots(uint32_t node_end);
  ~NodeSlots();
  NodeSlots(const NodeSlots&) = delete;
  NodeSlots& operator=(const NodeSlots&) = delete;

  uint32_t Get(NodeNumber node) const {
    if (node < dense_count_) {
      const uint32_t stored = dense_[node];
      return stored >= base_ ? stored - base_ : kUnset;
    }
    if (sparse_.empty()) return kUnset;
    const auto found = sparse_.find(node);
    return found == sparse_.end() ? kUnset : found->second;
  }
  // Requires: value < 2^31.
  void Set(NodeNumber node, uint32_t value) {
    if (value >= used_) used_ = value + 1;
    if (node < dense_count_) {
      dense_[node] = base_ + value;
    } else {
      sparse_[node] = value;
    }
  }

 private:
  uint32_t* dense_ = nullptr;  // The thread's.
  uint32_t dense_count_ = 0;
  uint32_t base_ = 0;
  uint32_t used_ = 0;
  bool owns_thread_array_ = false;
  std::unordered_map<NodeNumber, uint32_t> sparse_;
};

// Which edges an expansion may take through a hyperedge, and how far it goes.
struct WalkRules {
  bool strict = false;  // Each hop later than the one before.
  bool timed = true;    // False: time plays no part.
  uint32_t hops_max = 1;
  // What a node reached takes to be ordered and written, as bytes of a result that take as long.
  uint64_t bytes_a_node = 0;
  TimeWindow window;
  bool has_from_role = false, has_to_role = false;
  Symbol from_role = kSymbolNone, to_role = kSymbolNone;
  bool MayLeave(const Symbol* roles, size_t member) const {
    return !has_from_role || (roles ? roles[member] : kSymbolNone) == from_role;
  }
  bool MayEnter(const Symbol* roles, size_t member) const {
    return !has_to_role || (roles ? roles[member] : kSymbolNone) == to_role;
  }
};

// One hyperedge on the way.
struct WalkEdge {
  Micros ts = 0;
  Seq seq = 0;
  EdgeId id = 0;
  std::span<const NodeNumber> nodes;
  const Symbol* roles = nullptr;  // Null: none has a role.
};

struct Journal {
  static constexpr uint32_t kNone = NodeSlots::kUnset;
  struct Entry {
    NodeNumber node = 0;
    uint32_t hops = 0;
    Micros arrival = 0;
    EdgeId via = 0;            // 0: a seed.
    uint32_t parent = kNone;   // The entry of the node before.
    uint32_t earlier = kNone;  // The entry of this node that this one improves on.
  };

  Journal(uint32_t node_end, uint32_t frontier_max) : slots(node_end), nodes_max(frontier_max) {}

  bool AddSeed(NodeNumber node, Micros arrival) {
    if (slots.Get(node) != kNone) return true;
    return Append({node, 0, arrival, 0, kNone, kNone});
  }
  // False when the budget is spent; then nothing was added.
  bool Append(const Entry& entry) {
    if (entry.earlier == kNone) {
      if (node_count == nodes_max) return !(full = true);
      ++node_count;
    }
    if (entries.size() >= uint64_t{nodes_max} * 4 || entries.size() >= (1u << 31) - 1) {
      return !(full = true);
    }
    slots.Set(entry.node, static_cast<uint32_t>(entries.size()));
    entries.push_back(entry);
    return true;
  }

  NodeSlots slots;  // Node → its newest entry.
  std::vector<Entry> entries;
  uint32_t nodes_max = 0;
  uint32_t node_count = 0;
  bool full = false;  // The frontier budget stopped an addition.
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_QUERY_EXPAND_JOURNAL_H_

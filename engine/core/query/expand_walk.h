// One expansion: names resolved, an algorithm chosen, the journal filled.
//
// Threads: one.
#ifndef HYPERGRAPH_QUERY_EXPAND_WALK_H_
#define HYPERGRAPH_QUERY_EXPAND_WALK_H_

#include <optional>

#include "core/query/expand_edges.h"
#include "core/query/expand_journal.h"

namespace hypergraph {

enum class WalkMethod : uint8_t {
  kChoose,
  kPass,  // Of orders only.
  kFrontier,
};

class ExpandWalk {
 public:
  // kInvalid: the selection names ids, keys or members.
  Status Prepare(const Snapshot& snapshot, const ExpandPlan& plan, Guard* guard);
  // With a target, ends as soon as no journey to it can be shorter; else it finds all nodes.
  Status Run(WalkMethod method, std::optional<NodeNumber> target);

  const WalkRules& rules() const { return rules_; }
  const Journal& journal() const { return *journal_; }
  // The entry of a node that answers an expansion; kNone: not reached.
  uint32_t RowEntry(NodeNumber node) const;
  // The entries that answer it, in the order of rows.
  std::vector<uint32_t> RowEntries() const;

 private:
  void Restart();
  Status RunPass(std::optional<NodeNumber> target);
  // *done stays false when the pass is the better way.
  Status RunFrontier(std::optional<NodeNumber> target, uint64_t cost_max, bool* done);

  Guard* guard_ = nullptr;
  Selector selector_;
  WalkRules rules_;
  bool walkable_ = true;  // False: a role that nobody has.
  uint32_t node_end_ = 0;
  std::vector<NodeNumber> seeds_;
  double window_share_ = 0;
  uint64_t window_rows_ = 0;
  bool passed_ = false;
  std::optional<Journal> journal_;
};

// The number of a key, or nothing when no node has it.
Status FindNode(const Snapshot& snapshot, const OwnedNodeKey& key,
                std::optional<NodeNumber>* number);
// *known is false when no member ever had the role.
Status FindRole(const Snapshot& snapshot, const std::optional<std::string>& role, bool* has_role,
                Symbol* symbol, bool* known);

}  // namespace hypergraph

#endif  // HYPERGRAPH_QUERY_EXPAND_WALK_H_

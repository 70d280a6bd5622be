// The nodes of one segment under local numbers, the most frequent first, and where each one's
// posting list lies.
//
// From a node to its local number: a packed array over the span of the node numbers where they are
// dense in it, else an open hash table of local numbers (slot 0 is empty, local + 1 else) whose
// probes compare through the way back. Threads: any.
#ifndef HYPERGRAPH_INDEX_NODE_DIRECTORY_H_
#define HYPERGRAPH_INDEX_NODE_DIRECTORY_H_

#include <atomic>
#include <vector>

#include "core/base/types.h"
#include "core/storage/column_codes.h"

namespace hypergraph {

// Writer's side: the ranking of the nodes of some member lists.
class NodeRanking {
 public:
  explicit NodeRanking(std::span<const NodeNumber> members);
  const std::vector<NodeNumber>& nodes() const { return nodes_; }  // By local number.
  const std::vector<uint32_t>& locals() const { return locals_; }  // Of each member.

 private:
  std::vector<NodeNumber> nodes_;
  std::vector<uint32_t> locals_;
};

class NodeDirectory {
 public:
  // Of each local number: the rows that have it, and the end of its postings' bytes.
  static void Write(std::span<const NodeNumber> nodes, std::span<const uint64_t> degrees,
                    std::span<const uint64_t> ends, ByteWriter* section, ByteWriter* meta);
  static bool Open(const SectionFile* file, ByteView section, ByteReader* meta,
                   NodeDirectory* directory);

  struct Place {
    uint64_t begin = 0;
    uint64_t end = 0;
    uint32_t degree = 0;  // 0: no row of the segment has the node.
  };

  uint32_t count() const { return static_cast<uint32_t>(nodes_.count()); }
  // Above every node that ToGlobal gives; 0 when there is none.
  uint64_t node_end() const { return nodes_.count() == 0 ? 0 : uint64_t{node_max_} + 1; }
  [[nodiscard]] bool Find(NodeNumber node, Place* place) const;
  [[nodiscard]] bool PlaceOf(uint32_t local, Place* place) const;
  // In place; false also when one is no local number, and then some are nodes and some are not. All
  // nodes are checked at its first call.
  [[nodiscard]] bool ToGlobal(std::span<uint32_t> locals) const;
  [[nodiscard]] bool VerifyWhole() const;

 private:
  [[nodiscard]] bool CheckNodes() const;
  [[nodiscard]] bool FindLocal(NodeNumber node, uint32_t* local, bool* found) const;

  const SectionFile* file_ = nullptr;
  PackedArray nodes_;
  bool dense_ = false;
  NodeNumber node_min_ = 0, node_max_ = 0;
  PackedArray lookup_;
  CodeColumn degrees_;
  CodeColumn ends_;
  // Whether nodes_ was read and found within node_min_ and node_max_. Relaxed: the bytes never
  // change.
  mutable std::atomic<bool> nodes_checked_{false};
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_INDEX_NODE_DIRECTORY_H_

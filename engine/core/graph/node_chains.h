// For each node the incidences (places in a memtable's list of members) that have it, newest first:
// a linked list through the incidences whose head lies in a table by node number.
//
// Threads: one writer; any readers, lock-free. Whoever sees a head sees what was written before
// Push.
#ifndef HYPERGRAPH_GRAPH_NODE_CHAINS_H_
#define HYPERGRAPH_GRAPH_NODE_CHAINS_H_

#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "core/base/types.h"
#include "core/graph/growing_column.h"

namespace hypergraph {

class NodeChains {
 public:
  static constexpr uint32_t kEnd = UINT32_MAX;
  struct Head {
    uint32_t incidence = kEnd;
    uint32_t count = 0;
  };
  explicit NodeChains(BlockMemory* memory);
  ~NodeChains();

  // Where the node's chain begins, made if it is not there. It stays where it is.
  std::atomic<uint64_t>& CellForWriting(NodeNumber node) {
    const Top* top = top_.load(std::memory_order_relaxed);
    if (top != nullptr) {
      const Middle* middle = top->middles[MiddleOf(node)].load(std::memory_order_relaxed);
      if (middle != nullptr) {
        Leaf* leaf = middle->leaves[LeafOf(node)].load(std::memory_order_relaxed);
        if (leaf != nullptr) return leaf->cells[node & ((1u << kLeafLog) - 1)];
      }
    }
    return MakeCell(node);
  }
  // Requires: the cell is of CellForWriting; incidence is the next one, counting from 0.
  void Push(std::atomic<uint64_t>& cell, uint32_t incidence, uint32_t row) {
    const uint64_t old = cell.load(std::memory_order_relaxed);
    // A cell holds the count above and the last incidence + 1 below, so that zero is "none".
    links_.At(incidence) = Link{static_cast<uint32_t>(old), row};
    cell.store(((old >> 32) + 1) << 32 | (incidence + 1), std::memory_order_release);
  }
  Head Find(NodeNumber node) const {
    const std::atomic<uint64_t>* cell = Cell(node);
    if (cell == nullptr) return {};
    const uint64_t value = cell->load(std::memory_order_acquire);
    return {static_cast<uint32_t>(value) - 1, static_cast<uint32_t>(value >> 32)};
  }
  uint32_t RowOf(uint32_t incidence) const { return links_.Find(incidence)->row; }
  // The incidence before this one in its chain, or kEnd; and the row of this one.
  uint32_t Next(uint32_t incidence, uint32_t* row) const {
    const Link* link = links_.Find(incidence);
    *row = link->row;
    return link->before - 1;
  }
  uint64_t bytes() const { return links_.bytes() + bytes_.load(std::memory_order_relaxed); }

 private:
  static constexpr uint32_t kLeafLog = 8, kMiddleLog = 12, kTopLog = 12;
  struct Link {
    uint32_t before;  // The incidence before it, + 1.
    uint32_t row;
  };
  struct Leaf {
    std::array<std::atomic<uint64_t>, 1u << kLeafLog> cells{};
  };
  struct Middle {
    std::array<std::atomic<Leaf*>, 1u << kMiddleLog> leaves{};
  };
  struct Top {
    std::array<std::atomic<Middle*>, 1u << kTopLog> middles{};
  };
  static uint32_t LeafOf(NodeNumber node) { return (node >> kLeafLog) & ((1u << kMiddleLog) - 1); }
  static uint32_t MiddleOf(NodeNumber node) { return node >> (kLeafLog + kMiddleLog); }

  const std::atomic<uint64_t>* Cell(NodeNumber node) const {
    const Top* top = top_.load(std::memory_order_acquire);
    if (top == nullptr) return nullptr;
    const Middle* middle = top->middles[MiddleOf(node)].load(std::memory_order_acquire);
    if (middle == nullptr) return nullptr;
    const Leaf* leaf = middle->leaves[LeafOf(node)].load(std::memory_order_acquire);
    return leaf == nullptr ? nullptr : &leaf->cells[node & ((1u << kLeafLog) - 1)];
  }
  std::atomic<uint64_t>& MakeCell(NodeNumber node);
  Leaf* MakeLeaf();

  GrowingColumn<Link> links_;
  std::atomic<Top*> top_{nullptr};
  std::unique_ptr<Top> top_owner_;  // The owners are the writer's.
  std::vector<std::unique_ptr<Middle>> middle_owners_;
  // Leaves are made some at a time, more each time: one by one they would make the heap of a thread
  // grow by a page each, with a call into the system.
  std::vector<std::unique_ptr<Leaf[]>> leaf_owners_;
  size_t leaves_made_ = 0, leaves_used_ = 0;
  std::atomic<uint64_t> bytes_{0};
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_GRAPH_NODE_CHAINS_H_

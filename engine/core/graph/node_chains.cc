#include "core/graph/node_chains.h"

namespace hypergraph {

NodeChains::NodeChains() = default;
NodeChains::~NodeChains() = default;

std::atomic<uint64_t>& NodeChains::MakeCell(NodeNumber node) {
  if (top_owner_ == nullptr) {
    top_owner_ = std::make_unique<Top>();
    bytes_.fetch_add(sizeof(Top), std::memory_order_relaxed);
    top_.store(top_owner_.get(), std::memory_order_release);
  }
  std::atomic<Middle*>& middle_at = top_owner_->middles[MiddleOf(node)];
  Middle* middle = middle_at.load(std::memory_order_relaxed);
  if (middle == nullptr) {
    middle = middle_owners_.emplace_back(std::make_unique<Middle>()).get();
    bytes_.fetch_add(sizeof(Middle), std::memory_order_relaxed);
    middle_at.store(middle, std::memory_order_release);
  }
  std::atomic<Leaf*>& leaf_at = middle->leaves[LeafOf(node)];
  Leaf* leaf = leaf_at.load(std::memory_order_relaxed);
  if (leaf == nullptr) {
    leaf = leaf_owners_.emplace_back(std::make_unique<Leaf>()).get();
    bytes_.fetch_add(sizeof(Leaf), std::memory_order_relaxed);
    leaf_at.store(leaf, std::memory_order_release);
  }
  return leaf->cells[node & ((1u << kLeafLog) - 1)];
}

}  // namespace hypergraph

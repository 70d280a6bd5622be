#include "core/graph/node_chains.h"

#include <algorithm>

namespace hypergraph {

NodeChains::NodeChains(BlockMemory* memory) : links_(memory) {}
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
    leaf = MakeLeaf();
    leaf_at.store(leaf, std::memory_order_release);
  }
  return leaf->cells[node & ((1u << kLeafLog) - 1)];
}

NodeChains::Leaf* NodeChains::MakeLeaf() {
  constexpr size_t kMost = 64;  // 128 KiB.
  if (leaves_used_ == leaves_made_) {
    leaves_made_ = std::clamp<size_t>(leaves_made_ * 2, 1, kMost);
    leaves_used_ = 0;
    leaf_owners_.push_back(std::make_unique<Leaf[]>(leaves_made_));
    bytes_.fetch_add(leaves_made_ * sizeof(Leaf), std::memory_order_relaxed);
  }
  return &leaf_owners_.back()[leaves_used_++];
}

}  // namespace hypergraph

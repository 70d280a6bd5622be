#include "core/query/expand_journal.h"

#include <algorithm>

namespace hypergraph {

namespace {

struct ThreadArray {
  std::vector<uint32_t> stored;
  uint32_t base = 1;  // Everything stored below it is unset.
  bool taken = false;
};

ThreadArray& OfThisThread() {
  thread_local ThreadArray array;
  return array;
}

}  // namespace

NodeSlots::NodeSlots(uint32_t node_end) {
  ThreadArray& array = OfThisThread();
  if (array.taken) return;
  array.taken = owns_thread_array_ = true;
  const uint32_t wanted = std::min(node_end, kDenseMax);
  if (array.base >= 1u << 31) {
    std::fill(array.stored.begin(), array.stored.end(), 0);
    array.base = 1;
  }
  if (array.stored.size() < wanted) array.stored.resize(wanted, 0);
  dense_ = array.stored.data();
  dense_count_ = wanted;
  base_ = array.base;
}

NodeSlots::~NodeSlots() {
  if (!owns_thread_array_) return;
  ThreadArray& array = OfThisThread();
  array.base += used_;
  array.taken = false;
}

}  // namespace hypergraph

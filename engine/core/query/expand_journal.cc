#include "core/query/expand_journal.h"

#include <algorithm>
#include <bit>
#include <memory>

#include "core/base/block_memory.h"

namespace hypergraph {

namespace {

struct ThreadArray {
  std::unique_ptr<BlockMemory> memory;
  uint32_t* stored = nullptr;
  uint32_t count = 0;
  uint32_t base = 1;  // Everything stored below it is unset.
  bool taken = false;
};

// Whose pages come as they are touched: to clear all of it took longer than a short query may.
void Grow(uint32_t wanted, ThreadArray* array) {
  array->memory = std::make_unique<BlockMemory>();
  array->count = std::bit_ceil(wanted);
  array->stored = static_cast<uint32_t*>(array->memory->Take(array->count * sizeof(uint32_t)));
  array->base = 1;
}

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
    array = {};
    array.taken = true;
  }
  if (array.count < wanted) Grow(wanted, &array);
  dense_ = array.stored;
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

#include "graph.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "failure.h"

namespace hypermesh::hnsw {
namespace {

// What the widest load of the kernels wants; hnswlib's own layout does not align at all.
constexpr size_t kAlignment = 32;

size_t RoundUp(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

// SplitMix64: the level of a slot depends on the seed and the slot alone, not on which thread asks.
uint64_t Mix(uint64_t value) {
  value += 0x9e3779b97f4a7c15ull;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ull;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebull;
  return value ^ (value >> 31);
}

}  // namespace

Graph::Graph(Space* space, const GraphOptions& options)
    : space_(*space), options_(options), memory_(space) {
  memory_.M_ = memory_.maxM_ = options.m;
  memory_.maxM0_ = size_t{options.m} * 2;
  memory_.ef_construction_ = std::max<size_t>(options.ef_construction, options.m);
  memory_.data_size_ = space->data_bytes();
  memory_.fstdistfunc_ = space->get_dist_func();
  memory_.dist_func_param_ = space->get_dist_func_param();
  memory_.size_links_level0_ = memory_.maxM0_ * sizeof(uint32_t) + sizeof(uint32_t);
  memory_.size_links_per_element_ = memory_.maxM_ * sizeof(uint32_t) + sizeof(uint32_t);
  memory_.offsetLevel0_ = 0;
  memory_.offsetData_ = RoundUp(memory_.size_links_level0_, kAlignment);
  memory_.size_data_per_element_ = RoundUp(memory_.offsetData_ + space->data_bytes(), kAlignment);
  memory_.mult_ = 1 / std::log(static_cast<double>(options.m));
  memory_.revSize_ = 1 / memory_.mult_;
  memory_.enterpoint_node_ = kNoSlot;
  memory_.maxlevel_ = -1;
  // The rest of a long vector follows by itself: the machine sees the stride.
  prefetch_lines_ = std::min<size_t>(12, space->data_bytes() / 64 + 1);
}

Graph::~Graph() {
  for (char* lists : upper_lists_) std::free(lists);
  // The memory is ours: hnswlib's destructor must find nothing to free.
  memory_.data_level0_memory_ = nullptr;
  memory_.linkLists_ = nullptr;
  memory_.cur_element_count = 0;
}

size_t Graph::bytes() const {
  const size_t a_slot = memory_.size_data_per_element_ + sizeof(char*) + sizeof(int);
  return count_ * a_slot + upper_bytes_.load(std::memory_order_relaxed);
}

void Graph::Reserve(size_t slots) {
  if (slots <= memory_.max_elements_) return;
  if (slots > kSlotsMax) Fail("capacity", "an index holds at most 2147483647 slots");
  const size_t room = std::min<size_t>(kSlotsMax, std::max<size_t>(slots, 64));
  // Memory that nothing was written to yet is not there: doubling costs an address range.
  const size_t wanted = std::min<size_t>(kSlotsMax, std::max(room, memory_.max_elements_ * 2));
  upper_lists_.resize(wanted, nullptr);
  memory_.linkLists_ = upper_lists_.data();
  memory_.element_levels_.resize(wanted, 0);
  if (!region_.Grow(wanted * memory_.size_data_per_element_))
    Fail("memory", "no memory for " + std::to_string(wanted) + " slots");
  memory_.data_level0_memory_ = region_.data();
  memory_.max_elements_ = wanted;
}

int Graph::DrawLevel(uint32_t slot) const {
  const uint64_t bits = Mix(options_.seed ^ Mix(slot));
  // In (0, 1]: its logarithm is finite.
  const double unit = (static_cast<double>(bits >> 11) + 1) * 0x1p-53;
  return std::min(kLevelMax, static_cast<int>(-std::log(unit) * memory_.mult_));
}

void Graph::Place(uint32_t slot, int level) {
  std::memset(memory_.get_linklist0(slot), 0, memory_.size_links_level0_);
  std::free(upper_lists_[slot]);
  upper_lists_[slot] = nullptr;
  memory_.element_levels_[slot] = 0;
  if (level == 0) return;
  const size_t bytes = memory_.size_links_per_element_ * static_cast<size_t>(level);
  auto* lists = static_cast<char*>(std::calloc(1, bytes));
  if (lists == nullptr) Fail("memory", "no memory for the links of a slot");
  upper_lists_[slot] = lists;
  memory_.element_levels_[slot] = level;
  upper_bytes_.fetch_add(bytes, std::memory_order_relaxed);
}

void Graph::SetLinks(uint32_t slot, int level, std::span<const uint32_t> links) {
  hnswlib::linklistsizeint* list = memory_.get_linklist_at_level(slot, level);
  std::copy(links.begin(), links.end(), list + 1);
  memory_.setListCount(list, static_cast<uint16_t>(links.size()));
}

void Graph::Watch(KeptLinks* kept) {
  const std::lock_guard lock(watching_mutex_);
  watching_.push_back(kept);
}

void Graph::Unwatch(KeptLinks* kept) {
  const std::lock_guard lock(watching_mutex_);
  std::erase(watching_, kept);
}

void Graph::PrefetchData(uint32_t slot) const {
  const char* data = Data(slot);
  for (size_t line = 0; line < prefetch_lines_; ++line) __builtin_prefetch(data + line * 64);
}

const float* Graph::ExactOf(uint32_t slot, float* room) const {
  if (space_.storage() == Storage::kF32) return reinterpret_cast<const float*>(Data(slot));
  space_.Decode(Data(slot), room);
  return room;
}

}  // namespace hypermesh::hnsw

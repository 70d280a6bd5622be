#include "core/index/node_directory.h"

#include <algorithm>
#include <bit>

#include "core/base/hash.h"
#include "core/base/sort_keys.h"

namespace hypergraph {

namespace {

// Distinct nodes in order of first appearance, and each member's place among them.
struct Numbering {
  std::vector<NodeNumber> nodes;
  std::vector<uint32_t> places;
};

Numbering NumberDense(std::span<const NodeNumber> members, NodeNumber min, NodeNumber max) {
  Numbering numbering;
  numbering.places.resize(members.size());
  std::vector<uint32_t> place_of(static_cast<size_t>(max - min) + 1, UINT32_MAX);
  for (size_t i = 0; i < members.size(); ++i) {
    uint32_t& place = place_of[members[i] - min];
    if (place == UINT32_MAX) {
      place = static_cast<uint32_t>(numbering.nodes.size());
      numbering.nodes.push_back(members[i]);
    }
    numbering.places[i] = place;
  }
  return numbering;
}

Numbering NumberSparse(std::span<const NodeNumber> members) {
  Numbering numbering;
  numbering.places.resize(members.size());
  std::vector<uint32_t> slots(1024, UINT32_MAX);
  const auto slot_of = [&](NodeNumber node) {
    size_t slot = HashNumber(node) & (slots.size() - 1);
    while (slots[slot] != UINT32_MAX && numbering.nodes[slots[slot]] != node) {
      slot = (slot + 1) & (slots.size() - 1);
    }
    return slot;
  };
  for (size_t i = 0; i < members.size(); ++i) {
    size_t slot = slot_of(members[i]);
    if (slots[slot] == UINT32_MAX) {
      if (numbering.nodes.size() * 2 >= slots.size()) {
        slots.assign(slots.size() * 2, UINT32_MAX);
        for (uint32_t k = 0; k < numbering.nodes.size(); ++k)
          slots[slot_of(numbering.nodes[k])] = k;
        slot = slot_of(members[i]);
      }
      slots[slot] = static_cast<uint32_t>(numbering.nodes.size());
      numbering.nodes.push_back(members[i]);
    }
    numbering.places[i] = slots[slot];
  }
  return numbering;
}

// A third of the slots or more stay empty, so that an absent node is found absent in few probes.
uint64_t SlotCount(uint64_t nodes) { return std::bit_ceil(nodes + nodes / 2 + 2); }

}  // namespace

NodeRanking::NodeRanking(std::span<const NodeNumber> members) {
  if (members.empty()) return;
  const auto [min, max] = std::minmax_element(members.begin(), members.end());
  const uint64_t span = static_cast<uint64_t>(*max) - *min + 1;
  Numbering numbering =
      span <= members.size() * 4 + 4096 ? NumberDense(members, *min, *max) : NumberSparse(members);
  std::vector<uint32_t> counts(numbering.nodes.size());
  for (const uint32_t place : numbering.places) ++counts[place];
  // The most frequent first, then by number.
  std::vector<KeyedPlace> order(counts.size());
  for (uint32_t i = 0; i < order.size(); ++i) {
    order[i] = {uint64_t{UINT32_MAX - counts[i]} << 32 | numbering.nodes[i], i};
  }
  SortByKey(&order);
  std::vector<uint32_t> local_of(order.size());
  nodes_.resize(order.size());
  for (uint32_t local = 0; local < order.size(); ++local) {
    nodes_[local] = numbering.nodes[order[local].place];
    local_of[order[local].place] = local;
  }
  locals_ = std::move(numbering.places);
  for (uint32_t& local : locals_) local = local_of[local];
}

void NodeDirectory::Write(std::span<const NodeNumber> nodes, std::span<const uint64_t> degrees,
                          std::span<const uint64_t> ends, ByteWriter* section, ByteWriter* meta) {
  NodeNumber min = 0;
  NodeNumber max = 0;
  if (!nodes.empty()) {
    const auto [low, high] = std::minmax_element(nodes.begin(), nodes.end());
    min = *low;
    max = *high;
  }
  const uint64_t span = static_cast<uint64_t>(max) - min + 1;
  const bool dense = span <= SlotCount(nodes.size());
  std::vector<uint32_t> lookup(dense ? span : SlotCount(nodes.size()));
  for (uint32_t local = 0; local < nodes.size(); ++local) {
    uint64_t slot = nodes[local] - min;
    if (!dense) {
      slot = HashNumber(nodes[local]) & (lookup.size() - 1);
      while (lookup[slot] != 0) slot = (slot + 1) & (lookup.size() - 1);
    }
    lookup[slot] = local + 1;
  }
  meta->Put(static_cast<uint8_t>(dense));
  meta->Put(min);
  meta->Put(max);
  PackedArray::Write(nodes, section, meta);
  PackedArray::Write(std::span<const uint32_t>(lookup), section, meta);
  CodeColumn::Write(degrees, CodeLayout::kBlocks, section, meta);
  CodeColumn::Write(ends, CodeLayout::kBlocks, section, meta);
}

bool NodeDirectory::Open(const SectionFile* file, ByteView section, ByteReader* meta,
                         NodeDirectory* directory) {
  directory->file_ = file;
  directory->dense_ = meta->Get<uint8_t>() != 0;
  directory->node_min_ = meta->Get<NodeNumber>();
  directory->node_max_ = meta->Get<NodeNumber>();
  if (!PackedArray::Open(section, meta, &directory->nodes_) ||
      !PackedArray::Open(section, meta, &directory->lookup_) ||
      !CodeColumn::Open(file, section, meta, &directory->degrees_) ||
      !CodeColumn::Open(file, section, meta, &directory->ends_)) {
    return false;
  }
  const uint64_t nodes = directory->nodes_.count();
  const uint64_t slots = directory->lookup_.count();
  if (nodes > UINT32_MAX || directory->node_min_ > directory->node_max_ ||
      directory->degrees_.count() != nodes || directory->ends_.count() != nodes) {
    return false;
  }
  const uint64_t span = static_cast<uint64_t>(directory->node_max_) - directory->node_min_ + 1;
  return directory->dense_ ? slots == span : std::has_single_bit(slots) && slots > nodes;
}

bool NodeDirectory::FindLocal(NodeNumber node, uint32_t* local, bool* found) const {
  *found = false;
  if (node < node_min_ || node > node_max_) return true;
  if (dense_) {
    const uint64_t slot = node - node_min_;
    if (!file_->Verified(lookup_.BytesOf(slot, 1))) return false;
    const uint64_t entry = lookup_[slot];
    *found = entry != 0;
    *local = static_cast<uint32_t>(entry - 1);
    return entry <= nodes_.count();
  }
  const uint64_t mask = lookup_.count() - 1;
  uint64_t slot = HashNumber(node) & mask;
  for (uint64_t probe = 0; probe <= mask; ++probe, slot = (slot + 1) & mask) {
    if (!file_->Verified(lookup_.BytesOf(slot, 1))) return false;
    const uint64_t entry = lookup_[slot];
    if (entry == 0) return true;
    if (entry > nodes_.count() || !file_->Verified(nodes_.BytesOf(entry - 1, 1))) return false;
    if (nodes_[entry - 1] != node) continue;
    *found = true;
    *local = static_cast<uint32_t>(entry - 1);
    return true;
  }
  return true;
}

bool NodeDirectory::PlaceOf(uint32_t local, Place* place) const {
  uint64_t degree = 0;
  if (!degrees_.At(local, &degree) || !ends_.At(local, &place->end)) return false;
  place->begin = 0;
  place->degree = static_cast<uint32_t>(degree);
  return local == 0 || ends_.At(local - 1, &place->begin);
}

bool NodeDirectory::Find(NodeNumber node, Place* place) const {
  uint32_t local = 0;
  bool found = false;
  *place = {};
  if (!FindLocal(node, &local, &found)) return false;
  return !found || PlaceOf(local, place);
}

// What readers then take for node numbers lies where the directory says, though the bytes lie.
bool NodeDirectory::CheckNodes() const {
  if (!file_->Verified(nodes_.bytes())) return false;
  for (uint64_t local = 0; local < nodes_.count(); ++local) {
    if (nodes_[local] < node_min_ || nodes_[local] > node_max_) return false;
  }
  nodes_checked_.store(true, std::memory_order_relaxed);
  return true;
}

bool NodeDirectory::ToGlobal(std::span<uint32_t> locals) const {
  if (!nodes_checked_.load(std::memory_order_relaxed) && !CheckNodes()) return false;
  // A copy, whose width no store below can change for all that the compiler knows.
  const PackedArray nodes = nodes_;
  for (uint32_t& local : locals) {
    if (local >= nodes.count()) return false;  // Bytes may lie although their checksum is right.
    local = static_cast<uint32_t>(nodes[local]);
  }
  return true;
}

bool NodeDirectory::VerifyWhole() const {
  if (!CheckNodes() || !file_->Verified(lookup_.bytes()) || !degrees_.VerifyWhole() ||
      !ends_.VerifyWhole()) {
    return false;
  }
  for (uint32_t local = 0; local < count(); ++local) {
    uint32_t back = 0;
    bool found = false;
    if (!FindLocal(static_cast<NodeNumber>(nodes_[local]), &back, &found)) return false;
    if (!found || back != local) return false;
  }
  return true;
}

}  // namespace hypergraph

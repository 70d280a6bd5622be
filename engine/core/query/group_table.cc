#include "core/query/group_table.h"

#include <algorithm>
#include <bit>

#include "core/base/hash.h"

namespace hypergraph {

uint64_t TextIds::IdOf(std::string_view text) {
  const auto [found, fresh] = ids_.try_emplace(text, texts_.size());
  if (fresh) texts_.push_back(text);
  return found->second;
}

uint64_t CodeOfFloat(double value) { return std::bit_cast<uint64_t>(value == 0 ? 0.0 : value); }
double FloatOfCode(uint64_t code) { return std::bit_cast<double>(code); }

GroupTable::GroupTable(size_t part_count) : part_count_(part_count), slots_(256) {}

uint64_t GroupTable::Hash(const GroupParts& parts) const {
  uint64_t hash = parts.nulls;
  for (size_t i = 0; i < part_count_; ++i) hash = HashNumber(parts.codes[i], hash);
  return hash;
}

uint32_t GroupTable::FindOrAdd(const GroupParts& parts) {
  const size_t mask = slots_.size() - 1;
  size_t at = Hash(parts) & mask;
  for (; slots_[at] != 0; at = (at + 1) & mask) {
    const GroupParts& key = keys_[slots_[at] - 1];
    if (key == parts) return slots_[at] - 1;
  }
  keys_.push_back(parts);
  slots_[at] = size();
  if (keys_.size() * 2 > slots_.size()) Grow();
  return size() - 1;
}

void GroupTable::Grow() {
  slots_.assign(slots_.size() * 4, 0);
  const size_t mask = slots_.size() - 1;
  for (uint32_t group = 0; group < size(); ++group) {
    size_t at = Hash(keys_[group]) & mask;
    while (slots_[at] != 0) at = (at + 1) & mask;
    slots_[at] = group + 1;
  }
}

void Buckets::Find(Micros ts) {
  const __int128 distance = static_cast<__int128>(ts) - origin_;
  __int128 index = distance / width_;
  if (distance % width_ < 0) --index;
  const __int128 start = origin_ + index * width_;
  start_ = static_cast<Micros>(std::max<__int128>(start, kMicrosMin));
  end_ = static_cast<Micros>(std::min<__int128>(start + width_, kMicrosMax));
}

}  // namespace hypergraph

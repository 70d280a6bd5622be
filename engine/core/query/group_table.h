// The groups of an aggregate: keys of up to four parts to dense group numbers, in order of first
// use.
//
// Threads: one. Ownership: texts point into row sources, which outlive the query.
#ifndef HYPERGRAPH_QUERY_GROUP_TABLE_H_
#define HYPERGRAPH_QUERY_GROUP_TABLE_H_

#include <array>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/types.h"
#include "core/query/plan.h"

namespace hypergraph {

inline constexpr size_t kGroupPartsMax = 4;

// Texts as numbers, in order of first use.
class TextIds {
 public:
  uint64_t IdOf(std::string_view text);
  std::string_view TextOf(uint64_t id) const { return texts_[id]; }
  uint64_t bytes() const { return texts_.size() * 80; }

 private:
  std::unordered_map<std::string_view, uint64_t> ids_;
  std::vector<std::string_view> texts_;
};

// A value of one part, as 64 bits: integers as they are, floats by CodeOfFloat, texts by TextIds.
struct GroupParts {
  std::array<uint64_t, kGroupPartsMax> codes{};
  uint8_t nulls = 0;  // Bit i: part i is null; its code is 0.
  bool operator==(const GroupParts&) const = default;
};

uint64_t CodeOfFloat(double value);  // The same of 0 and −0.
double FloatOfCode(uint64_t code);

class GroupTable {
 public:
  explicit GroupTable(size_t part_count);

  uint32_t FindOrAdd(const GroupParts& parts);
  // Instead of it, of groups that are known to differ. Requires: nothing is looked for after.
  uint32_t Append(const GroupParts& parts) {
    keys_.push_back(parts);
    return size() - 1;
  }
  void Reserve(size_t count) { keys_.reserve(count); }
  uint32_t size() const { return static_cast<uint32_t>(keys_.size()); }
  const GroupParts& operator[](uint32_t group) const { return keys_[group]; }
  size_t part_count() const { return part_count_; }
  uint64_t bytes() const {
    return keys_.capacity() * sizeof(GroupParts) + slots_.size() * sizeof(uint32_t);
  }

 private:
  uint64_t Hash(const GroupParts& parts) const;
  void Grow();

  size_t part_count_;
  std::vector<GroupParts> keys_;
  std::vector<uint32_t> slots_;  // A power of two of them; group + 1, or 0.
};

// Which bucket an instant lies in: [start, start + width), one of them starting at the origin.
class Buckets {
 public:
  // Requires: width > 0.
  Buckets(int64_t width, Micros origin) : width_(width), origin_(origin) {}
  // Of the one bucket that starts before all instants, kMicrosMin.
  Micros StartOf(Micros ts) {
    if (ts < start_ || ts >= end_) Find(ts);
    return start_;
  }
  // Where the bucket of the last StartOf ends; kMicrosMax when that is after all instants.
  Micros end() const { return end_; }

 private:
  void Find(Micros ts);
  int64_t width_;
  Micros origin_;
  Micros start_ = 0, end_ = 0;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_QUERY_GROUP_TABLE_H_

// The numbers of small integer keys, by key: what a writer of many looks up again and again,
// without a hash and its way through files. Only keys below a few times as many as there are
// numbers, so that it stays small beside what a dictionary keeps of each.
//
// Threads: one.
#ifndef HYPERGRAPH_INDEX_SMALL_NUMBERS_H_
#define HYPERGRAPH_INDEX_SMALL_NUMBERS_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace hypergraph {

class SmallNumbers {
 public:
  bool Covers(uint64_t key) const { return key < numbers_.size(); }
  // False: not known here.
  bool Find(uint64_t key, uint32_t* number) const {
    if (key >= numbers_.size() || numbers_[key] == 0) return false;
    *number = numbers_[key] - 1;
    return true;
  }
  // `end` is how many numbers there are.
  void Note(uint64_t key, uint32_t number, uint32_t end) {
    if (key >= numbers_.size()) {
      const uint64_t covered = std::bit_ceil(uint64_t{end} + kKeysMin) * kKeysANumber;
      if (key >= std::min(covered, kKeysEnd)) return;
      numbers_.resize(static_cast<size_t>(std::min(covered, kKeysEnd)));
    }
    numbers_[key] = number + 1;
  }

 private:
  static constexpr uint64_t kKeysANumber = 2;
  static constexpr uint64_t kKeysMin = 1024;
  static constexpr uint64_t kKeysEnd = uint64_t{1} << 24;
  std::vector<uint32_t> numbers_;  // + 1; 0 is unknown.
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_INDEX_SMALL_NUMBERS_H_

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
#include <cstdlib>

namespace hypergraph {

class SmallNumbers {
 public:
  SmallNumbers() = default;
  ~SmallNumbers() { std::free(numbers_); }
  SmallNumbers(const SmallNumbers&) = delete;
  SmallNumbers& operator=(const SmallNumbers&) = delete;

  bool Covers(uint64_t key) const { return key < covered_; }
  // False: not known here.
  bool Find(uint64_t key, uint32_t* number) const {
    if (key >= covered_ || numbers_[key] == 0) return false;
    *number = numbers_[key] - 1;
    return true;
  }
  // `end` is how many numbers there are.
  void Note(uint64_t key, uint32_t number, uint32_t end) {
    if (key >= covered_ && !Cover(key, end)) return;
    numbers_[key] = number + 1;
  }

 private:
  // For all that it may ever cover: mapped by the system where it is touched only.
  bool Cover(uint64_t key, uint32_t end) {
    const uint64_t wanted =
        std::min(std::bit_ceil(uint64_t{end} + kKeysMin) * kKeysANumber, kKeysEnd);
    if (key >= wanted) return false;
    if (numbers_ == nullptr) {
      numbers_ = static_cast<uint32_t*>(std::calloc(kKeysEnd, sizeof(uint32_t)));
      if (numbers_ == nullptr) return false;
    }
    covered_ = wanted;
    return true;
  }

  static constexpr uint64_t kKeysANumber = 2;
  static constexpr uint64_t kKeysMin = 1024;
  static constexpr uint64_t kKeysEnd = uint64_t{1} << 24;
  uint32_t* numbers_ = nullptr;  // + 1; 0 is unknown.
  uint64_t covered_ = 0;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_INDEX_SMALL_NUMBERS_H_

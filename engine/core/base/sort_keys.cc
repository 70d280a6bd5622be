#include "core/base/sort_keys.h"

#include <algorithm>
#include <array>

namespace hypergraph {
namespace {

constexpr unsigned kDigitBits = 11;
constexpr size_t kDigitValues = size_t{1} << kDigitBits;
constexpr unsigned kDigits = (64 + kDigitBits - 1) / kDigitBits;
// Below, counting digits takes longer than comparing.
constexpr size_t kCountedFrom = 2048;

constexpr size_t DigitOf(uint64_t key, unsigned digit) {
  return static_cast<size_t>(key >> (digit * kDigitBits)) & (kDigitValues - 1);
}

}  // namespace

void SortByKey(std::vector<KeyedPlace>* items) {
  const auto less = [](const KeyedPlace& a, const KeyedPlace& b) { return a.key < b.key; };
  if (std::is_sorted(items->begin(), items->end(), less)) return;
  if (items->size() < kCountedFrom) {
    std::stable_sort(items->begin(), items->end(), less);
    return;
  }
  std::vector<std::array<uint32_t, kDigitValues>> counts(kDigits);
  for (const KeyedPlace& item : *items) {
    for (unsigned digit = 0; digit < kDigits; ++digit) ++counts[digit][DigitOf(item.key, digit)];
  }
  std::vector<KeyedPlace> other(items->size());
  for (unsigned digit = 0; digit < kDigits; ++digit) {
    std::array<uint32_t, kDigitValues>& next = counts[digit];
    // All have the same one.
    if (next[DigitOf(items->front().key, digit)] == items->size()) continue;
    uint32_t first = 0;
    for (uint32_t& count : next) {
      const uint32_t here = count;
      count = first;
      first += here;
    }
    for (const KeyedPlace& item : *items) other[next[DigitOf(item.key, digit)]++] = item;
    items->swap(other);
  }
}

}  // namespace hypergraph

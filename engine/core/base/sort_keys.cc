#include "core/base/sort_keys.h"

#include <algorithm>
#include <array>
#include <bit>

namespace hypergraph {
namespace {

constexpr unsigned kDigitBits = 11;
constexpr size_t kDigitValues = size_t{1} << kDigitBits;
constexpr unsigned kDigits = (64 + kDigitBits - 1) / kDigitBits;
// Below, counting digits takes longer than comparing.
constexpr size_t kCountedFrom = 2048;

// Numbers that are further apart on average are compared: looking for them would take longer.
constexpr size_t kMarkedApartMax = 512;
constexpr size_t kWordBits = 64;

constexpr size_t DigitOf(uint64_t key, unsigned digit) {
  return static_cast<size_t>(key >> (digit * kDigitBits)) & (kDigitValues - 1);
}

template <typename Item, typename KeyOf>
void SortBy(std::vector<Item>* items, const KeyOf& key_of) {
  const auto less = [&](const Item& a, const Item& b) { return key_of(a) < key_of(b); };
  if (std::is_sorted(items->begin(), items->end(), less)) return;
  if (items->size() < kCountedFrom) {
    std::stable_sort(items->begin(), items->end(), less);
    return;
  }
  std::vector<std::array<uint32_t, kDigitValues>> counts(kDigits);
  for (const Item& item : *items) {
    for (unsigned digit = 0; digit < kDigits; ++digit)
      ++counts[digit][DigitOf(key_of(item), digit)];
  }
  std::vector<Item> other(items->size());
  for (unsigned digit = 0; digit < kDigits; ++digit) {
    std::array<uint32_t, kDigitValues>& next = counts[digit];
    // All have the same one.
    if (next[DigitOf(key_of(items->front()), digit)] == items->size()) continue;
    uint32_t first = 0;
    for (uint32_t& count : next) {
      const uint32_t here = count;
      count = first;
      first += here;
    }
    for (const Item& item : *items) other[next[DigitOf(key_of(item), digit)]++] = item;
    items->swap(other);
  }
}

}  // namespace

void SortByKey(std::vector<KeyedPlace>* items) {
  SortBy(items, [](const KeyedPlace& item) { return item.key; });
}

void SortByHighBits(std::vector<uint64_t>* numbers, unsigned sorted_bits) {
  SortBy(numbers, [sorted_bits](uint64_t number) { return number >> sorted_bits; });
}

void SortDistinct(std::vector<uint32_t>* numbers, uint32_t end) {
  if (numbers->size() < end / kMarkedApartMax) {
    std::sort(numbers->begin(), numbers->end());
    return;
  }
  std::vector<uint64_t> marks((size_t{end} + kWordBits - 1) / kWordBits);
  for (const uint32_t number : *numbers) {
    marks[number / kWordBits] |= uint64_t{1} << (number % kWordBits);
  }
  uint32_t* out = numbers->data();
  for (size_t word = 0; word < marks.size(); ++word) {
    for (uint64_t left = marks[word]; left != 0; left &= left - 1) {
      const auto bit = static_cast<size_t>(std::countr_zero(left));
      *out++ = static_cast<uint32_t>(word * kWordBits + bit);
    }
  }
}

}  // namespace hypergraph

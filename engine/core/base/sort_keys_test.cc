#include "core/base/sort_keys.h"

#include <algorithm>
#include <string>

#include "core/base/random.h"
#include "core/base/run_both.h"
#include "test/test.h"

namespace hypergraph {
namespace {

TEST(Keys_are_sorted_and_equal_ones_keep_their_order) {
  Random random(test::Seed());
  for (const size_t count : {0u, 1u, 100u, 2047u, 2048u, 50000u}) {
    for (const unsigned bits : {1u, 7u, 12u, 33u, 64u}) {
      std::vector<KeyedPlace> items(count);
      for (uint32_t i = 0; i < count; ++i) items[i] = {random.Next() >> (64 - bits), i};
      std::vector<KeyedPlace> expected = items;
      std::stable_sort(expected.begin(), expected.end(),
                       [](const KeyedPlace& a, const KeyedPlace& b) { return a.key < b.key; });
      SortByKey(&items);
      for (size_t i = 0; i < count; ++i) {
        CHECK_EQ(items[i].key, expected[i].key);
        CHECK_EQ(items[i].place, expected[i].place);
      }
    }
  }
}

TEST(Numbers_are_sorted_by_their_high_bits_and_equal_ones_keep_their_order) {
  Random random(test::Seed());
  for (const size_t count : {0u, 1u, 100u, 2048u, 50000u}) {
    for (const unsigned bits : {1u, 12u, 33u, 44u}) {
      std::vector<uint64_t> numbers(count);
      for (uint64_t i = 0; i < count; ++i) numbers[i] = random.Next() >> (64 - bits) << 20 | i;
      std::vector<uint64_t> expected = numbers;
      std::sort(expected.begin(), expected.end());
      SortByHighBits(&numbers, 20);
      CHECK(numbers == expected);
    }
  }
}

TEST(Distinct_numbers_are_sorted_whether_they_lie_close_or_far_apart) {
  Random random(test::Seed());
  for (const uint32_t end : {1u, 64u, 65u, 1000u, 100'000u}) {
    for (const double share : {0.0, 0.0005, 0.01, 0.5, 1.0}) {
      std::vector<uint32_t> expected;
      for (uint32_t number = 0; number < end; ++number) {
        if (random.Chance(share)) expected.push_back(number);
      }
      std::vector<uint32_t> numbers = expected;
      for (size_t i = numbers.size(); i > 1; --i) {
        std::swap(numbers[i - 1], numbers[random.Below(i)]);
      }
      SortDistinct(&numbers, end);
      CHECK(numbers == expected);
    }
  }
}

TEST(Both_have_run_when_it_returns) {
  std::string beside, here;
  RunBoth([&] { beside = "beside"; }, [&] { here = "here"; });
  CHECK_EQ(beside, "beside");
  CHECK_EQ(here, "here");
}

}  // namespace
}  // namespace hypergraph

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

TEST(Both_have_run_when_it_returns) {
  std::string beside, here;
  RunBoth([&] { beside = "beside"; }, [&] { here = "here"; });
  CHECK_EQ(beside, "beside");
  CHECK_EQ(here, "here");
}

}  // namespace
}  // namespace hypergraph

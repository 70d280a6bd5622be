#include "core/base/short_list.h"

#include <cstdint>

#include "core/base/random.h"
#include "test/test.h"

namespace hypergraph {
namespace {

TEST(A_short_list_holds_what_a_vector_would_near_and_far) {
  Random random(test::Seed());
  for (int life = 0; life < 100; ++life) {
    ShortList<uint32_t, 4> list;
    std::vector<uint32_t> model;
    for (int step = 0; step < 80; ++step) {
      const auto value = static_cast<uint32_t>(random.Below(10));
      const uint64_t action = random.Below(12);
      if (action < 8) {
        list.push_back(value);
        model.push_back(value);
      } else if (action == 8 && !model.empty()) {
        list.pop_back();
        model.pop_back();
      } else if (action == 9) {
        const auto goes = [value](uint32_t held) { return held >= value; };
        list.EraseIf(goes);
        std::erase_if(model, goes);
      } else if (action == 10 && !model.empty()) {
        // What is added may lie in the list itself.
        list.push_back(list[0]);
        model.push_back(model[0]);
      } else if (action == 11 && random.Chance(0.2)) {
        list.clear();
        model.clear();
      }
      const ShortList<uint32_t, 4> copy = list;
      CHECK_EQ(copy.size(), model.size());
      CHECK(std::equal(copy.begin(), copy.end(), model.begin(), model.end()));
      CHECK(model.empty() || copy.back() == model.back());
    }
  }
}

}  // namespace
}  // namespace hypergraph

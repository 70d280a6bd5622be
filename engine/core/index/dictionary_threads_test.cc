#include <span>
#include <thread>
#include <vector>

#include "core/base/random.h"
#include "core/index/dictionary.h"
#include "test/test.h"

namespace hypergraph {

TEST(Dictionary_gives_several_threads_the_same_small_keys_while_others_are_interned) {
  constexpr uint32_t kNumbers = 20'000;
  const auto key_of = [](uint32_t number) { return uint64_t{number} * 3 + 1; };
  Dictionary dictionary;
  std::vector<uint64_t> keys(kNumbers);
  std::vector<uint32_t> numbers(kNumbers);
  for (uint32_t i = 0; i < kNumbers; ++i) keys[i] = key_of(i);
  CHECK_OK(dictionary.InternIntegers(std::span(keys).first(kNumbers / 2), numbers.data()));
  std::vector<std::thread> readers;
  for (uint32_t reader = 0; reader < 4; ++reader) {
    readers.emplace_back([&dictionary, &key_of, seed = test::Seed() + reader] {
      Random random(seed);
      for (int round = 0; round < 200; ++round) {
        std::vector<uint32_t> asked(1 + random.Below(300));
        const auto end = static_cast<uint32_t>(random.Below(dictionary.end())) + 1;
        for (uint32_t& number : asked) number = static_cast<uint32_t>(random.Below(end));
        std::vector<uint32_t> found(asked.size());
        bool all_small = false;
        CHECK_OK(dictionary.SmallKeysOf(asked, found.data(), &all_small));
        CHECK(all_small);
        for (size_t i = 0; i < asked.size(); ++i) CHECK_EQ(found[i], key_of(asked[i]));
      }
    });
  }
  const auto rest = std::span(keys).subspan(kNumbers / 2);
  CHECK_OK(dictionary.InternIntegers(rest, numbers.data() + kNumbers / 2));
  for (std::thread& reader : readers) reader.join();
  CHECK_EQ(dictionary.end(), kNumbers);
}

}  // namespace hypergraph

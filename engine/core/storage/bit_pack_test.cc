#include "core/storage/bit_pack.h"

#include "core/base/random.h"
#include "test/test.h"

namespace hypergraph {

TEST(Sums_of_packed_values_are_those_of_the_values_one_by_one) {
  Random random(test::Seed());
  for (unsigned width = 0; width <= 32; ++width) {
    for (int round = 0; round < 20; ++round) {
      std::vector<uint32_t> values(kPackedSumCount);
      for (uint32_t& value : values) {
        // Often the greatest, where a sum of narrow lanes would overflow.
        const uint64_t mask = WidthMask(width);
        value = static_cast<uint32_t>(round % 2 == 0 ? random.Next() & mask : mask);
      }
      std::vector<uint8_t> packed(PackedBytes(values.size(), width) + kPackedPadding, 0xff);
      PackBits(std::span<const uint32_t>(values), width, packed.data());
      uint64_t total = 0;
      for (const uint32_t value : values) total += value;
      uint64_t before = 0;
      for (uint32_t place = 0; place < kPackedSumCount; ++place) {
        const PackedSums sums = SumPacked(packed.data(), width, place);
        CHECK_EQ(sums.before, static_cast<uint32_t>(before));
        CHECK_EQ(sums.value, values[place]);
        CHECK_EQ(sums.total, total);
        before += values[place];
      }
    }
  }
}

}  // namespace hypergraph

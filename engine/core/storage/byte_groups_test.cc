#include "core/storage/byte_groups.h"

#include <algorithm>

#include "core/base/random.h"
#include "test/test.h"

namespace hypergraph {

TEST(Byte_groups_give_any_run_of_their_values_and_where_it_ends) {
  Random random(test::Seed());
  for (int round = 0; round < 200; ++round) {
    std::vector<uint32_t> values(random.Below(150));
    for (uint32_t& value : values) {
      value = static_cast<uint32_t>(random.Next() >> (32 + random.Below(32)));
    }
    std::vector<uint8_t> bytes;
    EncodeByteGroups(values, &bytes);
    const size_t end = bytes.size();
    bytes.resize(end + kByteGroupPadding, 0xff);
    const uint8_t* control = bytes.data();
    const uint8_t* data = control + ByteGroupControlBytes(values.size());
    CHECK_EQ(ByteGroupDataBytes(control, 0, values.size()),
             end - ByteGroupControlBytes(values.size()));
    for (int run = 0; run < 20; ++run) {
      const size_t first = random.Below(values.size() + 1);
      const size_t count = random.Below(values.size() - first + 1);
      size_t before = 0;
      for (size_t i = 0; i < first; ++i) before += ByteGroupLength(values[i]);
      CHECK_EQ(ByteGroupDataBytes(control, 0, first), before);
      std::vector<uint32_t> decoded(count + 1, 0xabababab);
      std::vector<uint32_t> plain(count + 1, 0xabababab);
      const uint8_t* begin = data + before;
      const uint8_t* decoded_end = DecodeByteGroups(control, first, count, begin, decoded.data());
      CHECK(decoded_end == DecodeByteGroupsPlain(control, first, count, begin, plain.data()));
      CHECK_EQ(static_cast<size_t>(decoded_end - begin), ByteGroupDataBytes(control, first, count));
      CHECK(decoded == plain);
      for (size_t i = 0; i < count; ++i) CHECK_EQ(decoded[i], values[first + i]);
      CHECK_EQ(decoded[count], 0xabababab);  // Nothing is written behind them.
      std::vector<uint32_t> roomy(count + kByteGroupSlack + 1, 0xabababab);
      CHECK(decoded_end == DecodeByteGroupsAmong(control, first, count, data, roomy.data()));
      CHECK(
          std::equal(roomy.begin(), roomy.begin() + static_cast<ptrdiff_t>(count), plain.begin()));
      CHECK_EQ(roomy.back(), 0xabababab);  // Nothing is written behind the room.
    }
  }
}

}  // namespace hypergraph

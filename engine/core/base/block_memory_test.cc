#include "core/base/block_memory.h"

#include <algorithm>

#include "core/base/random.h"
#include "test/test.h"

namespace hypergraph {
namespace {

TEST(Blocks_are_zero_and_lie_apart) {
  Random random(test::Seed());
  BlockMemory memory;
  struct Block {
    uint8_t* at;
    size_t bytes;
    uint8_t filled;
  };
  std::vector<Block> blocks;
  for (uint32_t i = 0; i < 400; ++i) {
    const size_t bytes = 1 + random.Below(random.Chance(0.03) ? 700'000 : 9'000);
    auto* at = static_cast<uint8_t*>(memory.Take(bytes));
    CHECK_EQ(reinterpret_cast<uintptr_t>(at) % 64, 0u);
    CHECK(std::all_of(at, at + bytes, [](uint8_t byte) { return byte == 0; }));
    const auto filled = static_cast<uint8_t>(1 + random.Below(255));
    std::fill(at, at + bytes, filled);
    blocks.push_back({at, bytes, filled});
  }
  for (const Block& block : blocks) {
    const auto kept = [&block](uint8_t byte) { return byte == block.filled; };
    CHECK(std::all_of(block.at, block.at + block.bytes, kept));
  }
}

}  // namespace
}  // namespace hypergraph

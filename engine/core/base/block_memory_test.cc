#include "core/base/block_memory.h"

#include <algorithm>
#include <thread>

#include "core/base/random.h"
#include "test/test.h"

namespace hypergraph {
namespace {

// With `prepared` the first blocks are of that, and the rest of the system.
void TakeBlocks(std::shared_ptr<PreparedMemory> prepared) {
  Random random(test::Seed());
  BlockMemory memory;
  memory.Use(prepared);
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
  // What was taken of it keeps it.
  memory.Use(nullptr);
  prepared = nullptr;
  for (const Block& block : blocks) {
    const auto kept = [&block](uint8_t byte) { return byte == block.filled; };
    CHECK(std::all_of(block.at, block.at + block.bytes, kept));
  }
}

TEST(Blocks_are_zero_and_lie_apart) { TakeBlocks(nullptr); }

TEST(Blocks_of_prepared_memory_are_zero_and_lie_apart_while_its_pages_are_made) {
  const auto prepared = std::make_shared<PreparedMemory>(1'000'000);
  std::thread maker([prepared] {
    while (prepared->MakeMore()) {
    }
  });
  TakeBlocks(prepared);
  maker.join();
  CHECK(prepared->Take(1'000'000) == nullptr);
}

TEST(Prepared_memory_of_which_nothing_was_taken_is_let_go) {
  auto prepared = std::make_shared<PreparedMemory>(100'000);
  const std::weak_ptr<PreparedMemory> watched = prepared;
  BlockMemory memory;
  memory.Use(std::move(prepared));
  memory.Use(nullptr);
  CHECK(watched.expired());
}

}  // namespace
}  // namespace hypergraph

#include "core/base/block_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <thread>

#include "core/base/random.h"
#include "test/test.h"

namespace hypergraph {
namespace {

struct Block {
  uint8_t* at;
  size_t bytes;
  uint8_t filled;
};

void CheckBlocks(PageReserve* pages, Random& random) {
  BlockMemory memory;
  memory.UsePages(pages);
  std::vector<Block> blocks;
  for (uint32_t i = 0; i < 400; ++i) {
    const size_t bytes = 1 + random.Below(random.Chance(0.03) ? 700'000 : 9'000);
    auto* at = static_cast<uint8_t*>(memory.Take(bytes));
    CHECK_EQ(reinterpret_cast<uintptr_t>(at) % 64, 0u);
    CHECK(std::all_of(at, at + bytes, [](uint8_t byte) { return byte == 0; }));
    const auto filled = static_cast<uint8_t>(1 + random.Below(255));
    std::fill(at, at + bytes, filled);
    blocks.push_back({at, bytes, filled});
    if (i == 300) memory.UsePages(nullptr);
  }
  for (const Block& block : blocks) {
    const auto kept = [&block](uint8_t byte) { return byte == block.filled; };
    CHECK(std::all_of(block.at, block.at + block.bytes, kept));
  }
}

TEST(Blocks_are_zero_and_lie_apart) {
  Random random(test::Seed());
  CheckBlocks(nullptr, random);
}

TEST(Blocks_are_zero_and_lie_apart_in_pages_that_another_thread_makes) {
  Random random(test::Seed());
  for (const size_t bytes : {size_t{0}, size_t{200'000}, size_t{1} << 20, size_t{8} << 20}) {
    PageReserve pages;
    std::thread filler([&] { pages.Fill(bytes); });
    CheckBlocks(&pages, random);
    pages.End();
    filler.join();
  }
  PageReserve pages;
  pages.Fill(64 << 10);
  CHECK(pages.Take(128 << 10) == nullptr);
  uint8_t* const taken = pages.Take(64 << 10);
  CHECK(taken != nullptr);
  munmap(taken, 64 << 10);
  CHECK(pages.Take(4096) == nullptr);
}

}  // namespace
}  // namespace hypergraph

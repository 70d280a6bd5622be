#include "core/graph/memtable.h"
#include "test/test.h"

namespace hypergraph {
namespace {

constexpr TableId kTable = 1;

TEST(A_memtable_keeps_values_without_nulls_of_many_nodes) {
  constexpr uint32_t kRows = 3000;
  constexpr uint32_t kApart = 97;
  std::vector<Micros> event_ts;
  std::vector<NodeNumber> members;
  std::vector<int64_t> sizes;
  std::vector<double> scores;
  for (uint32_t i = 0; i < kRows; ++i) {
    event_ts.push_back(i);
    members.push_back(i * kApart);
    members.push_back((kRows - 1 - i) * kApart + 1);
    sizes.push_back(int64_t{i} * 3 - 5);
    scores.push_back(i / 4.0);
  }
  const std::vector<uint8_t> arities(kRows, 2);
  Memtable memtable(kTable);
  for (const auto& [first, count] : {std::pair{0u, 700u}, std::pair{700u, kRows - 700u}}) {
    RowBlock block;
    block.table = kTable;
    block.count = count;
    block.event_ts = UnalignedArray<Micros>(std::span(event_ts).subspan(first, count));
    block.arity_width = 1;
    block.arities = arities.data();
    block.members = UnalignedArray<NodeNumber>(std::span(members).subspan(first * 2, count * 2));
    block.properties.resize(2);
    block.properties[0].integers = UnalignedArray<int64_t>(std::span(sizes).subspan(first, count));
    block.properties[1].property = 1;
    block.properties[1].type = PropertyType::kFloat64;
    block.properties[1].floats = UnalignedArray<double>(std::span(scores).subspan(first, count));
    CHECK_OK(memtable.Append(block, 1 + first));
  }
  PropertyColumn size, score;
  CHECK_OK(memtable.Property(0, Rows::Range(0, kRows), &size));
  CHECK_OK(memtable.Property(1, Rows::Range(0, kRows), &score));
  CHECK(size.integers == sizes);
  CHECK(score.floats == scores);
  for (uint32_t i = 0; i < kRows; ++i) {
    std::vector<uint32_t> rows;
    CHECK_OK(memtable.RowsOfNode(i * kApart, TimeWindow{0, kRows}, &rows));
    CHECK_OK(memtable.RowsOfNode(i * kApart + 1, TimeWindow{0, kRows}, &rows));
    CHECK(rows == std::vector<uint32_t>({i, kRows - 1 - i}));
  }
}

}  // namespace
}  // namespace hypergraph

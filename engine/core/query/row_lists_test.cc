#include "core/query/row_lists.h"

#include "test/test.h"

namespace hypergraph::test {
namespace {

TEST(RowListsKeepTheirMemoryAndNothingOfTheirContents) {
  while (TakeRowList().capacity() > 0) {
  }
  std::vector<uint32_t> rows(kKeptRowsMax, 7);
  const uint32_t* memory = rows.data();
  KeepRowList(std::move(rows));
  std::vector<uint32_t> taken = TakeRowList();
  CHECK(taken.empty());
  taken.push_back(1);
  CHECK_EQ(taken.data(), memory);
  CHECK_EQ(TakeRowList().capacity(), size_t{0});
}

TEST(RowListsKeepNeitherTheLargestNorTooMany) {
  while (TakeRowList().capacity() > 0) {
  }
  KeepRowList(std::vector<uint32_t>(kKeptRowsMax + 1));
  CHECK_EQ(TakeRowList().capacity(), size_t{0});
  for (size_t i = 0; i <= kKeptRowLists; ++i) KeepRowList(std::vector<uint32_t>(kKeptRowsMax));
  for (size_t i = 0; i < kKeptRowLists; ++i) CHECK_EQ(TakeRowList().capacity(), kKeptRowsMax);
  CHECK_EQ(TakeRowList().capacity(), size_t{0});
}

}  // namespace
}  // namespace hypergraph::test

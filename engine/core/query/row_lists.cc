#include "core/query/row_lists.h"

#include <utility>

namespace hypergraph {
namespace {

// Below it there is nothing to keep.
constexpr size_t kKeptRowsMin = 1;

std::vector<std::vector<uint32_t>>& KeptLists() {
  thread_local std::vector<std::vector<uint32_t>> lists;
  return lists;
}

}  // namespace

std::vector<uint32_t> TakeRowList() {
  std::vector<std::vector<uint32_t>>& lists = KeptLists();
  if (lists.empty()) return {};
  std::vector<uint32_t> rows = std::move(lists.back());
  lists.pop_back();
  return rows;
}

void KeepRowList(std::vector<uint32_t> rows) {
  std::vector<std::vector<uint32_t>>& lists = KeptLists();
  if (rows.capacity() < kKeptRowsMin || rows.capacity() > kKeptRowsMax ||
      lists.size() == kKeptRowLists) {
    return;
  }
  rows.clear();
  lists.push_back(std::move(rows));
}

}  // namespace hypergraph

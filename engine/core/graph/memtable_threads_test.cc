// A memtable read while it is written.
#include <algorithm>
#include <atomic>
#include <thread>

#include "core/base/random.h"
#include "core/graph/memtable_test.h"

namespace hypergraph::test {
namespace {

TEST(Readers_run_while_the_writer_appends_and_marks) {
  Memtable memtable(kTable);
  std::atomic<Seq> visible{0};
  std::atomic<bool> done{false};
  constexpr uint32_t kCommits = 150, kEach = 40;
  const auto read = [&](uint64_t seed) {
    Random random(seed);
    bool last = false;
    while (!last) {
      last = done.load();
      const Seq at = visible.load(std::memory_order_acquire);
      // Each commit replaces a record of the one before by one more, so the sum is known.
      std::vector<uint32_t> rows, seen;
      CHECK_OK(memtable.RowsInWindow({}, UINT32_MAX, false, &rows));
      CHECK_OK(memtable.SelectVisible(at, Rows::List(rows), &seen));
      CHECK_EQ(seen.size(), at == 0 ? 0 : at - (at / kEach - 1));
      const auto node = static_cast<NodeNumber>(random.Below(50));
      rows.clear();
      CHECK_OK(memtable.RowsOfNode(node, {}, &rows));
      MemberColumns members;
      CHECK_OK(memtable.Members(Rows::List(rows), &members));
      std::vector<std::string_view> keys;
      CHECK_OK(memtable.Keys(Rows::List(rows), &keys));
      PropertyColumn names;
      CHECK_OK(memtable.Property(2, Rows::List(rows), &names));
      for (size_t i = 0; i < rows.size(); ++i) {
        const auto begin = members.nodes.begin() + members.offsets[i];
        const auto end = members.nodes.begin() + members.offsets[i + 1];
        CHECK(std::find(begin, end, node) != end);
        CHECK_EQ(keys[i], names.strings[i]);
      }
      rows.clear();
      if (!keys.empty()) CHECK_OK(memtable.FindKey(keys[0], &rows));
      if (!keys.empty()) CHECK(!rows.empty());
      rows.clear();
      CHECK_OK(memtable.FindId(1, &rows));
      const SourceBounds bounds = memtable.bounds();
      CHECK_LE(bounds.ts_min, bounds.ts_max + (bounds.row_count == 0 ? 1 : 0));
    }
  };
  std::vector<std::thread> readers;
  for (uint64_t i = 0; i < 3; ++i) readers.emplace_back(read, Seed() + i);
  Random random(Seed());
  for (uint32_t commit = 0; commit < kCommits; ++commit) {
    std::vector<Record> records(kEach);
    for (uint32_t i = 0; i < kEach; ++i) {
      Record& record = records[i];
      record.event_ts = random.Between(0, 100000);
      for (uint32_t j = 0; j < 3; ++j) {
        record.members.push_back(static_cast<NodeNumber>(random.Below(50)));
      }
      record.key = std::to_string(random.Below(5000));
      record.PropertyAt(2) = {true, 0, record.key};
    }
    const Seq first = Seq{commit} * kEach + 1;
    if (commit > 0) {
      records[0].id = 1;
      memtable.Mark((commit - 1) * kEach, first);
    }
    Append(&memtable, records, first);
    visible.store(first + kEach - 1, std::memory_order_release);
  }
  done.store(true);
  for (std::thread& reader : readers) reader.join();
  CHECK_EQ(memtable.row_count(), kCommits * kEach);
}

TEST(A_node_has_its_rows_in_their_order_while_earlier_ones_come) {
  Memtable memtable(kTable);
  std::atomic<bool> done{false};
  constexpr uint32_t kRecords = 20'000;
  std::thread reader([&] {
    bool last = false;
    while (!last) {
      last = done.load();
      std::vector<uint32_t> rows;
      CHECK_OK(memtable.RowsOfNode(1, {}, &rows));
      std::vector<Micros> times(rows.size());
      CHECK_OK(memtable.EventTs(Rows::List(rows), times.data()));
      CHECK(std::is_sorted(times.begin(), times.end()));
      if (last) CHECK_EQ(rows.size(), kRecords);
    }
  });
  for (uint32_t i = 0; i < kRecords; ++i) {
    std::vector<Record> records(1);
    records[0].event_ts = -Micros{i};
    records[0].members.push_back(1);
    Append(&memtable, records, i + 1);
  }
  done.store(true);
  reader.join();
}

}  // namespace
}  // namespace hypergraph::test

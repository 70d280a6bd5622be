// Readers, writers, flushes and merges at once: what ThreadSanitizer is to watch.
#include <atomic>
#include <thread>

#include "core/graph/database_files.h"
#include "core/graph/database_test.h"

namespace hypergraph::test {
namespace {

TEST(Snapshots_are_whole_and_lasting_while_commits_flushes_and_merges_go_on) {
  MemoryFileSystem files;
  files.StopRecording();
  StandingClock clock;
  OpenOptions options = TestOptions(&files, &clock);
  options.background = true;
  options.memtable_records_max = 50;
  auto database = OpenTest(options);
  BatchTableOptions no_history;
  no_history.history = 0;
  CreateTestTable(database.get(), no_history);
  std::atomic<bool> stop{false};
  // Each writer moves its pair of hyperedges along: a state has both at the same place.
  std::vector<std::thread> threads;
  constexpr int kWriters = 2;
  constexpr int kRounds = 150;
  std::atomic<int> writing{kWriters};
  for (int writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([&, writer] {
      BatchWriter batch;
      for (int64_t round = 0; round < kRounds; ++round) {
        const auto row = BatchRow(round).Member(writer).Set(0, round);
        const EdgeId first =
            CommitTest(database.get(), batch.Clear().Insert(kTestTable, {row, row}).Finish(),
                       round % 8 == 0 ? Durability::kSync : Durability::kOs)
                .first_id;
        BatchRow change;
        change.Set(0, round + 1000);
        CommitTest(
            database.get(),
            batch.Clear().Update(kTestTable, {{first, change}, {first + 1, change}}).Finish(),
            Durability::kOs);
        if (round % 3 != 0) continue;
        CommitTest(database.get(), batch.Clear().Delete(kTestTable, {first, first + 1}).Finish(),
                   Durability::kOs);
      }
      if (--writing == 0) stop = true;
    });
  }
  threads.emplace_back([&] {
    auto pinned = ReadTest(database.get());
    auto pinned_rows = VisibleRows(*pinned);
    while (!stop.load()) {
      const auto snapshot = ReadTest(database.get());
      const auto rows = VisibleRows(*snapshot);
      CHECK_EQ(rows.size() % 2, 0);
      for (auto row = rows.begin(); row != rows.end(); ++row) {
        const EdgeId first = row->first;
        const std::string text = row->second;
        ++row;
        CHECK_EQ(row->first, first + 1);
        CHECK_EQ(row->second, text);
      }
      CHECK(VisibleRows(*pinned) == pinned_rows);
      if (rows.size() < pinned_rows.size() + 40) continue;
      pinned = snapshot;
      pinned_rows = rows;
    }
  });
  threads.emplace_back([&] {
    while (!stop.load()) {
      CHECK_OK(database->Compact());
      DatabaseStats stats;
      CHECK_OK(database->Stats(&stats));
      CheckReport report;
      CHECK_OK(database->Check(&report));
      CHECK(report.faults.empty());
    }
  });
  for (auto& thread : threads) thread.join();
  const auto expected = RowsNow(database.get());
  CHECK_EQ(expected.size(), kWriters * 2 * (kRounds - kRounds / 3));
  CHECK_OK(database->Compact());
  CHECK(RowsNow(database.get()) == expected);
  DatabaseStats stats;
  CHECK_OK(database->Stats(&stats));
  CHECK_LT(uint64_t{3}, stats.flushes);
  CHECK_OK(database->Close());
  size_t logs = 0;
  for (const std::string& name : NamesIn(files)) logs += name.starts_with("wal-");
  CHECK_EQ(logs, 1);
  database = OpenTest(options);
  CHECK(RowsNow(database.get()) == expected);
}

TEST(Files_stay_while_a_snapshot_needs_them_and_go_after) {
  MemoryFileSystem files;
  StandingClock clock;
  auto database = OpenTest(TestOptions(&files, &clock));
  CreateTestTable(database.get());
  for (int i = 0; i < 3; ++i) {
    InsertOne(database.get(), i, i);
    CHECK_OK(database->Flush());
  }
  const auto count_segments = [&] {
    size_t count = 0;
    for (const std::string& name : NamesIn(files)) count += name.starts_with("seg-");
    return count;
  };
  auto pinned = ReadTest(database.get());
  CHECK_OK(database->Compact());
  CHECK_EQ(count_segments(), 4);  // Three of the pin, and what they were merged into.
  pinned.reset();
  InsertOne(database.get(), 9, 9);
  CHECK_OK(database->Flush());
  CHECK_EQ(count_segments(), 2);
  // Those of a pin that outlives the database go when it is opened again.
  pinned = ReadTest(database.get());
  CHECK_OK(database->Compact());
  database.reset();
  CHECK_EQ(count_segments(), 3);
  pinned.reset();
  database = OpenTest(TestOptions(&files, &clock));
  CHECK_EQ(count_segments(), 1);
  CHECK(database->open_report().unknown_files.empty());
}

TEST(A_database_closed_amid_everything_changes_nothing_afterwards) {
  for (int round = 0; round < 10; ++round) {
    MemoryFileSystem files;
    StandingClock clock;
    OpenOptions options = TestOptions(&files, &clock);
    options.background = true;
    options.memtable_records_max = 20;
    auto database = OpenTest(options);
    CreateTestTable(database.get());
    std::atomic<int> acknowledged{0};
    std::atomic<int> answered{0};
    constexpr int kCommits = 200;
    std::vector<std::thread> threads;
    threads.emplace_back([&] {
      for (int i = 0; i < kCommits; ++i) {
        BatchWriter batch;
        batch.Insert(kTestTable, {BatchRow(i).Member(1).Set(0, int64_t{i})});
        database->Submit(batch.Finish(), Durability::kSync,
                         [&](const Status& status, CommitReceipt) {
                           if (status.ok()) ++acknowledged;
                           ++answered;
                         });
      }
    });
    threads.emplace_back([&] {
      Status status;
      while (status.ok()) status = database->Compact();
      CHECK_CODE(status, Code::kClosed);
    });
    threads.emplace_back([&] {
      Status status;
      while (status.ok()) status = database->Flush();
      CHECK_CODE(status, Code::kClosed);
    });
    CHECK_OK(database->Close());
    const uint64_t operations = files.operation_count();
    for (auto& thread : threads) thread.join();
    CHECK_EQ(files.operation_count(), operations);
    CHECK_EQ(answered.load(), kCommits);
    database = OpenTest(options);
    CHECK_EQ(RowsNow(database.get()).size(), acknowledged.load());
  }
}

}  // namespace
}  // namespace hypergraph::test

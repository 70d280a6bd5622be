// Commits and flushes of so many records that they are written on two threads.
#include "core/base/random.h"
#include "core/graph/database_test.h"
#include "core/graph/forwarding_file_system.h"

namespace hypergraph::test {
namespace {

constexpr uint32_t kRows = 30'000;  // More than a MiB in the log.

// Most come in the order of their time, some late; nodes are numbers, from few to far apart.
std::vector<BatchRow> ManyRows(Random* random, Micros first) {
  std::vector<BatchRow> rows;
  for (uint32_t i = 0; i < kRows; ++i) {
    const bool late = random->Chance(0.02);
    const Micros ts = first + i / 3 - (late ? static_cast<Micros>(random->Below(5000)) : 0);
    BatchRow row(ts);
    row.Member(random->Below(1000))
        .Member(uint64_t{5000} + i)
        .Member(uint64_t{i} * 1'000'003 + 7'000'000);
    row.Weight(static_cast<double>(i) / 8).Set(0, i);
    rows.push_back(row);
  }
  return rows;
}

Status TryCommit(Database* database, const std::vector<BatchRow>& rows) {
  BatchWriter batch;
  batch.Insert(kTestTable, rows);
  return database->Commit(batch.Finish(), Durability::kSync, nullptr);
}

TEST(Large_commits_are_read_from_the_memtable_the_log_and_the_segment_alike) {
  Random random(test::Seed());
  MemoryFileSystem files;
  StandingClock clock;
  const OpenOptions options = TestOptions(&files, &clock);
  auto database = OpenTest(options);
  CreateTestTable(database.get());
  const Seq before = SeqNow(database.get());
  const std::vector<BatchRow> rows = ManyRows(&random, 10'000);
  CHECK_OK(TryCommit(database.get(), rows));
  const std::map<EdgeId, std::string> first = RowsNow(database.get());
  CHECK_EQ(first.size(), kRows);
  const auto size_at = [&](EdgeId id) { return first.at(id).substr(first.at(id).find(':') + 1); };
  for (uint32_t i = 0; i < kRows; i += 997) {
    CHECK_EQ(size_at(before + 1 + i).substr(0, std::to_string(i).size() + 1),
             std::to_string(i) + ":");
  }
  CHECK_OK(database->Close());
  database = OpenTest(options);
  CHECK(RowsNow(database.get()) == first);
  CHECK_OK(TryCommit(database.get(), ManyRows(&random, 11'000)));
  const std::map<EdgeId, std::string> both = RowsNow(database.get());
  CHECK_EQ(both.size(), 2 * kRows);
  CHECK_OK(database->Flush());
  CHECK(RowsNow(database.get()) == both);
  const auto snapshot = ReadTest(database.get());
  const auto& source = *snapshot->tables->at(kTestTable).sources.front();
  std::vector<Micros> times(source.bounds().row_count);
  CHECK_OK(source.EventTs(Rows::Range(0, source.bounds().row_count), times.data()));
  CHECK(std::is_sorted(times.begin(), times.end()));
  CHECK_OK(database->Close());
  database = OpenTest(options);
  CHECK(RowsNow(database.get()) == both);
}

TEST(A_large_commit_that_cannot_be_made_durable_fails_and_ends_writing) {
  for (const bool at_sync : {false, true}) {
    Random random(test::Seed());
    MemoryFileSystem memory;
    ForwardingFileSystem files(&memory);
    StandingClock clock;
    const OpenOptions options = TestOptions(&files, &clock);
    bool armed = true;  // Outlives the database, whose end asks too.
    auto database = OpenTest(options);
    CreateTestTable(database.get());
    InsertOne(database.get(), 1, 1);
    const auto fail = [&](const std::string&) {
      return armed ? Status(Code::kIo, "the disk is broken") : Status::Ok();
    };
    (at_sync ? files.before_sync : files.before_write) = fail;
    CHECK_CODE(TryCommit(database.get(), ManyRows(&random, 10'000)), Code::kIo);
    CHECK_EQ(RowsNow(database.get()).size(), 1);
    armed = false;
    CHECK_CODE(TryCommit(database.get(), {BatchRow(5).Member(1)}), Code::kPoisoned);
    CHECK_EQ(RowsNow(database.get()).size(), 1);
    (void)database->Close();
    database = OpenTest(options);
    const size_t left = RowsNow(database.get()).size();
    CHECK(left == 1 || left == 1 + kRows);  // Not told as durable, but perhaps it is.
  }
}

}  // namespace
}  // namespace hypergraph::test

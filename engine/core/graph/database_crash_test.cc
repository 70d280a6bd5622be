// Crashes that once lost or broke something, each by itself. All others: test/crash_test.cc.
#include "core/graph/database_test.h"
#include "core/platform/crash_states.h"

namespace hypergraph::test {
namespace {

constexpr char kPlace[] = "/db";  // Whose parent can be synced.

TEST(A_commit_after_a_kill_survives_a_power_failure_though_its_logs_name_was_unsure) {
  MemoryFileSystem files;
  StandingClock clock;
  {
    const auto database = OpenTest(TestOptions(&files, &clock), kPlace);
    CreateTestTable(database.get());
  }
  for (size_t killed_at = 0; killed_at <= files.record_size(); ++killed_at) {
    std::vector<Operation> record = files.record();
    record.resize(killed_at);
    MemoryFileSystem next(files.initial(), std::move(record));
    auto database = OpenTest(TestOptions(&next, &clock), kPlace);
    BatchWriter batch;
    CommitTest(database.get(), batch.CreateTable("acknowledged").Finish());
    const size_t acknowledged = next.record_size();
    database.reset();
    const auto after = CrashStates(next).Materialize(acknowledged, {CrashKind::kLoseAll, 0});
    const auto again = OpenTest(TestOptions(after.get(), &clock), kPlace);
    std::shared_ptr<const Snapshot> snapshot;
    CHECK_OK(again->Read(&snapshot));
    CHECK(snapshot->schema->Find("acknowledged") != nullptr);
  }
}

TEST(With_threads_too_a_commit_after_a_kill_survives_a_power_failure) {
  MemoryFileSystem files;
  StandingClock clock;
  {
    const auto database = OpenTest(TestOptions(&files, &clock), kPlace);
    CreateTestTable(database.get());
  }
  for (size_t killed_at = 0; killed_at <= files.record_size(); ++killed_at) {
    std::vector<Operation> record = files.record();
    record.resize(killed_at);
    MemoryFileSystem next(files.initial(), std::move(record));
    OpenOptions options = TestOptions(&next, &clock);
    options.background = true;
    auto database = OpenTest(options, kPlace);
    BatchWriter batch;
    CommitTest(database.get(), batch.CreateTable("acknowledged").Finish());
    const size_t acknowledged = next.record_size();
    database.reset();
    const auto after = CrashStates(next).Materialize(acknowledged, {CrashKind::kLoseAll, 0});
    const auto again = OpenTest(TestOptions(after.get(), &clock), kPlace);
    CHECK(ReadTest(again.get())->schema->Find("acknowledged") != nullptr);
  }
}

TEST(What_an_opening_after_a_kill_shows_survives_a_power_failure) {
  MemoryFileSystem files;
  StandingClock clock;
  auto killed = OpenTest(TestOptions(&files, &clock), kPlace);
  CreateTestTable(killed.get());
  BatchWriter batch;
  batch.Insert(kTestTable, {BatchRow(1).Member(1).Set(0, int64_t{1})});
  CHECK_OK(killed->Commit(batch.Finish(), Durability::kOs, nullptr));
  for (const bool background : {false, true}) {
    MemoryFileSystem next(files.initial(), files.record());
    OpenOptions options = TestOptions(&next, &clock);
    options.background = background;
    auto database = OpenTest(options, kPlace);
    const auto shown = RowsNow(database.get());
    CHECK_EQ(shown.size(), 1);
    const size_t end = next.record_size();
    database.reset();
    const auto after = CrashStates(next).Materialize(end, {CrashKind::kLoseAll, 0});
    const auto again = OpenTest(TestOptions(after.get(), &clock), kPlace);
    CHECK(RowsNow(again.get()) == shown);
  }
}

TEST(A_disk_that_fails_behind_an_opening_fails_writes_and_no_reads) {
  MemoryFileSystem files;
  StandingClock clock;
  {
    const auto database = OpenTest(TestOptions(&files, &clock), kPlace);
    CreateTestTable(database.get());
  }
  OpenOptions options = TestOptions(&files, &clock);
  options.background = true;
  files.FailSync(1, FaultLength::kForEver);  // Behind that of the log that was read.
  auto database = OpenTest(options, kPlace);
  BatchWriter batch;
  batch.Insert(kTestTable, {BatchRow(1).Member(1).Set(0, int64_t{1})});
  const ByteView insert = batch.Finish();
  CHECK(!database->Commit(insert, Durability::kSync, nullptr).ok());
  CHECK(RowsNow(database.get()).empty());
  database.reset();
  files.ClearFaults();
  database = OpenTest(options, kPlace);
  CHECK_OK(database->Commit(insert, Durability::kSync, nullptr));
  CHECK_EQ(RowsNow(database.get()).size(), 1);
}

TEST(After_a_failed_sync_of_the_directory_nothing_is_written_that_a_power_failure_would_break) {
  for (uint64_t failing = 0; failing < 24; ++failing) {
    MemoryFileSystem files;
    StandingClock clock;
    auto database = OpenTest(TestOptions(&files, &clock), kPlace);
    CreateTestTable(database.get());
    files.FailSync(failing, FaultLength::kOnce);
    EdgeId acknowledged = 0;
    for (int64_t round = 0; round < 3; ++round) {
      BatchWriter batch;
      CommitReceipt receipt;
      batch.Insert(kTestTable, {BatchRow(round).Member(1).Set(0, round)});
      if (database->Commit(batch.Finish(), Durability::kSync, &receipt).ok()) {
        acknowledged = receipt.first_id;
      }
      (void)database->Flush();
    }
    const size_t end = files.record_size();
    database.reset();
    const auto after = CrashStates(files).Materialize(end, {CrashKind::kLoseAll, 0});
    const auto again = OpenTest(TestOptions(after.get(), &clock), kPlace);
    const std::map<EdgeId, std::string> rows = RowsNow(again.get());
    CHECK(acknowledged == 0 || rows.contains(acknowledged));
  }
}

TEST(A_log_that_could_not_be_made_leaves_its_directory_as_sure_as_it_was) {
  for (uint64_t failing = 0; failing < 8; ++failing) {
    MemoryFileSystem files;
    StandingClock clock;
    auto database = OpenTest(TestOptions(&files, &clock), kPlace);
    files.FailOperation(failing, FaultKind::kIoError, FaultLength::kForEver);
    BatchWriter batch;
    CommitReceipt receipt;
    batch.CreateTable("acknowledged");
    (void)database->Commit(batch.Finish(), Durability::kSync, &receipt);
    files.ClearFaults();
    const bool acknowledged = database->Commit(batch.Finish(), Durability::kSync, &receipt).ok();
    const size_t end = files.record_size();
    database.reset();
    const auto after = CrashStates(files).Materialize(end, {CrashKind::kLoseAll, 0});
    const auto again = OpenTest(TestOptions(after.get(), &clock), kPlace);
    const bool there = ReadTest(again.get())->schema->Find("acknowledged") != nullptr;
    CHECK(there || !acknowledged);
  }
}

TEST(A_log_that_could_not_be_made_does_not_make_damage_of_the_torn_end_of_the_one_before) {
  for (uint64_t making = 0; making < 8; ++making) {
    for (uint64_t writing = 0; writing < 3; ++writing) {
      MemoryFileSystem files;
      StandingClock clock;
      auto database = OpenTest(TestOptions(&files, &clock), kPlace);
      CreateTestTable(database.get());
      const EdgeId kept = InsertOne(database.get(), 1, 1);
      files.FailOperation(making, FaultKind::kIoError, FaultLength::kForEver);
      (void)database->Flush();
      files.ClearFaults();
      files.FailOperation(writing, FaultKind::kShortWrite);
      BatchWriter batch;
      CommitReceipt receipt;
      batch.Insert(kTestTable, {BatchRow(2).Member(2).SetText(1, std::string(1000, 'x'))});
      (void)database->Commit(batch.Finish(), Durability::kSync, &receipt);
      database.reset();
      files.ClearFaults();
      // Twice: what the first leaves must do the second no harm.
      for (int round = 0; round < 2; ++round) {
        database.reset();
        database = OpenTest(TestOptions(&files, &clock), kPlace);
        CHECK(!database->open_report().damaged_log);
        CHECK(RowsNow(database.get()).contains(kept));
        InsertOne(database.get(), 3, 3);
      }
    }
  }
}

}  // namespace
}  // namespace hypergraph::test

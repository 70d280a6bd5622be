// Backups, restoring them, and what a check finds.
#include <atomic>
#include <thread>

#include "core/graph/database_files.h"
#include "core/graph/database_test.h"
#include "core/graph/forwarding_file_system.h"

namespace hypergraph::test {
namespace {

struct Fixture {
  MemoryFileSystem files;
  StandingClock clock;
  OpenOptions options = TestOptions(&files, &clock);
  std::unique_ptr<Database> database = OpenTest(options);

  Fixture() {
    BatchWriter batch;
    batch.CreateTable("events", {{"size", PropertyType::kInt64}, {"name", PropertyType::kString}},
                      {{"by_size", {{ColumnKind::kProperty, 0}}}});
    CommitTest(database.get(), batch.Finish());
    for (int i = 0; i < 6; ++i) InsertOne(database.get(), i, i);
  }
  std::map<EdgeId, std::string> RowsOfRestored(const std::string& backup) {
    const std::string path = "restored" + std::to_string(++restored_);
    CheckReport report;
    CHECK_OK(RestoreDatabase(files, backup, path, &report));
    CHECK(report.faults.empty());
    auto restored = OpenTest(options, path);
    auto rows = RowsNow(restored.get());
    InsertOne(restored.get(), 900, 900);  // It can be written to.
    return rows;
  }

 private:
  int restored_ = 0;
};

TEST(A_backup_restores_to_what_it_was_and_a_later_one_takes_only_what_is_new) {
  Fixture f;
  BackupReport report;
  CHECK_OK(f.database->Backup("backup", &report));
  CHECK_LT(uint64_t{3}, report.files_linked);
  CHECK_EQ(report.files_copied + report.files_kept, 0);
  CHECK_EQ(report.seq, SeqNow(f.database.get()));
  const auto first = RowsNow(f.database.get());
  CHECK(f.RowsOfRestored("backup") == first);
  BatchWriter batch;
  CommitTest(f.database.get(), batch.Delete(kTestTable, {first.begin()->first}).Finish());
  InsertOne(f.database.get(), 50, 50);
  CHECK(f.RowsOfRestored("backup") == first);
  CHECK_OK(f.database->Backup("backup", &report));
  CHECK_LT(uint64_t{0}, report.files_kept);
  const auto second = RowsNow(f.database.get());
  CHECK(f.RowsOfRestored("backup") == second);
  // What a merge has replaced goes from the backup too.
  CHECK_OK(f.database->Compact());
  CHECK_OK(f.database->Backup("backup", &report));
  size_t segments = 0;
  for (const std::string& name : NamesIn(f.files, "backup")) segments += name.starts_with("seg-");
  CHECK_EQ(segments, 1);
  CHECK(f.RowsOfRestored("backup") == second);
}

TEST(A_backup_is_copied_where_files_cannot_be_linked) {
  Fixture f;
  ForwardingFileSystem files(&f.files);
  files.before_link = [](const std::string&) { return Status(Code::kIo, "another device"); };
  OpenOptions options = f.options;
  options.files = &files;
  f.database.reset();
  f.database = OpenTest(options);
  BackupReport report;
  CHECK_OK(f.database->Backup("backup", &report));
  CHECK_EQ(report.files_linked, 0);
  CHECK_LT(uint64_t{3}, report.files_copied);
  CHECK_LT(uint64_t{100}, report.bytes_copied);
  const auto rows = RowsNow(f.database.get());
  CHECK(f.RowsOfRestored("backup") == rows);
  f.database.reset();
}

TEST(A_backup_interrupted_anywhere_is_the_earlier_one_or_the_new_one) {
  bool reached = true;
  int failures = 0;
  for (uint64_t fault = 0; reached; ++fault) {
    CHECK_LT(fault, uint64_t{200});
    Fixture f;
    BackupReport report;
    CHECK_OK(f.database->Backup("backup", &report));
    const auto before = RowsNow(f.database.get());
    InsertOne(f.database.get(), 50, 50);
    CHECK_OK(f.database->Flush());
    const auto after = RowsNow(f.database.get());
    const uint64_t first = f.files.operation_count();
    f.files.FailOperation(fault, FaultKind::kIoError);
    const bool failed = !f.database->Backup("backup", &report).ok();
    reached = f.files.operation_count() > first + fault;
    f.files.ClearFaults();
    failures += failed ? 1 : 0;
    const auto rows = f.RowsOfRestored("backup");
    const bool either = failed ? rows == before || rows == after : rows == after;
    CHECK(either);
    CHECK_OK(f.database->Backup("backup", &report));
    CHECK(f.RowsOfRestored("backup") == after);
  }
  CHECK_LT(3, failures);
}

TEST(A_backup_refuses_directories_that_are_no_backup_of_this_database) {
  Fixture f;
  BackupReport report;
  CHECK_CODE(f.database->Backup(kTestPath, &report), Code::kInvalid);
  CHECK_OK(f.files.MakeDirectory("mine"));
  CHECK_OK(f.files.Create("mine/notes.tmp"));
  CHECK_CODE(f.database->Backup("mine", &report), Code::kInvalid);
  CHECK_EQ(NamesIn(f.files, "mine"), std::vector<std::string>{"notes.tmp"});
  auto other = OpenTest(f.options, "other");
  CHECK_OK(other->Backup("backup", &report));
  CHECK_CODE(f.database->Backup("backup", &report), Code::kInvalid);
  CHECK_CODE(f.database->Backup("other", &report), Code::kLocked);
}

TEST(Restoring_refuses_what_is_no_backup_and_directories_that_hold_something) {
  Fixture f;
  BackupReport made;
  CheckReport report;
  CHECK_OK(f.database->Backup("backup", &made));
  CHECK_CODE(RestoreDatabase(f.files, "nowhere", "restored", &report), Code::kNotADatabase);
  CHECK_CODE(RestoreDatabase(f.files, kTestPath, "restored", &report), Code::kInvalid);
  CHECK_CODE(RestoreDatabase(f.files, "backup", kTestPath, &report), Code::kExists);
  CHECK_OK(f.files.MakeDirectory("mine"));
  CHECK_OK(f.files.Create("mine/notes.tmp"));
  CHECK_CODE(RestoreDatabase(f.files, "backup", "mine", &report), Code::kExists);
  CHECK(f.files.Exists("mine/notes.tmp"));
}

TEST(A_flipped_bit_in_any_file_of_a_backup_stops_its_restoring_before_anything_is_made) {
  Fixture f;
  BackupReport made;
  CHECK_OK(f.database->Backup("backup", &made));
  for (const std::string& name : NamesIn(f.files, "backup")) {
    if (name == kLockName) continue;
    auto mapping = f.files.Map("backup/" + name);
    CHECK_OK(mapping);
    f.files.FlipBitOnRead("backup/" + name, (*mapping)->bytes().size() * 4);  // In its middle.
    CheckReport report;
    CHECK_CODE(RestoreDatabase(f.files, "backup", "restored", &report), Code::kCorrupt);
    CHECK(!f.files.Exists("restored"));
    f.files.ClearFaults();
  }
}

TEST(A_check_finds_a_flipped_bit_in_each_kind_of_file) {
  Fixture f;
  CHECK_OK(f.database->Flush());
  BatchWriter batch;
  const EdgeId first = RowsNow(f.database.get()).begin()->first;
  CommitTest(f.database.get(), batch.Delete(kTestTable, {first}).Finish());
  CHECK_OK(f.database->Flush());
  InsertOne(f.database.get(), 70, 70);  // In the log, and nothing after it.
  CheckReport report;
  CHECK_OK(f.database->Check(&report));
  CHECK(report.faults.empty());
  CHECK_LT(uint64_t{6}, report.files_checked);
  std::map<std::string, int> kinds;
  for (const std::string& name : NamesIn(f.files)) {
    if (name == kLockName) continue;
    const std::string path = std::string(kTestPath) + "/" + name;
    auto mapping = f.files.Map(path);
    CHECK_OK(mapping);
    uint64_t bytes = (*mapping)->bytes().size();
    while (bytes > 0 && (*mapping)->bytes()[bytes - 1] == 0) --bytes;
    for (const uint64_t byte : {bytes / 2, bytes - 1}) {
      f.files.FlipBitOnRead(path, byte * 8 + 3);
      CHECK_OK(f.database->Check(&report));
      CHECK_EQ(report.faults.size(), 1);
      CHECK(report.faults[0].find(name) != std::string::npos);
      f.files.ClearFaults();
    }
    ++kinds[name.substr(0, name.find('-'))];
  }
  CHECK_EQ(kinds.size(), 7);  // MANIFEST, wal, seg, psi, del, dict, clock.
}

TEST(A_backup_made_while_writing_is_some_whole_state) {
  const TempDirectory directory;
  OpenOptions options;
  options.memtable_records_max = 64;
  options.segment_records_max = 500;
  auto database = OpenTest(options, directory.path() + "/db");
  CreateTestTable(database.get());
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int64_t i = 0; !stop.load(); ++i) {
      BatchWriter batch;  // Two at once: a state has both or none.
      batch.Insert(kTestTable, {BatchRow(i).Member(1).Set(0, i), BatchRow(i).Member(2).Set(0, i)});
      CommitTest(database.get(), batch.Finish(), Durability::kOs);
    }
  });
  size_t last = 0;
  for (int round = 0; round < 4; ++round) {
    BackupReport made;
    CheckReport report;
    CHECK_OK(database->Backup(directory.path() + "/backup", &made));
    const std::string path = directory.path() + "/restored" + std::to_string(round);
    CHECK_OK(RestoreDatabase(PosixFileSystem(), directory.path() + "/backup", path, &report));
    auto restored = OpenTest(options, path);
    const auto snapshot = ReadTest(restored.get());
    CHECK_EQ(snapshot->seq, made.seq);
    const auto rows = VisibleRows(*snapshot);
    CHECK_EQ(rows.size() % 2, 0);
    CHECK_EQ(rows.size() + 1, made.seq);  // Every commit up to it: the table's took one.
    CHECK_LE(last, rows.size());
    last = rows.size();
  }
  stop = true;
  writer.join();
}

}  // namespace
}  // namespace hypergraph::test

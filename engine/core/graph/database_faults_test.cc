// Group commit, and what fails under it: writes, syncs, space, and bytes of the log.
#include <atomic>
#include <thread>

#include "core/graph/database_files.h"
#include "core/graph/database_test.h"
#include "core/graph/forwarding_file_system.h"
#include "core/storage/wal_format.h"

namespace hypergraph::test {
namespace {

struct Fixture {
  MemoryFileSystem files;
  StandingClock clock;
  OpenOptions options = TestOptions(&files, &clock);
};

Status TryInsert(Database* database, Micros event_ts, Durability durability = Durability::kSync) {
  BatchWriter batch;
  batch.Insert(kTestTable, {BatchRow(event_ts).Member(1).Set(0, event_ts)});
  return database->Commit(batch.Finish(), durability, nullptr);
}

uint64_t GroupSyncs(Database* database) {
  DatabaseStats stats;
  CHECK_OK(database->Stats(&stats));
  return stats.group_syncs;
}

TEST(Commits_that_wait_for_a_sync_share_the_next_one) {
  MemoryFileSystem memory;
  ForwardingFileSystem files(&memory);
  StandingClock clock;
  OpenOptions options = TestOptions(&files, &clock);
  options.background = true;
  Gate gate;
  std::atomic<bool> armed{false};
  std::atomic<int> syncs{0};
  files.before_sync = [&](const std::string&) {
    if (!armed.load()) return Status::Ok();
    if (syncs.fetch_add(1) == 0) gate.Pass();
    return Status::Ok();
  };
  auto database = OpenTest(options);
  CreateTestTable(database.get());
  armed = true;
  std::thread first([&] { InsertOne(database.get(), 1, 1); });
  gate.WaitUntilReached();
  std::atomic<int> done{0};
  constexpr int kWaiting = 20;
  for (int i = 0; i < kWaiting; ++i) {
    BatchWriter batch;
    batch.Insert(kTestTable, {BatchRow(i + 2).Member(1)});
    database->Submit(batch.Finish(), Durability::kSync, [&](const Status& status, CommitReceipt) {
      CHECK_OK(status);
      ++done;
    });
  }
  CHECK_EQ(RowsNow(database.get()).size(), 0);  // Not durable: not seen.
  gate.Open();
  first.join();
  BatchWriter last;
  CommitTest(database.get(), last.Insert(kTestTable, {BatchRow(99).Member(1)}).Finish(),
             Durability::kOs);  // After all of them.
  CHECK_EQ(syncs.load(), 2);
  CHECK_OK(database->Close());
  CHECK_EQ(done.load(), kWaiting);
  database = OpenTest(options);
  CHECK_EQ(RowsNow(database.get()).size(), kWaiting + 2);
}

TEST(Only_a_commit_that_wants_it_is_synced_and_then_all_before_it_are) {
  Fixture f;
  auto database = OpenTest(f.options);
  CreateTestTable(database.get());
  const uint64_t before = GroupSyncs(database.get());
  for (int i = 0; i < 5; ++i) InsertOne(database.get(), i, i, Durability::kOs);
  CHECK_EQ(GroupSyncs(database.get()), before);
  InsertOne(database.get(), 5, 5);
  CHECK_EQ(GroupSyncs(database.get()), before + 1);
  // An answer that tells of an earlier commit is as durable as asked for.
  BatchWriter batch;
  batch.Insert(kTestTable, {BatchRow(7).Member(1).Key("k")});
  CommitTest(database.get(), batch.Finish(), Durability::kOs);
  CHECK_EQ(CommitTest(database.get(), batch.Finish()).duplicates, 1);
  CHECK_EQ(GroupSyncs(database.get()), before + 2);
}

TEST(The_queue_of_waiting_commits_is_bounded_by_number_and_bytes) {
  MemoryFileSystem memory;
  ForwardingFileSystem files(&memory);
  StandingClock clock;
  OpenOptions options = TestOptions(&files, &clock);
  options.background = true;
  options.commit_queue_max = 4;
  options.commit_queue_bytes_max = 100'000;
  Gate gate;
  std::atomic<bool> armed{false};
  files.before_sync = [&](const std::string&) {
    if (armed.exchange(false)) gate.Pass();
    return Status::Ok();
  };
  auto database = OpenTest(options);
  CreateTestTable(database.get());
  armed = true;
  std::thread first([&] { InsertOne(database.get(), 1, 1); });
  gate.WaitUntilReached();
  std::mutex mutex;
  std::map<Code, int> outcomes;
  const auto submit = [&](size_t text_bytes) {
    BatchWriter batch;
    batch.Insert(kTestTable, {BatchRow(2).Member(1).SetText(1, std::string(text_bytes, 'x'))});
    database->Submit(batch.Finish(), Durability::kSync, [&](const Status& status, CommitReceipt) {
      const std::lock_guard<std::mutex> lock(mutex);
      ++outcomes[status.code()];
    });
  };
  submit(90'000);
  submit(20'000);                           // Too many bytes.
  for (int i = 0; i < 5; ++i) submit(100);  // Two of them are too many.
  gate.Open();
  first.join();
  CHECK_OK(database->Close());
  CHECK_EQ(outcomes[Code::kOk], 4);
  CHECK_EQ(outcomes[Code::kTooLarge], 3);
}

TEST(After_a_failed_write_or_sync_reads_go_on_and_reopening_has_what_was_acknowledged) {
  for (const bool at_sync : {false, true}) {
    Fixture f;
    auto database = OpenTest(f.options);
    CreateTestTable(database.get());
    for (int i = 0; i < 3; ++i) InsertOne(database.get(), i, i);
    const auto acknowledged = RowsNow(database.get());
    if (at_sync) {
      f.files.FailSync(0, FaultLength::kOnce);
    } else {
      f.files.FailOperation(0, FaultKind::kShortWrite);
    }
    CHECK_CODE(TryInsert(database.get(), 50), Code::kIo);
    CHECK_CODE(TryInsert(database.get(), 51), Code::kPoisoned);
    CHECK_CODE(TryInsert(database.get(), 52, Durability::kOs), Code::kPoisoned);
    CHECK_CODE(database->Flush(), Code::kPoisoned);
    CHECK_CODE(database->Compact(), Code::kPoisoned);
    CHECK(RowsNow(database.get()) == acknowledged);
    CHECK_OK(database->Close());
    f.files.ClearFaults();
    database = OpenTest(f.options);
    auto recovered = RowsNow(database.get());
    for (const auto& [id, row] : acknowledged) CHECK_EQ(recovered[id], row);
    CHECK_LE(recovered.size(), acknowledged.size() + 1);  // The failed one may be there, whole.
    InsertOne(database.get(), 60, 60);
  }
}

TEST(A_full_disk_refuses_commits_and_harms_none_and_later_ones_work) {
  Fixture f;
  auto database = OpenTest(f.options);
  CreateTestTable(database.get());
  for (int i = 0; i < 3; ++i) InsertOne(database.get(), i, i);
  f.files.SetCapacity(f.files.image().ContentBytes());
  Status status;
  int more = 0;
  while ((status = TryInsert(database.get(), 100 + more)).ok()) ++more;
  CHECK_CODE(status, Code::kStorageFull);
  CHECK_CODE(TryInsert(database.get(), 999), Code::kStorageFull);
  CHECK_CODE(database->Flush(), Code::kStorageFull);
  CHECK_EQ(RowsNow(database.get()).size(), 3 + more);
  f.files.ClearFaults();
  InsertOne(database.get(), 500, 500);
  CHECK_OK(database->Flush());
  const auto expected = RowsNow(database.get());
  CHECK_EQ(expected.size(), 4 + more);
  database.reset();
  database = OpenTest(f.options);
  CHECK(RowsNow(database.get()) == expected);
  CheckReport report;
  CHECK_OK(database->Check(&report));
  CHECK(report.faults.empty());
}

TEST(A_disk_full_at_any_operation_of_a_flush_or_merge_harms_nothing) {
  int fault = 0;
  for (bool reached = true; reached && fault < 400; ++fault) {
    Fixture f;
    auto database = OpenTest(f.options);
    CreateTestTable(database.get());
    for (int i = 0; i < 4; ++i) {
      InsertOne(database.get(), i, i);
      if (i < 3) CHECK_OK(database->Flush());
    }
    const auto expected = RowsNow(database.get());
    const uint64_t before = f.files.operation_count();
    f.files.FailOperation(static_cast<uint64_t>(fault), FaultKind::kStorageFull);
    const Status status = database->Compact();
    reached = f.files.operation_count() - before > static_cast<uint64_t>(fault);
    if (!status.ok()) {
      // A sync of the directory that fails is for good.
      const bool told = status.code() == Code::kStorageFull || status.code() == Code::kIo ||
                        status.code() == Code::kPoisoned;
      CHECK(told);
    }
    f.files.ClearFaults();
    CHECK(RowsNow(database.get()) == expected);
    const Status again = database->Compact();
    if (!again.ok()) CHECK_CODE(again, Code::kPoisoned);
    database.reset();
    database = OpenTest(f.options);
    CHECK(RowsNow(database.get()) == expected);
    CHECK_OK(database->Compact());
    CHECK(RowsNow(database.get()) == expected);
    CheckReport report;
    CHECK_OK(database->Check(&report));
    CHECK(report.faults.empty());
  }
  CHECK_LT(20, fault);
  CHECK_LT(fault, 400);
}

// The newest log, and its bytes up to the last that is not zero.
std::pair<std::string, uint64_t> NewestLog(FileSystem& files) {
  std::string newest;
  for (const std::string& name : NamesIn(files)) {
    if (ParseName(name).kind == NameKind::kLog) newest = name;
  }
  const std::string path = std::string(kTestPath) + "/" + newest;
  auto mapping = files.Map(path);
  CHECK_OK(mapping);
  uint64_t bytes = (*mapping)->bytes().size();
  while (bytes > 0 && (*mapping)->bytes()[bytes - 1] == 0) --bytes;
  return {path, bytes};
}

void Overwrite(FileSystem& files, const std::string& path, uint64_t offset, uint8_t byte) {
  auto file = files.OpenForWrite(path);
  CHECK_OK(file);
  CHECK_OK((*file)->WriteAt(offset, {&byte, 1}));
}

TEST(A_torn_tail_is_cut_off_and_counted_once) {
  Fixture f;
  auto database = OpenTest(f.options);
  CreateTestTable(database.get());
  for (int i = 0; i < 3; ++i) InsertOne(database.get(), i, i);
  const auto expected = RowsNow(database.get());
  CHECK_OK(database->Close());
  const auto [path, bytes] = NewestLog(f.files);
  for (uint64_t i = 0; i < 7; ++i) Overwrite(f.files, path, bytes + i, 0xab);
  database = OpenTest(f.options);
  CHECK_EQ(database->open_report().log_bytes_truncated, 7);
  CHECK(!database->open_report().damaged_log);
  CHECK(RowsNow(database.get()) == expected);
  InsertOne(database.get(), 9, 9);
  database.reset();
  database = OpenTest(f.options);
  CHECK_EQ(database->open_report().log_bytes_truncated, 0);
  CHECK_EQ(RowsNow(database.get()).size(), expected.size() + 1);
}

TEST(A_damaged_log_opens_for_reading_and_a_repair_keeps_what_is_before) {
  Fixture f;
  auto database = OpenTest(f.options);
  CreateTestTable(database.get());
  std::vector<std::pair<uint64_t, std::map<EdgeId, std::string>>> states;  // By bytes of log.
  for (int i = 0; i < 6; ++i) {
    InsertOne(database.get(), i, i);
    states.emplace_back(NewestLog(f.files).second, RowsNow(database.get()));
  }
  CHECK_OK(database->Close());
  const std::string path = NewestLog(f.files).first;
  Overwrite(f.files, path, states[2].first + kWalFrameOverhead + 3, 0x5a);  // In the fourth.
  for (int round = 0; round < 2; ++round) {
    database = OpenTest(f.options);
    CHECK(database->open_report().damaged_log);
    CHECK_EQ(std::string(kTestPath) + "/" + database->open_report().damaged_file, path);
    CHECK_LE(states[2].first, database->open_report().damage_offset + 8);  // Zeros may end it.
    CHECK(RowsNow(database.get()) == states[2].second);
    CHECK_CODE(TryInsert(database.get(), 70), Code::kDamagedLog);
    CHECK_CODE(database->Flush(), Code::kDamagedLog);
    CheckReport report;
    CHECK_OK(database->Check(&report));
    CHECK_EQ(report.faults.size(), 1);
    database.reset();
  }
  RepairReport repaired;
  CHECK_OK(RepairDatabase(f.files, kTestPath, &repaired));
  CHECK_LT(uint64_t{0}, repaired.bytes_quarantined);
  CHECK_EQ(repaired.quarantined.size(), 1);
  CHECK(f.files.Exists(repaired.quarantined[0]));
  database = OpenTest(f.options);
  CHECK(!database->open_report().damaged_log);
  CHECK_EQ(SeqNow(database.get()), repaired.last_kept);
  CHECK(RowsNow(database.get()) == states[2].second);
  InsertOne(database.get(), 80, 80);
  database.reset();
  database = OpenTest(f.options);
  CHECK_EQ(RowsNow(database.get()).size(), states[2].second.size() + 1);
  CHECK_OK(database->Close());
  CHECK_OK(RepairDatabase(f.files, kTestPath, &repaired));  // Nothing to do.
  CHECK_EQ(repaired.bytes_quarantined, 0);
}

TEST(A_repair_interrupted_anywhere_is_finished_by_the_next) {
  for (uint64_t fault = 0; fault < 12; ++fault) {
    Fixture f;
    auto database = OpenTest(f.options);
    CreateTestTable(database.get());
    std::vector<uint64_t> ends;
    for (int i = 0; i < 3; ++i) {
      InsertOne(database.get(), i, i);
      ends.push_back(NewestLog(f.files).second);
    }
    CHECK_OK(database->Close());
    Overwrite(f.files, NewestLog(f.files).first, ends[0] + kWalFrameOverhead + 3, 0x5a);
    RepairReport repaired;
    f.files.FailOperation(fault, FaultKind::kIoError);
    (void)RepairDatabase(f.files, kTestPath, &repaired);
    f.files.ClearFaults();
    CHECK_OK(RepairDatabase(f.files, kTestPath, &repaired));
    database = OpenTest(f.options);
    CHECK(!database->open_report().damaged_log);
    CHECK_EQ(RowsNow(database.get()).size(), 1);
  }
}

TEST(Writers_that_wait_for_room_are_told_when_writing_fails_for_good) {
  MemoryFileSystem memory;
  ForwardingFileSystem files(&memory);
  StandingClock clock;
  OpenOptions options = TestOptions(&files, &clock);
  options.background = true;
  options.memtable_records_max = 8;
  Gate gate;
  std::atomic<bool> armed{false};
  files.before_rename_to = [&](const std::string& path) {
    if (!path.ends_with("MANIFEST") || !armed.exchange(false)) return Status::Ok();
    gate.Pass();
    return Status(Code::kIo, "the disk is gone");
  };
  auto database = OpenTest(options);
  CreateTestTable(database.get());
  for (int i = 0; i < 3; ++i) {
    InsertOne(database.get(), i, i);
    CHECK_OK(database->Flush());
  }
  armed = true;  // The next MANIFEST is that of a merge.
  std::thread merge([&] { CHECK(!database->Compact().ok()); });
  gate.WaitUntilReached();
  // Two memtables' worth fit beside a merge; then commits wait.
  std::mutex mutex;
  std::condition_variable grown;
  int committed = 0;
  Status refusal;
  std::thread writer([&] {
    for (int i = 0; i < 100 && refusal.ok(); ++i) {
      refusal = TryInsert(database.get(), 100 + i);
      const std::lock_guard<std::mutex> lock(mutex);
      ++committed;
      grown.notify_all();
    }
  });
  {
    std::unique_lock<std::mutex> lock(mutex);
    grown.wait(lock, [&] { return committed >= 16; });
  }
  gate.Open();
  writer.join();
  merge.join();
  CHECK_CODE(refusal, Code::kPoisoned);
  CHECK_LE(committed, 18);
  CHECK_EQ(RowsNow(database.get()).size(), 3 + committed - 1);
}

TEST(A_memtable_is_bounded_though_no_flush_succeeds) {
  Fixture f;
  f.options.memtable_records_max = 8;
  ForwardingFileSystem files(&f.files);
  files.before_write = [](const std::string& path) {
    const bool segment = path.find("seg-") != std::string::npos;
    return segment ? Status(Code::kStorageFull, "no space for segments") : Status::Ok();
  };
  f.options.files = &files;
  auto database = OpenTest(f.options);
  CreateTestTable(database.get());
  Status status;
  int committed = 0;
  while (committed < 1000 && (status = TryInsert(database.get(), committed)).ok()) ++committed;
  CHECK_CODE(status, Code::kStorageFull);
  CHECK_LE(committed, 16);
  CHECK_EQ(RowsNow(database.get()).size(), committed);
  files.before_write = nullptr;
  CHECK_OK(TryInsert(database.get(), 2000));
  database.reset();
  database = OpenTest(f.options);
  CHECK_EQ(RowsNow(database.get()).size(), committed + 1);
}

}  // namespace
}  // namespace hypergraph::test

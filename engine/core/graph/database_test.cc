#include "core/graph/database_test.h"

#include "core/graph/database_files.h"

namespace hypergraph::test {
namespace {

struct Fixture {
  MemoryFileSystem files;
  StandingClock clock;
  OpenOptions options = TestOptions(&files, &clock);
};

TEST(A_database_has_its_commits_after_each_reopening) {
  Fixture f;
  auto database = OpenTest(f.options);
  CHECK(database->open_report().created);
  CreateTestTable(database.get());
  std::map<EdgeId, std::string> expected;
  for (int i = 0; i < 12; ++i) {
    const EdgeId id = InsertOne(database.get(), 100 - i, i);
    expected[id] = std::to_string(100 - i) + ":" + std::to_string(i) + ":" +
                   std::to_string(100 - i) + ":n" + std::to_string(i);
    CHECK(RowsNow(database.get()) == expected);
    if (i % 3 == 1) CHECK_OK(database->Flush());
    if (i % 4 == 3) CHECK_OK(database->Compact());
    database.reset();
    database = OpenTest(f.options);
    CHECK(!database->open_report().created);
    CHECK_EQ(database->open_report().log_bytes_truncated, 0);
    CHECK(database->open_report().unknown_files.empty());
    CHECK(RowsNow(database.get()) == expected);
  }
}

TEST(Updates_and_deletes_survive_flush_merge_and_reopening) {
  Fixture f;
  auto database = OpenTest(f.options);
  CreateTestTable(database.get());
  std::vector<EdgeId> ids;
  for (int i = 0; i < 6; ++i) {
    ids.push_back(InsertOne(database.get(), i, i));
    if (i % 2 == 1) CHECK_OK(database->Flush());
  }
  BatchWriter batch;
  BatchRow change;
  change.Set(0, int64_t{77});
  batch.Update(kTestTable, {{ids[0], change}}).Delete(kTestTable, {ids[1], ids[4]});
  const CommitReceipt receipt = CommitTest(database.get(), batch.Finish());
  CHECK_EQ(receipt.updated, 1);
  CHECK_EQ(receipt.deleted, 2);
  const auto expected = RowsNow(database.get());
  CHECK_EQ(expected.size(), 4);
  CHECK_EQ(expected.at(ids[0]), "0:77:0:n0");
  for (const bool flush_first : {false, true}) {
    if (flush_first) CHECK_OK(database->Flush());
    database.reset();
    database = OpenTest(f.options);
    CHECK(RowsNow(database.get()) == expected);
    if (flush_first) CHECK_OK(database->Compact());
    CHECK(RowsNow(database.get()) == expected);
  }
  database.reset();
  database = OpenTest(f.options);
  CHECK(RowsNow(database.get()) == expected);
  // What was replaced is still there for the past.
  std::shared_ptr<const Snapshot> past;
  CHECK_OK(database->ReadAsOf(receipt.seq - 1, &past));
  CHECK_EQ(VisibleRows(*past).size(), 6);
}

TEST(A_snapshot_keeps_what_it_saw_through_writes_flush_merge_and_close) {
  Fixture f;
  auto database = OpenTest(f.options);
  BatchTableOptions no_history;
  no_history.history = 0;
  CreateTestTable(database.get(), no_history);
  const EdgeId first = InsertOne(database.get(), 1, 1);
  InsertOne(database.get(), 2, 2);
  CHECK_OK(database->Flush());
  const auto snapshot = ReadTest(database.get());
  const auto before = VisibleRows(*snapshot);
  BatchWriter batch;
  CommitTest(database.get(), batch.Delete(kTestTable, {first}).Finish());
  InsertOne(database.get(), 3, 3);
  CHECK_OK(database->Compact());
  CHECK(VisibleRows(*snapshot) == before);
  CHECK_EQ(RowsNow(database.get()).size(), 2);
  CHECK_OK(database->Close());
  CHECK_OK(database->Close());
  CHECK(VisibleRows(*snapshot) == before);
  std::shared_ptr<const Snapshot> late;
  CHECK_CODE(database->Read(&late), Code::kClosed);
  CHECK_CODE(database->Commit(batch.Finish(), Durability::kSync, nullptr), Code::kClosed);
  CHECK_CODE(database->Flush(), Code::kClosed);
  database.reset();
  CHECK(VisibleRows(*snapshot) == before);
}

std::shared_ptr<const Snapshot> ReadShared(Database* database) {
  std::shared_ptr<const Snapshot> snapshot;
  CHECK_OK(database->ReadShared(&snapshot));
  return snapshot;
}

TEST(Short_reads_share_a_snapshot_until_something_is_published) {
  Fixture f;
  auto database = OpenTest(f.options);
  CreateTestTable(database.get());
  InsertOne(database.get(), 1, 1);
  auto before = ReadShared(database.get());
  CHECK_EQ(ReadShared(database.get()).get(), before.get());
  CHECK(ReadTest(database.get()).get() != before.get());
  const std::weak_ptr<const Snapshot> watched = before;
  InsertOne(database.get(), 2, 2);
  CHECK_EQ(VisibleRows(*before).size(), 1);
  CHECK_EQ(VisibleRows(*ReadShared(database.get())).size(), 2);
  CHECK_EQ(ReadShared(database.get())->seq, SeqNow(database.get()));
  // Nobody else keeps what a reader let go, so that a merge need not either.
  before.reset();
  CHECK(watched.expired());
  const std::weak_ptr<const Snapshot> unflushed = ReadShared(database.get());
  CHECK(!unflushed.expired());
  CHECK_OK(database->Flush());
  CHECK(unflushed.expired());
}

TEST(A_shared_snapshot_outlives_a_close_only_by_who_holds_it) {
  Fixture f;
  auto database = OpenTest(f.options);
  CreateTestTable(database.get());
  InsertOne(database.get(), 1, 1);
  auto held = ReadShared(database.get());
  const std::weak_ptr<const Snapshot> watched = held;
  CHECK_OK(database->Close());
  std::shared_ptr<const Snapshot> late;
  CHECK_CODE(database->ReadShared(&late), Code::kClosed);
  database.reset();
  CHECK_EQ(VisibleRows(*held).size(), 1);
  held.reset();
  CHECK(watched.expired());
}

TEST(A_table_with_a_ttl_is_read_at_the_instant_of_each_read) {
  Fixture f;
  auto database = OpenTest(f.options);
  CreateTestTable(database.get());
  CHECK_EQ(ReadShared(database.get()).get(), ReadShared(database.get()).get());
  BatchTableOptions options;
  options.ttl = 1000;
  BatchWriter batch;
  CommitTest(database.get(), batch.SetOptions(kTestTable, options).Finish());
  const auto before = ReadShared(database.get());
  f.clock.now += 500;
  CHECK_EQ(ReadShared(database.get())->now, before->now + 500);
}

TEST(History_without_retention_goes_with_a_merge_and_the_floor_says_so) {
  Fixture f;
  auto database = OpenTest(f.options);
  BatchTableOptions no_history;
  no_history.history = 0;
  CreateTestTable(database.get(), no_history);
  const EdgeId first = InsertOne(database.get(), 1, 1);
  InsertOne(database.get(), 2, 2);
  CHECK_OK(database->Flush());
  const Seq before = ReadTest(database.get())->seq;
  auto pinned = ReadTest(database.get());
  BatchWriter batch;
  const Seq deleted_at = CommitTest(database.get(), batch.Delete(kTestTable, {first}).Finish()).seq;
  CHECK_OK(database->Compact());
  std::shared_ptr<const Snapshot> past;
  CHECK_OK(database->ReadAsOf(before, &past));  // The pin held it back.
  CHECK_EQ(VisibleRows(*past).size(), 2);
  past = pinned = nullptr;
  f.clock.now += 1;
  CHECK_OK(database->Compact());
  CHECK_CODE(database->ReadAsOf(before, &past), Code::kGone);
  CHECK_OK(database->ReadAsOf(deleted_at, &past));
  CHECK_CODE(database->ReadAsOf(deleted_at + 1, &past), Code::kNotFound);
  DatabaseStats stats;
  CHECK_OK(database->Stats(&stats));
  CHECK_EQ(stats.history_floor, deleted_at);
  CHECK_EQ(stats.segment_records, 1);
  database.reset();
  database = OpenTest(f.options);
  CHECK_CODE(database->ReadAsOf(before, &past), Code::kGone);
}

TEST(Records_beyond_their_time_to_live_go_with_a_merge) {
  Fixture f;
  auto database = OpenTest(f.options);
  BatchTableOptions options;
  options.ttl = 1000;
  f.clock.now = 10'000;
  CreateTestTable(database.get(), options);
  InsertOne(database.get(), 9'500, 1);
  InsertOne(database.get(), 9'900, 2);
  CHECK_OK(database->Flush());
  f.clock.now = 10'700;
  CHECK_OK(database->Compact());
  DatabaseStats stats;
  CHECK_OK(database->Stats(&stats));
  CHECK_EQ(stats.segment_records, 1);
  f.clock.now = 20'000;
  bool merged = false;
  CHECK_OK(database->RunOneMerge(&merged));
  CHECK(merged);
  CHECK_OK(database->Stats(&stats));
  CHECK_EQ(stats.segment_count, 0);
}

TEST(The_past_is_read_by_instant_from_memory_and_from_clock_files) {
  Fixture f;
  auto database = OpenTest(f.options);
  f.clock.now = 1000;
  CreateTestTable(database.get());
  for (int i = 1; i <= 9; ++i) {
    f.clock.now = 1000 + i * 10;
    InsertOne(database.get(), i, i);
    if (i % 2 == 0) CHECK_OK(database->Flush());
    if (i == 7) {
      database.reset();
      database = OpenTest(f.options);
    }
  }
  std::shared_ptr<const Snapshot> past;
  for (int i = 0; i <= 9; ++i) {
    for (const int beside : {0, 9}) {
      CHECK_OK(database->ReadAsOfTime(1000 + i * 10 + beside, &past));
      CHECK(VisibleRows(*past).size() == static_cast<size_t>(i));
      Micros instant = 0;
      CHECK_OK(database->CommittedAt(past->seq, &instant));
      CHECK_EQ(instant, 1000 + i * 10);
    }
  }
  CHECK_OK(database->ReadAsOfTime(999, &past));
  CHECK_EQ(past->seq, 0);
  // The clock going back does not take the commits' instants with it.
  f.clock.now = 5;
  InsertOne(database.get(), 10, 10);
  Micros instant = 0;
  CHECK_OK(database->CommittedAt(ReadTest(database.get())->seq, &instant));
  CHECK_EQ(instant, 1090);
}

TEST(A_past_snapshot_may_take_the_place_of_another) {
  Fixture f;
  auto database = OpenTest(f.options);
  CreateTestTable(database.get());
  InsertOne(database.get(), 1, 1);
  const Seq seq = ReadTest(database.get())->seq;
  std::shared_ptr<const Snapshot> snapshot;
  for (Seq back = 0; back < 3; ++back) CHECK_OK(database->ReadAsOf(seq - back, &snapshot));
  CHECK_EQ(snapshot->seq, seq - 2);
}

TEST(A_seq_within_a_commit_reads_as_the_commit_before) {
  Fixture f;
  auto database = OpenTest(f.options);
  CreateTestTable(database.get());
  InsertOne(database.get(), 1, 1);
  BatchWriter batch;
  batch.Insert(kTestTable, {BatchRow(5).Member(1), BatchRow(6).Member(2), BatchRow(7).Member(3)});
  const CommitReceipt receipt = CommitTest(database.get(), batch.Finish());
  for (const bool flushed : {false, true}) {
    if (flushed) CHECK_OK(database->Flush());
    InsertOne(database.get(), 9, 9);
    std::shared_ptr<const Snapshot> past;
    CHECK_OK(database->ReadAsOf(receipt.seq - 1, &past));
    CHECK_EQ(VisibleRows(*past).size(), 1);
    CHECK_OK(database->ReadAsOf(receipt.seq, &past));
    CHECK_EQ(VisibleRows(*past).size(), 4);
  }
}

TEST(Merges_keep_few_segments_and_the_files_of_merged_ones_go) {
  Fixture f;
  f.options.memtable_records_max = 4;
  auto database = OpenTest(f.options);
  CreateTestTable(database.get());
  for (int i = 0; i < 300; ++i) InsertOne(database.get(), (i * 37) % 101, i);
  DatabaseStats stats;
  CHECK_OK(database->Stats(&stats));
  CHECK_LE(stats.segment_count, uint64_t{16});
  CHECK_LT(uint64_t{0}, stats.merges);
  CHECK_EQ(RowsNow(database.get()).size(), 300);
  CHECK_OK(database->Compact());
  CHECK_OK(database->Stats(&stats));
  CHECK_EQ(stats.segment_count, 1);
  CHECK_EQ(RowsNow(database.get()).size(), 300);
  size_t segments = 0, others = 0;
  for (const std::string& name : NamesIn(f.files)) {
    if (name.starts_with("seg-")) {
      ++segments;
    } else {
      ++others;
    }
  }
  CHECK_EQ(segments, 1);
  CHECK_LT(others, size_t{20});
  CheckReport report;
  CHECK_OK(database->Check(&report));
  CHECK(report.faults.empty());
  CHECK_EQ(report.records_checked, 300);
}

TEST(Outputs_of_a_merge_are_split_and_disjoint_in_time) {
  Fixture f;
  f.options.segment_records_max = 10;
  auto database = OpenTest(f.options);
  CreateTestTable(database.get());
  for (int i = 0; i < 35; ++i) {
    InsertOne(database.get(), (i * 17) % 35, i);
    if (i % 7 == 6) CHECK_OK(database->Flush());
  }
  CHECK_OK(database->Compact());
  const auto snapshot = ReadTest(database.get());
  Micros last = kMicrosMin;
  size_t segments = 0;
  for (const auto& source : snapshot->tables->at(kTestTable).sources) {
    if (!source->ranked()) continue;
    CHECK_LT(last, source->bounds().ts_min);
    last = source->bounds().ts_max;
    ++segments;
  }
  CHECK_EQ(segments, 4);
  CHECK_EQ(VisibleRows(*snapshot).size(), 35);
}

TEST(An_index_made_later_reaches_the_segments_before_it) {
  Fixture f;
  auto database = OpenTest(f.options);
  CreateTestTable(database.get());
  for (int i = 0; i < 20; ++i) InsertOne(database.get(), i, i);
  CHECK_OK(database->Flush());
  BatchWriter batch;
  const IndexSchema index{"by_size", {{ColumnKind::kProperty, 0}}};
  CommitTest(database.get(), batch.CreateIndex(kTestTable, index).Finish());
  IndexProbe probe;
  probe.columns = index.columns;
  probe.low = probe.high = Value(int64_t{7});
  const auto serves = [&] {
    uint32_t rows = 0;
    const auto snapshot = ReadTest(database.get());
    return snapshot->tables->at(kTestTable).sources.front()->EstimateIndex(probe, &rows);
  };
  CHECK(!serves());
  CHECK_OK(database->Compact());
  CHECK(serves());
  database.reset();
  database = OpenTest(f.options);
  CHECK(serves());
  CommitTest(database.get(), batch.Clear().DropIndex(kTestTable, "by_size").Finish());
  CHECK_OK(database->Compact());
  CHECK(!serves());
}

TEST(The_files_of_a_dropped_table_go) {
  Fixture f;
  auto database = OpenTest(f.options);
  CreateTestTable(database.get());
  for (int i = 0; i < 5; ++i) InsertOne(database.get(), i, i);
  CHECK_OK(database->Flush());
  BatchWriter batch;
  CommitTest(database.get(), batch.DropTable(kTestTable).Finish());
  CHECK_OK(database->Flush());
  for (const std::string& name : NamesIn(f.files)) CHECK(!name.starts_with("seg-"));
  database.reset();
  database = OpenTest(f.options);
  CHECK_EQ(ReadTest(database.get())->tables->count(kTestTable), 0);
}

}  // namespace
}  // namespace hypergraph::test

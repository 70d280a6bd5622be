// What time does to records: retention, time to live, keys and versions across flush, merge and
// reopening; and what a schema may be.
#include <functional>
#include <optional>

#include "core/graph/database_test.h"

namespace hypergraph::test {
namespace {

struct Fixture {
  MemoryFileSystem files;
  StandingClock clock;
  OpenOptions options = TestOptions(&files, &clock);
  std::unique_ptr<Database> database = OpenTest(options);

  void Reopen() {
    database.reset();
    database = OpenTest(options);
  }
  DatabaseStats Stats() {
    DatabaseStats stats;
    CHECK_OK(database->Stats(&stats));
    return stats;
  }
  // What a database goes through; what is true must stay true after each.
  void AtEachStage(const std::function<void()>& check) {
    check();
    CHECK_OK(database->Flush());
    check();
    Reopen();
    check();
    CHECK_OK(database->Compact());
    check();
    Reopen();
    check();
  }
  Status Try(BatchWriter& batch) {
    return database->Commit(batch.Finish(), Durability::kSync, nullptr);
  }
};

TEST(Replaced_records_go_only_when_their_time_is_over_and_no_snapshot_needs_them) {
  Fixture f;
  BatchTableOptions options;
  options.history = 100;
  CreateTestTable(f.database.get(), options);
  f.clock.now = 2'010'000;
  const EdgeId id = InsertOne(f.database.get(), 1, 1);
  std::vector<Seq> versions;
  for (int i = 0; i < 4; ++i) {  // At 2'010'010, 2'010'020, …
    f.clock.now += 10;
    BatchWriter batch;
    BatchRow row;
    row.Set(0, int64_t{i});
    versions.push_back(
        CommitTest(f.database.get(), batch.Update(kTestTable, {{id, row}}).Finish()).seq);
  }
  CHECK_OK(f.database->Compact());
  CHECK_EQ(f.Stats().segment_records, 5);
  std::shared_ptr<const Snapshot> pinned, past;
  CHECK_OK(f.database->ReadAsOf(versions[0], &pinned));
  f.clock.now = 2'010'130;  // Replaced up to 2'010'030, that is by the third update.
  CHECK_OK(f.database->Compact());
  CHECK_EQ(f.Stats().segment_records, 4);  // The pin needs what the first update made.
  CHECK_CODE(f.database->ReadAsOf(versions[0] - 1, &past), Code::kGone);
  CHECK_EQ(RowAt(*pinned, id), "1:0:1:n1");
  pinned.reset();
  CHECK_OK(f.database->Compact());
  CHECK_EQ(f.Stats().segment_records, 2);
  CHECK_EQ(f.Stats().history_floor, versions[2]);
  for (const bool reopened : {false, true}) {
    if (reopened) f.Reopen();
    CHECK_CODE(f.database->ReadAsOf(versions[2] - 1, &past), Code::kGone);
    CHECK_CODE(f.database->ReadAsOfTime(2'010'029, &past), Code::kGone);
    CHECK_OK(f.database->ReadAsOfTime(2'010'030, &past));
    CHECK_EQ(RowAt(*past, id), "1:2:1:n1");
    CHECK_OK(f.database->ReadAsOfTime(2'010'039, &past));
    CHECK_EQ(past->seq, versions[2]);
    CHECK_OK(f.database->ReadAsOfTime(2'010'040, &past));
    CHECK_EQ(RowAt(*past, id), "1:3:1:n1");
  }
}

TEST(An_option_that_is_not_flushed_yet_drops_nothing) {
  for (const bool longer : {false, true}) {
    Fixture f;
    BatchTableOptions strict;
    strict.ttl = 1000;
    CreateTestTable(f.database.get(), longer ? strict : BatchTableOptions{});
    f.clock.now = 5000;
    InsertOne(f.database.get(), 4500, 1);
    CHECK_OK(f.database->Flush());
    InsertOne(f.database.get(), 4600, 2);
    CHECK_OK(f.database->Flush());
    f.clock.now = 9000;
    BatchWriter batch;
    batch.SetOptions(kTestTable, longer ? BatchTableOptions{} : strict);
    CommitTest(f.database.get(), batch.Finish(), Durability::kOs);
    bool merged = false;
    CHECK_OK(f.database->RunOneMerge(&merged));
    CHECK(!merged);
    CHECK_EQ(f.Stats().segment_records, 2);
    CHECK_OK(f.database->Compact());  // Flushes the option first.
    CHECK_EQ(f.Stats().segment_records, longer ? 2 : 0);
  }
}

TEST(A_key_is_taken_once_whatever_becomes_of_its_record) {
  Fixture f;
  CreateTestTable(f.database.get());
  BatchWriter batch;
  batch.Insert(kTestTable, {BatchRow(5).Member(1).Key("once")});
  const EdgeId id = CommitTest(f.database.get(), batch.Finish()).first_id;
  f.AtEachStage([&] {
    const CommitReceipt again = CommitTest(f.database.get(), batch.Finish());
    CHECK_EQ(again.inserted, 0);
    CHECK_EQ(again.duplicates, 1);
    CHECK_EQ(again.ids, std::vector<EdgeId>{id});
    CHECK_EQ(RowsNow(f.database.get()).size(), 1);
  });
  // A version keeps the key; a delete frees it.
  BatchWriter change;
  CommitTest(f.database.get(), change.Update(kTestTable, {{id, BatchRow(6)}}).Finish());
  f.AtEachStage(
      [&] { CHECK_EQ(CommitTest(f.database.get(), batch.Finish()).ids, std::vector<EdgeId>{id}); });
  CommitTest(f.database.get(), change.Clear().Delete(kTestTable, {id}).Finish());
  CHECK_OK(f.database->Flush());
  const CommitReceipt fresh = CommitTest(f.database.get(), batch.Finish());
  CHECK_EQ(fresh.inserted, 1);
  f.AtEachStage([&] {
    CHECK_EQ(CommitTest(f.database.get(), batch.Finish()).ids, std::vector<EdgeId>{fresh.first_id});
  });
}

TEST(An_expired_record_is_gone_at_once_and_its_key_is_free_for_good) {
  for (const bool flushed : {false, true}) {
    Fixture f;
    BatchTableOptions options;
    options.ttl = 1000;
    f.clock.now = 5000;
    CreateTestTable(f.database.get(), options);
    const auto row = [](Micros ts, const char* key) { return BatchRow(ts).Member(1).Key(key); };
    BatchWriter batch;
    batch.Insert(kTestTable, {row(4500, "a"), row(4900, "b"), row(4600, "c")});
    const EdgeId a = CommitTest(f.database.get(), batch.Finish()).first_id;
    if (flushed) CHECK_OK(f.database->Flush());
    f.clock.now = 5700;  // Only b's hyperedge is still seen.
    CHECK_CODE(f.Try(batch.Clear().Update(kTestTable, {{a, BatchRow().Weight(2)}})),
               Code::kNotFound);
    batch.Clear().Delete(kTestTable, {a});
    CHECK_EQ(CommitTest(f.database.get(), batch.Finish()).deleted, 0);
    batch.Clear().Insert(kTestTable, {row(5600, "b"), row(5600, "a"), row(5650, "a")});
    const CommitReceipt receipt = CommitTest(f.database.get(), batch.Finish());
    CHECK_EQ(receipt.inserted, 1);
    CHECK_EQ(receipt.duplicates, 2);
    CHECK_EQ(receipt.deleted, 0);
    CHECK_EQ(receipt.ids[0], a + 1);
    CHECK_NE(receipt.ids[1], a);
    CHECK_EQ(receipt.ids[2], receipt.ids[1]);
    batch.Clear().Update(kTestTable, {{a + 1, BatchRow().Key("c")}});
    CommitTest(f.database.get(), batch.Finish());
    // Without the ttl there is still one hyperedge for each key.
    batch.Clear().SetOptions(kTestTable, {});
    CommitTest(f.database.get(), batch.Finish());
    f.AtEachStage([&] {
      std::vector<EdgeId> ids;
      for (const auto& [id, text] : RowsNow(f.database.get())) ids.push_back(id);
      CHECK_EQ(ids, std::vector<EdgeId>({a + 1, receipt.ids[1]}));
      batch.Clear().Insert(kTestTable, {row(5000, "a"), row(5000, "c")});
      CHECK_EQ(CommitTest(f.database.get(), batch.Finish()).ids,
               std::vector<EdgeId>({receipt.ids[1], a + 1}));
    });
  }
}

// The value of the node's only property as of the seq; nothing if it has none.
std::optional<int64_t> AgeAt(Database* database, Seq seq, const NodeKey& key) {
  std::shared_ptr<const Snapshot> snapshot;
  CHECK_OK(database->ReadAsOf(seq, &snapshot));
  std::optional<uint32_t> number;
  CHECK_OK(snapshot->nodes->Find(key, &number));
  if (!number) return std::nullopt;
  std::optional<int64_t> age;
  for (const auto& source : snapshot->tables->at(kNodeTable).sources) {
    for (uint32_t row = 0; row < source->bounds().row_count; ++row) {
      const uint32_t rows[] = {row};
      std::vector<uint32_t> visible;
      CHECK_OK(source->SelectVisible(seq, Rows::List(rows), &visible));
      Micros node = 0;
      PropertyColumn column;
      CHECK_OK(source->EventTs(Rows::List(rows), &node));
      CHECK_OK(source->Property(0, Rows::List(rows), &column));
      if (visible.empty() || node != Micros{*number} || column.present[0] == 0) continue;
      CHECK(!age);  // One record a node.
      age = column.integers[0];
    }
  }
  return age;
}

TEST(Each_version_of_a_nodes_properties_is_read_as_of_its_time) {
  Fixture f;
  BatchWriter batch;
  CommitTest(f.database.get(),
             batch.AddProperties(kNodeTable, {{"age", PropertyType::kInt64}}).Finish());
  NodeKey ann;
  ann.is_text = true;
  ann.text = "ann";
  std::vector<Seq> seqs;
  for (int64_t age = 0; age < 4; ++age) {
    batch.Clear().SetNodes({{"ann", BatchRow().Set(0, age)}, {7, BatchRow().Set(0, age + 50)}});
    seqs.push_back(CommitTest(f.database.get(), batch.Finish()).seq);
    if (age == 1) CHECK_OK(f.database->Flush());
  }
  CommitTest(f.database.get(), batch.Clear().DropNodes({"ann"}).Finish());
  const Seq dropped = SeqNow(f.database.get());
  f.AtEachStage([&] {
    CHECK(!AgeAt(f.database.get(), seqs[0] - 2, ann));
    for (int64_t age = 0; age < 4; ++age) {
      const auto seen = AgeAt(f.database.get(), seqs[static_cast<size_t>(age)], ann);
      CHECK(seen.has_value());
      CHECK_EQ(*seen, age);
    }
    CHECK(!AgeAt(f.database.get(), dropped, ann));
  });
}

TEST(Properties_and_indexes_added_to_old_records_are_there_at_every_stage) {
  Fixture f;
  CreateTestTable(f.database.get());
  for (int i = 0; i < 10; ++i) InsertOne(f.database.get(), i, i);
  CHECK_OK(f.database->Flush());
  BatchWriter batch;
  batch.AddProperties(kTestTable, {{"late", PropertyType::kInt64}});
  batch.CreateIndex(kTestTable, {"by_late", {{ColumnKind::kProperty, 2}}});
  batch.Insert(kTestTable, {BatchRow(50).Member(1).Set(2, int64_t{99})});
  CommitTest(f.database.get(), batch.Finish());
  f.AtEachStage([&] {
    const auto snapshot = ReadTest(f.database.get());
    const TableSchema* table = snapshot->schema->Find(kTestTable);
    CHECK_EQ(table->properties.size(), 3);
    CHECK_EQ(table->indexes.size(), 1);
    CHECK_EQ(VisibleRows(*snapshot).size(), 11);
    size_t with = 0;
    for (const auto& source : snapshot->tables->at(kTestTable).sources) {
      PropertyColumn column;
      const uint32_t count = source->bounds().row_count;
      if (count == 0) continue;
      CHECK_OK(source->Property(2, Rows::Range(0, count), &column));
      for (uint32_t row = 0; row < count; ++row) {
        if (column.present[row] == 0) continue;
        CHECK_EQ(column.integers[row], 99);
        ++with;
      }
    }
    CHECK_EQ(with, 1);
  });
}

TEST(A_table_dropped_before_its_records_were_flushed_leaves_nothing) {
  Fixture f;
  CreateTestTable(f.database.get());
  InsertOne(f.database.get(), 1, 1);
  CHECK_OK(f.database->Flush());
  InsertOne(f.database.get(), 2, 2);
  BatchWriter batch;
  CommitTest(f.database.get(), batch.DropTable(kTestTable).Finish());
  f.AtEachStage([&] { CHECK_EQ(ReadTest(f.database.get())->tables->count(kTestTable), 0); });
  CHECK_EQ(f.Stats().segment_count, 0);
  CheckReport report;
  CHECK_OK(f.database->Check(&report));
  CHECK(report.faults.empty());
}

TEST(Every_limit_has_its_code_and_changes_nothing) {
  Fixture f;
  f.options.text_bytes_max = 1000;
  f.options.commit_bytes_max = 100'000;
  f.Reopen();
  BatchTableOptions options;
  options.arity_max = 3;
  CreateTestTable(f.database.get(), options);
  const Seq seq = SeqNow(f.database.get());
  using B = BatchWriter;
  const auto refuses = [&](Code code, const BatchRow& row) {
    CHECK_CODE(f.Try(B().Insert(kTestTable, {row})), code);
  };
  refuses(Code::kTooLarge, BatchRow(1).Member(1).Member(2).Member(3).Member(4));
  refuses(Code::kTooLarge, BatchRow(1).Member(1).Key(std::string(256, 'k')));
  refuses(Code::kTooLarge, BatchRow(1).Member(1).SetText(1, std::string(1001, 's')));
  refuses(Code::kTooLarge, BatchRow(1).Member(std::string(1001, 'n')));
  std::vector<BatchRow> many(10'000, BatchRow(1).Member(1));
  CHECK_CODE(f.Try(B().Insert(kTestTable, many)), Code::kTooLarge);
  B indexes;
  for (size_t i = 0; i <= kIndexesMax; ++i) {
    indexes.CreateIndex(kTestTable, {"i" + std::to_string(i), {{ColumnKind::kProperty, 0}}});
  }
  CHECK_CODE(f.Try(indexes), Code::kTooLarge);
  CHECK_EQ(SeqNow(f.database.get()), seq);
  CHECK(ReadTest(f.database.get())->schema->Find(kTestTable)->indexes.empty());
  InsertOne(f.database.get(), 1, 1);
}

TEST(The_number_of_tables_and_the_size_of_the_schema_are_bounded) {
  Fixture f;
  BatchWriter tables;
  for (size_t i = 0; i < kTablesMax; ++i) tables.CreateTable("t" + std::to_string(i));
  CHECK_OK(f.Try(tables));
  CHECK_CODE(f.Try(BatchWriter().CreateTable("more")), Code::kTooLarge);
  CHECK_OK(f.Try(BatchWriter().DropTable(1).CreateTable("more")));
  std::vector<PropertySchema> properties;
  for (size_t i = 0; i < kPropertiesMax; ++i) {
    properties.push_back({std::string(50, 'p') + std::to_string(i), PropertyType::kBool});
  }
  const auto add_to = [&](TableId begin, TableId end) {
    BatchWriter batch;
    for (TableId table = begin; table < end; ++table) batch.AddProperties(table, properties);
    return f.Try(batch);
  };
  CHECK_OK(add_to(2, 200));
  CHECK_CODE(add_to(200, 400), Code::kTooLarge);
  CHECK_OK(f.database->Flush());
  f.Reopen();
  CHECK_EQ(ReadTest(f.database.get())->schema->tables.size(), kTablesMax + 1);
}

TEST(Few_segments_stay_after_two_hundred_flushes) {
  Fixture f;
  CreateTestTable(f.database.get());
  for (int i = 0; i < 200; ++i) {
    InsertOne(f.database.get(), (i * 71) % 503, i);
    CHECK_OK(f.database->Flush());
    for (bool merged = true; merged;) CHECK_OK(f.database->RunOneMerge(&merged));
    CHECK_LE(f.Stats().segment_count, uint64_t{16});
    if (i % 50 == 49) f.Reopen();
  }
  CHECK_EQ(RowsNow(f.database.get()).size(), 200);
  size_t logs = 0;
  for (const std::string& name : NamesIn(f.files)) logs += name.starts_with("wal-");
  CHECK_EQ(logs, 1);
}

}  // namespace
}  // namespace hypergraph::test

#include <cmath>

#include "core/base/random.h"
#include "core/graph/batch_writer.h"
#include "core/graph/graph_state.h"
#include "test/test.h"

namespace hypergraph {
namespace {

constexpr TableId kTable = 1;

struct Fixture {
  Fixture() {
    BatchWriter batch;
    batch.CreateTable("events",
                      {{"size", PropertyType::kInt64},
                       {"score", PropertyType::kFloat64},
                       {"name", PropertyType::kString},
                       {"open", PropertyType::kBool}},
                      {}, {.arity_max = 40});
    batch.AddProperties(kNodeTable, {{"age", PropertyType::kInt64}});
    CHECK_OK(Commit(&batch));
    first = CommitOk(BatchWriter()
                         .Insert(kTable, {BatchRow(10).Member(1).Member(2, "to").Key("a"),
                                          BatchRow(20).Member("x").Set(0, int64_t{5})})
                         .SetNodes({{1, BatchRow().Set(0, int64_t{30})}}))
                .first_id;
  }

  Status Commit(BatchWriter* batch) { return CommitBytes(batch->Finish()); }
  Status CommitBytes(ByteView bytes) {
    HG_RETURN_IF_ERROR(state.Resolve(bytes, limits, ++now, &payload, &receipt));
    return payload.empty() ? Status::Ok() : state.Apply(payload);
  }
  CommitReceipt CommitOk(BatchWriter& batch) {
    CHECK_OK(Commit(&batch));
    return receipt;
  }
  uint64_t Records() { return state.memtable_records(); }

  // The batch is refused with the code, and nothing has changed.
  void Refuses(Code code, BatchWriter& batch) { RefusesBytes(code, batch.Finish()); }
  void RefusesBytes(Code code, ByteView bytes) {
    const Seq seq = state.last_seq();
    const uint64_t records = Records();
    const uint32_t nodes = state.nodes().end();
    const uint32_t symbols = state.symbols().end();
    const auto schema = state.schema();
    CHECK_CODE(state.Resolve(bytes, limits, now, &payload, &receipt), code);
    CHECK(payload.empty());
    CHECK_EQ(state.last_seq(), seq);
    CHECK_EQ(Records(), records);
    CHECK_EQ(state.nodes().end(), nodes);
    CHECK_EQ(state.symbols().end(), symbols);
    CHECK(state.schema() == schema);
  }
  std::vector<uint32_t> Live(TableId table = kTable) {
    std::vector<uint32_t> rows;
    const RowSource& source = Source(table);
    const auto count = source.bounds().row_count;
    CHECK_OK(source.SelectVisible(state.last_seq(), Rows::Range(0, count), &rows));
    return rows;
  }
  const RowSource& Source(TableId table = kTable) {
    return *state.views()->find(table)->second.sources.back();
  }

  GraphState state;
  BatchLimits limits;
  Micros now = 1000;
  EdgeId first = 0;
  std::vector<uint8_t> payload;
  CommitReceipt receipt;
};

BatchRow Row(Micros ts = 1) { return BatchRow(ts).Member(900); }

TEST(Hyperedges_that_cannot_be_are_refused_with_nothing_changed) {
  Fixture f;
  using B = BatchWriter;
  const auto refuses = [&](Code code, const BatchRow& row) {
    f.Refuses(code, B().Insert(kTable, {Row(), row}));
  };
  refuses(Code::kInvalid, BatchRow(5).NoMembers());
  refuses(Code::kInvalid, BatchRow(5).Member(7777).Member(7777));
  refuses(Code::kInvalid, BatchRow(5).Member(7777, "r").Member(3).Member(7777, "r"));
  refuses(Code::kInvalid, BatchRow(5).Member("n").Member("n"));
  refuses(Code::kInvalid, BatchRow(5).Member(uint64_t{1} << 60).Member(uint64_t{1} << 60));
  BatchRow large(5);
  for (int i = 0; i < 40; ++i) large.Member(5000 + i);
  BatchRow repeated = large;
  repeated.members->back() = repeated.members->front();
  refuses(Code::kInvalid, repeated);
  f.CommitOk(B().Insert(kTable, {large}));
  refuses(Code::kTooLarge, large.Member(1));
  refuses(Code::kInvalid, Row().Weight(std::nan("")));
  refuses(Code::kInvalid, Row().Weight(HUGE_VAL));
  refuses(Code::kInvalid, Row(kMicrosMin));
  refuses(Code::kInvalid, Row(kMicrosMax));
  refuses(Code::kInvalid, Row(50).ValidTo(50));
  refuses(Code::kTypeMismatch, Row().Set(0, 1.5));
  refuses(Code::kTypeMismatch, Row().SetText(1, "one"));
  refuses(Code::kTypeMismatch, Row().Set(3, int64_t{1}));
  refuses(Code::kInvalid, Row().Set(1, std::nan("")));
  refuses(Code::kNotFound, Row().Set(4, int64_t{1}));
  refuses(Code::kInvalid, Row().SetText(2, "\xff"));
  refuses(Code::kInvalid, Row().Label("\xc0\x80"));
  refuses(Code::kInvalid, Row().Member(1, "\xed\xa0\x80"));
  refuses(Code::kInvalid, Row().Member("\x80"));
  refuses(Code::kInvalid, Row().Key("\x80"));
  refuses(Code::kTooLarge, Row().Key(std::string(256, 'k')));
  f.limits.text_bytes_max = 10;
  refuses(Code::kTooLarge, Row().SetText(2, "eleven bytes"));
  refuses(Code::kTooLarge, Row().Member("eleven bytes"));
  refuses(Code::kTooLarge, Row().Label("eleven bytes"));
  f.Refuses(Code::kNotFound, B().Insert(9, {Row()}));
  f.Refuses(Code::kInvalid, B().Insert(kNodeTable, {Row()}));
  f.limits.commit_bytes_max = 20;
  f.Refuses(Code::kTooLarge, B().Insert(kTable, {Row()}));
}

TEST(A_node_may_be_twice_in_a_hyperedge_in_different_roles) {
  Fixture f;
  f.CommitOk(
      BatchWriter().Insert(kTable, {BatchRow(5).Member(7, "from").Member(7, "to").Member(7)}));
  MemberColumns members;
  const uint32_t row = f.Live().back();
  CHECK_OK(f.Source().Members(Rows::List({&row, 1}), &members));
  CHECK_EQ(members.nodes.size(), 3);
  CHECK_EQ(members.nodes[0], members.nodes[2]);
  CHECK_NE(members.roles[0], members.roles[1]);
  CHECK_EQ(members.roles[2], kSymbolNone);
}

TEST(Updates_that_cannot_be_are_refused_with_nothing_changed) {
  Fixture f;
  using B = BatchWriter;
  const auto refuses = [&](Code code, EdgeId id, const BatchRow& row) {
    f.Refuses(code, B().Insert(kTable, {Row()}).Update(kTable, {{id, row}}));
  };
  refuses(Code::kNotFound, 99, BatchRow().Weight(2));
  refuses(Code::kNotFound, 0, BatchRow().Weight(2));
  refuses(Code::kNotFound, f.state.last_seq() + 1, BatchRow().Weight(2));
  refuses(Code::kInvalid, f.first, BatchRow().ValidTo(3));
  refuses(Code::kInvalid, f.first, BatchRow().NoMembers());
  refuses(Code::kExists, f.first + 1, BatchRow().Key("a"));
  refuses(Code::kTypeMismatch, f.first, BatchRow().Set(0, 0.5));
  f.Refuses(Code::kNotFound, B().Delete(kTable, {f.first}).Update(kTable, {{f.first, Row()}}));
  f.Refuses(Code::kTypeMismatch, B().SetNodes({{1, BatchRow().Set(0, 0.5)}}));
  f.Refuses(Code::kNotFound, B().SetNodes({{"new", BatchRow().Set(1, int64_t{1})}}));
}

TEST(A_transaction_conflicts_with_what_came_after_its_snapshot) {
  Fixture f;
  using B = BatchWriter;
  const Seq base = f.state.last_seq();
  f.CommitOk(B().Update(kTable, {{f.first, BatchRow().Weight(2)}})
                 .Delete(kTable, {f.first + 1})
                 .SetNodes({{1, BatchRow().Set(0, int64_t{31})}}));
  f.Refuses(Code::kConflict, B().BaseSeq(base).Update(kTable, {{f.first, BatchRow().Weight(3)}}));
  f.Refuses(Code::kConflict, B().BaseSeq(base).Delete(kTable, {f.first}));
  f.Refuses(Code::kConflict, B().BaseSeq(base).Delete(kTable, {f.first + 1}));
  f.Refuses(Code::kConflict, B().BaseSeq(base).Update(kTable, {{f.first + 1, Row()}}));
  f.Refuses(Code::kConflict, B().BaseSeq(base).SetNodes({{1, BatchRow().Set(0, int64_t{1})}}));
  f.Refuses(Code::kConflict, B().BaseSeq(base).DropNodes({1}));
  const Seq now = f.state.last_seq();
  f.CommitOk(B().BaseSeq(now)
                 .Update(kTable, {{f.first, BatchRow().Weight(3)}})
                 .SetNodes({{1, BatchRow().Set(0, int64_t{1})}}));
}

TEST(A_transaction_that_began_before_anything_conflicts_with_all_that_came_since) {
  Fixture f;
  using B = BatchWriter;
  f.Refuses(Code::kConflict, B().BaseSeq(0).Update(kTable, {{f.first, BatchRow().Weight(3)}}));
  f.Refuses(Code::kConflict, B().BaseSeq(0).Delete(kTable, {f.first}));
  f.Refuses(Code::kConflict, B().BaseSeq(0).SetNodes({{1, BatchRow().Set(0, int64_t{1})}}));
  f.Refuses(Code::kConflict, B().BaseSeq(0).DropNodes({1}));
  f.CommitOk(B().Update(kTable, {{f.first, BatchRow().Weight(3)}}));
}

TEST(Schema_changes_that_cannot_be_are_refused_with_nothing_changed) {
  Fixture f;
  using B = BatchWriter;
  const auto integer = PropertyType::kInt64;
  const IndexSchema by_size{"by_size", {{ColumnKind::kProperty, 0}}};
  for (const std::string name : {"", "1st", "a b", "$nodes", "é"}) {
    f.Refuses(Code::kInvalidName, B().CreateTable(name));
    f.Refuses(Code::kInvalidName, B().CreateTable("t", {{name, integer}}));
    f.Refuses(Code::kInvalidName, B().AddProperties(kTable, {{name, integer}}));
    f.Refuses(Code::kInvalidName, B().CreateIndex(kTable, {name, by_size.columns}));
  }
  f.Refuses(Code::kInvalidName, B().CreateTable(std::string(65, 'a')));
  f.Refuses(Code::kExists, B().CreateTable("events"));
  f.Refuses(Code::kExists, B().CreateTable("t", {{"a", integer}, {"a", integer}}));
  f.Refuses(Code::kExists, B().AddProperties(kTable, {{"size", integer}}));
  f.Refuses(Code::kExists, B().CreateIndex(kTable, by_size).CreateIndex(kTable, by_size));
  f.Refuses(Code::kNotFound, B().CreateIndex(kTable, {"i", {{ColumnKind::kProperty, 4}}}));
  f.Refuses(Code::kInvalid, B().CreateIndex(kTable, {"i", {}}));
  f.Refuses(Code::kInvalid, B().CreateIndex(kTable, {"i", {{ColumnKind::kWeight}}}));
  f.Refuses(Code::kInvalid, B().CreateIndex(kNodeTable, {"i", {{ColumnKind::kLabel}}}));
  f.Refuses(Code::kNotFound, B().DropIndex(kTable, "none"));
  f.Refuses(Code::kNotFound, B().DropTable(7));
  f.Refuses(Code::kInvalid, B().DropTable(kNodeTable));
  f.Refuses(Code::kInvalid, B().SetOptions(kTable, {.ttl = -1}));
  f.Refuses(Code::kInvalid, B().SetOptions(kTable, {.arity_max = 0}));
  f.Refuses(Code::kInvalid, B().SetOptions(kNodeTable, {.ttl = 5}));
}

TEST(A_table_takes_no_more_properties_than_a_segment_can_hold) {
  Fixture f;
  std::vector<PropertySchema> properties;
  for (size_t i = 0; i < kPropertiesMax; ++i) {
    properties.push_back({"p" + std::to_string(i), PropertyType::kInt64});
  }
  BatchWriter batch;
  CHECK_OK(f.Commit(&batch.CreateTable("wide", properties)));
  f.Refuses(Code::kTooLarge, BatchWriter().AddProperties(2, {{"more", PropertyType::kBool}}));
  properties.push_back({"more", PropertyType::kBool});
  f.Refuses(Code::kTooLarge, BatchWriter().CreateTable("wider", properties));
}

TEST(A_dropped_tables_id_is_not_used_again) {
  Fixture f;
  f.CommitOk(BatchWriter().CreateTable("b").Insert(2, {Row()}));
  CHECK_EQ(f.Live(2).size(), 1);
  f.CommitOk(BatchWriter().Insert(2, {Row()}).DropTable(2).CreateTable("b"));
  CHECK(f.state.schema()->Find(TableId{2}) == nullptr);
  CHECK_EQ(f.state.schema()->Find("b")->id, 3);
  CHECK_EQ(f.Live(3).size(), 0);
  f.Refuses(Code::kNotFound, BatchWriter().Insert(2, {Row()}));
}

TEST(A_second_insert_with_a_live_key_gets_the_first_ones_id) {
  Fixture f;
  const uint64_t before = f.Records();
  auto receipt = f.CommitOk(BatchWriter().Insert(
      kTable, {Row().Key("a"), Row().Key("b").Label("l"), Row(), Row().Key("b")}));
  CHECK_EQ(receipt.inserted, 2);
  CHECK_EQ(receipt.duplicates, 2);
  CHECK_EQ(f.Records(), before + 2);
  const EdgeId b = receipt.seq - 1;
  CHECK_EQ(receipt.ids, std::vector<EdgeId>({f.first, b, b + 1, b}));

  const Seq seq = f.state.last_seq();
  receipt = f.CommitOk(BatchWriter().Insert(kTable, {Row().Key("a")}));
  CHECK(f.payload.empty());
  CHECK_EQ(receipt.seq, seq);
  CHECK_EQ(receipt.ids, std::vector<EdgeId>({f.first}));

  // Freed by a delete or an update in the same batch, a key can be taken again.
  receipt = f.CommitOk(BatchWriter()
                           .Delete(kTable, {f.first})
                           .Update(kTable, {{b, BatchRow().Key("c")}})
                           .Insert(kTable, {Row().Key("a"), Row().Key("b"), Row().Key("c")}));
  CHECK_EQ(receipt.inserted, 2);
  CHECK_EQ(receipt.deleted, 1);
  CHECK_EQ(receipt.ids[2], b);
  CHECK_NE(receipt.ids[0], f.first);
}

TEST(Fresh_inserts_need_no_list_of_ids) {
  Fixture f;
  const auto receipt =
      f.CommitOk(BatchWriter().Insert(kTable, {Row(), Row()}).Insert(kTable, {Row()}));
  CHECK(receipt.ids.empty());
  CHECK_EQ(receipt.first_id, receipt.seq - 2);
}

TEST(Any_damage_to_a_batch_or_a_payload_is_an_error_or_another_commit) {
  Fixture f;
  BatchWriter batch;
  batch.Insert(kTable, {BatchRow(7).Member("p", "r").Member(8).Label("l").Key("k").ValidTo(99),
                        Row().Set(0, int64_t{1}).SetText(2, "text").Weight(4)});
  batch.Update(kTable, {{f.first, BatchRow().Label("m").SetNull(0).Member(4)}});
  batch.Delete(kTable, {f.first + 1}).SetNodes({{"z", BatchRow().Set(0, int64_t{2})}});
  batch.CreateTable("t", {{"a", PropertyType::kBool}}, {{"i", {{ColumnKind::kProperty, 0}}}});
  const ByteView whole = batch.Finish();
  for (size_t bytes = 0; bytes < whole.size(); ++bytes) {
    f.RefusesBytes(Code::kInvalid, whole.first(bytes));
  }
  Random random(test::Seed());
  CHECK_OK(f.state.Resolve(whole, f.limits, f.now, &f.payload, &f.receipt));
  const std::vector<uint8_t> payload = f.payload;
  for (int round = 0; round < 3000; ++round) {
    std::vector<uint8_t> damaged(round % 2 == 0 ? std::vector<uint8_t>(whole.begin(), whole.end())
                                                : payload);
    for (uint64_t i = 0; i <= random.Below(3); ++i) {
      damaged[random.Below(damaged.size())] = static_cast<uint8_t>(random.Below(256));
    }
    if (round % 2 == 0) {
      // Not applied: a damaged batch may well be another valid one.
      const Status status = f.state.Resolve(damaged, f.limits, f.now, &f.payload, &f.receipt);
      CHECK(status.ok() || f.payload.empty());
    } else {
      Fixture other;
      const Status status = other.state.Apply(damaged);
      CHECK(status.ok() || !status.message().empty());
    }
  }
  CHECK_OK(f.state.Apply(payload));
}

}  // namespace
}  // namespace hypergraph

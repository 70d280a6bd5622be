#include "core/graph/graph_state.h"

#include <optional>

#include "core/graph/batch_writer.h"
#include "core/graph/graph_state_test_model.h"
#include "test/test.h"

namespace hypergraph {
namespace {

using model::kTable;
using model::Simulation;

TEST(Random_commits_read_as_the_model_at_every_seq_live_and_replayed) {
  for (uint64_t round = 0; round < 8; ++round) {
    Simulation simulation(test::Seed() + round);
    for (int commit = 0; commit < 80; ++commit) {
      simulation.RandomCommit();
      // Later commits update, delete and find keys of frozen records too.
      if (commit == 40)
        CHECK_EQ(simulation.state().Freeze()->last_seq, simulation.state().last_seq());
    }
    simulation.CheckAll(&simulation.state());
    GraphState replayed;
    simulation.Replay(&replayed);
    simulation.CheckAll(&replayed);
  }
}

TEST(Views_stay_the_same_object_until_sources_or_schema_change) {
  Simulation simulation(test::Seed());
  const auto views = simulation.state().views();
  simulation.RandomCommit();
  CHECK(views == simulation.state().views());
  const auto frozen = simulation.state().Freeze();
  CHECK(frozen == simulation.state().frozen());
  CHECK(views != simulation.state().views());
}

TEST(The_instants_of_unflushed_commits_are_found_by_time_and_by_seq) {
  Simulation simulation(test::Seed());
  GraphState& state = simulation.state();
  CommitInstant found;
  CHECK(!state.LastInstantAtOrBefore(0, &found));
  CHECK(state.LastInstantAtOrBefore(1000, &found));
  CHECK_EQ(found.seq, state.last_seq());
  CHECK(state.LastInstantUpTo(state.last_seq() + 5, &found));
  CHECK_EQ(found.committed_at, state.last_committed_at());
  CHECK(!state.LastInstantUpTo(0, &found));
}

TEST(A_payload_that_does_not_continue_the_state_is_refused) {
  GraphState state, other;
  BatchWriter batch;
  std::vector<uint8_t> payload;
  CommitReceipt receipt;
  CHECK_OK(state.Resolve(batch.CreateTable("t").Finish(), {}, 1, &payload, &receipt));
  CHECK_OK(state.Apply(payload));
  CHECK_CODE(state.Apply(payload), Code::kCorrupt);
  CHECK_OK(other.Apply(payload));
  CHECK_EQ(other.last_seq(), 1);
}

TEST(Keys_that_a_failed_commit_left_behind_are_logged_by_the_next) {
  GraphState state, replayed;
  BatchWriter batch;
  std::vector<uint8_t> payload;
  CommitReceipt receipt;
  CHECK_OK(state.Resolve(batch.CreateTable("t").Finish(), {}, 1, &payload, &receipt));
  CHECK_OK(state.Apply(payload));
  CHECK_OK(replayed.Apply(payload));
  // Resolved, but its log write failed before anything was applied.
  batch.Clear().Insert(kTable, {BatchRow(1).Member("lost", "r")});
  CHECK_OK(state.Resolve(batch.Finish(), {}, 2, &payload, &receipt));
  batch.Clear().Insert(kTable, {BatchRow(1).Member("kept", "s")});
  CHECK_OK(state.Resolve(batch.Finish(), {}, 3, &payload, &receipt));
  CHECK_OK(state.Apply(payload));
  CHECK_OK(replayed.Apply(payload));
  CHECK_EQ(replayed.nodes().end(), state.nodes().end());
  std::optional<uint32_t> number, same;
  CHECK_OK(state.nodes().Find({true, 0, "kept"}, &number));
  CHECK_OK(replayed.nodes().Find({true, 0, "kept"}, &same));
  CHECK_EQ(*number, *same);
}

TEST(A_schema_reads_back_as_it_was_written) {
  GraphState state;
  BatchWriter batch;
  std::vector<uint8_t> payload;
  CommitReceipt receipt;
  batch.CreateTable("t", {{"a", PropertyType::kBool}, {"b", PropertyType::kTimestamp}},
                    {{"i", {{ColumnKind::kLabel}, {ColumnKind::kProperty, 1}}}},
                    {.ttl = 5, .arity_max = 9});
  CHECK_OK(state.Resolve(batch.Finish(), {}, 1, &payload, &receipt));
  CHECK_OK(state.Apply(payload));
  CHECK_EQ(SchemaToJson(*state.schema()),
           "{\"version\":1,\"tables\":[{\"id\":0,\"name\":\"$nodes\",\"properties\":[],"
           "\"indexes\":[],\"ttl\":null,\"history\":null,\"arityMax\":1048576},"
           "{\"id\":1,\"name\":\"t\",\"properties\":[{\"name\":\"a\",\"type\":1},"
           "{\"name\":\"b\",\"type\":5}],\"indexes\":[{\"name\":\"i\",\"columns\":"
           "[{\"kind\":5,\"property\":0},{\"kind\":10,\"property\":1}]}],"
           "\"ttl\":\"5\",\"history\":null,\"arityMax\":9}]}");
  ByteWriter bytes;
  EncodeSchema(*state.schema(), &bytes);
  for (size_t count = 0; count < bytes.size(); ++count) {
    ByteReader cut(bytes.view().first(count));
    Schema schema;
    CHECK_CODE(DecodeSchema(&cut, &schema), Code::kCorrupt);
  }
}

TEST(A_stored_schema_with_options_that_no_table_can_have_is_damaged) {
  using Change = void (*)(TableSchema*);
  for (const Change change : {Change([](TableSchema* table) { table->ttl = -1; }),
                              Change([](TableSchema* table) { table->history = kMicrosMin; }),
                              Change([](TableSchema* table) { table->arity_max = 0; })}) {
    Schema forged = *MakeEmptySchema();
    auto table = std::make_shared<TableSchema>();
    change(table.get());
    table->id = forged.next_table_id++;
    table->name = "t";
    forged.tables.emplace(table->id, table);
    ByteWriter bytes;
    EncodeSchema(forged, &bytes);
    ByteReader in(bytes.view());
    Schema schema;
    CHECK_CODE(DecodeSchema(&in, &schema), Code::kCorrupt);
  }
}

}  // namespace
}  // namespace hypergraph

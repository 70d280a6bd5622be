#include "core/query/find.h"

#include <cmath>

#include "core/query/find_test_model.h"
#include "core/query/plan_test_bytes.h"
#include "core/query/run.h"

namespace hypergraph {
namespace {

using test::FindRecord;
using test::FindWorld;
using test::PlanBytes;
using test::ResultBytes;

const std::vector<ColumnRef> kAllColumns = {
    {ColumnKind::kId},          {ColumnKind::kSeq},         {ColumnKind::kEventTs},
    {ColumnKind::kValidTo},     {ColumnKind::kWeight},      {ColumnKind::kLabel},
    {ColumnKind::kArity},       {ColumnKind::kKey},         {ColumnKind::kMembers},
    {ColumnKind::kRoles},       {ColumnKind::kProperty, 0}, {ColumnKind::kProperty, 1},
    {ColumnKind::kProperty, 2}, {ColumnKind::kProperty, 3}, {ColumnKind::kProperty, 4}};

std::string SymbolText(const Snapshot& snapshot, Symbol symbol) {
  if (symbol == kSymbolNone) return "";
  NodeKey key;
  CHECK_OK(snapshot.symbols->KeyOf(symbol, &key));
  return std::string(key.text);
}

// A row of a result with all columns, as text; the same of a record below.
std::string RowText(const Snapshot& snapshot, const ResultBytes& result, uint32_t row) {
  std::string text;
  const auto add = [&](const std::string& part) { text += part + "|"; };
  add(std::to_string(static_cast<uint64_t>(result.Plain<double>(0, row))));
  add(std::to_string(static_cast<uint64_t>(result.Plain<double>(1, row))));
  add(std::to_string(result.Plain<int64_t>(2, row)));
  add(std::to_string(result.Plain<int64_t>(3, row)));
  add(std::to_string(result.Plain<double>(4, row)));
  add(SymbolText(snapshot, result.Plain<uint32_t>(5, row)));
  add(std::to_string(result.Plain<uint32_t>(6, row)));
  add(result.Valid(7, row) ? "k:" + result.Text(7, row) : "-");
  const std::vector<uint32_t> nodes = result.List(8, row);
  const std::vector<uint32_t> roles = result.List(9, row);
  CHECK_EQ(nodes.size(), roles.size());
  for (size_t i = 0; i < nodes.size(); ++i) {
    NodeKey key;
    CHECK_OK(snapshot.nodes->KeyOf(nodes[i], &key));
    add(std::to_string(key.integer) + SymbolText(snapshot, roles[i]));
  }
  add(result.Valid(10, row) ? std::to_string(result.Plain<int64_t>(10, row)) : "-");
  add(result.Valid(11, row) ? "s:" + result.Text(11, row) : "-");
  add(result.Valid(12, row) ? std::to_string(result.Plain<double>(12, row)) : "-");
  add(result.Valid(13, row) ? std::to_string(result.Plain<uint8_t>(13, row)) : "-");
  add(result.Valid(14, row) ? std::to_string(result.Plain<int64_t>(14, row)) : "-");
  return text;
}

std::string RowText(const FindRecord& record) {
  std::string text;
  const auto add = [&](const std::string& part) { text += part + "|"; };
  add(std::to_string(record.id));
  add(std::to_string(record.seq));
  add(std::to_string(record.event_ts));
  add(std::to_string(record.valid_to));
  add(std::to_string(record.weight));
  add(record.label);
  add(std::to_string(record.members.size()));
  add(record.key.empty() ? "-" : "k:" + record.key);
  for (const auto& [node, role] : record.members) add(std::to_string(node) + role);
  add(record.size ? std::to_string(*record.size) : "-");
  add(record.name ? "s:" + *record.name : "-");
  add(record.rate ? std::to_string(*record.rate) : "-");
  add(record.flag ? std::to_string(int{*record.flag}) : "-");
  add(record.seen ? std::to_string(*record.seen) : "-");
  return text;
}

std::vector<std::string> TextsOf(const std::vector<const FindRecord*>& records) {
  std::vector<std::string> texts;
  for (const FindRecord* record : records) texts.push_back(RowText(*record));
  return texts;
}

Plan RandomFind(FindWorld* world) {
  Plan plan;
  plan.find.selection = world->RandomSelection();
  plan.find.newest_first = world->random.Chance(0.5);
  plan.find.columns = kAllColumns;
  return plan;
}

std::vector<uint8_t> Run(const Snapshot& snapshot, const Plan& plan) {
  std::vector<uint8_t> result;
  CHECK_OK(RunPlan(snapshot, PlanBytes(plan), nullptr, &result));
  return result;
}

std::vector<std::string> RowsOf(const Snapshot& snapshot, const ResultBytes& result) {
  std::vector<std::string> rows;
  for (uint32_t row = 0; row < result.row_count(); ++row) {
    rows.push_back(RowText(snapshot, result, row));
  }
  return rows;
}

TEST(Random_finds_give_what_the_plain_evaluator_gives_at_any_seq) {
  for (uint64_t round = 0; round < 6; ++round) {
    FindWorld world(test::Seed() + round);
    for (int step = 0; step < 120; ++step) {
      world.Step();
      const Seq at = world.commits[world.random.Below(world.commits.size())];
      std::shared_ptr<const Snapshot> snapshot;
      CHECK_OK(world.database->ReadAsOf(at, &snapshot));
      for (int query = 0; query < 12; ++query) {
        const Plan plan = RandomFind(&world);
        const std::vector<uint8_t> bytes = Run(*snapshot, plan);
        const ResultBytes result(bytes);
        CHECK_EQ(RowsOf(*snapshot, result),
                 TextsOf(world.Expected(plan.find.selection, at, plan.find.newest_first)));
        CHECK_EQ(result.truncated(), 0u);
        CHECK_EQ(result.cursor(), "");
      }
    }
  }
}

TEST(Pages_of_any_size_make_up_the_whole_while_others_write) {
  for (uint64_t round = 0; round < 6; ++round) {
    FindWorld world(test::Seed() + 100 + round);
    for (int step = 0; step < 60; ++step) world.Step();
    for (int query = 0; query < 60; ++query) {
      Plan plan = RandomFind(&world);
      if (world.random.Chance(0.4)) {
        plan.find.selection = {};
        plan.find.selection.table = test::kTestTable;
      }
      const Seq at = world.commits.back();
      const auto expected =
          TextsOf(world.Expected(plan.find.selection, at, plan.find.newest_first));
      std::vector<std::string> got;
      for (int page = 0;; ++page) {
        CHECK_LT(page, 3000);
        plan.budget = {};
        if (world.random.Chance(0.6)) {
          plan.budget.rows_max = 1 + static_cast<uint32_t>(world.random.Below(20));
        }
        if (world.random.Chance(0.3)) plan.budget.bytes_max = 1 + world.random.Below(2000);
        if (world.random.Chance(0.4)) plan.budget.examined_max = 1 + world.random.Below(40);
        const auto snapshot = test::ReadTest(world.database.get());
        const std::vector<uint8_t> bytes = Run(*snapshot, plan);
        const ResultBytes result(bytes);
        CHECK_EQ(result.seq(), static_cast<double>(at));
        CHECK(!result.snapshot_lost());
        for (const std::string& row : RowsOf(*snapshot, result)) got.push_back(row);
        CHECK_EQ(result.truncated() == 0, result.cursor().empty());
        if (result.cursor().empty()) break;
        if (plan.budget.rows_max > 0) CHECK_LE(result.row_count(), plan.budget.rows_max);
        plan.find.cursor = result.cursor();
        if (world.random.Chance(0.3)) world.Step();
      }
      CHECK_EQ(got, expected);
    }
  }
}

TEST(A_page_of_all_that_there_is_has_no_cursor) {
  FindWorld world(test::Seed());
  world.Insert(5);
  CHECK_OK(world.database->Flush());
  world.Insert(5);
  Plan plan;
  plan.find.selection.table = test::kTestTable;
  plan.budget.rows_max = 10;
  const auto snapshot = test::ReadTest(world.database.get());
  const std::vector<uint8_t> whole = Run(*snapshot, plan);
  CHECK_EQ(ResultBytes(whole).row_count(), 10u);
  CHECK_EQ(ResultBytes(whole).truncated(), 0u);
  plan.budget.rows_max = 9;
  const std::vector<uint8_t> part = Run(*snapshot, plan);
  CHECK_EQ(ResultBytes(part).truncated(), 1u);
  CHECK(!ResultBytes(part).cursor().empty());
}

TEST(A_cursor_that_was_forged_or_is_of_another_query_is_refused) {
  FindWorld world(test::Seed());
  world.Insert(8);
  Plan plan;
  plan.find.selection.table = test::kTestTable;
  plan.budget.rows_max = 3;
  const auto snapshot = test::ReadTest(world.database.get());
  const std::vector<uint8_t> bytes = Run(*snapshot, plan);
  const std::string cursor = ResultBytes(bytes).cursor();
  std::vector<uint8_t> ignored;
  for (size_t i = 0; i < cursor.size(); ++i) {
    plan.find.cursor = cursor;
    plan.find.cursor[i] = static_cast<char>(plan.find.cursor[i] ^ (1 << world.random.Below(8)));
    CHECK_CODE(RunPlan(*snapshot, PlanBytes(plan), nullptr, &ignored), Code::kInvalid);
    plan.find.cursor = cursor.substr(0, i + (i == 0));
    CHECK_CODE(RunPlan(*snapshot, PlanBytes(plan), nullptr, &ignored), Code::kInvalid);
  }
  plan.find.cursor = cursor;
  CHECK_OK(RunPlan(*snapshot, PlanBytes(plan), nullptr, &ignored));
  plan.budget.rows_max = 2;  // Limits and columns may change between pages.
  plan.find.columns = {{ColumnKind::kId}};
  CHECK_OK(RunPlan(*snapshot, PlanBytes(plan), nullptr, &ignored));
  plan.find.newest_first = true;
  CHECK_CODE(RunPlan(*snapshot, PlanBytes(plan), nullptr, &ignored), Code::kInvalid);
  plan.find.newest_first = false;
  plan.find.selection.window.to = 59;
  CHECK_CODE(RunPlan(*snapshot, PlanBytes(plan), nullptr, &ignored), Code::kInvalid);
  FindWorld other(test::Seed());
  other.Insert(8);
  plan.find.selection.window = {};
  CHECK_CODE(RunPlan(*test::ReadTest(other.database.get()), PlanBytes(plan), nullptr, &ignored),
             Code::kInvalid);
}

TEST(A_cursor_beyond_history_goes_on_and_says_so) {
  FindWorld world(test::Seed());
  world.Insert(8);
  Plan plan;
  plan.find.selection.table = test::kTestTable;
  plan.budget.rows_max = 3;
  Snapshot snapshot = *test::ReadTest(world.database.get());
  const std::vector<uint8_t> bytes = Run(snapshot, plan);
  plan.find.cursor = ResultBytes(bytes).cursor();
  world.Insert(1);
  snapshot = *test::ReadTest(world.database.get());
  snapshot.history_floor = snapshot.seq;
  const std::vector<uint8_t> later = Run(snapshot, plan);
  CHECK(ResultBytes(later).snapshot_lost());
  CHECK_EQ(ResultBytes(later).seq(), static_cast<double>(snapshot.seq));
}

TEST(A_cancelled_query_ends_with_an_error_and_a_late_one_with_what_it_has) {
  FindWorld world(test::Seed());
  for (int i = 0; i < 40; ++i) world.Insert(200);
  Plan plan;
  plan.find.selection.table = test::kTestTable;
  const auto snapshot = test::ReadTest(world.database.get());
  QueryControl control;
  control.cancelled = true;
  std::vector<uint8_t> result;
  CHECK_CODE(RunPlan(*snapshot, PlanBytes(plan), &control, &result), Code::kCancelled);
  plan.budget.examined_max = 4096;
  const std::vector<uint8_t> bytes = Run(*snapshot, plan);
  CHECK_EQ(ResultBytes(bytes).truncated(), 4u);
  CHECK_EQ(ResultBytes(bytes).row_count(), 4096u);
  CHECK_EQ(ResultBytes(bytes).examined(), 4096.0);
}

TEST(Mistakes_in_a_selection_are_told_apart) {
  FindWorld world(test::Seed());
  world.Insert(1);
  const auto snapshot = test::ReadTest(world.database.get());
  const auto code_of = [&](const Plan& plan) {
    std::vector<uint8_t> result;
    return RunPlan(*snapshot, PlanBytes(plan), nullptr, &result).code();
  };
  Plan plan;
  plan.find.selection.table = 77;
  CHECK(code_of(plan) == Code::kNotFound);
  plan.find.selection.table = test::kTestTable;
  plan.find.columns = {{ColumnKind::kProperty, 9}};
  CHECK(code_of(plan) == Code::kNotFound);
  plan.find.columns = {};
  const auto with = [&](ColumnRef column, CompareOp op, Value value) {
    FilterNode node;
    node.compare = {column, op, {value}};
    plan.find.selection.filter = node;
    return code_of(plan);
  };
  CHECK(with({ColumnKind::kProperty, 9}, CompareOp::kEq, int64_t{1}) == Code::kNotFound);
  CHECK(with({ColumnKind::kProperty, 0}, CompareOp::kEq, "x") == Code::kTypeMismatch);
  CHECK(with({ColumnKind::kProperty, 1}, CompareOp::kEq, 1.5) == Code::kTypeMismatch);
  CHECK(with({ColumnKind::kProperty, 0}, CompareOp::kPrefix, int64_t{1}) == Code::kTypeMismatch);
  CHECK(with({ColumnKind::kLabel}, CompareOp::kLt, "x") == Code::kInvalid);
  CHECK(with({ColumnKind::kMembers}, CompareOp::kEq, int64_t{1}) == Code::kInvalid);
  CHECK(with({ColumnKind::kProperty, 2}, CompareOp::kEq, std::nan("")) == Code::kInvalid);
  plan.find.selection.filter.reset();
  plan.find.selection.members.resize(1);
  plan.find.selection.at_least = 2;
  CHECK(code_of(plan) == Code::kInvalid);
}

TEST(Explain_names_the_index_and_what_is_left_to_check) {
  FindWorld world(test::Seed());
  for (int i = 0; i < 20; ++i) world.Insert(100);
  CHECK_OK(world.database->Flush());
  FilterNode label, size, both;
  label.compare = {{ColumnKind::kLabel}, CompareOp::kEq, {std::string("red")}};
  size.compare = {{ColumnKind::kProperty, 0}, CompareOp::kGe, {int64_t{5}}};
  both.kind = FilterNode::Kind::kAnd;
  both.children = {label, size};
  Plan plan;
  plan.kind = PlanKind::kExplain;
  plan.find.selection.table = test::kTestTable;
  plan.find.selection.filter = both;
  const std::vector<uint8_t> bytes = Run(*test::ReadTest(world.database.get()), plan);
  const ResultBytes result(bytes);
  std::string steps;
  for (uint32_t i = 0; i < result.row_count(); ++i) steps += result.Text(0, i) + ";";
  CHECK(steps.find("index by_label_size;") != std::string::npos);
  CHECK(steps.find("filter") == std::string::npos);
}

TEST(Node_properties_are_found_by_node_by_filter_and_by_page) {
  FindWorld world(test::Seed());
  BatchWriter batch;
  batch.AddProperties(kNodeTable, {{"age", PropertyType::kInt64}});
  test::CommitTest(world.database.get(), batch.Finish());
  for (int i = 0; i < 30; ++i) {
    if (i == 15) CHECK_OK(world.database->Flush());
    batch.Clear().SetNodes({{i % 20, BatchRow().Set(0, int64_t{i})}});
    test::CommitTest(world.database.get(), batch.Finish());
  }
  Plan plan;
  plan.kind = PlanKind::kNodes;
  plan.nodes.columns = {{ColumnKind::kProperty, 0}};
  const auto snapshot = test::ReadTest(world.database.get());
  const auto ages = [&] {
    std::vector<int64_t> values;
    plan.nodes.cursor.clear();
    do {
      const std::vector<uint8_t> bytes = Run(*snapshot, plan);
      const ResultBytes result(bytes);
      for (uint32_t i = 0; i < result.row_count(); ++i) {
        NodeKey key;
        CHECK_OK(snapshot->nodes->KeyOf(result.Plain<uint32_t>(0, i), &key));
        const auto age = result.Plain<int64_t>(1, i);
        CHECK_EQ(key.integer, static_cast<uint64_t>(age % 20));
        values.push_back(age);
      }
      plan.nodes.cursor = result.cursor();
    } while (!plan.nodes.cursor.empty());
    std::sort(values.begin(), values.end());
    return values;
  };
  CHECK_EQ(ages().size(), 20u);
  plan.budget.rows_max = 3;
  CHECK_EQ(ages().size(), 20u);
  plan.nodes.nodes = {{false, 3, ""}, {false, 12, ""}, {false, 999, ""}, {false, 3, ""}};
  CHECK_EQ(ages(), (std::vector<int64_t>{12, 23}));
  plan.nodes.nodes.clear();
  FilterNode old;
  old.compare = {{ColumnKind::kProperty, 0}, CompareOp::kGt, {int64_t{25}}};
  plan.nodes.filter = old;
  CHECK_EQ(ages(), (std::vector<int64_t>{26, 27, 28, 29}));
}

TEST(Hostile_plans_are_refused_or_answered_but_never_read_past) {
  FindWorld world(test::Seed() + 7);
  for (int i = 0; i < 20; ++i) world.Step();
  const auto snapshot = test::ReadTest(world.database.get());
  std::vector<uint8_t> result;
  for (int i = 0; i < 400; ++i) {
    Plan plan = RandomFind(&world);
    if (world.random.Chance(0.3)) plan.kind = PlanKind::kExplain;
    std::vector<uint8_t> bytes = PlanBytes(plan);
    const auto cut = static_cast<size_t>(world.random.Below(bytes.size()));
    const std::vector<uint8_t> part(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(cut));
    CHECK_CODE(RunPlan(*snapshot, part, nullptr, &result), Code::kInvalid);
    for (uint64_t flips = 1 + world.random.Below(3); flips > 0; --flips) {
      bytes[world.random.Below(bytes.size())] = static_cast<uint8_t>(world.random.Next());
    }
    const Status status = RunPlan(*snapshot, bytes, nullptr, &result);
    if (status.ok()) ResultBytes{result};
  }
  FilterNode deep;
  deep.compare = {{ColumnKind::kId}, CompareOp::kEq, {int64_t{1}}};
  for (int i = 0; i < 100; ++i) {
    FilterNode outer;
    outer.kind = FilterNode::Kind::kNot;
    outer.children.push_back(std::move(deep));
    deep = std::move(outer);
  }
  Plan plan;
  plan.find.selection.table = test::kTestTable;
  plan.find.selection.filter = deep;
  CHECK_CODE(RunPlan(*snapshot, PlanBytes(plan), nullptr, &result), Code::kTooLarge);
}

}  // namespace
}  // namespace hypergraph

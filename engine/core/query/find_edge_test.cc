// Finds at the edges: of time, of budgets, of tables, of lists, and over a reopened database.
#include <cmath>

#include "core/index/among.h"
#include "core/query/aggregate.h"
#include "core/query/find_test_model.h"
#include "core/query/plan_test_bytes.h"
#include "core/query/run.h"

namespace hypergraph {
namespace {

using test::FindWorld;
using test::PlanBytes;
using test::ResultBytes;

std::vector<uint8_t> Run(const Snapshot& snapshot, const Plan& plan) {
  std::vector<uint8_t> result;
  CHECK_OK(RunPlan(snapshot, PlanBytes(plan), nullptr, &result));
  return result;
}

Plan FindAll(TableId table = test::kTestTable) {
  Plan plan;
  plan.find.selection.table = table;
  plan.find.columns = {{ColumnKind::kEventTs}};
  return plan;
}

std::vector<Micros> InstantsOf(Database* database, const Plan& plan) {
  const std::vector<uint8_t> bytes = Run(*test::ReadTest(database), plan);
  const ResultBytes result(bytes);
  CHECK_EQ(result.truncated(), 0u);
  std::vector<Micros> instants;
  for (uint32_t i = 0; i < result.row_count(); ++i) instants.push_back(result.Plain<int64_t>(0, i));
  return instants;
}

constexpr Micros kFirst = kMicrosMin + 1;
constexpr Micros kLast = kMicrosMax - 1;

TEST(Windows_reach_the_first_and_the_last_instant_from_segment_and_memtable) {
  for (const bool flushed : {false, true}) {
    FindWorld world(test::Seed());
    BatchWriter batch;
    batch.Insert(test::kTestTable, {BatchRow(kLast).Member(1), BatchRow(kFirst).Member(1),
                                    BatchRow(0).Member(1).ValidTo(5)});
    test::CommitTest(world.database.get(), batch.Finish());
    if (flushed) CHECK_OK(world.database->Flush());
    using Instants = std::vector<Micros>;
    for (const bool by_member : {false, true}) {
      Plan plan = FindAll();
      if (by_member) plan.find.selection.members = {{{false, 1, {}}, std::nullopt}};
      const auto in = [&](Micros from, Micros to) {
        plan.find.selection.window = {from, to};
        return InstantsOf(world.database.get(), plan);
      };
      CHECK_EQ(in(kMicrosMin, kMicrosMax), (Instants{kFirst, 0, kLast}));
      CHECK_EQ(in(kFirst, kLast), (Instants{kFirst, 0}));
      CHECK_EQ(in(kFirst + 1, kMicrosMax), (Instants{0, kLast}));
      CHECK_EQ(in(kMicrosMin, kFirst), Instants{});
      CHECK_EQ(in(kMicrosMax, kMicrosMax), Instants{});
      CHECK_EQ(in(kMicrosMax, kMicrosMin), Instants{});
      CHECK_EQ(in(kLast, kMicrosMax), Instants{kLast});
      plan.find.newest_first = true;
      CHECK_EQ(in(kMicrosMin, kMicrosMax), (Instants{kLast, 0, kFirst}));
      plan.find.newest_first = false;
      const auto at = [&](Micros instant) {
        plan.find.selection.window = {};
        plan.find.selection.valid_at = instant;
        const Instants found = InstantsOf(world.database.get(), plan);
        plan.find.selection.valid_at.reset();
        return found;
      };
      CHECK_EQ(at(kMicrosMin), Instants{});
      CHECK_EQ(at(kFirst), Instants{kFirst});
      CHECK_EQ(at(4), (Instants{kFirst, 0}));
      CHECK_EQ(at(5), Instants{kFirst});
      CHECK_EQ(at(kLast), (Instants{kFirst, kLast}));
      CHECK_EQ(at(kMicrosMax), (Instants{kFirst, kLast}));
      const auto where = [&](CompareOp op, Micros operand) {
        FilterNode filter;
        filter.compare = {{ColumnKind::kEventTs}, op, {operand}};
        plan.find.selection.filter = filter;
        const Instants found = InstantsOf(world.database.get(), plan);
        plan.find.selection.filter.reset();
        return found;
      };
      CHECK_EQ(where(CompareOp::kGt, kMicrosMin), (Instants{kFirst, 0, kLast}));
      CHECK_EQ(where(CompareOp::kGe, kMicrosMax), Instants{});
      CHECK_EQ(where(CompareOp::kLe, kMicrosMax), (Instants{kFirst, 0, kLast}));
      CHECK_EQ(where(CompareOp::kEq, kLast), Instants{kLast});
      CHECK_EQ(where(CompareOp::kLt, kMicrosMin), Instants{});
    }
    // One row a page: each page begins at an edge.
    for (const bool newest : {false, true}) {
      Plan plan = FindAll();
      plan.find.newest_first = newest;
      plan.budget.rows_max = 1;
      Instants found;
      do {
        const std::vector<uint8_t> bytes = Run(*test::ReadTest(world.database.get()), plan);
        const ResultBytes page(bytes);
        CHECK_EQ(page.row_count(), 1u);
        found.push_back(page.Plain<int64_t>(0, 0));
        plan.find.cursor = page.cursor();
      } while (!plan.find.cursor.empty());
      CHECK_EQ(found, newest ? (Instants{kLast, 0, kFirst}) : (Instants{kFirst, 0, kLast}));
    }
  }
}

TEST(Every_kind_of_query_answers_of_an_empty_table) {
  FindWorld world(test::Seed());
  const auto snapshot = test::ReadTest(world.database.get());
  for (const bool without_sources : {false, true}) {
    Snapshot empty = *snapshot;
    if (without_sources) empty.tables = std::make_shared<TableViews>();
    for (int kind = 1; kind <= 7; ++kind) {
      Plan plan = FindAll();
      plan.kind = static_cast<PlanKind>(kind);
      plan.aggregate.selection.table = plan.expand.selection.table = test::kTestTable;
      plan.path.expand.selection.table = test::kTestTable;
      plan.join.left.table = plan.join.right.table = test::kTestTable;
      plan.aggregate.groups = {{GroupKind::kNode, 0, 0, 0}};
      plan.aggregate.measures = {{MeasureKind::kCount, {}}};
      plan.expand.seeds = plan.path.expand.seeds = {{false, 1, {}}};
      const std::vector<uint8_t> bytes = Run(empty, plan);
      CHECK_EQ(ResultBytes(bytes).truncated(), 0u);
      if (plan.kind != PlanKind::kExplain) CHECK_EQ(ResultBytes(bytes).row_count(), 0u);
    }
    Plan whole = FindAll();
    whole.kind = PlanKind::kAggregate;
    whole.aggregate.selection.table = test::kTestTable;
    whole.aggregate.measures = {{MeasureKind::kCount, {}},
                                {MeasureKind::kSum, {ColumnKind::kWeight}}};
    const std::vector<uint8_t> bytes = Run(empty, whole);
    CHECK_EQ(ResultBytes(bytes).row_count(), 1u);
    CHECK_EQ(ResultBytes(bytes).Plain<double>(0, 0), 0.0);
    CHECK(!ResultBytes(bytes).Valid(1, 0));
  }
}

TEST(The_records_of_nodes_have_no_members_flushed_or_not) {
  FindWorld world(test::Seed());
  BatchWriter batch;
  batch.AddProperties(kNodeTable, {{"age", PropertyType::kInt64}});
  batch.SetNodes({{7, BatchRow().Set(0, int64_t{1})}, {8, BatchRow().Set(0, int64_t{2})}});
  test::CommitTest(world.database.get(), batch.Finish());
  for (int flushed = 0; flushed < 2; ++flushed) {
    Plan plan = FindAll(kNodeTable);
    CHECK_EQ(InstantsOf(world.database.get(), plan).size(), 2u);
    plan.find.selection.members = {{{false, 7, {}}, std::nullopt}};
    CHECK_EQ(InstantsOf(world.database.get(), plan).size(), 0u);
    CHECK_OK(world.database->Flush());
  }
}

TEST(Pages_of_any_examined_budget_get_on_and_end) {
  for (uint64_t examined_max = 1; examined_max <= 40; examined_max += 3) {
    FindWorld world(test::Seed() + examined_max);
    for (int part = 0; part < 4; ++part) {
      world.Insert(20);
      if (part % 2 == 0) CHECK_OK(world.database->Flush());
    }
    Plan plan = FindAll();
    plan.find.newest_first = world.random.Chance(0.5);
    FilterNode filter;
    filter.compare = {{ColumnKind::kArity}, CompareOp::kGe, {int64_t{3}}};
    if (world.random.Chance(0.7)) plan.find.selection.filter = filter;
    const auto expected = world.Expected(plan.find.selection, world.commits.back(), false).size();
    plan.budget.examined_max = examined_max;
    const auto snapshot = test::ReadTest(world.database.get());
    size_t found = 0;
    for (int page = 0;; ++page) {
      CHECK_LT(page, 400);
      const std::vector<uint8_t> bytes = Run(*snapshot, plan);
      const ResultBytes result(bytes);
      found += result.row_count();
      CHECK_EQ(result.cursor().empty(), result.truncated() == 0);
      CHECK_LE(result.examined(), static_cast<double>(examined_max + 4));
      if (result.cursor().empty()) break;
      plan.find.cursor = result.cursor();
    }
    CHECK_EQ(found, expected);
  }
}

TEST(A_find_that_examines_exactly_its_budget_is_whole) {
  FindWorld world(test::Seed());
  world.Insert(10);
  CHECK_OK(world.database->Flush());
  Plan plan = FindAll();
  plan.budget.examined_max = 10;
  const std::vector<uint8_t> bytes = Run(*test::ReadTest(world.database.get()), plan);
  CHECK_EQ(ResultBytes(bytes).row_count(), 10u);
  CHECK_EQ(ResultBytes(bytes).truncated(), 0u);
  CHECK_EQ(ResultBytes(bytes).cursor(), "");
}

TEST(Cursors_go_on_after_the_database_was_closed_and_opened_again) {
  MemoryFileSystem files;
  test::StandingClock clock;
  auto database = test::OpenTest(test::TestOptions(&files, &clock));
  test::CreateTestTable(database.get());
  for (int i = 0; i < 30; ++i) {
    test::InsertOne(database.get(), i / 3, i);
    if (i == 14) CHECK_OK(database->Flush());
  }
  Plan plan;
  plan.find.selection.table = test::kTestTable;
  plan.find.columns = {{ColumnKind::kProperty, 0}};
  plan.budget.rows_max = 4;
  std::vector<int64_t> sizes;
  do {
    const std::vector<uint8_t> bytes = Run(*test::ReadTest(database.get()), plan);
    const ResultBytes page(bytes);
    CHECK(!page.snapshot_lost());
    for (uint32_t i = 0; i < page.row_count(); ++i) sizes.push_back(page.Plain<int64_t>(0, i));
    plan.find.cursor = page.cursor();
    test::InsertOne(database.get(), 1, 1000);  // Later than the first page: not seen.
    CHECK_OK(database->Close());
    database.reset();
    database = test::OpenTest(test::TestOptions(&files, &clock));
  } while (!plan.find.cursor.empty());
  std::vector<int64_t> expected;
  for (int64_t i = 0; i < 30; ++i) expected.push_back(i);
  CHECK_EQ(sizes, expected);
}

TEST(A_find_as_of_an_instant_gives_what_was_committed_by_then) {
  MemoryFileSystem files;
  test::StandingClock clock;
  auto database = test::OpenTest(test::TestOptions(&files, &clock));
  test::CreateTestTable(database.get());
  for (int i = 0; i < 6; ++i) {
    clock.now = 2'000'000 + i * 1'000;
    test::InsertOne(database.get(), i, i);
    if (i == 3) CHECK_OK(database->Flush());
  }
  for (int i = 0; i < 6; ++i) {
    std::shared_ptr<const Snapshot> snapshot;
    CHECK_OK(database->ReadAsOfTime(2'000'000 + i * 1'000 + 500, &snapshot));
    const std::vector<uint8_t> bytes = Run(*snapshot, FindAll());
    CHECK_EQ(ResultBytes(bytes).row_count(), static_cast<uint32_t>(i + 1));
  }
}

TEST(Zero_and_minus_zero_are_one_value_to_filters_with_and_without_an_index) {
  FindWorld world(test::Seed());
  BatchWriter batch;
  batch.Insert(test::kTestTable, {BatchRow(1).Member(1).Set(2, -0.0).Weight(-0.0),
                                  BatchRow(2).Member(1).Set(2, 0.0).Weight(0.0)});
  test::CommitTest(world.database.get(), batch.Finish());
  for (int flushed = 0; flushed < 2; ++flushed) {
    for (const double operand : {0.0, -0.0}) {
      for (const ColumnRef column : {ColumnRef{ColumnKind::kProperty, 2}, {ColumnKind::kWeight}}) {
        for (const CompareOp op : {CompareOp::kEq, CompareOp::kGe, CompareOp::kLe}) {
          Plan plan = FindAll();
          FilterNode filter;
          filter.compare = {column, op, {operand}};
          plan.find.selection.filter = filter;
          CHECK_EQ(InstantsOf(world.database.get(), plan).size(), 2u);
        }
      }
    }
    CHECK_OK(world.database->Flush());
  }
}

TEST(A_long_list_is_searched_as_a_short_one_is) {
  Random random(test::Seed());
  for (int round = 0; round < 200; ++round) {
    std::vector<Value> operands;
    for (uint64_t i = random.Below(60); i > 0; --i) {
      if (random.Chance(0.4)) operands.push_back(random.Between(-20, 20));
      if (random.Chance(0.3)) operands.push_back(static_cast<double>(random.Between(-40, 40)) / 2);
      if (random.Chance(0.3)) operands.push_back(std::string(random.Below(4), 'a'));
      if (random.Chance(0.01)) operands.push_back(std::nan(""));
    }
    if (random.Chance(0.8)) std::sort(operands.begin(), operands.end());
    const Among among(operands);
    const auto check = [&](const auto& value) {
      const bool has = std::any_of(operands.begin(), operands.end(), [&](const Value& operand) {
        return Compare(value, CompareOp::kEq, operand);
      });
      CHECK_EQ(among.Has(value), has);
    };
    for (int64_t i = -21; i <= 21; ++i) {
      check(i);
      check(static_cast<double>(i) / 2);
    }
    for (const char* text : {"", "a", "aa", "aaaa"}) check(std::string_view(text));
  }
}

TEST(Long_lists_find_the_same_in_every_column_and_too_long_ones_are_refused) {
  FindWorld world(test::Seed());
  for (int i = 0; i < 20; ++i) world.Step();
  world.Insert(50);
  const ColumnRef columns[] = {{ColumnKind::kId},          {ColumnKind::kArity},
                               {ColumnKind::kValidTo},     {ColumnKind::kWeight},
                               {ColumnKind::kProperty, 0}, {ColumnKind::kProperty, 2}};
  for (const ColumnRef column : columns) {
    Plan plan = FindAll();
    FilterNode filter;
    filter.compare = {column, CompareOp::kIn, {}};
    for (int64_t i = -40; i < 40; ++i) filter.compare.operands.emplace_back(i);
    for (int64_t i = -40; i < 40; ++i) {
      filter.compare.operands.emplace_back(static_cast<double>(i) / 4);
    }
    plan.find.selection.filter = filter;
    CHECK_EQ(InstantsOf(world.database.get(), plan).size(),
             world.Expected(plan.find.selection, world.commits.back(), false).size());
  }
  for (const ColumnRef column : {ColumnRef{ColumnKind::kKey}, {ColumnKind::kProperty, 1}}) {
    Plan plan = FindAll();
    FilterNode filter;
    filter.compare = {column, CompareOp::kIn, {}};
    for (int i = 0; i < 40; i += 2) filter.compare.operands.push_back("k" + std::to_string(i));
    for (int i = 0; i < 4; ++i)
      filter.compare.operands.push_back(std::string(static_cast<size_t>(i), 'a'));
    plan.find.selection.filter = filter;
    CHECK_EQ(InstantsOf(world.database.get(), plan).size(),
             world.Expected(plan.find.selection, world.commits.back(), false).size());
  }
  Plan plan = FindAll();
  FilterNode filter;
  filter.compare = {{ColumnKind::kId}, CompareOp::kIn, {}};
  filter.compare.operands.assign(kOperandsMax + 1, int64_t{1});
  plan.find.selection.filter = filter;
  std::vector<uint8_t> result;
  CHECK_CODE(RunPlan(*test::ReadTest(world.database.get()), PlanBytes(plan), nullptr, &result),
             Code::kTooLarge);
}

TEST(What_a_snapshot_says_of_a_seed_does_not_change_with_later_commits) {
  FindWorld world(test::Seed());
  Plan plan;
  plan.kind = PlanKind::kExpand;
  plan.expand.selection.table = test::kTestTable;
  plan.expand.seeds = {{true, 0, "late"}};
  plan.expand.hops_max = 1;
  const auto before = test::ReadTest(world.database.get());
  BatchWriter batch;
  batch.Insert(test::kTestTable, {BatchRow(5).Member("late").Member("other")});
  const EdgeId id = test::CommitTest(world.database.get(), batch.Finish()).first_id;
  const auto with = test::ReadTest(world.database.get());
  batch.Clear().Delete(test::kTestTable, {id});
  test::CommitTest(world.database.get(), batch.Finish());
  for (const bool flushed : {false, true}) {
    if (flushed) CHECK_OK(world.database->Flush());
    for (const HopOrder order : {HopOrder::kAny, HopOrder::kNonDecreasing, HopOrder::kStrict}) {
      plan.expand.order = order;
      const auto rows = [&](const std::shared_ptr<const Snapshot>& snapshot) {
        std::vector<uint8_t> result;
        CHECK_OK(RunPlan(*snapshot, PlanBytes(plan), nullptr, &result));
        return ResultBytes(result).row_count();
      };
      CHECK_EQ(rows(before), 0);
      CHECK_EQ(rows(with), 2);
      CHECK_EQ(rows(test::ReadTest(world.database.get())), 0);
    }
  }
}

}  // namespace
}  // namespace hypergraph

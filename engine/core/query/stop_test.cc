// Deadlines, cancels and budgets of every kind of query: they end it within a bounded number of
// rows, and say what is complete.
#include <string>
#include <vector>

#include "core/query/expand_pass.h"
#include "core/query/find_test_model.h"
#include "core/query/plan_test_bytes.h"
#include "core/query/run.h"
#include "core/query/stop_test_source.h"

namespace hypergraph {
namespace {

using test::CountedBy;
using test::FindWorld;
using test::PlanBytes;
using test::ResultBytes;
using test::Tally;

constexpr uint32_t kRows = 60'000;
constexpr uint32_t kNodes = 500;
// A batch may be read, and the one that it is merged with; the flag is seen before the next.
constexpr uint64_t kBound = 3 * kGuardRows;

// Half of the hyperedges in a segment, half in a memtable; three members each, and node 0 in all.
class BigWorld : public FindWorld {
 public:
  BigWorld() : FindWorld(test::Seed()) {
    for (int part = 0; part < 2; ++part) {
      InsertMany(static_cast<Micros>(part) * 20);
      BatchWriter batch;
      batch.AddProperties(kNodeTable, {{"p" + std::to_string(part), PropertyType::kInt64}});
      std::vector<std::pair<BatchNode, BatchRow>> nodes;
      for (uint32_t i = 0; i < kRows / 2; ++i) {
        nodes.emplace_back(uint64_t{i} * 2 + static_cast<uint64_t>(part),
                           BatchRow().Set(0, int64_t{i}));
      }
      batch.SetNodes(nodes);
      test::CommitTest(database.get(), batch.Finish());
      if (part == 0) CHECK_OK(database->Flush());
    }
    snapshot = *test::ReadTest(database.get());
  }
  Snapshot snapshot;

 private:
  void InsertMany(Micros shift) {
    std::vector<Micros> event_ts;
    std::vector<uint32_t> offsets{0}, members;
    for (uint32_t i = 0; i < kRows / 2; ++i) {
      event_ts.push_back(random.Between(0, 30'000) + shift);
      const auto node = static_cast<uint32_t>(1 + random.Below(kNodes));
      members.insert(members.end(), {0, node, node + 1});
      offsets.push_back(static_cast<uint32_t>(members.size()));
    }
    BatchWriter batch;
    batch.InsertColumns(test::kTestTable, {event_ts, offsets, members, {}});
    test::CommitTest(database.get(), batch.Finish());
  }
};

Selection AllRows() {
  Selection selection;
  selection.table = test::kTestTable;
  return selection;
}

FilterNode Never() {
  FilterNode filter;
  filter.compare = {{ColumnKind::kWeight}, CompareOp::kGt, {1e300}};
  return filter;
}

struct NamedPlan {
  std::string name;
  Plan plan;
};

Plan PlanOf(PlanKind kind) {
  Plan plan;
  plan.kind = kind;
  return plan;
}

ExpandPlan ExpandOf(HopOrder order, uint32_t hops) {
  ExpandPlan expand;
  expand.selection = AllRows();
  expand.seeds = {{false, 7, {}}};
  expand.hops_max = hops;
  expand.order = order;
  return expand;
}

// Each would read far more rows than kBound if nothing stopped it.
std::vector<NamedPlan> LongPlans() {
  std::vector<NamedPlan> plans;
  Plan find = PlanOf(PlanKind::kFind);
  find.find.selection = AllRows();
  find.find.selection.filter = Never();
  plans.push_back({"find", find});
  find.find.newest_first = true;
  plans.push_back({"find newest first", find});
  find.find.selection.filter.reset();
  find.find.selection.members = {{{false, 0, {}}, "nobody"}, {{false, 0, {}}, std::nullopt}};
  find.find.selection.valid_at = 1'000'000;
  plans.push_back({"find by members", find});
  find.find.selection.members.clear();
  for (EdgeId id = 1; id <= kRows; ++id) find.find.selection.ids.push_back(id);
  plans.push_back({"find by ids", find});
  Plan nodes = PlanOf(PlanKind::kNodes);
  nodes.nodes.columns = {{ColumnKind::kProperty, 0}};
  plans.push_back({"nodes", nodes});
  Plan aggregate = PlanOf(PlanKind::kAggregate);
  aggregate.aggregate.selection = AllRows();
  aggregate.aggregate.groups = {{GroupKind::kNode, 0, 0, 0}, {GroupKind::kLabel, 0, 0, 0}};
  aggregate.aggregate.measures = {{MeasureKind::kSum, {ColumnKind::kWeight, 0}}};
  plans.push_back({"aggregate", aggregate});
  aggregate.aggregate.groups = {{GroupKind::kNode, 0, 0, 0}};
  aggregate.aggregate.measures = {{MeasureKind::kCount, {}}};
  plans.push_back({"aggregate by node", aggregate});
  aggregate.aggregate.groups = {{GroupKind::kBucket, 10'000, 0, 0}};
  plans.push_back({"aggregate by bucket", aggregate});
  for (const HopOrder order : {HopOrder::kAny, HopOrder::kNonDecreasing, HopOrder::kStrict}) {
    Plan expand = PlanOf(PlanKind::kExpand);
    expand.expand = ExpandOf(order, 9);
    plans.push_back({"expand " + std::to_string(static_cast<int>(order)), expand});
    Plan path = PlanOf(PlanKind::kShortestPath);
    path.path = {expand.expand, {true, 0, "nobody"}};
    path.path.target = {false, uint64_t{kRows} - 1, {}};  // Has properties only.
    plans.push_back({"path " + std::to_string(static_cast<int>(order)), path});
  }
  Plan join = PlanOf(PlanKind::kJoin);
  join.join.left = join.join.right = AllRows();
  join.join.distance_max = 2;
  join.join.shared_min = 3;
  plans.push_back({"join", join});
  join.join.left.filter = Never();
  plans.push_back({"join of nothing", join});
  return plans;
}

TEST(A_cancel_by_another_thread_ends_every_kind_of_query_within_a_few_batches) {
  const BigWorld world;
  for (const auto& [name, plan] : LongPlans()) {
    std::vector<uint8_t> result;
    Tally whole(UINT64_MAX);
    CHECK_OK(RunPlan(CountedBy(world.snapshot, &whole), PlanBytes(plan), &whole.control, &result));
    CHECK_EQ(ResultBytes(result).truncated(), 0u);
    // Without the cancel there is much more to read.
    CHECK_LT(2 * kBound, whole.before());
    Tally tally(2 * kGuardRows);
    const Snapshot counted = CountedBy(world.snapshot, &tally);
    CHECK_CODE(RunPlan(counted, PlanBytes(plan), &tally.control, &result), Code::kCancelled);
    CHECK_LE(tally.after(), kBound);
  }
}

TEST(A_deadline_already_past_ends_every_kind_of_query_within_a_few_batches) {
  const BigWorld world;
  for (auto [name, plan] : LongPlans()) {
    plan.budget.deadline_micros = 1;
    Tally tally(UINT64_MAX);
    std::vector<uint8_t> result;
    CHECK_OK(RunPlan(CountedBy(world.snapshot, &tally), PlanBytes(plan), nullptr, &result));
    CHECK_EQ(ResultBytes(result).truncated(), 3u);
    CHECK_LE(tally.before(), kRows + kBound);  // A hub's postings are read whole.
    CHECK_LE(ResultBytes(result).examined(), static_cast<double>(kBound));
  }
}

TEST(An_examined_budget_ends_every_kind_of_query_and_what_it_gives_is_right) {
  const BigWorld world;
  for (auto [name, plan] : LongPlans()) {
    plan.budget.examined_max = 5'000;
    std::vector<uint8_t> result;
    CHECK_OK(RunPlan(world.snapshot, PlanBytes(plan), nullptr, &result));
    CHECK_EQ(ResultBytes(result).truncated(), 4u);
    CHECK_LE(5'000.0, ResultBytes(result).examined());
    CHECK_LE(ResultBytes(result).examined(), 5'000.0 + kGuardRows);
  }
}

TEST(A_count_cut_by_the_examined_budget_is_of_the_rows_examined) {
  const BigWorld world;
  Plan plan = PlanOf(PlanKind::kAggregate);
  plan.aggregate.selection = AllRows();
  plan.aggregate.measures = {{MeasureKind::kCount, {}}};
  plan.budget.examined_max = 5'000;
  std::vector<uint8_t> bytes;
  CHECK_OK(RunPlan(world.snapshot, PlanBytes(plan), nullptr, &bytes));
  const ResultBytes result(bytes);
  CHECK_EQ(result.row_count(), 1u);
  CHECK_EQ(result.Plain<double>(0, 0), result.examined());
}

TEST(A_bytes_budget_cuts_every_kind_of_result_to_its_first_rows) {
  const BigWorld world;
  std::vector<NamedPlan> plans = LongPlans();
  for (auto& [name, plan] : plans) {
    plan.find.selection.filter.reset();
    plan.find.columns = {{ColumnKind::kId}, {ColumnKind::kMembers}};
    plan.join.left.filter.reset();
    plan.join.left.window.to = plan.join.right.window.to = 500;
    plan.join.shared_min = 1;
    if (plan.kind == PlanKind::kShortestPath) continue;
    if (plan.aggregate.groups.size() == 2) continue;  // Its groups outgrow the budget earlier.
    if (name == "find by members") plan.find.selection.members.pop_back();
    if (name == "find by members") plan.find.selection.members[0].role.reset();
    std::vector<uint8_t> whole_bytes, cut_bytes;
    CHECK_OK(RunPlan(world.snapshot, PlanBytes(plan), nullptr, &whole_bytes));
    const ResultBytes whole(whole_bytes);
    plan.budget.bytes_max = name == "aggregate by bucket" ? 20 : 2'000;
    CHECK_OK(RunPlan(world.snapshot, PlanBytes(plan), nullptr, &cut_bytes));
    const ResultBytes cut(cut_bytes);
    CHECK_EQ(cut.truncated(), 2u);
    CHECK_LT(0u, cut.row_count());
    CHECK_LT(cut.row_count(), whole.row_count());
    CHECK_LE(cut_bytes.size(), 5'000u);
    if (plan.kind == PlanKind::kExpand) continue;  // Cut in the walk or at the end.
    for (uint32_t row = 0; row < cut.row_count(); ++row) {
      if (whole.type(0) == 3) CHECK_EQ(cut.Plain<uint32_t>(0, row), whole.Plain<uint32_t>(0, row));
      if (whole.type(0) == 3) continue;
      CHECK_EQ(cut.Plain<int64_t>(0, row), whole.Plain<int64_t>(0, row));  // Bits of f64 or i64.
    }
  }
}

// Hyperedges of one instant that lead on only backwards: each round reaches one node more.
TEST(Rounds_over_one_instant_look_at_the_cancelled_flag) {
  constexpr uint32_t kLength = 3'000;
  const auto reached = [](bool cancel) {
    QueryControl control;
    Guard guard({}, &control);
    WalkRules rules;
    rules.hops_max = UINT32_MAX;
    Journal journal(kLength + 1, UINT32_MAX);
    CHECK(journal.AddSeed(0, 0));
    TimePass pass(rules, &guard, &journal);
    for (uint32_t i = kLength; i-- > 0;) {
      const NodeNumber nodes[] = {i, i + 1};
      pass.Add({5, kLength - i, kLength - i, nodes, nullptr});
    }
    control.cancelled = cancel;
    pass.Finish();
    CHECK_EQ(pass.status().code(), cancel ? Code::kCancelled : Code::kOk);
    return journal.entries.size();
  };
  CHECK_EQ(reached(false), size_t{kLength} + 1);
  CHECK_LE(reached(true), size_t{2} + 1 + kGuardRows / kLength + 1);
}

}  // namespace
}  // namespace hypergraph

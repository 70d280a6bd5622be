#include "core/query/aggregate.h"

#include <map>
#include <set>

#include "core/query/expand_test_graph.h"
#include "core/query/group_table.h"

namespace hypergraph::test {
namespace {

// A value that orders as the header says; a null is greatest.
struct Cell {
  int rank = 0;  // 0: number, 1: text, 2: null.
  double number = 0;
  std::string text;
  auto operator<=>(const Cell&) const = default;
};
Cell Number(double number) { return {0, number, {}}; }
Cell Text(const std::string& text) { return {1, 0, text}; }
const Cell kNull = {2, 0, {}};

Cell ValueOf(const GraphEdge& edge, ColumnRef column) {
  switch (column.kind) {
    case ColumnKind::kId:
      return Number(static_cast<double>(edge.id));
    case ColumnKind::kEventTs:
      return Number(static_cast<double>(edge.ts));
    case ColumnKind::kWeight:
      return Number(edge.weight);
    case ColumnKind::kLabel:
      return edge.label == 0 ? kNull : Number(edge.label);
    case ColumnKind::kArity:
      return Number(static_cast<double>(edge.nodes.size()));
    default:
      break;
  }
  if (column.property == 0)
    return edge.has_amount ? Number(static_cast<double>(edge.amount)) : kNull;
  if (column.property == 1) return edge.has_rate ? Number(edge.rate) : kNull;
  if (column.property == 2) return edge.has_kind ? Text(edge.kind) : kNull;
  return edge.has_flag ? Number(edge.flag) : kNull;
}

struct Fact {
  const GraphEdge* edge;
  size_t member;  // SIZE_MAX: the row.
};

Cell GroupOf(const Fact& fact, const GroupKey& group) {
  switch (group.kind) {
    case GroupKind::kBucket: {
      Micros start = group.bucket_origin;
      while (start > fact.edge->ts) start -= group.bucket_micros;
      while (start + group.bucket_micros <= fact.edge->ts) start += group.bucket_micros;
      return Number(static_cast<double>(start));
    }
    case GroupKind::kNode:
      return Number(fact.edge->nodes[fact.member]);
    case GroupKind::kRole:
      return Number(fact.edge->roles[fact.member]);
    case GroupKind::kLabel:
      return Number(fact.edge->label);
    case GroupKind::kProperty:
      break;
  }
  return ValueOf(*fact.edge, {ColumnKind::kProperty, group.property});
}

Cell MeasureOf(const std::vector<Fact>& facts, const Measure& measure) {
  if (measure.kind == MeasureKind::kCount) return Number(static_cast<double>(facts.size()));
  std::vector<Cell> values;
  for (const Fact& fact : facts) {
    const bool nodes = measure.column.kind == ColumnKind::kMembers;
    if (!nodes && measure.column.kind != ColumnKind::kRoles) {
      values.push_back(ValueOf(*fact.edge, measure.column));
      continue;
    }
    for (size_t i = 0; i < fact.edge->nodes.size(); ++i) {
      if (fact.member != SIZE_MAX && fact.member != i) continue;
      if (nodes) values.push_back(Number(fact.edge->nodes[i]));
      if (!nodes && fact.edge->roles[i] != 0) values.push_back(Number(fact.edge->roles[i]));
    }
  }
  std::erase(values, kNull);
  if (measure.kind == MeasureKind::kDistinct) {
    return Number(static_cast<double>(std::set<Cell>(values.begin(), values.end()).size()));
  }
  if (values.empty()) return kNull;
  if (measure.kind == MeasureKind::kMin) return *std::min_element(values.begin(), values.end());
  if (measure.kind == MeasureKind::kMax) return *std::max_element(values.begin(), values.end());
  double sum = 0;
  for (const Cell& value : values) sum += value.number;
  return Number(measure.kind == MeasureKind::kSum ? sum : sum / static_cast<double>(values.size()));
}

using CellRows = std::vector<std::vector<Cell>>;

CellRows NaiveAggregate(const Graph& graph, const AggregatePlan& plan) {
  bool by_member = false;
  for (const GroupKey& group : plan.groups) {
    by_member = by_member || group.kind == GroupKind::kNode || group.kind == GroupKind::kRole;
  }
  const std::vector<GraphEdge> edges = graph.Matching(plan.selection);
  std::map<std::vector<Cell>, std::vector<Fact>> groups;
  if (plan.groups.empty()) groups[{}];
  for (const GraphEdge& edge : edges) {
    for (size_t i = 0; i < (by_member ? edge.nodes.size() : 1); ++i) {
      const Fact fact = {&edge, by_member ? i : SIZE_MAX};
      std::vector<Cell> key;
      for (const GroupKey& group : plan.groups) key.push_back(GroupOf(fact, group));
      groups[key].push_back(fact);
    }
  }
  CellRows rows;
  for (const auto& [key, facts] : groups) {
    rows.push_back(key);
    for (const Measure& measure : plan.measures) rows.back().push_back(MeasureOf(facts, measure));
  }
  if (!plan.top_by) return rows;
  const size_t by = plan.groups.size() + *plan.top_by;
  std::stable_sort(rows.begin(), rows.end(), [by](const auto& a, const auto& b) {
    if (a[by] == kNull || b[by] == kNull) return a[by] != kNull && b[by] == kNull;
    return b[by] < a[by];
  });
  if (rows.size() > plan.top_count) rows.resize(plan.top_count);
  return rows;
}

// Numbers are compared as numbers, whatever the type of their column.
CellRows CellsOf(const ReadResult& result, const CellRows& like) {
  CellRows rows;
  for (size_t row = 0; row < result.rows; ++row) {
    rows.emplace_back();
    for (size_t column = 0; column < result.columns.size(); ++column) {
      const std::string& text = result.columns[column][row];
      const bool is_text = row < like.size() && like[row][column].rank == 1;
      rows.back().push_back(is_text          ? Text(text)
                            : text == "null" ? kNull
                                             : Number(std::stod(text)));
    }
  }
  return rows;
}

bool Same(const CellRows& a, const CellRows& b) {
  if (a.size() != b.size()) return false;
  for (size_t row = 0; row < a.size(); ++row) {
    for (size_t column = 0; column < a[row].size(); ++column) {
      const Cell& left = a[row][column];
      const Cell& right = b[row][column];
      // Averages are printed with six digits.
      const double difference = left.number - right.number;
      if (left.rank != right.rank || left.text != right.text) return false;
      if (difference > 1e-6 || difference < -1e-6) return false;
    }
  }
  return true;
}

GroupKey RandomGroup(Random* random) {
  GroupKey group;
  group.kind = static_cast<GroupKind>(1 + random->Below(5));
  group.bucket_micros = random->Between(1, 20);
  group.bucket_origin = random->Between(-30, 30);
  group.property = static_cast<PropertyIndex>(random->Below(4));
  return group;
}

Measure RandomMeasure(Random* random) {
  Measure measure;
  measure.kind = static_cast<MeasureKind>(1 + random->Below(6));
  const ColumnRef any[] = {
      {ColumnKind::kWeight, 0},   {ColumnKind::kArity, 0},    {ColumnKind::kProperty, 0},
      {ColumnKind::kProperty, 1}, {ColumnKind::kProperty, 3}, {ColumnKind::kProperty, 2},
      {ColumnKind::kEventTs, 0},  {ColumnKind::kId, 0},       {ColumnKind::kLabel, 0},
      {ColumnKind::kMembers, 0},  {ColumnKind::kRoles, 0}};
  const bool sums = measure.kind == MeasureKind::kSum || measure.kind == MeasureKind::kAvg;
  const bool distinct = measure.kind == MeasureKind::kDistinct;
  measure.column = any[random->Below(sums ? 5 : distinct ? 11 : 8)];
  return measure;
}

// Of the kinds that have a shortcut, most of the time.
AggregatePlan RandomAggregate(Random* random, const GraphShape& shape) {
  AggregatePlan plan;
  plan.selection = RandomSelection(random, shape);
  if (random->Chance(0.3)) {
    plan.selection.members = {{KeyOf(random->Below(shape.node_count)), std::nullopt}};
  }
  const bool simple = random->Chance(0.5);
  std::set<GroupKind> kinds;
  for (uint64_t i = simple ? 1 : random->Below(5); i > 0; --i) {
    GroupKey group = RandomGroup(random);
    if (simple) group.kind = random->Chance(0.5) ? GroupKind::kBucket : GroupKind::kNode;
    const bool member = group.kind == GroupKind::kNode || group.kind == GroupKind::kRole;
    if (member && !kinds.insert(group.kind).second) continue;
    plan.groups.push_back(group);
  }
  for (uint64_t i = random->Below(4); i > 0; --i) {
    plan.measures.push_back(RandomMeasure(random));
    if (!simple) continue;
    const bool count = plan.groups[0].kind == GroupKind::kNode || random->Chance(0.5);
    plan.measures.back() = {count ? MeasureKind::kCount : MeasureKind::kSum,
                            {ColumnKind::kWeight, 0}};
  }
  if (!plan.measures.empty() && random->Chance(0.4)) {
    plan.top_by = static_cast<uint32_t>(random->Below(plan.measures.size()));
    plan.top_count = static_cast<uint32_t>(random->Below(8));
  }
  return plan;
}

TEST(Every_way_to_aggregate_gives_what_sets_of_rows_give) {
  Random random(Seed());
  for (int round = 0; round < 4000; ++round) {
    GraphShape shape;
    shape.edge_count = static_cast<uint32_t>(random.Below(120));
    shape.source_count = static_cast<uint32_t>(1 + random.Below(4));
    shape.ts_max = random.Between(0, 60);
    shape.deleted = random.Chance(0.5) ? 0 : 0.1;
    const Graph graph(&random, shape);
    Plan plan;
    plan.aggregate = RandomAggregate(&random, shape);
    CellRows expected = NaiveAggregate(graph, plan.aggregate);
    if (random.Chance(0.2)) plan.budget.rows_max = static_cast<uint32_t>(1 + random.Below(10));
    const uint32_t rows_max = plan.budget.rows_max;
    const bool cut = rows_max > 0 && expected.size() > rows_max;
    if (cut) expected.resize(rows_max);
    for (const auto method : {AggregateMethod::kGeneral, AggregateMethod::kChoose}) {
      Guard guard(plan.budget, nullptr);
      std::vector<uint8_t> bytes;
      CHECK_OK(RunAggregate(graph.snapshot(), plan, &guard, &bytes, method));
      const ReadResult result = Read(bytes);
      CHECK(Same(CellsOf(result, expected), expected));
      CHECK(result.truncated == (cut ? Truncated::kRowsMax : Truncated::kWhole));
    }
  }
}

// Enough rows for each bucket that the borders are looked up.
TEST(Aggregates_by_rank_and_by_counters_give_what_the_general_way_gives) {
  Random random(Seed() + 1);
  for (int round = 0; round < 20; ++round) {
    GraphShape shape;
    shape.edge_count = 12'000;
    shape.ts_max = 5'000;
    shape.node_count = 300;
    shape.deleted = round % 2 == 0 ? 0 : 0.001;
    const Graph graph(&random, shape);
    for (const GroupKind kind : {GroupKind::kBucket, GroupKind::kNode}) {
      Plan plan;
      AggregatePlan& aggregate = plan.aggregate;
      aggregate.selection = RandomSelection(&random, shape);
      if (round % 3 == 0) aggregate.selection.members = {{KeyOf(1), std::nullopt}};
      aggregate.groups = {{kind, 700, random.Between(-900, 900), 0}};
      aggregate.measures = {{MeasureKind::kCount, {}}};
      if (kind == GroupKind::kBucket) {
        aggregate.measures.push_back({MeasureKind::kSum, {ColumnKind::kWeight, 0}});
      } else if (round % 2 == 0) {
        aggregate.top_by = 0;
        aggregate.top_count = 10;
      }
      std::vector<std::vector<std::string>> rows[2];
      for (const auto method : {AggregateMethod::kGeneral, AggregateMethod::kChoose}) {
        Guard guard({}, nullptr);
        std::vector<uint8_t> bytes;
        CHECK_OK(RunAggregate(graph.snapshot(), plan, &guard, &bytes, method));
        rows[static_cast<int>(method)] = Read(bytes).AllRows();
      }
      CHECK_EQ(rows[0], rows[1]);
    }
  }
}

TEST(Buckets_round_down_and_stay_within_the_instants_there_are) {
  Buckets buckets(10, 3);
  CHECK_EQ(buckets.StartOf(3), 3);
  CHECK_EQ(buckets.StartOf(2), -7);
  CHECK_EQ(buckets.StartOf(-7), -7);
  CHECK_EQ(buckets.StartOf(-8), -17);
  CHECK_EQ(buckets.StartOf(kMicrosMin + 1), kMicrosMin + 1);
  Buckets cut(10, 4);
  CHECK_EQ(cut.StartOf(kMicrosMin + 1), kMicrosMin);
  CHECK_EQ(cut.end(), kMicrosMin + 2);
  Buckets wide(INT64_MAX, INT64_MAX);
  CHECK_EQ(wide.StartOf(-1), -INT64_MAX + INT64_MAX - INT64_MAX);
  CHECK_EQ(wide.StartOf(INT64_MAX - 1), 0);
  CHECK_EQ(wide.end(), INT64_MAX);
}

TEST(An_aggregate_that_cannot_be_is_refused) {
  Random random(Seed());
  const Graph graph(&random, {});
  const auto run = [&graph](const AggregatePlan& aggregate) {
    Plan plan;
    plan.aggregate = aggregate;
    plan.aggregate.selection.table = kGraphTable;
    Guard guard({}, nullptr);
    std::vector<uint8_t> bytes;
    return RunAggregate(graph.snapshot(), plan, &guard, &bytes).code();
  };
  CHECK_EQ(run({{}, {{GroupKind::kBucket, 0, 0, 0}}, {}, {}, 0}), Code::kInvalid);
  CHECK_EQ(run({{}, {{GroupKind::kNode}, {GroupKind::kNode}}, {}, {}, 0}), Code::kInvalid);
  CHECK_EQ(run({{}, {{GroupKind::kProperty, 0, 0, 9}}, {}, {}, 0}), Code::kNotFound);
  CHECK_EQ(run({{}, {}, {{MeasureKind::kSum, {ColumnKind::kKey, 0}}}, {}, 0}), Code::kTypeMismatch);
  CHECK_EQ(run({{}, {}, {{MeasureKind::kMin, {ColumnKind::kLabel, 0}}}, {}, 0}),
           Code::kTypeMismatch);
  CHECK_EQ(run({{}, {}, {}, 0, 5}), Code::kInvalid);
}

TEST(An_aggregate_whose_distinct_values_outgrow_the_budget_says_so) {
  Random random(Seed());
  GraphShape shape;
  shape.edge_count = 20'000;
  const Graph graph(&random, shape);
  Plan plan;
  plan.aggregate.selection.table = kGraphTable;
  plan.aggregate.measures = {{MeasureKind::kDistinct, {ColumnKind::kId, 0}}};
  plan.budget.bytes_max = 100'000;
  Guard guard(plan.budget, nullptr);
  std::vector<uint8_t> bytes;
  CHECK_OK(RunAggregate(graph.snapshot(), plan, &guard, &bytes));
  CHECK(Read(bytes).truncated == Truncated::kBytesMax);
}

}  // namespace
}  // namespace hypergraph::test

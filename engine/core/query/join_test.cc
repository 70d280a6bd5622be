#include "core/query/join.h"

#include <set>

#include "core/query/expand_test_graph.h"

namespace hypergraph::test {
namespace {

std::set<NodeNumber> NodesIn(const GraphEdge& edge, const std::optional<std::string>& role) {
  std::set<NodeNumber> nodes;
  for (size_t i = 0; i < edge.nodes.size(); ++i) {
    const bool has = !role || edge.roles[i] == static_cast<Symbol>((*role)[0] - 'a' + 1);
    if (has) nodes.insert(edge.nodes[i]);
  }
  return nodes;
}

std::vector<std::vector<std::string>> NaiveJoin(const Graph& graph, const JoinPlan& plan) {
  std::vector<std::vector<std::string>> rows;
  for (const GraphEdge& left : graph.Matching(plan.left)) {
    const std::set<NodeNumber> lefts = NodesIn(left, plan.left_role);
    for (const GraphEdge& right : graph.Matching(plan.right)) {
      const __int128 distance = static_cast<__int128>(right.ts) - left.ts;
      if (left.id == right.id || distance < plan.distance_min || distance > plan.distance_max) {
        continue;
      }
      std::vector<NodeNumber> shared;
      for (const NodeNumber node : NodesIn(right, plan.right_role)) {
        if (lefts.contains(node)) shared.push_back(node);
      }
      if (shared.size() < plan.shared_min) continue;
      rows.push_back({TextOf(static_cast<double>(left.id)), std::to_string(left.ts),
                      TextOf(static_cast<double>(right.id)), std::to_string(right.ts),
                      std::to_string(shared[0]), std::to_string(shared.size())});
    }
  }
  return rows;
}

JoinPlan RandomJoin(Random* random, const GraphShape& shape) {
  JoinPlan plan;
  plan.left = RandomSelection(random, shape);
  plan.right = RandomSelection(random, shape);
  plan.distance_min = random->Between(-10, 5);
  plan.distance_max = random->Between(plan.distance_min, 12);
  if (random->Chance(0.1)) plan.distance_min = INT64_MIN;
  if (random->Chance(0.1)) plan.distance_max = INT64_MAX;
  plan.shared_min = static_cast<uint32_t>(1 + random->Below(3));
  const char* roles[] = {"a", "b", "c"};
  if (random->Chance(0.3)) plan.left_role = roles[random->Below(3)];
  if (random->Chance(0.3)) plan.right_role = roles[random->Below(3)];
  return plan;
}

GraphShape RandomShape(Random* random) {
  GraphShape shape;
  shape.node_count = static_cast<uint32_t>(2 + random->Below(12));
  shape.edge_count = static_cast<uint32_t>(random->Below(50));
  shape.source_count = static_cast<uint32_t>(1 + random->Below(4));
  shape.ts_max = random->Between(0, 40);
  return shape;
}

constexpr JoinMethod kMethods[] = {JoinMethod::kChoose, JoinMethod::kSlide, JoinMethod::kProbeRight,
                                   JoinMethod::kProbeLeft};

TEST(Every_way_to_join_finds_what_comparing_all_pairs_finds) {
  Random random(Seed());
  for (int round = 0; round < 2000; ++round) {
    const GraphShape shape = RandomShape(&random);
    const Graph graph(&random, shape);
    Plan plan;
    plan.join = RandomJoin(&random, shape);
    const auto expected = NaiveJoin(graph, plan.join);
    for (const JoinMethod method : kMethods) {
      Guard guard({}, nullptr);
      std::vector<uint8_t> bytes;
      CHECK_OK(RunJoin(graph.snapshot(), plan, &guard, &bytes, method));
      const ReadResult result = Read(bytes);
      CHECK_EQ(result.AllRows(), expected);
      CHECK(result.truncated == Truncated::kWhole);
    }
  }
}

TEST(A_join_cut_by_rows_max_keeps_the_first_pairs_whichever_way_it_runs) {
  Random random(Seed() + 1);
  for (int round = 0; round < 500; ++round) {
    const GraphShape shape = RandomShape(&random);
    const Graph graph(&random, shape);
    Plan plan;
    plan.join = RandomJoin(&random, shape);
    plan.budget.rows_max = static_cast<uint32_t>(1 + random.Below(20));
    auto expected = NaiveJoin(graph, plan.join);
    const bool cut = expected.size() > plan.budget.rows_max;
    if (cut) expected.resize(plan.budget.rows_max);
    for (const JoinMethod method : kMethods) {
      Guard guard(plan.budget, nullptr);
      std::vector<uint8_t> bytes;
      CHECK_OK(RunJoin(graph.snapshot(), plan, &guard, &bytes, method));
      const ReadResult result = Read(bytes);
      CHECK_EQ(result.AllRows(), expected);
      CHECK(result.truncated == (cut ? Truncated::kRowsMax : Truncated::kWhole));
    }
  }
}

TEST(A_join_out_of_budget_gives_only_pairs_that_exist) {
  Random random(Seed() + 2);
  for (int round = 0; round < 500; ++round) {
    const GraphShape shape = RandomShape(&random);
    const Graph graph(&random, shape);
    Plan plan;
    plan.join = RandomJoin(&random, shape);
    plan.budget.examined_max = 1 + random.Below(60);
    const auto all = NaiveJoin(graph, plan.join);
    for (const JoinMethod method : kMethods) {
      Guard guard(plan.budget, nullptr);
      std::vector<uint8_t> bytes;
      CHECK_OK(RunJoin(graph.snapshot(), plan, &guard, &bytes, method));
      const ReadResult result = Read(bytes);
      for (const auto& row : result.AllRows()) {
        CHECK(std::find(all.begin(), all.end(), row) != all.end());
      }
      if (result.truncated == Truncated::kWhole) CHECK_EQ(result.AllRows(), all);
    }
  }
}

TEST(A_cancelled_join_is_an_error) {
  Random random(Seed() + 3);
  GraphShape shape;
  shape.edge_count = 6000;
  const Graph graph(&random, shape);
  QueryControl control;
  control.cancelled = true;
  Plan plan;
  plan.join.left.table = plan.join.right.table = kGraphTable;
  for (const JoinMethod method : kMethods) {
    Guard guard({}, &control);
    std::vector<uint8_t> bytes;
    CHECK_EQ(RunJoin(graph.snapshot(), plan, &guard, &bytes, method).code(), Code::kCancelled);
  }
}

}  // namespace
}  // namespace hypergraph::test

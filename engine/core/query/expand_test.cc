#include "core/query/expand.h"

#include <limits>
#include <map>
#include <tuple>

#include "core/query/expand_test_graph.h"
#include "core/query/expand_walk.h"
#include "core/query/path.h"

namespace hypergraph::test {
namespace {

constexpr Micros kNever = kMicrosMax;

// The earliest arrivals with at most 0, 1, … hops, by trying all hyperedges at each hop.
class NaiveWalk {
 public:
  NaiveWalk(const Graph& graph, const ExpandPlan& plan, uint32_t node_count)
      : plan_(plan), edges_(graph.Matching(plan.selection)) {
    from_ = SymbolOf(plan.from_role);
    to_ = SymbolOf(plan.to_role);
    arrivals_.emplace_back(node_count, kNever);
    Selection all;
    all.table = plan.selection.table;
    const std::vector<GraphEdge> seen = graph.Matching(all);
    for (const OwnedNodeKey& seed : plan.seeds) {
      const auto node = static_cast<NodeNumber>(seed.integer);
      const auto has = [&](const GraphEdge& edge) { return Has(edge, node, std::nullopt); };
      if (std::none_of(seen.begin(), seen.end(), has)) continue;
      arrivals_[0][node] = plan.selection.window.from;
    }
    for (uint32_t hop = 1; hop <= plan.hops_max; ++hop) {
      std::vector<Micros> next = arrivals_.back();
      for (const GraphEdge& edge : edges_) {
        if (Leaving(edge, hop - 1) == kNodeNone) continue;
        for (size_t i = 0; i < edge.nodes.size(); ++i) {
          if (to_ && edge.roles[i] != *to_) continue;
          Micros& arrival = next[edge.nodes[i]];
          if (plan.order != HopOrder::kAny || arrival == kNever) {
            if (!IsSeed(edge.nodes[i])) arrival = std::min(arrival, edge.ts);
          }
        }
      }
      // Without an order, only the first hop that reaches a node counts.
      arrivals_.push_back(next);
    }
  }

  bool Reached(NodeNumber node, uint32_t hops) const { return arrivals_[hops][node] != kNever; }
  // As the header says: the row of a node that was reached.
  std::vector<std::string> Row(NodeNumber node) const {
    if (IsSeed(node)) {
      return {std::to_string(node), "0", std::to_string(plan_.selection.window.from),
              TextOf(std::numeric_limits<double>::quiet_NaN()), std::to_string(kNodeNone)};
    }
    const Micros arrival = arrivals_.back()[node];
    uint32_t hops = 0;
    while (arrivals_[hops][node] != arrival) ++hops;
    for (const GraphEdge& edge : edges_) {
      if (edge.ts != arrival || !Enters(edge, node)) continue;
      const NodeNumber parent = Leaving(edge, hops - 1);
      if (parent == kNodeNone) continue;
      return {std::to_string(node), std::to_string(hops), std::to_string(arrival),
              TextOf(static_cast<double>(edge.id)), std::to_string(parent)};
    }
    return {"no way to " + std::to_string(node)};
  }
  std::vector<std::vector<std::string>> Rows() const {
    std::vector<std::tuple<Micros, Micros, NodeNumber>> order;
    for (NodeNumber node = 0; node < arrivals_[0].size(); ++node) {
      if (!Reached(node, plan_.hops_max)) continue;
      const std::vector<std::string> row = Row(node);
      CHECK_EQ(row.size(), 5u);
      const Micros hops = std::stoll(row[1]);
      const Micros arrival = std::stoll(row[2]);
      const bool timed = plan_.order != HopOrder::kAny;
      order.emplace_back(timed ? arrival : hops, timed ? hops : arrival, node);
    }
    std::sort(order.begin(), order.end());
    std::vector<std::vector<std::string>> rows;
    for (const auto& entry : order) rows.push_back(Row(std::get<2>(entry)));
    return rows;
  }
  Micros Arrival(NodeNumber node, uint32_t hops) const { return arrivals_[hops][node]; }
  const std::vector<GraphEdge>& edges() const { return edges_; }
  bool IsSeed(NodeNumber node) const { return arrivals_[0][node] != kNever; }
  bool Enters(const GraphEdge& edge, NodeNumber node) const { return Has(edge, node, to_); }
  bool Leaves(const GraphEdge& edge, NodeNumber node) const { return Has(edge, node, from_); }

 private:
  static std::optional<Symbol> SymbolOf(const std::optional<std::string>& role) {
    if (!role) return std::nullopt;
    return static_cast<Symbol>((*role)[0] - 'a' + 1);
  }
  static bool Has(const GraphEdge& edge, NodeNumber node, std::optional<Symbol> role) {
    for (size_t i = 0; i < edge.nodes.size(); ++i) {
      if (edge.nodes[i] == node && (!role || edge.roles[i] == *role)) return true;
    }
    return false;
  }
  // The first member from which the edge may be taken after at most so many hops.
  NodeNumber Leaving(const GraphEdge& edge, uint32_t hops) const {
    for (size_t i = 0; i < edge.nodes.size(); ++i) {
      const NodeNumber node = edge.nodes[i];
      const Micros arrival = arrivals_[hops][node];
      if (arrival == kNever || (from_ && edge.roles[i] != *from_)) continue;
      if (plan_.order == HopOrder::kAny || IsSeed(node) || arrival < edge.ts ||
          (plan_.order == HopOrder::kNonDecreasing && arrival == edge.ts)) {
        return node;
      }
    }
    return kNodeNone;
  }

  const ExpandPlan& plan_;
  std::vector<GraphEdge> edges_;
  std::optional<Symbol> from_, to_;
  std::vector<std::vector<Micros>> arrivals_;
};

GraphShape RandomShape(Random* random) {
  GraphShape shape;
  shape.node_count = static_cast<uint32_t>(3 + random->Below(20));
  shape.edge_count = static_cast<uint32_t>(random->Below(60));
  shape.source_count = static_cast<uint32_t>(1 + random->Below(4));
  shape.ts_max = random->Between(0, 40);
  return shape;
}

ExpandPlan RandomExpand(Random* random, const GraphShape& shape) {
  ExpandPlan plan;
  plan.selection = RandomSelection(random, shape);
  plan.order = static_cast<HopOrder>(1 + random->Below(3));
  plan.hops_max = static_cast<uint32_t>(random->Below(6));
  for (uint64_t i = random->Below(3) + 1; i > 0; --i) {
    plan.seeds.push_back(KeyOf(random->Below(shape.node_count)));
  }
  const char* roles[] = {"a", "b", "c"};
  if (random->Chance(0.3)) plan.from_role = roles[random->Below(3)];
  if (random->Chance(0.3)) plan.to_role = roles[random->Below(3)];
  return plan;
}

std::vector<std::vector<std::string>> RowsOf(const ExpandWalk& walk) {
  std::vector<std::vector<std::string>> rows;
  for (const uint32_t i : walk.RowEntries()) {
    const Journal::Entry& entry = walk.journal().entries[i];
    const bool seed = entry.parent == Journal::kNone;
    rows.push_back(
        {std::to_string(entry.node), std::to_string(entry.hops), std::to_string(entry.arrival),
         TextOf(seed ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(entry.via)),
         std::to_string(seed ? kNodeNone : walk.journal().entries[entry.parent].node)});
  }
  return rows;
}

TEST(Both_ways_to_expand_find_what_trying_all_hyperedges_finds) {
  Random random(Seed());
  for (int round = 0; round < 3000; ++round) {
    const GraphShape shape = RandomShape(&random);
    const Graph graph(&random, shape);
    const ExpandPlan plan = RandomExpand(&random, shape);
    const NaiveWalk naive(graph, plan, shape.node_count);
    for (const WalkMethod method : {WalkMethod::kPass, WalkMethod::kFrontier}) {
      Guard guard({}, nullptr);
      ExpandWalk walk;
      CHECK_OK(walk.Prepare(graph.snapshot(), plan, &guard));
      CHECK_OK(walk.Run(method, std::nullopt));
      CHECK_EQ(RowsOf(walk), naive.Rows());
    }
    Guard guard({}, nullptr);
    Plan whole;
    whole.kind = PlanKind::kExpand;
    whole.expand = plan;
    std::vector<uint8_t> result;
    CHECK_OK(RunExpand(graph.snapshot(), whole, &guard, &result));
    CHECK_EQ(Read(result).AllRows(), naive.Rows());
  }
}

// Each hop leaves where the last one arrived, through a hyperedge that allows it.
void CheckJourney(const NaiveWalk& naive, const ExpandPlan& plan, const Journal& journal,
                  uint32_t entry) {
  while (journal.entries[entry].parent != Journal::kNone) {
    const Journal::Entry& to = journal.entries[entry];
    const Journal::Entry& from = journal.entries[to.parent];
    CHECK_EQ(to.hops, from.hops + 1);
    if (from.parent != Journal::kNone && plan.order != HopOrder::kAny) {
      CHECK(from.arrival < to.arrival ||
            (from.arrival == to.arrival && plan.order == HopOrder::kNonDecreasing));
    }
    bool found = false;
    for (const GraphEdge& edge : naive.edges()) {
      if (edge.id != to.via) continue;
      CHECK_EQ(edge.ts, to.arrival);
      found = naive.Leaves(edge, from.node) && naive.Enters(edge, to.node);
    }
    CHECK(found);
    entry = to.parent;
  }
  CHECK(naive.IsSeed(journal.entries[entry].node));
}

TEST(Both_ways_find_the_shortest_path_with_the_earliest_arrival) {
  Random random(Seed() + 1);
  for (int round = 0; round < 3000; ++round) {
    const GraphShape shape = RandomShape(&random);
    const Graph graph(&random, shape);
    const ExpandPlan plan = RandomExpand(&random, shape);
    const NaiveWalk naive(graph, plan, shape.node_count);
    const auto target = static_cast<NodeNumber>(random.Below(shape.node_count));
    uint32_t hops = 0;
    while (hops < plan.hops_max && !naive.Reached(target, hops)) ++hops;
    const bool reached = naive.Reached(target, hops);
    for (const WalkMethod method : {WalkMethod::kPass, WalkMethod::kFrontier}) {
      Guard guard({}, nullptr);
      ExpandWalk walk;
      CHECK_OK(walk.Prepare(graph.snapshot(), plan, &guard));
      CHECK_OK(walk.Run(method, target));
      const uint32_t entry = walk.journal().slots.Get(target);
      CHECK_EQ(entry != Journal::kNone, reached);
      if (!reached) continue;
      CHECK_EQ(walk.journal().entries[entry].hops, hops);
      CHECK_EQ(walk.journal().entries[entry].arrival, naive.Arrival(target, hops));
      CheckJourney(naive, plan, walk.journal(), entry);
    }
    Guard guard({}, nullptr);
    Plan whole;
    whole.kind = PlanKind::kShortestPath;
    whole.path = {plan, KeyOf(target)};
    std::vector<uint8_t> result;
    CHECK_OK(RunShortestPath(graph.snapshot(), whole, &guard, &result));
    const ReadResult read = Read(result);
    CHECK_EQ(read.rows, reached ? hops : 0);
    if (read.rows > 0) CHECK_EQ(read.columns[3].back(), std::to_string(target));
  }
}

TEST(Budgets_end_an_expansion_with_journeys_that_exist) {
  Random random(Seed() + 2);
  uint32_t truncated = 0;
  for (int round = 0; round < 1000; ++round) {
    const GraphShape shape = RandomShape(&random);
    const Graph graph(&random, shape);
    const ExpandPlan plan = RandomExpand(&random, shape);
    const NaiveWalk naive(graph, plan, shape.node_count);
    Budget budget;
    if (random.Chance(0.5)) budget.frontier_max = static_cast<uint32_t>(1 + random.Below(6));
    if (random.Chance(0.5)) budget.examined_max = 1 + random.Below(30);
    for (const WalkMethod method : {WalkMethod::kPass, WalkMethod::kFrontier}) {
      Guard guard(budget, nullptr);
      ExpandWalk walk;
      CHECK_OK(walk.Prepare(graph.snapshot(), plan, &guard));
      CHECK_OK(walk.Run(method, std::nullopt));
      if (!guard.stopped()) CHECK_EQ(RowsOf(walk), naive.Rows());
      if (guard.stopped()) ++truncated;
      if (budget.frontier_max > 0) CHECK_LE(walk.journal().node_count, budget.frontier_max);
      for (const uint32_t i : walk.RowEntries()) {
        const Journal::Entry& entry = walk.journal().entries[i];
        CHECK(naive.Reached(entry.node, plan.hops_max));
        CHECK_LE(naive.Arrival(entry.node, plan.hops_max), entry.arrival);
      }
    }
  }
  CHECK_LT(0u, truncated);
}

TEST(A_cancelled_expansion_is_an_error) {
  Random random(Seed() + 3);
  GraphShape shape;
  shape.edge_count = 6000;
  const Graph graph(&random, shape);
  QueryControl control;
  control.cancelled = true;
  for (const HopOrder order : {HopOrder::kAny, HopOrder::kStrict}) {
    Plan plan;
    plan.expand.selection.table = kGraphTable;
    plan.expand.seeds = {KeyOf(0)};
    plan.expand.hops_max = 3;
    plan.expand.order = order;
    Guard guard({}, &control);
    std::vector<uint8_t> result;
    CHECK_EQ(RunExpand(graph.snapshot(), plan, &guard, &result).code(), Code::kCancelled);
  }
}

TEST(An_expansion_refuses_ids_and_members) {
  Random random(Seed());
  const Graph graph(&random, {});
  Plan plan;
  plan.expand.selection.table = kGraphTable;
  plan.expand.selection.ids = {1};
  Guard guard({}, nullptr);
  std::vector<uint8_t> result;
  CHECK_EQ(RunExpand(graph.snapshot(), plan, &guard, &result).code(), Code::kInvalid);
}

TEST(Slots_beyond_the_array_and_within_it_are_told_apart_from_earlier_queries) {
  for (uint32_t round = 0; round < 3; ++round) {
    NodeSlots slots(10);
    NodeSlots second(10);  // The array is taken: hashed.
    for (const NodeNumber node : {0u, 9u, 10u, 4'000'000'000u}) {
      CHECK_EQ(slots.Get(node), NodeSlots::kUnset);
      CHECK_EQ(second.Get(node), NodeSlots::kUnset);
      slots.Set(node, node % 7);
      second.Set(node, node % 5);
      CHECK_EQ(slots.Get(node), node % 7);
      CHECK_EQ(second.Get(node), node % 5);
    }
  }
}

}  // namespace
}  // namespace hypergraph::test

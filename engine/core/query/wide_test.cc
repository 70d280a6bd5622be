// What does not fit at once, or hardly a number: very wide hyperedges, instants and distances at
// their ends, sums that overflow.
#include <cmath>

#include "core/query/aggregate_measures.h"
#include "core/query/find_test_model.h"
#include "core/query/join.h"
#include "core/query/plan_test_bytes.h"
#include "core/query/run.h"
#include "core/query/select_compile.h"

namespace hypergraph {
namespace {

using test::FindWorld;
using test::PlanBytes;
using test::ResultBytes;

constexpr uint32_t kWide = 2'000;
constexpr uint32_t kCount = 300;  // So that the members of all are more than those of one batch.
static_assert(uint64_t{kWide} * kCount > 2 * kMembersInBatch);

// Hyperedge i, at i, has the nodes [100 i, 100 i + kWide).
void InsertWide(Database* database) {
  std::vector<Micros> event_ts;
  std::vector<uint32_t> offsets{0}, members;
  for (uint32_t i = 0; i < kCount; ++i) {
    event_ts.push_back(i);
    for (uint32_t k = 0; k < kWide; ++k) members.push_back(i * 100 + k);
    offsets.push_back(static_cast<uint32_t>(members.size()));
  }
  BatchWriter batch;
  batch.InsertColumns(test::kTestTable, {event_ts, offsets, members, {}});
  test::CommitTest(database, batch.Finish());
}

std::vector<uint8_t> Run(const Snapshot& snapshot, const Plan& plan) {
  std::vector<uint8_t> result;
  CHECK_OK(RunPlan(snapshot, PlanBytes(plan), nullptr, &result));
  return result;
}

uint32_t EdgesOf(uint32_t node) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < kCount; ++i) count += node >= i * 100 && node < i * 100 + kWide;
  return count;
}

TEST(Hyperedges_too_wide_for_one_batch_are_read_in_parts_by_every_kind_of_query) {
  for (const bool flushed : {false, true}) {
    FindWorld world(test::Seed());
    InsertWide(world.database.get());
    if (flushed) CHECK_OK(world.database->Flush());
    const auto snapshot = test::ReadTest(world.database.get());
    Plan plan;
    plan.kind = PlanKind::kAggregate;
    plan.aggregate.selection.table = test::kTestTable;
    plan.aggregate.groups = {{GroupKind::kNode, 0, 0, 0}, {GroupKind::kLabel, 0, 0, 0}};
    plan.aggregate.measures = {{MeasureKind::kCount, {}}};
    const std::vector<uint8_t> groups = Run(*snapshot, plan);
    CHECK_EQ(ResultBytes(groups).row_count(), (kCount - 1) * 100 + kWide);
    for (uint32_t node = 0; node < ResultBytes(groups).row_count(); node += 77) {
      CHECK_EQ(ResultBytes(groups).Plain<double>(2, node), static_cast<double>(EdgesOf(node)));
    }
    for (const HopOrder order : {HopOrder::kAny, HopOrder::kNonDecreasing, HopOrder::kStrict}) {
      plan.kind = PlanKind::kExpand;
      plan.expand.selection.table = test::kTestTable;
      plan.expand.seeds = {{false, 0, {}}};
      plan.expand.hops_max = 2;
      plan.expand.order = order;
      const std::vector<uint8_t> reached = Run(*snapshot, plan);
      // Over hyperedge 0 to nodes below kWide, then over one that begins there.
      CHECK_EQ(ResultBytes(reached).row_count(), (kWide - 1) / 100 * 100 + kWide);
    }
    plan.join.left.table = plan.join.right.table = test::kTestTable;
    plan.join.distance_min = 1;
    plan.join.distance_max = 3;
    for (const JoinMethod method :
         {JoinMethod::kSlide, JoinMethod::kProbeLeft, JoinMethod::kProbeRight}) {
      Guard guard({}, nullptr);
      std::vector<uint8_t> bytes;
      CHECK_OK(RunJoin(*snapshot, plan, &guard, &bytes, method));
      const ResultBytes pairs(bytes);
      CHECK_EQ(pairs.row_count(), 3 * kCount - 6);
      for (uint32_t row = 0; row < pairs.row_count(); ++row) {
        const auto distance = pairs.Plain<int64_t>(3, row) - pairs.Plain<int64_t>(1, row);
        CHECK_EQ(pairs.Plain<uint32_t>(5, row), kWide - 100 * static_cast<uint32_t>(distance));
      }
    }
    plan.kind = PlanKind::kFind;
    plan.find.selection.table = test::kTestTable;
    // Roles are asked for, so that members have to be read: the terms hold in the last ones only.
    plan.find.selection.members = {{{false, (kCount - 1) * 100 + kWide - 1, {}}, std::nullopt},
                                   {{false, (kCount - 1) * 100 + kWide - 1, {}}, std::nullopt},
                                   {{false, 0, {}}, std::nullopt}};
    plan.find.selection.at_least = 2;
    CHECK_EQ(ResultBytes(Run(*snapshot, plan)).row_count(), 1u);
  }
}

TEST(Distances_at_the_ends_of_all_instants_are_told_exactly) {
  FindWorld world(test::Seed());
  constexpr Micros kInstants[] = {kMicrosMin + 1, kMicrosMin + 2, -5, -1, 0, 1, 4, kMicrosMax - 4,
                                  kMicrosMax - 2, kMicrosMax - 1};
  std::vector<BatchRow> rows;
  for (const Micros instant : kInstants) rows.push_back(BatchRow(instant).Member(1));
  BatchWriter batch;
  batch.Insert(test::kTestTable, rows);
  test::CommitTest(world.database.get(), batch.Finish());
  const auto snapshot = test::ReadTest(world.database.get());
  constexpr int64_t kDistances[] = {INT64_MIN, INT64_MIN + 1, INT64_MIN + 4, -5,       -1, 0, 1,
                                    5,         INT64_MAX - 4, INT64_MAX - 1, INT64_MAX};
  for (const int64_t low : kDistances) {
    for (const int64_t high : kDistances) {
      uint32_t expected = 0;
      for (const Micros left : kInstants) {
        for (const Micros right : kInstants) {
          const __int128 distance = static_cast<__int128>(right) - left;
          expected += left != right && distance >= low && distance <= high;
        }
      }
      Plan plan;
      plan.join.left.table = plan.join.right.table = test::kTestTable;
      plan.join.distance_min = low;
      plan.join.distance_max = high;
      for (const JoinMethod method : {JoinMethod::kChoose, JoinMethod::kSlide,
                                      JoinMethod::kProbeLeft, JoinMethod::kProbeRight}) {
        Guard guard({}, nullptr);
        std::vector<uint8_t> bytes;
        CHECK_OK(RunJoin(*snapshot, plan, &guard, &bytes, method));
        CHECK_EQ(ResultBytes(bytes).row_count(), expected);
      }
    }
  }
}

// The figures of one group, label "l": weights and the int64 property as given.
struct Figures {
  double sum, avg;
};
Figures OfWeights(const std::vector<double>& weights, bool flushed) {
  FindWorld world(test::Seed());
  std::vector<BatchRow> rows;
  for (const double weight : weights) rows.push_back(BatchRow(1).Member(1).Weight(weight));
  BatchWriter batch;
  batch.Insert(test::kTestTable, rows);
  test::CommitTest(world.database.get(), batch.Finish());
  if (flushed) CHECK_OK(world.database->Flush());
  Plan plan;
  plan.kind = PlanKind::kAggregate;
  plan.aggregate.selection.table = test::kTestTable;
  plan.aggregate.measures = {{MeasureKind::kSum, {ColumnKind::kWeight, 0}},
                             {MeasureKind::kAvg, {ColumnKind::kWeight, 0}}};
  const std::vector<uint8_t> bytes = Run(*test::ReadTest(world.database.get()), plan);
  return {ResultBytes(bytes).Plain<double>(0, 0), ResultBytes(bytes).Plain<double>(1, 0)};
}

TEST(Sums_of_floats_overflow_to_infinity_and_sums_of_integers_do_not_overflow) {
  for (const bool flushed : {false, true}) {
    CHECK(std::isinf(OfWeights({1e308, 1e308}, flushed).sum));
    CHECK(std::isinf(OfWeights({-1e308, -1e308, 5}, flushed).avg));
    FindWorld world(test::Seed());
    std::vector<BatchRow> rows;
    for (int i = 0; i < 8; ++i) rows.push_back(BatchRow(i).Member(1).Set(0, INT64_MAX));
    for (int i = 0; i < 7; ++i) rows.push_back(BatchRow(i).Member(1).Set(0, -INT64_MAX));
    BatchWriter batch;
    batch.Insert(test::kTestTable, rows);
    test::CommitTest(world.database.get(), batch.Finish());
    if (flushed) CHECK_OK(world.database->Flush());
    Plan plan;
    plan.kind = PlanKind::kAggregate;
    plan.aggregate.selection.table = test::kTestTable;
    const ColumnRef size{ColumnKind::kProperty, 0};
    plan.aggregate.measures = {{MeasureKind::kSum, size},
                               {MeasureKind::kAvg, size},
                               {MeasureKind::kMin, size},
                               {MeasureKind::kMax, size},
                               {MeasureKind::kDistinct, size}};
    const std::vector<uint8_t> bytes = Run(*test::ReadTest(world.database.get()), plan);
    const ResultBytes result(bytes);
    CHECK_EQ(result.Plain<double>(0, 0), 0x1p63);
    CHECK_EQ(result.Plain<double>(1, 0), 0x1p63 / 15);
    CHECK_EQ(result.Plain<int64_t>(2, 0), -INT64_MAX);
    CHECK_EQ(result.Plain<int64_t>(3, 0), INT64_MAX);
    CHECK_EQ(result.Plain<double>(4, 0), 2.0);
  }
}

TEST(Figures_that_are_no_numbers_have_a_place_in_the_order) {
  FindWorld world(test::Seed());
  const double infinity = std::numeric_limits<double>::infinity();
  const Measure sum{MeasureKind::kSum, {ColumnKind::kWeight, 0}};
  AggregateColumns columns(*test::ReadTest(world.database.get())->schema->Find(test::kTestTable));
  MeasureColumn measure(sum, &columns);
  const double sums[] = {1, std::nan(""), -infinity, infinity, 0, std::nan("")};
  for (uint32_t group = 0; group < 6; ++group) measure.AddMany(group, 1, sums[group]);
  measure.Resize(7);  // The last has no value.
  std::vector<uint32_t> order = {0, 1, 2, 3, 4, 5, 6};
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return measure.Compare(a, b) > 0; });
  CHECK_EQ(order, (std::vector<uint32_t>{3, 0, 4, 2, 1, 5, 6}));
}

}  // namespace
}  // namespace hypergraph

// Plans as bytes: what was written is read, and nothing that is not a plan is taken for one.
#include "core/query/plan.h"

#include "core/base/random.h"
#include "core/graph/schema.h"
#include "core/query/plan_test_bytes.h"

namespace hypergraph {
namespace {

using test::PlanBytes;

FilterNode Compared(ColumnRef column, CompareOp op, std::vector<Value> operands) {
  FilterNode node;
  node.compare = {column, op, std::move(operands)};
  return node;
}

FilterNode Combined(FilterNode::Kind kind, std::vector<FilterNode> children) {
  FilterNode node;
  node.kind = kind;
  node.children = std::move(children);
  return node;
}

Selection FullSelection() {
  Selection selection;
  selection.table = 3;
  selection.window = {-5, 1'000'000};
  selection.valid_at = 77;
  selection.ids = {1, 2, kSeqMax};
  selection.keys = {"", "a key", std::string("\xff\x00", 2)};
  selection.members = {{{false, 1, {}}, "author"}, {{true, 0, "ann"}, std::nullopt}};
  selection.at_least = 2;
  selection.filter = Combined(
      FilterNode::Kind::kAnd,
      {Compared({ColumnKind::kProperty, 2}, CompareOp::kIn, {int64_t{1}, 2.5, std::string("x")}),
       Combined(FilterNode::Kind::kNot, {Compared({ColumnKind::kLabel}, CompareOp::kIsNull, {})}),
       Combined(FilterNode::Kind::kOr,
                {Compared({ColumnKind::kKey}, CompareOp::kPrefix, {std::string("é")})})});
  return selection;
}

// One of each kind, with everything that it can hold.
std::vector<Plan> FullPlans() {
  std::vector<Plan> plans(7);
  for (int i = 0; i < 7; ++i) {
    Plan& plan = plans[static_cast<size_t>(i)];
    plan.kind = static_cast<PlanKind>(i + 1);
    plan.budget = {10, 20, 30, 40, 50};
    plan.find.selection = plan.aggregate.selection = FullSelection();
    plan.find.newest_first = true;
    plan.find.columns = {{ColumnKind::kId}, {ColumnKind::kProperty, 9}, {ColumnKind::kSeq}};
    plan.find.cursor = "opaque";
    plan.aggregate.groups = {{GroupKind::kBucket, 10, -3, 0}, {GroupKind::kProperty, 0, 0, 4}};
    plan.aggregate.measures = {{MeasureKind::kCount, {}},
                               {MeasureKind::kSum, {ColumnKind::kWeight, 0}}};
    plan.aggregate.top_by = 1;
    plan.aggregate.top_count = 6;
    plan.expand.selection = plan.join.left = plan.join.right = FullSelection();
    plan.expand.seeds = {{false, 9, {}}, {true, 0, "bob"}};
    plan.expand.hops_max = 4;
    plan.expand.order = HopOrder::kNonDecreasing;
    plan.expand.from_role = "from";
    plan.path = {plan.expand, {true, 0, "target"}};
    plan.join.distance_min = -1;
    plan.join.distance_max = 1;
    plan.join.shared_min = 2;
    plan.join.right_role = "r";
    plan.nodes.nodes = plan.expand.seeds;
    plan.nodes.filter = plan.find.selection.filter;
    plan.nodes.columns = {{ColumnKind::kProperty, 1}};
    plan.nodes.cursor = "more";
  }
  return plans;
}

TEST(A_plan_of_every_kind_is_read_as_it_was_written) {
  for (const Plan& plan : FullPlans()) {
    const std::vector<uint8_t> bytes = PlanBytes(plan);
    Plan read;
    CHECK_OK(DecodePlan(bytes, &read));
    // What was read says the same when it is written again.
    CHECK_EQ(PlanBytes(read), bytes);
  }
}

TEST(A_plan_asks_for_as_many_columns_as_a_table_has) {
  constexpr uint32_t kColumns = 11 + kPropertiesMax;
  for (Plan plan : FullPlans()) {
    plan.find.columns.clear();
    for (uint32_t i = 0; i < kColumns; ++i) {
      plan.find.columns.push_back({ColumnKind::kProperty, static_cast<PropertyIndex>(i)});
    }
    plan.nodes.columns = plan.find.columns;
    const std::vector<uint8_t> bytes = PlanBytes(plan);
    Plan read;
    CHECK_OK(DecodePlan(bytes, &read));
    CHECK_EQ(PlanBytes(read), bytes);
    if (plan.kind == PlanKind::kFind) CHECK_EQ(read.find.columns.size(), kColumns);
    if (plan.kind == PlanKind::kNodes) CHECK_EQ(read.nodes.columns.size(), kColumns);
  }
}

TEST(A_plan_cut_short_or_too_long_is_refused_at_every_length) {
  for (const Plan& plan : FullPlans()) {
    std::vector<uint8_t> bytes = PlanBytes(plan);
    for (size_t length = 0; length < bytes.size(); ++length) {
      // Of its own size, so that a sanitizer sees a read behind the end.
      const std::vector<uint8_t> part(bytes.begin(),
                                      bytes.begin() + static_cast<ptrdiff_t>(length));
      Plan read;
      CHECK_CODE(DecodePlan(part, &read), Code::kInvalid);
    }
    bytes.push_back(0);
    Plan read;
    CHECK_CODE(DecodePlan(bytes, &read), Code::kInvalid);
  }
}

TEST(Counts_and_lengths_larger_than_the_bytes_are_refused_before_anything_is_made_of_them) {
  for (const Plan& plan : FullPlans()) {
    const std::vector<uint8_t> bytes = PlanBytes(plan);
    for (size_t at = 0; at + 4 <= bytes.size(); ++at) {
      for (const uint32_t count : {UINT32_MAX, 0x7fffffffu, 0x01000000u}) {
        std::vector<uint8_t> changed = bytes;
        std::memcpy(changed.data() + at, &count, sizeof count);
        Plan read;
        const Status status = DecodePlan(changed, &read);
        CHECK(status.ok() || status.code() == Code::kInvalid || status.code() == Code::kTooLarge);
        CHECK_LE(read.find.selection.ids.capacity(), bytes.size());
        CHECK_LE(read.expand.seeds.capacity(), bytes.size());
        CHECK_LE(read.nodes.nodes.capacity(), bytes.size());
      }
    }
  }
}

TEST(Random_bytes_in_a_plan_are_read_or_refused) {
  Random random(test::Seed());
  const std::vector<Plan> plans = FullPlans();
  for (int round = 0; round < 20'000; ++round) {
    std::vector<uint8_t> bytes = PlanBytes(plans[random.Below(plans.size())]);
    for (uint64_t flips = 1 + random.Below(4); flips > 0; --flips) {
      bytes[random.Below(bytes.size())] = static_cast<uint8_t>(random.Next());
    }
    Plan read;
    const Status status = DecodePlan(bytes, &read);
    if (!status.ok()) {
      CHECK(status.code() == Code::kInvalid || status.code() == Code::kTooLarge);
      continue;
    }
    CHECK_EQ(PlanBytes(read), bytes);
  }
}

TEST(Plans_beyond_the_named_limits_are_too_large) {
  const auto code_of = [](const Plan& plan) {
    Plan read;
    return DecodePlan(PlanBytes(plan), &read).code();
  };
  Plan plan;
  plan.find.selection.members.resize(kMemberTermsMax);
  CHECK_EQ(code_of(plan), Code::kOk);
  plan.find.selection.members.resize(kMemberTermsMax + 1);
  CHECK_EQ(code_of(plan), Code::kTooLarge);
  plan = {};
  const FilterNode one = Compared({ColumnKind::kId}, CompareOp::kEq, {int64_t{1}});
  plan.find.selection.filter =
      Combined(FilterNode::Kind::kOr, std::vector<FilterNode>(kFilterNodesMax - 1, one));
  CHECK_EQ(code_of(plan), Code::kOk);
  plan.find.selection.filter->children.push_back(one);
  CHECK_EQ(code_of(plan), Code::kTooLarge);
  FilterNode deep = one;
  for (uint32_t level = 1; level < kFilterDepthMax; ++level) {
    FilterNode outer;
    outer.kind = FilterNode::Kind::kNot;
    outer.children.push_back(std::move(deep));
    deep = std::move(outer);
  }
  plan.find.selection.filter = deep;
  CHECK_EQ(code_of(plan), Code::kOk);
  plan.find.selection.filter = Combined(FilterNode::Kind::kNot, {deep});
  CHECK_EQ(code_of(plan), Code::kTooLarge);
  plan = {};
  plan.budget.deadline_micros = -1;
  CHECK_EQ(code_of(plan), Code::kInvalid);
}

}  // namespace
}  // namespace hypergraph

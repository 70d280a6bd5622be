// Any bytes as a plan: refused, or answered with a result that holds together.
#include <algorithm>

#include "core/query/run.h"
#include "test/fuzz/support/plan_writer.h"
#include "test/fuzz/support/small_database.h"

namespace hypergraph::fuzz {
namespace {

const Snapshot& TheSnapshot() {
  static const SmallDatabase small;
  static const std::shared_ptr<const Snapshot> snapshot = [] {
    std::shared_ptr<const Snapshot> taken;
    FUZZ_CHECK_OK(small.database->Read(&taken));
    return taken;
  }();
  return *snapshot;
}

// The same answer whatever the machine's speed, and soon.
void BoundBudget(Bytes* plan) {
  if (plan->size() < kBudgetAt + kBudgetBytes) return;
  const auto bound = [&](size_t at, uint64_t most) {
    const auto asked = LoadUnaligned<uint64_t>(plan->data() + at);
    const uint64_t value = asked == 0 ? most : std::min(asked, most);
    std::memcpy(plan->data() + at, &value, sizeof value);
  };
  bound(kBudgetAt + 4, 1 << 20);
  bound(kBudgetAt + 12, 20'000);
  const int64_t no_deadline = 0;
  std::memcpy(plan->data() + kBudgetAt + 24, &no_deadline, sizeof no_deadline);
}

Selection Events() {
  Selection selection;
  selection.table = kTable;
  return selection;
}

Selection OfMembers(std::vector<MemberTerm> members, uint32_t at_least) {
  Selection selection = Events();
  selection.members = std::move(members);
  selection.at_least = at_least;
  return selection;
}

Selection Filtered() {
  Selection selection = Events();
  const ColumnRef label{ColumnKind::kLabel, 0};
  const auto property = [](PropertyIndex index) { return ColumnRef{ColumnKind::kProperty, index}; };
  using Kind = FilterNode::Kind;
  selection.filter = Combine(
      Kind::kAnd,
      {Compare(label, CompareOp::kEq, {Value(std::string("kind 1"))}),
       Combine(Kind::kOr, {Compare(property(kSize), CompareOp::kGe, {Value(int64_t{3})}),
                           Compare(property(kRatio), CompareOp::kLt, {Value(1.5)}),
                           Compare(property(kName), CompareOp::kPrefix, {Value(std::string("na"))}),
                           Compare(property(kFlag), CompareOp::kIsNull, {})}),
       Combine(Kind::kNot, {Compare(property(kAt), CompareOp::kIn,
                                    {Value(int64_t{1000}), Value(int64_t{2000})})})});
  return selection;
}

Bytes Find(PlanKind kind, const Selection& selection, uint8_t newest_first, uint32_t rows_max) {
  return PlanWriter(kind, rows_max)
      .Select(selection)
      .Put(newest_first)
      .Columns(AllColumns())
      .Text("")
      .Finish();
}

void AddFinds(std::vector<Bytes>* seeds) {
  const MemberTerm one{{false, 1, ""}, "author"};
  const MemberTerm two{{true, 0, "n2"}, std::nullopt};
  Selection narrow = Events();
  narrow.window = {1050, 1300};
  narrow.valid_at = 1100;
  Selection named = Events();
  named.keys = {"key-5", "key-10", "none"};
  named.ids = {4, 9, 14};
  Selection indexed = Events();
  indexed.filter = Compare({ColumnKind::kProperty, kSize}, CompareOp::kEq, {Value(int64_t{5})});
  const std::vector<Selection> selections = {
      Events(),
      narrow,
      named,
      indexed,
      Filtered(),
      OfMembers({one}, 1),
      OfMembers({one, two}, 2),
      OfMembers({one, two, {{false, 3, ""}, std::nullopt}}, 2)};
  for (const Selection& selection : selections) {
    seeds->push_back(Find(PlanKind::kFind, selection, 0, 0));
    seeds->push_back(Find(PlanKind::kFind, selection, 1, 3));
    seeds->push_back(Find(PlanKind::kExplain, selection, 0, 0));
  }
  seeds->push_back(PlanWriter(PlanKind::kNodes)
                       .Nodes({{false, 1, ""}, {true, 0, "n2"}})
                       .Filter(Compare({ColumnKind::kProperty, 1}, CompareOp::kGt, {Value(2.5)}))
                       .Columns({{ColumnKind::kProperty, 0}, {ColumnKind::kProperty, 1}})
                       .Text("")
                       .Finish());
}

void AddAnalytics(std::vector<Bytes>* seeds) {
  const auto measures = [](PlanWriter* out) {
    out->Put(uint8_t{6}).Put(MeasureKind::kCount);
    for (uint8_t kind = 2; kind <= 6; ++kind) {
      out->Put(kind).Put(ColumnKind::kProperty).Put(kind == 5 ? kRatio : kSize);
    }
    out->Put(uint8_t{1}).Put(uint32_t{1}).Put(uint32_t{5});
  };
  for (uint8_t group = 1; group <= 5; ++group) {
    PlanWriter out(PlanKind::kAggregate);
    out.Select(Filtered()).Put(uint8_t{2}).Put(group);
    if (group == 1) out.Put(int64_t{100}).Put(int64_t{-7});
    if (group == 5) out.Put(kName);
    out.Put(GroupKind::kProperty).Put(kFlag);
    measures(&out);
    seeds->push_back(out.Finish());
  }
  for (uint8_t order = 1; order <= 3; ++order) {
    PlanWriter expand(PlanKind::kExpand);
    expand.Select(Events()).Nodes({{false, 1, ""}, {true, 0, "n3"}}).Put(uint32_t{3}).Put(order);
    seeds->push_back(expand.OptionalText("author").OptionalText(std::nullopt).Finish());
    PlanWriter path(PlanKind::kShortestPath);
    path.Select(Events()).Nodes({{false, 1, ""}}).Put(uint32_t{5}).Put(order);
    path.OptionalText(std::nullopt).OptionalText(std::nullopt).Node({false, 139, ""});
    seeds->push_back(path.Finish());
  }
  PlanWriter join(PlanKind::kJoin);
  join.Select(Filtered()).Select(Events()).Put(int64_t{-50}).Put(int64_t{50}).Put(uint32_t{1});
  seeds->push_back(join.OptionalText("reviewer").OptionalText(std::nullopt).Finish());
}

}  // namespace

void RunInput(ByteView input) {
  Bytes plan(input.begin(), input.end());
  BoundBudget(&plan);
  Bytes result;
  if (RunPlan(TheSnapshot(), plan, nullptr, &result).ok()) CheckResult(result);
}

std::vector<Bytes> MakeSeeds() {
  std::vector<Bytes> seeds;
  AddFinds(&seeds);
  AddAnalytics(&seeds);
  Bytes result;
  // A seed that is refused would start the fuzzer in the wrong place.
  for (const Bytes& seed : seeds) FUZZ_CHECK_OK(RunPlan(TheSnapshot(), seed, nullptr, &result));
  return seeds;
}

}  // namespace hypergraph::fuzz

#include "core/query/plan.h"

#include <cmath>

#include "core/base/bytes.h"
#include "core/base/utf8.h"

namespace hypergraph {
namespace {

constexpr uint32_t kPlanMagic = 0x31504748;  // "HGP1"

Status Invalid(std::string what) { return {Code::kInvalid, "plan: " + std::move(what)}; }
Status NoPlan() { return Invalid("its first bytes are not those of a plan"); }

// Reads each thing of WIRE.md once; the first error stays. Counts are compared with what the bytes
// that are left could hold before anything is allocated for them.
class PlanReader {
 public:
  explicit PlanReader(ByteView bytes) : bytes_(bytes), in_(bytes) {}

  bool ok() const { return status_.ok() && in_.ok(); }
  Status Finish() {
    if (!status_.ok()) return status_;
    if (!in_.ok()) return Invalid("its bytes end early");
    if (!in_.AtEnd()) return Invalid("it has bytes behind its end");
    return Status::Ok();
  }
  void Fail(Status status) {
    if (status_.ok() && in_.ok()) status_ = std::move(status);
  }
  void Fail(std::string what) { Fail(Invalid(std::move(what))); }

  template <typename T>
  T Get() {
    return in_.Get<T>();
  }
  bool Flag(const char* what) {
    const auto byte = in_.Get<uint8_t>();
    if (byte > 1) Fail(std::string(what) + " is neither 0 nor 1");
    return byte == 1;
  }
  // 0 unless `count` things of at least `bytes_each` may follow.
  uint32_t Count(uint32_t count, uint32_t bytes_each) {
    if (uint64_t{count} * bytes_each > in_.remaining()) {
      Fail("a count is larger than the bytes that follow");
      return 0;
    }
    return ok() ? count : 0;
  }
  std::string Text(const char* what) {
    const std::string_view text = in_.GetText();
    if (!IsUtf8(text)) Fail(std::string(what) + " is not UTF-8");
    return std::string(text);
  }
  std::string OpaqueText() { return std::string(in_.GetText()); }
  std::optional<std::string> OptionalText(const char* what) {
    if (!Flag(what)) return std::nullopt;
    return Text(what);
  }
  size_t offset() const { return in_.offset(); }
  ByteView Since(size_t offset) const { return bytes_.subspan(offset, in_.offset() - offset); }

 private:
  ByteView bytes_;
  ByteReader in_;
  Status status_;
};

OwnedNodeKey ReadNode(PlanReader* in) {
  OwnedNodeKey key;
  key.is_text = in->Flag("the kind of a node");
  if (key.is_text) {
    key.text = in->Text("a node");
  } else {
    key.integer = in->Get<uint64_t>();
  }
  return key;
}

std::vector<OwnedNodeKey> ReadNodes(PlanReader* in) {
  std::vector<OwnedNodeKey> nodes(in->Count(in->Get<uint32_t>(), 5));
  for (OwnedNodeKey& node : nodes) {
    if (!in->ok()) break;
    node = ReadNode(in);
  }
  return nodes;
}

ColumnRef ReadColumn(PlanReader* in) {
  const auto kind = in->Get<uint8_t>();
  const auto property = in->Get<uint16_t>();
  if (kind < static_cast<uint8_t>(ColumnKind::kId) ||
      kind > static_cast<uint8_t>(ColumnKind::kSeq)) {
    in->Fail("a column of unknown kind " + std::to_string(kind));
  } else if (kind != static_cast<uint8_t>(ColumnKind::kProperty) && property != 0) {
    in->Fail("a column that is no property has a property's number");
  }
  return {static_cast<ColumnKind>(kind), property};
}

std::vector<ColumnRef> ReadColumns(PlanReader* in) {
  std::vector<ColumnRef> columns(in->Count(in->Get<uint16_t>(), 3));
  for (ColumnRef& column : columns) column = ReadColumn(in);
  return columns;
}

Value ReadValue(PlanReader* in) {
  switch (in->Get<uint8_t>()) {
    case 1:
      return in->Get<int64_t>();
    case 2: {
      const auto value = in->Get<double>();
      if (std::isnan(value)) in->Fail("an operand is not a number");
      return value;
    }
    case 3:
      return in->Text("an operand");
    default:
      in->Fail("an operand of unknown type");
      return int64_t{0};
  }
}

Comparison ReadComparison(PlanReader* in) {
  Comparison comparison;
  comparison.column = ReadColumn(in);
  const auto op = in->Get<uint8_t>();
  if (op < static_cast<uint8_t>(CompareOp::kEq) || op > static_cast<uint8_t>(CompareOp::kPrefix)) {
    in->Fail("a comparison of unknown kind " + std::to_string(op));
  }
  comparison.op = static_cast<CompareOp>(op);
  const auto given = in->Get<uint32_t>();
  const bool unary = comparison.op == CompareOp::kIsNull || comparison.op == CompareOp::kIsNotNull;
  if (comparison.op != CompareOp::kIn && given != (unary ? 0u : 1u)) {
    in->Fail("a comparison has " + std::to_string(given) + " operands");
  }
  const uint32_t count = in->Count(given, 5);
  if (count > kOperandsMax) {
    in->Fail({Code::kTooLarge,
              "plan: an \"in\" has more than " + std::to_string(kOperandsMax) + " operands"});
    return comparison;
  }
  comparison.operands.reserve(count);
  for (uint32_t i = 0; i < count && in->ok(); ++i) comparison.operands.push_back(ReadValue(in));
  return comparison;
}

FilterNode ReadFilterNode(PlanReader* in, uint32_t depth, uint32_t* nodes_left) {
  FilterNode node;
  if (depth == 0 || *nodes_left == 0) {
    in->Fail({Code::kTooLarge, "plan: a filter has more than " + std::to_string(kFilterDepthMax) +
                                   " levels or " + std::to_string(kFilterNodesMax) + " parts"});
    return node;
  }
  --*nodes_left;
  const auto kind = in->Get<uint8_t>();
  node.kind = static_cast<FilterNode::Kind>(kind);
  uint32_t child_count = 1;
  switch (node.kind) {
    case FilterNode::Kind::kCompare:
      node.compare = ReadComparison(in);
      return node;
    case FilterNode::Kind::kAnd:
    case FilterNode::Kind::kOr:
      child_count = in->Count(in->Get<uint32_t>(), 2);
      if (child_count == 0) in->Fail("an and or an or without parts");
      break;
    case FilterNode::Kind::kNot:
      break;
    default:
      in->Fail("a filter of unknown kind " + std::to_string(kind));
      return node;
  }
  for (uint32_t i = 0; i < child_count && in->ok(); ++i) {
    node.children.push_back(ReadFilterNode(in, depth - 1, nodes_left));
  }
  return node;
}

FilterNode ReadFilter(PlanReader* in) {
  uint32_t nodes_left = kFilterNodesMax;
  return ReadFilterNode(in, kFilterDepthMax, &nodes_left);
}

void ReadMembers(PlanReader* in, Selection* selection) {
  const uint32_t count = in->Count(in->Get<uint32_t>(), 6);
  if (count > kMemberTermsMax) {
    in->Fail({Code::kTooLarge,
              "plan: more than " + std::to_string(kMemberTermsMax) + " members asked for"});
    return;
  }
  selection->members.resize(count);
  for (MemberTerm& term : selection->members) {
    if (!in->ok()) return;
    term.node = ReadNode(in);
    term.role = in->OptionalText("a role");
  }
}

void ReadSelection(PlanReader* in, Selection* into) {
  Selection& selection = *into;
  selection.table = in->Get<uint32_t>();
  selection.window.from = in->Get<int64_t>();
  selection.window.to = in->Get<int64_t>();
  if (in->Flag("whether there is a valid_at")) selection.valid_at = in->Get<int64_t>();
  selection.ids.resize(in->Count(in->Get<uint32_t>(), 8));
  for (EdgeId& id : selection.ids) id = in->Get<uint64_t>();
  selection.keys.resize(in->Count(in->Get<uint32_t>(), 4));
  for (std::string& key : selection.keys) {
    if (in->ok()) key = in->OpaqueText();
  }
  ReadMembers(in, into);
  selection.at_least = in->Get<uint32_t>();
  if (!selection.members.empty() &&
      (selection.at_least == 0 || selection.at_least > selection.members.size())) {
    in->Fail("at least " + std::to_string(selection.at_least) + " of " +
             std::to_string(selection.members.size()) + " members");
  }
  if (in->Flag("whether there is a filter")) selection.filter = ReadFilter(in);
}

void ReadFind(PlanReader* in, FindPlan* find) {
  const size_t start = in->offset();
  ReadSelection(in, &find->selection);
  find->question = in->Since(start);
  find->newest_first = in->Flag("newest_first");
  find->columns = ReadColumns(in);
  find->cursor = in->OpaqueText();
}

GroupKey ReadGroup(PlanReader* in) {
  GroupKey group;
  const auto kind = in->Get<uint8_t>();
  group.kind = static_cast<GroupKind>(kind);
  if (group.kind == GroupKind::kBucket) {
    group.bucket_micros = in->Get<int64_t>();
    group.bucket_origin = in->Get<int64_t>();
    if (group.bucket_micros <= 0) in->Fail("a bucket's width is not above 0");
  } else if (group.kind == GroupKind::kProperty) {
    group.property = in->Get<uint16_t>();
  } else if (kind < 1 || kind > static_cast<uint8_t>(GroupKind::kProperty)) {
    in->Fail("a group of unknown kind " + std::to_string(kind));
  }
  return group;
}

Measure ReadMeasure(PlanReader* in) {
  Measure measure;
  const auto kind = in->Get<uint8_t>();
  measure.kind = static_cast<MeasureKind>(kind);
  if (kind < 1 || kind > static_cast<uint8_t>(MeasureKind::kDistinct)) {
    in->Fail("a measure of unknown kind " + std::to_string(kind));
  } else if (measure.kind != MeasureKind::kCount) {
    measure.column = ReadColumn(in);
  }
  return measure;
}

AggregatePlan ReadAggregate(PlanReader* in) {
  AggregatePlan aggregate;
  ReadSelection(in, &aggregate.selection);
  aggregate.groups.resize(in->Count(in->Get<uint8_t>(), 1));
  if (aggregate.groups.size() > 4) in->Fail("more than 4 groups");
  for (GroupKey& group : aggregate.groups) group = ReadGroup(in);
  aggregate.measures.resize(in->Count(in->Get<uint8_t>(), 1));
  for (Measure& measure : aggregate.measures) measure = ReadMeasure(in);
  const bool has_top = in->Flag("has_top");
  const auto top_by = in->Get<uint32_t>();
  aggregate.top_count = in->Get<uint32_t>();
  if (has_top) {
    aggregate.top_by = top_by;
    if (top_by >= aggregate.measures.size()) in->Fail("top_by is no measure's place");
  } else if (top_by != 0 || aggregate.top_count != 0) {
    in->Fail("a top of which has_top says nothing");
  }
  return aggregate;
}

ExpandPlan ReadExpand(PlanReader* in) {
  ExpandPlan expand;
  ReadSelection(in, &expand.selection);
  expand.seeds = ReadNodes(in);
  expand.hops_max = in->Get<uint32_t>();
  const auto order = in->Get<uint8_t>();
  expand.order = static_cast<HopOrder>(order);
  if (order < 1 || order > static_cast<uint8_t>(HopOrder::kStrict)) {
    in->Fail("an order of unknown kind " + std::to_string(order));
  }
  expand.from_role = in->OptionalText("from_role");
  expand.to_role = in->OptionalText("to_role");
  return expand;
}

JoinPlan ReadJoin(PlanReader* in) {
  JoinPlan join;
  ReadSelection(in, &join.left);
  ReadSelection(in, &join.right);
  join.distance_min = in->Get<int64_t>();
  join.distance_max = in->Get<int64_t>();
  join.shared_min = in->Get<uint32_t>();
  join.left_role = in->OptionalText("left_role");
  join.right_role = in->OptionalText("right_role");
  return join;
}

NodesPlan ReadNodesPlan(PlanReader* in) {
  NodesPlan nodes;
  const size_t start = in->offset();
  nodes.nodes = ReadNodes(in);
  if (in->Flag("whether there is a filter")) nodes.filter = ReadFilter(in);
  nodes.question = in->Since(start);
  nodes.columns = ReadColumns(in);
  nodes.cursor = in->OpaqueText();
  return nodes;
}

struct Header {
  PlanKind kind = PlanKind::kFind;
  Budget budget;
};

bool ReadHeader(PlanReader* in, Header* header) {
  if (in->Get<uint32_t>() != kPlanMagic) return false;
  header->kind = static_cast<PlanKind>(in->Get<uint8_t>());
  Budget& budget = header->budget;
  budget.rows_max = in->Get<uint32_t>();
  budget.bytes_max = in->Get<uint64_t>();
  budget.examined_max = in->Get<uint64_t>();
  budget.frontier_max = in->Get<uint32_t>();
  budget.deadline_micros = in->Get<int64_t>();
  if (budget.deadline_micros < 0) in->Fail("its deadline is negative");
  return true;
}

}  // namespace

bool IsFind(ByteView bytes) {
  constexpr size_t kKindAt = sizeof(kPlanMagic);
  return bytes.size() > kKindAt && bytes[kKindAt] == static_cast<uint8_t>(PlanKind::kFind);
}

Status DecodeFind(ByteView bytes, Budget* budget, FindPlan* find) {
  PlanReader in(bytes);
  Header header;
  if (!ReadHeader(&in, &header)) return NoPlan();
  *budget = header.budget;
  ReadFind(&in, find);
  return in.Finish();
}

Status DecodePlan(ByteView bytes, Plan* plan) {
  PlanReader in(bytes);
  Header header;
  if (!ReadHeader(&in, &header)) return NoPlan();
  plan->kind = header.kind;
  plan->budget = header.budget;
  switch (plan->kind) {
    case PlanKind::kFind:
    case PlanKind::kExplain:
      ReadFind(&in, &plan->find);
      break;
    case PlanKind::kAggregate:
      plan->aggregate = ReadAggregate(&in);
      break;
    case PlanKind::kExpand:
      plan->expand = ReadExpand(&in);
      break;
    case PlanKind::kShortestPath:
      plan->path.expand = ReadExpand(&in);
      plan->path.target = ReadNode(&in);
      break;
    case PlanKind::kJoin:
      plan->join = ReadJoin(&in);
      break;
    case PlanKind::kNodes:
      plan->nodes = ReadNodesPlan(&in);
      break;
    default:
      in.Fail("it is of unknown kind " + std::to_string(static_cast<int>(plan->kind)));
  }
  return in.Finish();
}

}  // namespace hypergraph

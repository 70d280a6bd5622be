// For tests: plans as WIRE.md writes them, and results read back.
#ifndef HYPERGRAPH_QUERY_PLAN_TEST_BYTES_H_
#define HYPERGRAPH_QUERY_PLAN_TEST_BYTES_H_

#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/query/plan.h"
#include "test/test.h"

namespace hypergraph::test {

inline void PutNode(ByteWriter* out, const OwnedNodeKey& node) {
  out->Put(static_cast<uint8_t>(node.is_text));
  if (node.is_text) return out->PutText(node.text);
  out->Put(node.integer);
}
inline void PutColumns(ByteWriter* out, const std::vector<ColumnRef>& columns) {
  out->Put(static_cast<uint16_t>(columns.size()));
  for (const ColumnRef column : columns) {
    out->Put(column.kind);
    out->Put(column.property);
  }
}
inline void PutFilter(ByteWriter* out, const FilterNode& node) {
  out->Put(node.kind);
  if (node.kind == FilterNode::Kind::kCompare) {
    out->Put(node.compare.column.kind);
    out->Put(node.compare.column.property);
    out->Put(node.compare.op);
    out->Put(static_cast<uint32_t>(node.compare.operands.size()));
    for (const Value& value : node.compare.operands) {
      out->Put(static_cast<uint8_t>(value.index() + 1));
      if (const auto* integer = std::get_if<int64_t>(&value)) out->Put(*integer);
      if (const auto* number = std::get_if<double>(&value)) out->Put(*number);
      if (const auto* text = std::get_if<std::string>(&value)) out->PutText(*text);
    }
    return;
  }
  if (node.kind != FilterNode::Kind::kNot) out->Put(static_cast<uint32_t>(node.children.size()));
  for (const FilterNode& child : node.children) PutFilter(out, child);
}
inline void PutOptionalFilter(ByteWriter* out, const std::optional<FilterNode>& filter) {
  out->Put(static_cast<uint8_t>(filter.has_value()));
  if (filter) PutFilter(out, *filter);
}
inline void PutSelection(ByteWriter* out, const Selection& selection) {
  out->Put(selection.table);
  out->Put(selection.window.from);
  out->Put(selection.window.to);
  out->Put(static_cast<uint8_t>(selection.valid_at.has_value()));
  if (selection.valid_at) out->Put(*selection.valid_at);
  out->Put(static_cast<uint32_t>(selection.ids.size()));
  for (const EdgeId id : selection.ids) out->Put(id);
  out->Put(static_cast<uint32_t>(selection.keys.size()));
  for (const std::string& key : selection.keys) out->PutText(key);
  out->Put(static_cast<uint32_t>(selection.members.size()));
  for (const MemberTerm& term : selection.members) {
    PutNode(out, term.node);
    out->Put(static_cast<uint8_t>(term.role.has_value()));
    if (term.role) out->PutText(*term.role);
  }
  out->Put(selection.at_least);
  PutOptionalFilter(out, selection.filter);
}
inline void PutOptionalText(ByteWriter* out, const std::optional<std::string>& text) {
  out->Put(static_cast<uint8_t>(text.has_value()));
  if (text) out->PutText(*text);
}
inline void PutAggregate(ByteWriter* out, const AggregatePlan& plan) {
  PutSelection(out, plan.selection);
  out->Put(static_cast<uint8_t>(plan.groups.size()));
  for (const GroupKey& group : plan.groups) {
    out->Put(group.kind);
    if (group.kind == GroupKind::kBucket) out->Put(group.bucket_micros);
    if (group.kind == GroupKind::kBucket) out->Put(group.bucket_origin);
    if (group.kind == GroupKind::kProperty) out->Put(group.property);
  }
  out->Put(static_cast<uint8_t>(plan.measures.size()));
  for (const Measure& measure : plan.measures) {
    out->Put(measure.kind);
    if (measure.kind == MeasureKind::kCount) continue;
    out->Put(measure.column.kind);
    out->Put(measure.column.property);
  }
  out->Put(static_cast<uint8_t>(plan.top_by.has_value()));
  out->Put(plan.top_by.value_or(0));
  out->Put(plan.top_count);
}
inline void PutExpand(ByteWriter* out, const ExpandPlan& plan) {
  PutSelection(out, plan.selection);
  out->Put(static_cast<uint32_t>(plan.seeds.size()));
  for (const OwnedNodeKey& seed : plan.seeds) PutNode(out, seed);
  out->Put(plan.hops_max);
  out->Put(plan.order);
  PutOptionalText(out, plan.from_role);
  PutOptionalText(out, plan.to_role);
}
inline void PutJoin(ByteWriter* out, const JoinPlan& plan) {
  PutSelection(out, plan.left);
  PutSelection(out, plan.right);
  out->Put(plan.distance_min);
  out->Put(plan.distance_max);
  out->Put(plan.shared_min);
  PutOptionalText(out, plan.left_role);
  PutOptionalText(out, plan.right_role);
}
inline void PutNodes(ByteWriter* out, const NodesPlan& plan) {
  out->Put(static_cast<uint32_t>(plan.nodes.size()));
  for (const OwnedNodeKey& node : plan.nodes) PutNode(out, node);
  PutOptionalFilter(out, plan.filter);
  PutColumns(out, plan.columns);
  out->PutText(plan.cursor);
}
inline void PutFind(ByteWriter* out, const FindPlan& plan) {
  PutSelection(out, plan.selection);
  out->Put(static_cast<uint8_t>(plan.newest_first));
  PutColumns(out, plan.columns);
  out->PutText(plan.cursor);
}
inline std::vector<uint8_t> PlanBytes(const Plan& plan) {
  ByteWriter out;
  out.Put(uint32_t{0x31504748});
  out.Put(plan.kind);
  out.Put(plan.budget.rows_max);
  out.Put(plan.budget.bytes_max);
  out.Put(plan.budget.examined_max);
  out.Put(plan.budget.frontier_max);
  out.Put(plan.budget.deadline_micros);
  switch (plan.kind) {
    case PlanKind::kFind:
    case PlanKind::kExplain:
      PutFind(&out, plan.find);
      break;
    case PlanKind::kAggregate:
      PutAggregate(&out, plan.aggregate);
      break;
    case PlanKind::kExpand:
      PutExpand(&out, plan.expand);
      break;
    case PlanKind::kShortestPath:
      PutExpand(&out, plan.path.expand);
      PutNode(&out, plan.path.target);
      break;
    case PlanKind::kJoin:
      PutJoin(&out, plan.join);
      break;
    case PlanKind::kNodes:
      PutNodes(&out, plan.nodes);
      break;
  }
  return std::move(out.bytes());
}

// A result, with every offset checked against its bytes.
class ResultBytes {
 public:
  explicit ResultBytes(const std::vector<uint8_t>& bytes) : bytes_(bytes) {
    CHECK_LE(size_t{64}, bytes.size());
    CHECK_EQ(At<uint32_t>(0), 0x31524748u);
    CHECK_LE(64 + 32 * uint64_t{column_count()}, bytes.size());
  }
  uint32_t row_count() const { return At<uint32_t>(8); }
  uint32_t column_count() const { return At<uint32_t>(12); }
  uint32_t truncated() const { return At<uint32_t>(16); }
  bool snapshot_lost() const { return (At<uint32_t>(28) & 1) != 0; }
  double seq() const { return At<double>(32); }
  double examined() const { return At<double>(40); }
  std::string cursor() const {
    CHECK_LE(uint64_t{At<uint32_t>(20)} + At<uint32_t>(24), bytes_.size());
    return std::string(AsText(ByteView(bytes_).subspan(At<uint32_t>(20), At<uint32_t>(24))));
  }
  uint8_t type(uint32_t column) const { return At<uint8_t>(64 + 32 * column); }
  uint8_t kind(uint32_t column) const { return At<uint8_t>(65 + 32 * column); }
  bool Valid(uint32_t column, uint32_t row) const {
    const auto at = At<uint32_t>(64 + 32 * column + 16);
    return at == 0 || (At<uint8_t>(at + row / 8) >> (row % 8) & 1) != 0;
  }
  template <typename T>
  T Plain(uint32_t column, uint32_t row) const {
    CHECK_LT(row, At<uint32_t>(64 + 32 * column + 8));
    const auto at = At<uint32_t>(64 + 32 * column + 4);
    CHECK_EQ(at % 8, 0u);
    return At<T>(at + row * sizeof(T));
  }
  std::vector<uint32_t> List(uint32_t column, uint32_t row) const {
    std::vector<uint32_t> values;
    const auto [from, to] = Bounds(column, row);
    for (uint32_t i = from; i < to; ++i) values.push_back(Plain<uint32_t>(column, i));
    return values;
  }
  std::string Text(uint32_t column, uint32_t row) const {
    std::string text;
    const auto [from, to] = Bounds(column, row);
    for (uint32_t i = from; i < to; ++i) text += static_cast<char>(Plain<uint8_t>(column, i));
    return text;
  }

 private:
  template <typename T>
  T At(size_t offset) const {
    CHECK_LE(offset + sizeof(T), bytes_.size());
    return LoadUnaligned<T>(bytes_.data() + offset);
  }
  std::pair<uint32_t, uint32_t> Bounds(uint32_t column, uint32_t row) const {
    const auto at = At<uint32_t>(64 + 32 * column + 12);
    CHECK_EQ(at % 8, 0u);
    return {At<uint32_t>(at + 4 * row), At<uint32_t>(at + 4 * row + 4)};
  }
  const std::vector<uint8_t>& bytes_;
};

}  // namespace hypergraph::test

#endif  // HYPERGRAPH_QUERY_PLAN_TEST_BYTES_H_

#include "test/fuzz/support/plan_writer.h"

namespace hypergraph::fuzz {

PlanWriter::PlanWriter(PlanKind kind, uint32_t rows_max) {
  out_.Put(uint32_t{0x31504748});
  out_.Put(kind);
  out_.Put(rows_max);
  out_.Put(uint64_t{0});
  out_.Put(uint64_t{0});
  out_.Put(uint32_t{0});
  out_.Put(int64_t{0});
}

PlanWriter& PlanWriter::Select(const Selection& selection) {
  out_.Put(selection.table);
  out_.Put(selection.window.from);
  out_.Put(selection.window.to);
  out_.Put(static_cast<uint8_t>(selection.valid_at.has_value()));
  if (selection.valid_at) out_.Put(*selection.valid_at);
  out_.Put(static_cast<uint32_t>(selection.ids.size()));
  for (const EdgeId id : selection.ids) out_.Put(id);
  out_.Put(static_cast<uint32_t>(selection.keys.size()));
  for (const std::string& key : selection.keys) out_.PutText(key);
  out_.Put(static_cast<uint32_t>(selection.members.size()));
  for (const MemberTerm& term : selection.members) {
    Node(term.node);
    OptionalText(term.role);
  }
  out_.Put(selection.at_least);
  return Filter(selection.filter);
}

PlanWriter& PlanWriter::Filter(const std::optional<FilterNode>& filter) {
  out_.Put(static_cast<uint8_t>(filter.has_value()));
  if (filter) PutFilter(*filter);
  return *this;
}

void PlanWriter::PutFilter(const FilterNode& node) {
  out_.Put(node.kind);
  if (node.kind == FilterNode::Kind::kCompare) {
    out_.Put(node.compare.column.kind);
    out_.Put(node.compare.column.property);
    out_.Put(node.compare.op);
    out_.Put(static_cast<uint32_t>(node.compare.operands.size()));
    for (const Value& value : node.compare.operands) {
      out_.Put(static_cast<uint8_t>(value.index() + 1));
      if (const auto* integer = std::get_if<int64_t>(&value)) out_.Put(*integer);
      if (const auto* number = std::get_if<double>(&value)) out_.Put(*number);
      if (const auto* text = std::get_if<std::string>(&value)) out_.PutText(*text);
    }
    return;
  }
  if (node.kind != FilterNode::Kind::kNot) out_.Put(static_cast<uint32_t>(node.children.size()));
  for (const FilterNode& child : node.children) PutFilter(child);
}

PlanWriter& PlanWriter::Node(const OwnedNodeKey& node) {
  out_.Put(static_cast<uint8_t>(node.is_text));
  if (node.is_text) {
    out_.PutText(node.text);
  } else {
    out_.Put(node.integer);
  }
  return *this;
}

PlanWriter& PlanWriter::Nodes(const std::vector<OwnedNodeKey>& nodes) {
  out_.Put(static_cast<uint32_t>(nodes.size()));
  for (const OwnedNodeKey& node : nodes) Node(node);
  return *this;
}

PlanWriter& PlanWriter::Columns(const std::vector<ColumnRef>& columns) {
  out_.Put(static_cast<uint16_t>(columns.size()));
  for (const ColumnRef& column : columns) {
    out_.Put(column.kind);
    out_.Put(column.property);
  }
  return *this;
}

PlanWriter& PlanWriter::OptionalText(const std::optional<std::string>& text) {
  out_.Put(static_cast<uint8_t>(text.has_value()));
  if (text) out_.PutText(*text);
  return *this;
}

std::vector<ColumnRef> AllColumns() {
  std::vector<ColumnRef> columns;
  for (uint8_t kind = 1; kind <= 11; ++kind) {
    if (kind != 10) columns.push_back({static_cast<ColumnKind>(kind), 0});
  }
  for (PropertyIndex property = 0; property < 5; ++property) {
    columns.push_back({ColumnKind::kProperty, property});
  }
  return columns;
}

FilterNode Compare(ColumnRef column, CompareOp op, std::vector<Value> operands) {
  FilterNode node;
  node.compare = {column, op, std::move(operands)};
  return node;
}

FilterNode Combine(FilterNode::Kind kind, std::vector<FilterNode> children) {
  FilterNode node;
  node.kind = kind;
  node.children = std::move(children);
  return node;
}

}  // namespace hypergraph::fuzz

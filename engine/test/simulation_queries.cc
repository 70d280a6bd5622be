#include "test/simulation_queries.h"

#include <algorithm>
#include <tuple>

#include "core/query/plan_test_bytes.h"
#include "core/query/run.h"
#include "test/simulation_arrivals.h"

namespace hypergraph::test {
namespace {

bool HasMember(const ModelRecord& record, const MemberTerm& term) {
  const BatchNode node = NodeOf(term.node);
  return std::any_of(record.members.begin(), record.members.end(), [&](const auto& member) {
    return member.first == node && (!term.role || *term.role == member.second);
  });
}

// A comparison with null is never true.
bool Holds(const Comparison& compare, const ModelRecord& record) {
  const Value& operand = compare.operands[0];
  if (compare.column.kind == ColumnKind::kWeight) {
    return Compare(record.weight, compare.op, operand);
  }
  if (compare.column.kind == ColumnKind::kLabel) {
    return !record.label.empty() && Compare(std::string_view(record.label), compare.op, operand);
  }
  const auto found = record.properties.find(compare.column.property);
  if (found == record.properties.end()) return false;
  const BatchValue& value = found->second;
  if (const auto* integer = std::get_if<int64_t>(&value)) {
    return Compare(*integer, compare.op, operand);
  }
  if (const auto* number = std::get_if<double>(&value)) {
    return Compare(*number, compare.op, operand);
  }
  if (const auto* text = std::get_if<std::string>(&value)) {
    return Compare(std::string_view(*text), compare.op, operand);
  }
  return false;
}

std::vector<uint8_t> Header(PlanKind kind) {
  ByteWriter out;
  out.Put(uint32_t{0x31504748});
  out.Put(kind);
  out.Put(uint32_t{0});
  out.Put(uint64_t{0});
  out.Put(uint64_t{0});
  out.Put(uint32_t{0});
  out.Put(int64_t{0});
  return std::move(out.bytes());
}

void PutExpansion(ByteWriter* out, const ExpandPlan& plan) {
  PutSelection(out, plan.selection);
  out->Put(static_cast<uint32_t>(plan.seeds.size()));
  for (const OwnedNodeKey& seed : plan.seeds) PutNode(out, seed);
  out->Put(plan.hops_max);
  out->Put(plan.order);
  for (const auto* role : {&plan.from_role, &plan.to_role}) {
    out->Put(static_cast<uint8_t>(role->has_value()));
    if (*role) out->PutText(**role);
  }
}

Status Ask(const Snapshot& snapshot, ByteView plan, std::vector<uint8_t>* result) {
  return RunPlan(snapshot, plan, nullptr, result);
}

Status NodeByNumber(const Snapshot& snapshot, NodeNumber number, BatchNode* node) {
  NodeKey key;
  HG_RETURN_IF_ERROR(snapshot.nodes->KeyOf(number, &key));
  *node = key.is_text ? BatchNode(std::string(key.text)) : BatchNode(key.integer);
  return Status::Ok();
}

}  // namespace

std::vector<const ModelRecord*> ModelView::Records(TableId table) const {
  std::vector<const ModelRecord*> records = model->Visible(newest, at);
  const TableSchema* schema = newest.schema->Find(table);
  const Micros ttl = schema == nullptr ? 0 : schema->ttl;
  std::erase_if(records, [&](const ModelRecord* record) {
    return record->table != table || (ttl != 0 && record->event_ts < now - ttl);
  });
  return records;
}

Micros ModelView::Begin(const Selection& selection) const {
  const TableSchema* schema = newest.schema->Find(selection.table);
  if (schema == nullptr || schema->ttl == 0) return selection.window.from;
  return std::max(selection.window.from, now - schema->ttl);
}

TableId QueryComparison::AnyTable() {
  const auto& tables = view_.newest.schema->tables;
  if (tables.size() < 2) return kNodeTable;
  return std::next(tables.begin(), 1 + static_cast<int64_t>(random_.Below(tables.size() - 1)))
      ->first;
}

OwnedNodeKey QueryComparison::AnyNode() {
  const BatchNode node = generator_->Node();
  if (const auto* number = std::get_if<uint64_t>(&node.key)) return {false, *number, {}};
  return {true, 0, std::get<std::string>(node.key)};
}

std::optional<FilterNode> QueryComparison::AnyFilter(const TableSchema& table) {
  FilterNode filter;
  constexpr CompareOp kOps[] = {CompareOp::kEq, CompareOp::kNe, CompareOp::kLt,
                                CompareOp::kLe, CompareOp::kGt, CompareOp::kGe};
  filter.compare.op = kOps[random_.Below(std::size(kOps))];
  const uint64_t dice = random_.Below(5);
  if (dice == 0) {
    filter.compare.column = {ColumnKind::kWeight, 0};
    filter.compare.operands = {Value(static_cast<double>(random_.Between(-8, 8)) / 4)};
  } else if (dice == 1) {
    filter.compare.column = {ColumnKind::kLabel, 0};
    filter.compare.op = CompareOp::kEq;
    filter.compare.operands = {Value(generator_->Label())};
    if (std::get<std::string>(filter.compare.operands[0]).empty()) return std::nullopt;
  } else if (dice == 2 && table.properties.size() > 2 &&
             table.properties[2].type == PropertyType::kString) {
    filter.compare.column = {ColumnKind::kProperty, 2};
    filter.compare.operands = {Value(std::string(random_.Chance(0.5) ? "a" : "b"))};
  } else if (dice == 3 && table.properties.size() > 1) {
    filter.compare.column = {ColumnKind::kProperty, 1};
    filter.compare.operands = {Value(static_cast<double>(random_.Between(-20, 20)) / 8)};
  } else if (!table.properties.empty()) {
    filter.compare.column = {ColumnKind::kProperty, 0};
    filter.compare.operands = {Value(random_.Between(-5, 20))};
  }
  return filter.compare.operands.empty() ? std::nullopt : std::optional(filter);
}

Selection QueryComparison::AnySelection(TableId table) {
  Selection selection;
  selection.table = table;
  if (random_.Chance(0.5)) {
    selection.window.from = random_.Between(-5, 100);
    selection.window.to = random_.Between(selection.window.from, 110);
  }
  if (random_.Chance(0.15)) selection.valid_at = random_.Between(0, 110);
  if (random_.Chance(0.5)) {
    const uint64_t count = 1 + random_.Below(3);
    for (uint64_t i = 0; i < count; ++i) {
      MemberTerm term;
      term.node = AnyNode();
      if (random_.Chance(0.3)) term.role = random_.Chance(0.5) ? "from" : "to";
      selection.members.push_back(std::move(term));
    }
    selection.at_least = static_cast<uint32_t>(1 + random_.Below(count));
  }
  if (random_.Chance(0.1)) {
    for (int i = 0; i < 3; ++i) selection.ids.push_back(1 + random_.Below(view_.at + 1));
  }
  if (random_.Chance(0.1)) {
    for (int i = 0; i < 3; ++i) {
      selection.keys.push_back("k" + std::to_string(random_.Below(30)));
    }
  }
  if (random_.Chance(0.4)) selection.filter = AnyFilter(*view_.newest.schema->Find(table));
  return selection;
}

std::vector<const ModelRecord*> QueryComparison::Matching(const Selection& selection) const {
  std::vector<const ModelRecord*> records = view_.Records(selection.table);
  std::erase_if(records, [&](const ModelRecord* record) {
    const auto& ids = selection.ids;
    const auto& keys = selection.keys;
    if (record->event_ts < selection.window.from || record->event_ts >= selection.window.to) {
      return true;
    }
    if (selection.valid_at &&
        (record->event_ts > *selection.valid_at || record->valid_to <= *selection.valid_at)) {
      return true;
    }
    if (!ids.empty() && std::find(ids.begin(), ids.end(), record->id) == ids.end()) return true;
    if (!keys.empty() &&
        (record->key.empty() || std::find(keys.begin(), keys.end(), record->key) == keys.end())) {
      return true;
    }
    const auto held = std::count_if(selection.members.begin(), selection.members.end(),
                                    [&](const auto& term) { return HasMember(*record, term); });
    if (!selection.members.empty() && held < selection.at_least) return true;
    return selection.filter && !Holds(selection.filter->compare, *record);
  });
  return records;
}

std::string QueryComparison::Find(const Snapshot& snapshot, Status* status) {
  const TableId table = AnyTable();
  if (table == kNodeTable) return "";
  Plan plan;
  plan.kind = PlanKind::kFind;
  plan.find.selection = AnySelection(table);
  plan.find.newest_first = random_.Chance(0.3);
  plan.find.columns = {{ColumnKind::kId, 0}, {ColumnKind::kSeq, 0}, {ColumnKind::kEventTs, 0}};
  if (random_.Chance(0.5)) plan.budget.rows_max = static_cast<uint32_t>(1 + random_.Below(8));
  std::vector<const ModelRecord*> expected = Matching(plan.find.selection);
  if (plan.find.newest_first) std::reverse(expected.begin(), expected.end());
  size_t row = 0;
  do {
    std::vector<uint8_t> bytes;
    *status = Ask(snapshot, PlanBytes(plan), &bytes);
    if (!status->ok()) return "";
    const ResultBytes result(bytes);
    for (uint32_t i = 0; i < result.row_count(); ++i, ++row) {
      if (row >= expected.size()) return "a find has more rows than " + std::to_string(row);
      const ModelRecord& record = *expected[row];
      if (result.Plain<double>(0, i) != static_cast<double>(record.id) ||
          result.Plain<double>(1, i) != static_cast<double>(record.seq) ||
          result.Plain<int64_t>(2, i) != record.event_ts) {
        return "a find has another row " + std::to_string(row);
      }
    }
    plan.find.cursor = result.cursor();
  } while (!plan.find.cursor.empty());
  return row == expected.size() ? "" : "a find ended after " + std::to_string(row) + " rows";
}

std::string QueryComparison::Count(const Snapshot& snapshot, Status* status) {
  const TableId table = AnyTable();
  if (table == kNodeTable) return "";
  const Selection selection = AnySelection(table);
  const bool by_label = random_.Chance(0.5);
  ByteWriter out;
  out.PutBytes(Header(PlanKind::kAggregate));
  PutSelection(&out, selection);
  out.Put(static_cast<uint8_t>(by_label ? 1 : 0));
  if (by_label) out.Put(GroupKind::kLabel);
  out.Put(uint8_t{1});
  out.Put(MeasureKind::kCount);
  out.Put(uint8_t{0});
  out.Put(uint32_t{0});
  out.Put(uint32_t{0});
  std::map<std::string, double> expected, found;
  if (!by_label) expected[""] = 0;
  for (const ModelRecord* record : Matching(selection)) {
    ++expected[by_label ? record->label : ""];
  }
  std::vector<uint8_t> bytes;
  *status = Ask(snapshot, out.view(), &bytes);
  if (!status->ok()) return "";
  const ResultBytes result(bytes);
  for (uint32_t i = 0; i < result.row_count(); ++i) {
    std::string label;
    if (by_label && result.Valid(0, i) && result.Plain<uint32_t>(0, i) != kSymbolNone) {
      NodeKey key;
      *status = snapshot.symbols->KeyOf(result.Plain<uint32_t>(0, i), &key);
      if (!status->ok()) return "";
      label = std::string(key.text);
    }
    found[label] = result.Plain<double>(by_label ? 1 : 0, i);
  }
  return found == expected ? "" : "counts differ";
}

ExpandPlan QueryComparison::AnyExpansion() {
  ExpandPlan plan;
  const TableId table = AnyTable();
  plan.selection = {};
  plan.selection.table = table;
  if (random_.Chance(0.5)) {
    plan.selection.window.from = random_.Between(-5, 60);
    plan.selection.window.to = random_.Between(plan.selection.window.from, 110);
  }
  const uint64_t seeds = 1 + random_.Below(2);
  for (uint64_t i = 0; i < seeds; ++i) plan.seeds.push_back(AnyNode());
  plan.hops_max = static_cast<uint32_t>(1 + random_.Below(4));
  plan.order = static_cast<HopOrder>(1 + random_.Below(3));
  if (random_.Chance(0.2)) plan.from_role = "from";
  if (random_.Chance(0.2)) plan.to_role = "to";
  return plan;
}

std::string QueryComparison::Expand(const Snapshot& snapshot, Status* status) {
  const ExpandPlan plan = AnyExpansion();
  if (plan.selection.table == kNodeTable) return "";
  ByteWriter out;
  out.PutBytes(Header(PlanKind::kExpand));
  PutExpansion(&out, plan);
  std::vector<uint8_t> bytes;
  *status = Ask(snapshot, out.view(), &bytes);
  if (!status->ok()) return "";
  const ResultBytes result(bytes);
  const Arrivals arrivals(plan, view_.Begin(plan.selection), Matching(plan.selection));
  std::map<BatchNode, std::pair<Micros, uint32_t>> expected, found;
  for (const auto& [node, arrival] : arrivals.by_hops().back()) {
    expected[node] = arrivals.RowOf(node);
  }
  for (uint32_t i = 0; i < result.row_count(); ++i) {
    BatchNode node{0};
    *status = NodeByNumber(snapshot, result.Plain<uint32_t>(0, i), &node);
    if (!status->ok()) return "";
    found[node] = {result.Plain<int64_t>(2, i), result.Plain<uint32_t>(1, i)};
  }
  // Seeds that nothing knows are left out.
  for (const OwnedNodeKey& seed : plan.seeds) {
    if (!found.contains(NodeOf(seed))) expected.erase(NodeOf(seed));
  }
  if (found == expected) return "";
  std::string text = "an expansion with order " + Show(plan.order) + " over at most " +
                     std::to_string(plan.hops_max) + " hops differs:";
  for (const auto& [what, rows] : {std::pair("found", &found), std::pair("expected", &expected)}) {
    text += std::string("\n  ") + what;
    for (const auto& [node, row] : *rows) {
      text += " " + std::visit([](const auto& key) { return Show(key); }, node.key) + " at " +
              std::to_string(row.first) + " by " + std::to_string(row.second) + ";";
    }
  }
  return text;
}

std::string QueryComparison::Path(const Snapshot& snapshot, Status* status) {
  const ExpandPlan plan = AnyExpansion();
  if (plan.selection.table == kNodeTable) return "";
  const OwnedNodeKey target = AnyNode();
  ByteWriter out;
  out.PutBytes(Header(PlanKind::kShortestPath));
  PutExpansion(&out, plan);
  PutNode(&out, target);
  std::vector<uint8_t> bytes;
  *status = Ask(snapshot, out.view(), &bytes);
  if (!status->ok()) return "";
  const ResultBytes result(bytes);
  const Arrivals arrivals(plan, view_.Begin(plan.selection), Matching(plan.selection));
  uint32_t hops = 0;
  while (hops <= plan.hops_max && !arrivals.by_hops()[hops].contains(NodeOf(target))) ++hops;
  const bool reached = hops <= plan.hops_max;
  if (result.row_count() != (reached ? hops : 0)) {
    return "a path has " + std::to_string(result.row_count()) + " hops";
  }
  if (!reached || hops == 0) return "";
  const Micros arrival = arrivals.by_hops()[hops].at(NodeOf(target));
  return result.Plain<int64_t>(0, hops - 1) == arrival ? "" : "a path arrives at another time";
}

std::string QueryComparison::Any(const Snapshot& snapshot, Status* status) {
  switch (random_.Below(6)) {
    case 0:
      return Count(snapshot, status);
    case 1:
      return Expand(snapshot, status);
    case 2:
      return Path(snapshot, status);
    default:
      return Find(snapshot, status);
  }
}

}  // namespace hypergraph::test

#include "core/query/select_compile.h"

#include <algorithm>
#include <functional>

#include "core/base/forever.h"

namespace hypergraph {
namespace {

template <typename T>
void SortUnique(std::vector<T>* values) {
  std::sort(values->begin(), values->end());
  values->erase(std::unique(values->begin(), values->end()), values->end());
}

NodeKey Borrow(const OwnedNodeKey& key) {
  return {.is_text = key.is_text, .integer = key.integer, .text = key.text};
}

// The shortest text behind all that start with the prefix; nothing when there is none.
std::optional<Value> BehindPrefix(std::string prefix) {
  while (!prefix.empty() && static_cast<uint8_t>(prefix.back()) == 0xff) prefix.pop_back();
  if (prefix.empty()) return std::nullopt;
  prefix.back() = static_cast<char>(static_cast<uint8_t>(prefix.back()) + 1);
  return Value(std::move(prefix));
}

// Whether an index orders the column by values of the operand's own type.
bool Indexable(const TableSchema& schema, ColumnRef column, const Value& operand) {
  if (column.kind == ColumnKind::kLabel) return std::holds_alternative<int64_t>(operand);
  if (column.kind != ColumnKind::kProperty) return false;
  switch (schema.properties[column.property].type) {
    case PropertyType::kString:
      return std::holds_alternative<std::string>(operand);
    case PropertyType::kFloat64:
      return std::holds_alternative<double>(operand);
    default:
      return std::holds_alternative<int64_t>(operand);
  }
}

// Collects what the conjuncts say about one column: equality, or a range.
class ColumnBounds {
 public:
  ColumnBounds(const TableSchema& schema, ColumnRef column) : schema_(schema), column_(column) {}

  // Whether the conjunct is settled by the bounds.
  bool Take(const FilterStep& step) {
    const Comparison& compare = step.compare;
    if (step.kind != FilterStep::Kind::kCompare || !(compare.column == column_)) return false;
    if (compare.op == CompareOp::kNe || compare.operands.empty()) return false;
    for (const Value& operand : compare.operands) {
      if (!Indexable(schema_, column_, operand)) return false;
    }
    switch (compare.op) {
      case CompareOp::kEq:
      case CompareOp::kIn:
        if (!among_.empty() || compare.operands.size() > kProbesMax) return false;
        among_ = compare.operands;
        return true;
      case CompareOp::kLt:
      case CompareOp::kLe:
        return TakeHigh(compare.operands[0], compare.op == CompareOp::kLe);
      case CompareOp::kGt:
      case CompareOp::kGe:
        return TakeLow(compare.operands[0], compare.op == CompareOp::kGe);
      case CompareOp::kPrefix:
        return TakePrefix(std::get<std::string>(compare.operands[0]));
      default:
        return false;
    }
  }

  const std::vector<Value>& among() const { return among_; }
  bool bounded() const { return low_ || high_; }
  // An equality leaves nothing for a range to say, so both together are not served.
  bool mixed() const { return !among_.empty() && bounded(); }
  void PutRange(IndexProbe* probe) const {
    probe->low = low_;
    probe->high = high_;
    probe->low_inclusive = low_inclusive_;
    probe->high_inclusive = high_inclusive_;
  }
  static constexpr size_t kProbesMax = 64;

 private:
  bool TakeLow(const Value& value, bool inclusive) {
    if (!low_ || *low_ < value || (*low_ == value && !inclusive)) {
      low_ = value;
      low_inclusive_ = inclusive;
    }
    return true;
  }
  bool TakeHigh(const Value& value, bool inclusive) {
    if (!high_ || value < *high_ || (*high_ == value && !inclusive)) {
      high_ = value;
      high_inclusive_ = inclusive;
    }
    return true;
  }
  bool TakePrefix(const std::string& prefix) {
    const std::optional<Value> behind = BehindPrefix(prefix);
    if (!behind) return false;
    return TakeLow(Value(prefix), true) && TakeHigh(*behind, false);
  }

  const TableSchema& schema_;
  const ColumnRef column_;
  std::vector<Value> among_;
  std::optional<Value> low_, high_;
  bool low_inclusive_ = true, high_inclusive_ = true;
};

// False when the conjuncts do not say enough about each column of the index.
bool PlanIndex(const TableSchema& schema, const IndexSchema& index,
               const std::vector<FilterStep>& conjuncts, IndexPlan* plan) {
  plan->name = index.name;
  plan->settled.assign(conjuncts.size(), false);
  IndexProbe start;
  start.columns = index.columns;
  plan->probes.assign(1, start);
  for (size_t place = 0; place < index.columns.size(); ++place) {
    ColumnBounds bounds(schema, index.columns[place]);
    for (size_t i = 0; i < conjuncts.size(); ++i) {
      if (bounds.Take(conjuncts[i])) plan->settled[i] = true;
    }
    const bool last = place + 1 == index.columns.size();
    if (bounds.mixed() || (bounds.among().empty() && !(last && bounds.bounded()))) return false;
    if (bounds.among().empty()) {
      for (IndexProbe& probe : plan->probes) bounds.PutRange(&probe);
      continue;
    }
    if (plan->probes.size() * bounds.among().size() > ColumnBounds::kProbesMax) return false;
    std::vector<IndexProbe> product;
    for (const IndexProbe& probe : plan->probes) {
      for (const Value& value : bounds.among()) {
        product.push_back(probe);
        if (last) {
          product.back().low = product.back().high = value;
        } else {
          product.back().equals.push_back(value);
        }
      }
    }
    plan->probes = std::move(product);
  }
  return true;
}

// An empty range asks an index nothing.
bool IsEmptyRange(const IndexProbe& probe) {
  if (!probe.low || !probe.high) return false;
  if (*probe.high < *probe.low) return true;
  return *probe.low == *probe.high && !(probe.low_inclusive && probe.high_inclusive);
}

// Whether the window now says all that the step says.
bool Narrow(const FilterStep& step, TimeWindow* window) {
  const Comparison& compare = step.compare;
  if (step.kind != FilterStep::Kind::kCompare || compare.column.kind != ColumnKind::kEventTs ||
      compare.operands.size() != 1) {
    return false;
  }
  const auto* operand = std::get_if<int64_t>(&compare.operands[0]);
  if (operand == nullptr || *operand == kMicrosMax) return false;
  switch (compare.op) {
    case CompareOp::kEq:
      window->from = std::max(window->from, *operand);
      window->to = std::min(window->to, *operand + 1);
      return true;
    case CompareOp::kLt:
      window->to = std::min(window->to, *operand);
      return true;
    case CompareOp::kLe:
      window->to = std::min(window->to, *operand + 1);
      return true;
    case CompareOp::kGt:
      window->from = std::max(window->from, *operand + 1);
      return true;
    case CompareOp::kGe:
      window->from = std::max(window->from, *operand);
      return true;
    default:
      return false;
  }
}

}  // namespace

Status CompiledSelection::Compile(const Snapshot& snapshot, const Selection& selection,
                                  Guard* query_guard, const SelectOptions& options) {
  guard = query_guard;
  at = options.at == kSeqNone ? snapshot.seq : options.at;
  instants = options.instants;
  HG_RETURN_IF_ERROR(ResolveTable(snapshot, selection.table));
  valid_at = selection.valid_at;
  ids = selection.ids;
  SortUnique(&ids);
  keys = selection.keys;
  SortUnique(&keys);
  // An empty key is no key: it finds nothing, rather than every row without one.
  if (!keys.empty() && keys.front().empty()) {
    keys.erase(keys.begin());
    nothing = keys.empty();
  }
  HG_RETURN_IF_ERROR(ResolveMembers(snapshot, selection));
  if (selection.filter) {
    HG_RETURN_IF_ERROR(CompileFilter(*selection.filter, *schema, *snapshot.symbols, &conjuncts));
    for (const FilterStep& step : conjuncts) {
      nothing = nothing || step.kind == FilterStep::Kind::kNever;
    }
  }
  ClampWindow(snapshot, selection.window);
  if (at == kSeqNone) nothing = true;
  PlanIndexes();
  return Status::Ok();
}

Status CompiledSelection::ResolveTable(const Snapshot& snapshot, TableId table) {
  static Forever<const std::vector<std::shared_ptr<const RowSource>>> no_sources;
  schema = snapshot.schema->Find(table);
  if (schema == nullptr) {
    return {Code::kNotFound, "there is no table with the number " + std::to_string(table)};
  }
  const auto view = snapshot.tables->find(table);
  sources = view == snapshot.tables->end() ? &no_sources.get() : &view->second.sources;
  return Status::Ok();
}

Status CompiledSelection::ResolveMembers(const Snapshot& snapshot, const Selection& selection) {
  if (selection.members.empty()) return Status::Ok();
  if (selection.at_least == 0 || selection.at_least > selection.members.size()) {
    return {Code::kInvalid, "at least " + std::to_string(selection.at_least) + " of " +
                                std::to_string(selection.members.size()) + " members"};
  }
  terms_at_least = selection.at_least;
  // The records of nodes have no members, though a memtable chains each to its node.
  if (selection.table == kNodeTable) {
    nothing = true;
    return Status::Ok();
  }
  for (const MemberTerm& asked : selection.members) {
    std::optional<uint32_t> node, role;
    HG_RETURN_IF_ERROR(snapshot.nodes->Find(Borrow(asked.node), &node));
    if (asked.role) {
      HG_RETURN_IF_ERROR(
          snapshot.symbols->Find(NodeKey{.is_text = true, .text = *asked.role}, &role));
    }
    HG_RETURN_IF_ERROR(guard->Work(1));
    if (!node || (asked.role && !role)) continue;
    terms.push_back({*node, !asked.role, role.value_or(kSymbolNone)});
  }
  if (terms.size() < terms_at_least) {
    nothing = true;
    return Status::Ok();
  }
  if (terms.size() == 1) {
    nodes.push_back(terms[0].node);
    nodes_at_least = 1;
    nodes_suffice = terms[0].any_role;
    return Status::Ok();
  }
  std::sort(terms.begin(), terms.end(),
            [](const Term& a, const Term& b) { return a.node < b.node; });
  std::vector<uint32_t> terms_of_node;
  for (const Term& term : terms) {
    if (nodes.empty() || nodes.back() != term.node) {
      nodes.push_back(term.node);
      terms_of_node.push_back(0);
    }
    ++terms_of_node.back();
    nodes_suffice = nodes_suffice && term.any_role && terms_of_node.back() == 1;
  }
  // The nodes with the most terms first: with fewer nodes than these, too few terms can hold.
  std::sort(terms_of_node.begin(), terms_of_node.end(), std::greater<>());
  for (uint64_t reached = 0; reached < terms_at_least;) reached += terms_of_node[nodes_at_least++];
  return Status::Ok();
}

void CompiledSelection::ClampWindow(const Snapshot& snapshot, TimeWindow asked) {
  window = asked;
  if (schema->ttl > 0) {
    const Micros oldest =
        snapshot.now < kMicrosMin + schema->ttl ? kMicrosMin : snapshot.now - schema->ttl;
    window.from = std::max(window.from, oldest);
  }
  if (valid_at) {
    // What holds at an instant has begun by then.
    if (*valid_at < kMicrosMax) window.to = std::min(window.to, *valid_at + 1);
  }
  std::erase_if(conjuncts, [this](const FilterStep& step) { return Narrow(step, &window); });
  if (window.from >= window.to) nothing = true;
}

void CompiledSelection::PlanIndexes() {
  if (nothing || conjuncts.empty()) return;
  for (const IndexSchema& index : schema->indexes) {
    IndexPlan plan;
    if (!PlanIndex(*schema, index, conjuncts, &plan)) continue;
    std::erase_if(plan.probes, IsEmptyRange);
    if (plan.probes.empty()) {
      nothing = true;
      return;
    }
    indexes.push_back(std::move(plan));
  }
}

Remainder CompiledSelection::WholeRemainder(const RowSource& source) const {
  Remainder remainder;
  remainder.ids = !ids.empty();
  remainder.keys = !keys.empty();
  remainder.members = terms_at_least > 0;
  remainder.valid_at = valid_at.has_value();
  remainder.visible = !source.AllVisible(at);
  remainder.visible_first = !source.ranked();
  for (const FilterStep& step : conjuncts) remainder.filters.push_back(&step);
  return remainder;
}

}  // namespace hypergraph

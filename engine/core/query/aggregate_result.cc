// Orders the groups of an aggregate, cuts them to the budget and writes them.
#include <algorithm>
#include <numeric>

#include "core/base/sort_keys.h"
#include "core/query/aggregate_state.h"
#include "core/query/result.h"

namespace hypergraph {

namespace {

class GroupOrder {
 public:
  explicit GroupOrder(const AggregateState& state) : state_(state) {}

  bool operator()(uint32_t left, uint32_t right) const {
    const AggregatePlan& plan = state_.plan();
    if (plan.top_by) {
      const int by_measure = state_.measures()[*plan.top_by].Compare(left, right);
      if (by_measure != 0) return by_measure > 0;
    }
    for (size_t part = 0; part < plan.groups.size(); ++part) {
      const int by_part = ComparePart(part, state_.groups()[left], state_.groups()[right]);
      if (by_part != 0) return by_part < 0;
    }
    return false;
  }

 private:
  int ComparePart(size_t part, const GroupParts& left, const GroupParts& right) const {
    const auto order = [](const auto& a, const auto& b) { return a < b ? -1 : b < a ? 1 : 0; };
    const unsigned bit = 1u << part;
    if (((left.nulls | right.nulls) & bit) != 0) return order(left.nulls & bit, right.nulls & bit);
    const uint64_t a = left.codes[part];
    const uint64_t b = right.codes[part];
    const GroupKey& group = state_.plan().groups[part];
    if (group.kind == GroupKind::kProperty) {
      const TextIds& texts = state_.part_texts(part);
      switch (ClassOf(state_.schema(), {ColumnKind::kProperty, group.property})) {
        case ValueClass::kText:
          return order(texts.TextOf(a), texts.TextOf(b));
        case ValueClass::kFloat:
          return order(FloatOfCode(a), FloatOfCode(b));
        default:
          break;
      }
    }
    return order(static_cast<int64_t>(a), static_cast<int64_t>(b));
  }
  const AggregateState& state_;
};

uint64_t RowBytes(const AggregateState& state, uint32_t group) {
  uint64_t bytes = 9 * (state.plan().groups.size() + state.measures().size());
  for (size_t part = 0; part < state.plan().groups.size(); ++part) {
    const GroupKey& key = state.plan().groups[part];
    const GroupParts& parts = state.groups()[group];
    if (key.kind == GroupKind::kProperty && (parts.nulls & 1u << part) == 0 &&
        ClassOf(state.schema(), {ColumnKind::kProperty, key.property}) == ValueClass::kText) {
      bytes += state.part_texts(part).TextOf(parts.codes[part]).size();
    }
  }
  for (const MeasureColumn& measure : state.measures()) {
    const bool extreme =
        measure.measure().kind == MeasureKind::kMin || measure.measure().kind == MeasureKind::kMax;
    if (extreme && measure.value_class() == ValueClass::kText) bytes += measure.Text(group).size();
  }
  return bytes;
}

// Whether the order is that of one part's codes, which are integers and never null.
bool IsByCode(const AggregatePlan& plan) {
  return !plan.top_by && plan.groups.size() == 1 && plan.groups[0].kind != GroupKind::kProperty;
}

// Comparing them two by two would take several times as long, with no look at the deadline.
void SortByCode(const GroupTable& table, std::vector<uint32_t>* groups) {
  constexpr uint64_t kSignBit = uint64_t{1} << 63;
  std::vector<KeyedPlace> keyed;
  keyed.reserve(groups->size());
  for (const uint32_t group : *groups) keyed.push_back({table[group].codes[0] ^ kSignBit, group});
  SortByKey(&keyed);
  for (size_t i = 0; i < keyed.size(); ++i) (*groups)[i] = keyed[i].place;
}

std::vector<uint32_t> OrderedGroups(const AggregateState& state, Guard* guard) {
  std::vector<uint32_t> groups(state.groups().size());
  std::iota(groups.begin(), groups.end(), 0u);
  uint64_t kept = guard->rows_max();
  if (state.plan().top_by) kept = std::min<uint64_t>(kept, state.plan().top_count);
  const bool cut = groups.size() > kept;
  if (cut && (!state.plan().top_by || state.plan().top_count > kept)) {
    guard->Stop(Truncated::kRowsMax);
  }
  kept = std::min<uint64_t>(kept, groups.size());
  // Of few that are kept, the rest need no order.
  if (IsByCode(state.plan()) && kept > groups.size() / 16) {
    SortByCode(state.groups(), &groups);
  } else {
    std::partial_sort(groups.begin(), groups.begin() + static_cast<ptrdiff_t>(kept), groups.end(),
                      GroupOrder(state));
  }
  groups.resize(kept);
  uint64_t bytes = 0;
  for (size_t i = 0; i < groups.size(); ++i) {
    bytes += RowBytes(state, groups[i]);
    if (bytes <= guard->bytes_max() || i == 0) continue;
    guard->Stop(Truncated::kBytesMax);
    groups.resize(i);
  }
  return groups;
}

template <typename T, typename F>
std::vector<T> Collect(std::span<const uint32_t> groups, F&& value) {
  std::vector<T> values;
  values.reserve(groups.size());
  for (const uint32_t group : groups) values.push_back(static_cast<T>(value(group)));
  return values;
}

// `value` gives an integer of any group that has one.
template <typename F>
void WriteIntegers(ResultWriter* writer, uint8_t kind, uint16_t place, PropertyType type,
                   std::span<const uint32_t> groups, std::span<const uint8_t> present, F&& value) {
  if (type == PropertyType::kBool) {
    writer->AddU8(kind, place, Collect<uint8_t>(groups, value), present);
  } else {
    writer->AddI64(kind, place, Collect<int64_t>(groups, value), present);
  }
}

void WriteProperty(const AggregateState& state, size_t part, std::span<const uint32_t> groups,
                   ResultWriter* writer) {
  const auto kind = static_cast<uint8_t>(ResultKind::kGroupProperty);
  const PropertyIndex property = state.plan().groups[part].property;
  const auto code = [&state, part](uint32_t group) { return state.groups()[group].codes[part]; };
  const auto present = Collect<uint8_t>(groups, [&state, part](uint32_t group) {
    return (state.groups()[group].nulls & 1u << part) == 0;
  });
  const PropertyType type = state.schema().properties[property].type;
  if (type == PropertyType::kFloat64) {
    const auto values =
        Collect<double>(groups, [&code](uint32_t group) { return FloatOfCode(code(group)); });
    writer->AddF64(kind, property, values, present);
  } else if (type == PropertyType::kString) {
    std::vector<std::string_view> values;
    for (size_t i = 0; i < groups.size(); ++i) {
      const bool has = present[i] != 0;
      values.push_back(has ? state.part_texts(part).TextOf(code(groups[i])) : std::string_view());
    }
    writer->AddText(kind, property, values, present);
  } else {
    WriteIntegers(writer, kind, property, type, groups, present, code);
  }
}

void WriteGroup(const AggregateState& state, size_t part, std::span<const uint32_t> groups,
                ResultWriter* writer) {
  const auto code = [&state, part](uint32_t group) { return state.groups()[group].codes[part]; };
  const auto numbers = [&](ResultKind kind) {
    writer->AddU32(static_cast<uint8_t>(kind), 0, Collect<uint32_t>(groups, code));
  };
  switch (state.plan().groups[part].kind) {
    case GroupKind::kBucket:
      return writer->AddI64(static_cast<uint8_t>(ResultKind::kGroupBucket), 0,
                            Collect<int64_t>(groups, code));
    case GroupKind::kNode:
      return numbers(ResultKind::kGroupNode);
    case GroupKind::kRole:
      return numbers(ResultKind::kGroupRole);
    case GroupKind::kLabel:
      return numbers(ResultKind::kGroupLabel);
    case GroupKind::kProperty:
      return WriteProperty(state, part, groups, writer);
  }
}

// A least or greatest, in the type of its column.
void WriteExtreme(const AggregateState& state, const MeasureColumn& measure, uint16_t place,
                  std::span<const uint32_t> groups, ResultWriter* writer) {
  const auto kind = static_cast<uint8_t>(ResultKind::kMeasure);
  const ColumnRef column = measure.measure().column;
  const auto present = Collect<uint8_t>(groups, [&](uint32_t group) { return measure.Has(group); });
  const auto integer = [&measure](uint32_t group) { return measure.Integer(group); };
  if (measure.value_class() == ValueClass::kText) {
    const auto texts = Collect<std::string_view>(
        groups, [&measure](uint32_t group) { return measure.Text(group); });
    writer->AddText(kind, place, texts, present);
  } else if (measure.value_class() == ValueClass::kFloat) {
    const auto floats =
        Collect<double>(groups, [&measure](uint32_t group) { return measure.Float(group); });
    writer->AddF64(kind, place, floats, present);
  } else if (column.kind == ColumnKind::kId || column.kind == ColumnKind::kSeq) {
    writer->AddF64(kind, place, Collect<double>(groups, integer), present);
  } else if (column.kind == ColumnKind::kArity) {
    writer->AddU32(kind, place, Collect<uint32_t>(groups, integer), present);
  } else {
    const PropertyType type = column.kind == ColumnKind::kProperty
                                  ? state.schema().properties[column.property].type
                                  : PropertyType::kTimestamp;
    WriteIntegers(writer, kind, place, type, groups, present, integer);
  }
}

}  // namespace

Status WriteAggregate(const AggregateState& state, Seq seq, Guard* guard,
                      std::vector<uint8_t>* result) {
  const std::vector<uint32_t> groups = OrderedGroups(state, guard);
  const size_t column_count = state.plan().groups.size() + state.measures().size();
  ResultWriter writer(PlanKind::kAggregate, static_cast<uint32_t>(column_count), result);
  for (size_t part = 0; part < state.plan().groups.size(); ++part) {
    WriteGroup(state, part, groups, &writer);
  }
  for (size_t i = 0; i < state.measures().size(); ++i) {
    const MeasureColumn& measure = state.measures()[i];
    const auto place = static_cast<uint16_t>(i);
    if (measure.measure().kind == MeasureKind::kMin ||
        measure.measure().kind == MeasureKind::kMax) {
      WriteExtreme(state, measure, place, groups, &writer);
      continue;
    }
    const auto present =
        Collect<uint8_t>(groups, [&](uint32_t group) { return measure.Has(group); });
    const auto numbers = Collect<double>(
        groups, [&](uint32_t group) { return measure.Has(group) ? measure.Number(group) : 0; });
    writer.AddF64(static_cast<uint8_t>(ResultKind::kMeasure), place, numbers, present);
  }
  ResultSummary summary;
  summary.row_count = static_cast<uint32_t>(groups.size());
  summary.seq = seq;
  return writer.Finish(summary, *guard);
}

}  // namespace hypergraph

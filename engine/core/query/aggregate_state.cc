#include "core/query/aggregate_state.h"

#include <algorithm>

#include "core/query/filter.h"

namespace hypergraph {

namespace {

// A border costs about as much as reading this many instants.
constexpr uint64_t kRowsABorder = 32;

bool IsNumber(const TableSchema& schema, ColumnRef column) {
  if (column.kind == ColumnKind::kWeight || column.kind == ColumnKind::kArity) return true;
  if (column.kind != ColumnKind::kProperty) return false;
  const PropertyType type = schema.properties[column.property].type;
  return type != PropertyType::kString && type != PropertyType::kTimestamp;
}

Status CheckMeasure(const TableSchema& schema, const Measure& measure) {
  if (measure.kind == MeasureKind::kCount) return Status::Ok();
  HG_RETURN_IF_ERROR(CheckColumn(schema, measure.column));
  const std::string name = ColumnName(schema, measure.column);
  const bool sums = measure.kind == MeasureKind::kSum || measure.kind == MeasureKind::kAvg;
  if (sums && !IsNumber(schema, measure.column)) {
    return {Code::kTypeMismatch, "cannot add up " + name + ": it is not a number"};
  }
  const bool extreme = measure.kind == MeasureKind::kMin || measure.kind == MeasureKind::kMax;
  if (extreme && (measure.column.kind == ColumnKind::kLabel ||
                  ClassOf(schema, measure.column) == ValueClass::kMembers)) {
    return {Code::kTypeMismatch, "no least or greatest of " + name + ": it has no order"};
  }
  return Status::Ok();
}

}  // namespace

Status CheckAggregate(const TableSchema& schema, const AggregatePlan& plan) {
  if (plan.groups.size() > kGroupPartsMax) return {Code::kInvalid, "more than 4 groups"};
  uint32_t seen = 0;
  for (const GroupKey& group : plan.groups) {
    const bool again = group.kind == GroupKind::kNode || group.kind == GroupKind::kRole;
    const uint32_t bit = 1u << static_cast<uint32_t>(group.kind);
    if (again && (seen & bit) != 0) {
      return {Code::kInvalid, "groups have node or role twice; all parts are of one membership"};
    }
    seen |= bit;
    if (group.kind == GroupKind::kBucket && group.bucket_micros <= 0) {
      return {Code::kInvalid, "the width of a bucket must be above 0"};
    }
    if (group.kind == GroupKind::kProperty) {
      HG_RETURN_IF_ERROR(CheckColumn(schema, {ColumnKind::kProperty, group.property}));
    }
  }
  for (const Measure& measure : plan.measures) HG_RETURN_IF_ERROR(CheckMeasure(schema, measure));
  if (plan.top_by && *plan.top_by >= plan.measures.size()) {
    return {Code::kInvalid, "top is by a measure that the aggregate does not have"};
  }
  return Status::Ok();
}

AggregateState::AggregateState(const TableSchema& schema, const AggregatePlan& plan)
    : schema_(schema), plan_(plan), groups_(plan.groups.size()), columns_(schema) {
  bool counts_only = true;
  bool rank_measures = true;
  for (const Measure& measure : plan.measures) {
    measures_.emplace_back(measure, &columns_);
    if (measure.kind == MeasureKind::kCount) continue;
    counts_only = false;
    const bool sums = measure.kind == MeasureKind::kSum || measure.kind == MeasureKind::kAvg;
    if (!sums || measure.column.kind != ColumnKind::kWeight) rank_measures = false;
  }
  for (size_t i = 0; i < plan.groups.size(); ++i) {
    const GroupKey& group = plan.groups[i];
    buckets_.emplace_back(std::max<int64_t>(group.bucket_micros, 1), group.bucket_origin);
    switch (group.kind) {
      case GroupKind::kBucket:
        part_values_[i] = columns_.Need({ColumnKind::kEventTs, 0});
        break;
      case GroupKind::kNode:
        node_part_ = i;
        columns_.NeedMembers();
        break;
      case GroupKind::kRole:
        role_part_ = i;
        columns_.NeedMembers();
        break;
      case GroupKind::kLabel:
        part_values_[i] = columns_.Need({ColumnKind::kLabel, 0});
        break;
      case GroupKind::kProperty:
        part_values_[i] = columns_.Need({ColumnKind::kProperty, group.property});
        break;
    }
  }
  const bool single = plan.groups.size() == 1;
  by_rank_ = single && plan.groups[0].kind == GroupKind::kBucket && rank_measures;
  by_node_ = single && node_part_ && counts_only;
  if (plan.groups.empty()) {
    groups_.FindOrAdd({});
    for (MeasureColumn& measure : measures_) measure.Resize(1);
  }
}

uint64_t AggregateState::bytes() const {
  uint64_t bytes = groups_.bytes() + node_counts_.size() * 4;
  for (const MeasureColumn& measure : measures_) bytes += measure.bytes();
  for (const TextIds& texts : part_texts_) bytes += texts.bytes();
  return bytes;
}

uint64_t AggregateState::CodeOf(const ColumnValues& values, size_t part, uint32_t row) {
  if (plan_.groups[part].kind == GroupKind::kBucket) {
    return static_cast<uint64_t>(buckets_[part].StartOf(values.integers[row]));
  }
  if (values.value_class == ValueClass::kText) return part_texts_[part].IdOf(values.texts[row]);
  if (values.value_class == ValueClass::kFloat) return CodeOfFloat(values.floats[row]);
  return static_cast<uint64_t>(values.integers[row]);
}

void AggregateState::PartsOfRow(uint32_t row, GroupParts* parts) {
  parts->nulls = 0;
  for (size_t i = 0; i < groups_.part_count(); ++i) {
    const ColumnValues* values = part_values_[i];
    if (values == nullptr) continue;
    // No label is symbol 0, a group like any other.
    const bool has = plan_.groups[i].kind != GroupKind::kProperty || values->Has(row);
    parts->codes[i] = has ? CodeOf(*values, i, row) : 0;
    if (!has) parts->nulls = static_cast<uint8_t>(parts->nulls | 1u << i);
  }
}

Status AggregateState::AddRows(const RowSource& source, Rows rows) {
  HG_RETURN_IF_ERROR(columns_.Load(source, rows));
  facts_.rows.clear();
  facts_.members.clear();
  facts_.groups.clear();
  if (node_part_ || role_part_) {
    GroupMemberships(rows.size());
  } else {
    GroupRows(rows.size());
  }
  for (MeasureColumn& measure : measures_) measure.Add(facts_, columns_, groups_.size());
  return Status::Ok();
}

void AggregateState::GroupRows(uint32_t row_count) {
  if (groups_.part_count() == 0) {
    facts_.groups.assign(row_count, 0);
    return;
  }
  GroupParts parts, last;
  uint32_t group = UINT32_MAX;
  facts_.groups.resize(row_count);
  for (uint32_t row = 0; row < row_count; ++row) {
    PartsOfRow(row, &parts);
    // Neighbours in time are often of one group.
    if (group == UINT32_MAX || !(parts == last)) group = groups_.FindOrAdd(parts);
    last = parts;
    facts_.groups[row] = group;
  }
}

void AggregateState::GroupMemberships(uint32_t row_count) {
  const MemberColumns& members = columns_.members();
  GroupParts parts;
  for (uint32_t row = 0; row < row_count; ++row) {
    PartsOfRow(row, &parts);
    for (uint32_t at = members.offsets[row]; at < members.offsets[row + 1]; ++at) {
      if (node_part_) parts.codes[*node_part_] = members.nodes[at];
      if (role_part_) {
        parts.codes[*role_part_] = members.roles.empty() ? kSymbolNone : members.roles[at];
      }
      facts_.rows.push_back(row);
      facts_.members.push_back(at);
      facts_.groups.push_back(groups_.FindOrAdd(parts));
    }
  }
}

bool AggregateState::PaysByRank(const RowSource& source, TimeWindow window) const {
  const SourceBounds bounds = source.bounds();
  if (!by_rank_ || !source.ranked() || bounds.row_count == 0) return false;
  const Micros first = std::max(bounds.ts_min, window.from);
  const Micros last = std::min(bounds.ts_max, window.to);
  if (first > last) return false;
  const auto span = static_cast<uint64_t>(last) - static_cast<uint64_t>(first);
  const auto all = static_cast<uint64_t>(bounds.ts_max) - static_cast<uint64_t>(bounds.ts_min);
  const double rows = static_cast<double>(bounds.row_count) * (static_cast<double>(span) + 1) /
                      (static_cast<double>(all) + 1);
  const auto borders = span / static_cast<uint64_t>(plan_.groups[0].bucket_micros) + 1;
  return rows >= static_cast<double>(borders) * kRowsABorder;
}

Status AggregateState::AddByRank(const RowSource& source, Rows rows) {
  for (uint32_t first = 0; first < rows.size();) {
    Micros ts = 0;
    HG_RETURN_IF_ERROR(source.EventTs(rows.Slice(first, 1), &ts));
    GroupParts parts;
    parts.codes[0] = static_cast<uint64_t>(buckets_[0].StartOf(ts));
    uint32_t border = 0;
    HG_RETURN_IF_ERROR(source.LowerBound(buckets_[0].end(), &border));
    // Else it would not get on: instants of a segment whose contents lie.
    if (border <= rows[first]) return Status(Code::kCorrupt, "instants are out of their order");
    uint32_t end = rows.size();
    if (rows.contiguous()) {
      end = std::min(end, border - rows.first());
    } else {
      const uint32_t* list = rows.list();
      end = static_cast<uint32_t>(std::lower_bound(list + first, list + end, border) - list);
    }
    const Rows slice = rows.Slice(first, end - first);
    double sum = 0;
    const bool sums = std::any_of(measures_.begin(), measures_.end(), [](const MeasureColumn& m) {
      return m.measure().kind != MeasureKind::kCount;
    });
    if (sums && slice.contiguous()) {
      HG_RETURN_IF_ERROR(source.SumWeights(slice, &sum));
    } else if (sums) {
      weights_.resize(slice.size());
      HG_RETURN_IF_ERROR(source.Weights(slice, weights_.data()));
      for (const double weight : weights_) sum += weight;
    }
    const uint32_t group = groups_.FindOrAdd(parts);
    for (MeasureColumn& measure : measures_) measure.AddMany(group, slice.size(), sum);
    first = end;
  }
  return Status::Ok();
}

Status AggregateState::AddByNode(const RowSource& source, Rows rows, uint32_t node_end) {
  if (node_counts_.size() < node_end) node_counts_.resize(node_end);
  return source.CountMembers(rows, node_counts_);
}

// The first `kept_max` nodes that were counted, or those with the greatest counts, of equal ones
// the first. One pass, with the least of those kept on top of a heap: few nodes come to be compared
// twice.
std::vector<NodeNumber> AggregateState::CountedNodes(uint32_t kept_max, bool* more) const {
  const auto greater = [this](NodeNumber a, NodeNumber b) {
    return node_counts_[a] > node_counts_[b] || (node_counts_[a] == node_counts_[b] && a < b);
  };
  std::vector<NodeNumber> kept;
  *more = false;
  uint32_t least = 0;  // What a node has to be above, once `kept` is full.
  for (NodeNumber node = 0; node < node_counts_.size(); ++node) {
    if (node_counts_[node] <= least) {
      *more |= node_counts_[node] != 0;
      continue;
    }
    if (kept.size() == kept_max) {
      *more = true;
      if (!plan_.top_by || kept_max == 0) break;
      std::pop_heap(kept.begin(), kept.end(), greater);
      kept.pop_back();
    }
    kept.push_back(node);
    if (!plan_.top_by) continue;
    std::push_heap(kept.begin(), kept.end(), greater);
    if (kept.size() == kept_max) least = node_counts_[kept.front()];
  }
  return kept;
}

void AggregateState::FinishNodes(uint32_t kept_max, bool* more) {
  // The groups that were added one by one count too.
  for (uint32_t group = 0; group < groups_.size(); ++group) {
    const uint64_t node = groups_[group].codes[0];
    if (node_counts_.size() <= node) node_counts_.resize(node + 1);
    node_counts_[node] += static_cast<uint32_t>(measures_.empty() ? 1 : measures_[0].Number(group));
  }
  const std::vector<NodeNumber> nodes = CountedNodes(kept_max, more);
  groups_ = GroupTable(1);
  measures_.clear();
  groups_.Reserve(nodes.size());
  for (const Measure& measure : plan_.measures) {
    measures_.emplace_back(measure, &columns_).Resize(static_cast<uint32_t>(nodes.size()));
  }
  for (const NodeNumber node : nodes) {
    GroupParts parts;
    parts.codes[0] = node;
    const uint32_t group = groups_.Append(parts);
    for (MeasureColumn& measure : measures_) measure.AddMany(group, node_counts_[node], 0);
  }
}

}  // namespace hypergraph

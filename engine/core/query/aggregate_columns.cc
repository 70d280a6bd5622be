#include "core/query/aggregate_columns.h"

namespace hypergraph {

ValueClass ClassOf(const TableSchema& schema, ColumnRef column) {
  switch (column.kind) {
    case ColumnKind::kWeight:
      return ValueClass::kFloat;
    case ColumnKind::kKey:
      return ValueClass::kText;
    case ColumnKind::kMembers:
    case ColumnKind::kRoles:
      return ValueClass::kMembers;
    case ColumnKind::kProperty:
      switch (schema.properties[column.property].type) {
        case PropertyType::kFloat64:
          return ValueClass::kFloat;
        case PropertyType::kString:
          return ValueClass::kText;
        default:
          return ValueClass::kInteger;
      }
    default:
      return ValueClass::kInteger;
  }
}

const ColumnValues* AggregateColumns::Need(ColumnRef column) {
  for (const ColumnValues& values : columns_) {
    if (values.column == column) return &values;
  }
  columns_.push_back({column, ClassOf(schema_, column), {}, {}, {}, {}});
  if (columns_.back().value_class == ValueClass::kMembers) needs_members_ = true;
  return &columns_.back();
}

Status AggregateColumns::Load(const RowSource& source, Rows rows) {
  members_.Clear();
  if (needs_members_) HG_RETURN_IF_ERROR(source.Members(rows, &members_));
  for (ColumnValues& values : columns_) HG_RETURN_IF_ERROR(LoadColumn(source, rows, &values));
  return Status::Ok();
}

Status AggregateColumns::LoadColumn(const RowSource& source, Rows rows, ColumnValues* values) {
  const uint32_t count = rows.size();
  values->present.clear();
  switch (values->column.kind) {
    case ColumnKind::kId:
    case ColumnKind::kSeq:
      sequences_.resize(count);
      HG_RETURN_IF_ERROR(values->column.kind == ColumnKind::kId
                             ? source.Ids(rows, sequences_.data())
                             : source.Seqs(rows, sequences_.data()));
      values->integers.assign(sequences_.begin(), sequences_.end());
      return Status::Ok();
    case ColumnKind::kEventTs:
      values->integers.resize(count);
      return source.EventTs(rows, values->integers.data());
    case ColumnKind::kValidTo:
      values->integers.resize(count);
      return source.ValidTo(rows, values->integers.data());
    case ColumnKind::kWeight:
      values->floats.resize(count);
      return source.Weights(rows, values->floats.data());
    case ColumnKind::kLabel:
      numbers_.resize(count);
      HG_RETURN_IF_ERROR(source.Labels(rows, numbers_.data()));
      values->integers.assign(numbers_.begin(), numbers_.end());
      values->present.resize(count);
      for (uint32_t i = 0; i < count; ++i) values->present[i] = numbers_[i] != kSymbolNone;
      return Status::Ok();
    case ColumnKind::kArity:
      numbers_.resize(count);
      HG_RETURN_IF_ERROR(source.Arities(rows, numbers_.data()));
      values->integers.assign(numbers_.begin(), numbers_.end());
      return Status::Ok();
    case ColumnKind::kKey:
      values->texts.clear();
      HG_RETURN_IF_ERROR(source.Keys(rows, &values->texts));
      values->present.resize(count);
      for (uint32_t i = 0; i < count; ++i) values->present[i] = !values->texts[i].empty();
      return Status::Ok();
    case ColumnKind::kProperty:
      return LoadProperty(source, rows, values);
    case ColumnKind::kMembers:
    case ColumnKind::kRoles:
      return Status::Ok();
  }
  return Status::Ok();
}

Status AggregateColumns::LoadProperty(const RowSource& source, Rows rows, ColumnValues* values) {
  property_.present.clear();
  property_.integers.clear();
  property_.floats.clear();
  property_.strings.clear();
  HG_RETURN_IF_ERROR(source.Property(values->column.property, rows, &property_));
  values->present.swap(property_.present);
  values->integers.swap(property_.integers);
  values->floats.swap(property_.floats);
  values->texts.swap(property_.strings);
  // A source from before the property was added may leave the values out: all are null.
  values->present.resize(rows.size(), 0);
  values->integers.resize(rows.size());
  values->floats.resize(rows.size());
  values->texts.resize(rows.size());
  return Status::Ok();
}

}  // namespace hypergraph

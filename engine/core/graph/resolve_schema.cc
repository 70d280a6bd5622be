#include "core/graph/resolve_schema.h"

#include <algorithm>

#include "core/index/segment_format.h"

namespace hypergraph {

namespace {

std::string InQuotes(std::string_view name) { return '"' + std::string(name) + '"'; }

Status CheckName(std::string_view name, const char* what) {
  if (IsIdentifier(name)) return Status::Ok();
  return {Code::kInvalidName, std::string("the name of ") + what +
                                  " must have 1 to 64 letters, digits and _, not a digit first"};
}

static_assert(kPropertiesMax <= kSegmentPropertiesMax, "else a flush fails for ever");

Status AddProperties(const std::vector<PropertySchema>& properties, TableSchema* table) {
  std::vector<std::string_view> names;
  for (const PropertySchema& known : table->properties) names.push_back(known.name);
  for (const PropertySchema& property : properties) {
    HG_RETURN_IF_ERROR(CheckName(property.name, "a property"));
    names.push_back(property.name);
  }
  if (names.size() > kPropertiesMax) {
    return {Code::kTooLarge,
            "a table has at most " + std::to_string(kPropertiesMax) + " properties"};
  }
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end()) {
    return {Code::kExists, "the table has a property " + InQuotes(*twice) + " already"};
  }
  table->properties.insert(table->properties.end(), properties.begin(), properties.end());
  return Status::Ok();
}

Status AddIndex(const IndexSchema& index, TableSchema* table) {
  HG_RETURN_IF_ERROR(CheckName(index.name, "an index"));
  if (index.columns.empty() || index.columns.size() > kIndexColumnsMax) {
    return {Code::kInvalid, "an index has one or two columns"};
  }
  for (const ColumnRef& column : index.columns) {
    if (column.kind == ColumnKind::kLabel && table->id != kNodeTable && column.property == 0) {
      continue;
    }
    if (column.kind != ColumnKind::kProperty) {
      return {Code::kInvalid, "an index is on labels and properties only"};
    }
    if (column.property >= table->properties.size()) {
      return {Code::kNotFound, "an index names a property that the table does not have"};
    }
  }
  if (index.columns.size() == 2 && index.columns[0] == index.columns[1]) {
    return {Code::kInvalid, "an index names a column twice"};
  }
  for (const IndexSchema& known : table->indexes) {
    if (known.name == index.name) {
      return {Code::kExists, "the table has an index " + InQuotes(index.name) + " already"};
    }
  }
  if (table->indexes.size() >= kIndexesMax) {
    return {Code::kTooLarge, "a table has at most " + std::to_string(kIndexesMax) + " indexes"};
  }
  table->indexes.push_back(index);
  return Status::Ok();
}

Status CreateTable(const TableSchema& wanted, Schema* schema) {
  HG_RETURN_IF_ERROR(CheckName(wanted.name, "a table"));
  if (schema->Find(wanted.name) != nullptr) {
    return {Code::kExists, "there is a table " + InQuotes(wanted.name) + " already"};
  }
  HG_RETURN_IF_ERROR(CheckOptions(wanted));
  if (schema->tables.size() > kTablesMax) {  // One of them is the nodes'.
    return {Code::kTooLarge, "a database has at most " + std::to_string(kTablesMax) + " tables"};
  }
  if (schema->next_table_id == UINT32_MAX) return {Code::kTooLarge, "table ids have run out"};
  auto table = std::make_shared<TableSchema>();
  table->id = schema->next_table_id;
  table->name = wanted.name;
  table->ttl = wanted.ttl;
  table->history = wanted.history;
  table->arity_max = wanted.arity_max;
  HG_RETURN_IF_ERROR(AddProperties(wanted.properties, table.get()));
  for (const IndexSchema& index : wanted.indexes) HG_RETURN_IF_ERROR(AddIndex(index, table.get()));
  schema->tables.emplace(schema->next_table_id++, std::move(table));
  return Status::Ok();
}

Status DropIndex(const std::string& name, TableSchema* table) {
  const size_t dropped =
      std::erase_if(table->indexes, [&](const IndexSchema& index) { return index.name == name; });
  if (dropped != 0) return Status::Ok();
  return {Code::kNotFound, "the table has no index of that name"};
}

Status SetOptions(const TableSchema& options, TableSchema* table) {
  if (table->id == kNodeTable) return {Code::kInvalid, "the table of nodes has no options"};
  HG_RETURN_IF_ERROR(CheckOptions(options));
  table->ttl = options.ttl;
  table->history = options.history;
  table->arity_max = options.arity_max;
  return Status::Ok();
}

Status ChangeTable(const BatchOp& op, TableSchema* table) {
  switch (op.kind) {
    case OpKind::kAddProperties:
      return AddProperties(op.schema->properties, table);
    case OpKind::kCreateIndex:
      return AddIndex(op.schema->indexes[0], table);
    case OpKind::kDropIndex:
      return DropIndex(op.schema->indexes[0].name, table);
    case OpKind::kSetOptions:
      return SetOptions(*op.schema, table);
    default:
      return {Code::kInvalid, "not a schema operation"};
  }
}

}  // namespace

Status CheckSchemaSize(const Schema& schema) {
  ByteWriter encoded;
  EncodeSchema(schema, &encoded);
  if (encoded.size() <= kSchemaBytesMax) return Status::Ok();
  return {Code::kTooLarge,
          "the schema would take more than " + std::to_string(kSchemaBytesMax) + " bytes"};
}

Status FindTable(const Schema& schema, TableId id, const TableSchema** table) {
  *table = schema.Find(id);
  if (*table != nullptr) return Status::Ok();
  return {Code::kNotFound, "there is no table with the id " + std::to_string(id)};
}

Status ChangeSchema(const BatchOp& op, Schema* schema) {
  if (op.kind == OpKind::kCreateTable) {
    HG_RETURN_IF_ERROR(CreateTable(*op.schema, schema));
    ++schema->version;
    return Status::Ok();
  }
  const TableSchema* table;
  HG_RETURN_IF_ERROR(FindTable(*schema, op.table, &table));
  if (op.kind == OpKind::kDropTable) {
    if (op.table == kNodeTable) return {Code::kInvalid, "the table of nodes cannot be dropped"};
    schema->tables.erase(op.table);
  } else {
    auto changed = std::make_shared<TableSchema>(*table);
    HG_RETURN_IF_ERROR(ChangeTable(op, changed.get()));
    schema->tables[op.table] = std::move(changed);
  }
  ++schema->version;
  return Status::Ok();
}

}  // namespace hypergraph

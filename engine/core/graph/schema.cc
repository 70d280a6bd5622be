#include "core/graph/schema.h"

#include <algorithm>

namespace hypergraph {

namespace {

void PutIndex(const IndexSchema& index, ByteWriter* out) {
  out->PutText(index.name);
  out->Put(static_cast<uint8_t>(index.columns.size()));
  for (const ColumnRef& column : index.columns) {
    out->Put(column.kind);
    out->Put(column.property);
  }
}

Status DamagedSchema(const char* what) {
  return {Code::kCorrupt, std::string("the stored schema is damaged: ") + what};
}

Status GetIndex(ByteReader* in, const TableSchema& table, IndexSchema* index) {
  index->name = in->GetText();
  const auto count = in->Get<uint8_t>();
  for (uint32_t i = 0; i < count && in->ok(); ++i) {
    ColumnRef column;
    column.kind = static_cast<ColumnKind>(in->Get<uint8_t>());
    column.property = in->Get<PropertyIndex>();
    const bool known =
        column.kind == ColumnKind::kLabel ||
        (column.kind == ColumnKind::kProperty && column.property < table.properties.size());
    if (!known) return DamagedSchema("an index on no column");
    index->columns.push_back(column);
  }
  if (!in->ok() || index->columns.empty()) return DamagedSchema("an index is cut short");
  return Status::Ok();
}

Status GetTable(ByteReader* in, TableSchema* table) {
  table->id = in->Get<TableId>();
  table->name = in->GetText();
  const auto property_count = in->Get<uint16_t>();
  for (uint32_t i = 0; i < property_count && in->ok(); ++i) {
    PropertySchema property;
    property.name = in->GetText();
    const auto type = in->Get<uint8_t>();
    if (!IsPropertyType(type)) return DamagedSchema("no such property type");
    property.type = static_cast<PropertyType>(type);
    table->properties.push_back(std::move(property));
  }
  const auto index_count = in->Get<uint16_t>();
  for (uint32_t i = 0; i < index_count && in->ok(); ++i) {
    HG_RETURN_IF_ERROR(GetIndex(in, *table, &table->indexes.emplace_back()));
  }
  table->ttl = in->Get<Micros>();
  table->history = in->Get<Micros>();
  table->arity_max = in->Get<uint32_t>();
  if (!in->ok()) return DamagedSchema("a table is cut short");
  return CheckOptions(*table).ok() ? Status::Ok() : DamagedSchema("a table's options");
}

// Names are identifiers, or the node properties' own: nothing in them needs an escape.
std::string Quoted(std::string_view name) { return '"' + std::string(name) + '"'; }

template <typename Items, typename Print>
std::string JsonList(const Items& items, const Print& print) {
  std::string json = "[";
  for (const auto& item : items) {
    if (json.size() > 1) json += ',';
    json += print(item);
  }
  return json + ']';
}

std::string ColumnJson(const ColumnRef& column) {
  return "{\"kind\":" + std::to_string(static_cast<int>(column.kind)) +
         ",\"property\":" + std::to_string(column.property) + '}';
}

std::string TableJson(const TableSchema& table) {
  std::string json = "{\"id\":" + std::to_string(table.id) + ",\"name\":" + Quoted(table.name);
  json += ",\"properties\":" + JsonList(table.properties, [](const PropertySchema& property) {
            return "{\"name\":" + Quoted(property.name) +
                   ",\"type\":" + std::to_string(static_cast<int>(property.type)) + '}';
          });
  json += ",\"indexes\":" + JsonList(table.indexes, [](const IndexSchema& index) {
            return "{\"name\":" + Quoted(index.name) +
                   ",\"columns\":" + JsonList(index.columns, ColumnJson) + '}';
          });
  json += ",\"ttl\":" + (table.ttl == 0 ? "null" : Quoted(std::to_string(table.ttl)));
  json += ",\"history\":" +
          (table.history == kMicrosMax ? "null" : Quoted(std::to_string(table.history)));
  return json + ",\"arityMax\":" + std::to_string(table.arity_max) + '}';
}

}  // namespace

const TableSchema* Schema::Find(std::string_view name) const {
  for (const auto& [id, table] : tables) {
    if (table->name == name) return table.get();
  }
  return nullptr;
}

const TableSchema* Schema::Find(TableId id) const {
  const auto found = tables.find(id);
  return found == tables.end() ? nullptr : found->second.get();
}

std::shared_ptr<const Schema> MakeEmptySchema() {
  auto nodes = std::make_shared<TableSchema>();
  nodes->id = kNodeTable;
  nodes->name = kNodeTableName;
  auto schema = std::make_shared<Schema>();
  schema->tables.emplace(kNodeTable, std::move(nodes));
  return schema;
}

bool IsIdentifier(std::string_view name) {
  if (name.empty() || name.size() > 64) return false;
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return letter(name[0]) && std::all_of(name.begin(), name.end(), [&](char c) {
           return letter(c) || (c >= '0' && c <= '9');
         });
}

Status CheckOptions(const TableSchema& options) {
  if (options.ttl < 0) return {Code::kInvalid, "ttl is negative"};
  if (options.history < 0) return {Code::kInvalid, "history is negative"};
  if (options.arity_max == 0) return {Code::kInvalid, "arity_max is 0"};
  return Status::Ok();
}

bool IsPropertyType(uint8_t code) {
  return code >= static_cast<uint8_t>(PropertyType::kBool) &&
         code <= static_cast<uint8_t>(PropertyType::kTimestamp);
}

void EncodeSchema(const Schema& schema, ByteWriter* out) {
  out->Put(schema.version);
  out->Put(schema.next_table_id);
  out->Put(static_cast<uint32_t>(schema.tables.size()));
  for (const auto& [id, table] : schema.tables) {
    out->Put(table->id);
    out->PutText(table->name);
    out->Put(static_cast<uint16_t>(table->properties.size()));
    for (const PropertySchema& property : table->properties) {
      out->PutText(property.name);
      out->Put(property.type);
    }
    out->Put(static_cast<uint16_t>(table->indexes.size()));
    for (const IndexSchema& index : table->indexes) PutIndex(index, out);
    out->Put(table->ttl);
    out->Put(table->history);
    out->Put(table->arity_max);
  }
}

Status DecodeSchema(ByteReader* in, Schema* schema) {
  *schema = Schema();
  schema->version = in->Get<uint64_t>();
  schema->next_table_id = in->Get<TableId>();
  const auto count = in->Get<uint32_t>();
  for (uint32_t i = 0; i < count && in->ok(); ++i) {
    auto table = std::make_shared<TableSchema>();
    HG_RETURN_IF_ERROR(GetTable(in, table.get()));
    const TableId id = table->id;
    const bool node_table = id == kNodeTable && table->name == kNodeTableName;
    if (!node_table && (id >= schema->next_table_id || !IsIdentifier(table->name))) {
      return DamagedSchema("a table's id or name");
    }
    if (!schema->tables.emplace(id, std::move(table)).second) return DamagedSchema("a table twice");
  }
  if (!in->ok() || schema->Find(kNodeTable) == nullptr) return DamagedSchema("it is cut short");
  return Status::Ok();
}

std::string SchemaToJson(const Schema& schema) {
  return "{\"version\":" + std::to_string(schema.version) + ",\"tables\":" +
         JsonList(schema.tables, [](const auto& entry) { return TableJson(*entry.second); }) + '}';
}

}  // namespace hypergraph

// What the tables of a database are: names, properties, roles, indexes, retention. Immutable once
// shared; a change makes a new one.
#ifndef HYPERGRAPH_GRAPH_SCHEMA_H_
#define HYPERGRAPH_GRAPH_SCHEMA_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/status.h"
#include "core/index/predicate.h"

namespace hypergraph {

struct PropertySchema {
  std::string name;
  PropertyType type = PropertyType::kInt64;
};

struct IndexSchema {
  std::string name;
  std::vector<ColumnRef> columns;  // Labels and properties, one or two, all but the last compared
                                   // for equality.
};

struct TableSchema {
  TableId id = 0;
  std::string name;
  std::vector<PropertySchema> properties;  // Appended to, never removed: the place is the number.
  std::vector<IndexSchema> indexes;
  Micros ttl = 0;  // 0: none. Records with event_ts < now − ttl are neither seen nor kept.
  Micros history = kMicrosMax;  // How long replaced records stay readable as of the past.
  uint32_t arity_max = 1u << 20;
};

// The node properties' table: one record a node, event_ts = its number, no members.
inline constexpr TableId kNodeTable = 0;
inline constexpr std::string_view kNodeTableName = "$nodes";

struct Schema {
  uint64_t version = 0;  // Grows by one with each change.
  TableId next_table_id = 1;
  std::map<TableId, std::shared_ptr<const TableSchema>> tables;  // Always has kNodeTable.
  const TableSchema* Find(std::string_view name) const;
  const TableSchema* Find(TableId id) const;
};

// What keeps a MANIFEST and a commit that changes the schema small.
inline constexpr size_t kTablesMax = 4096;
inline constexpr size_t kIndexesMax = 64;       // Of a table.
inline constexpr size_t kIndexColumnsMax = 2;   // Of an index.
inline constexpr size_t kPropertiesMax = 1024;  // Of a table: each takes a section of a segment.
inline constexpr size_t kSchemaBytesMax = size_t{16} << 20;  // Encoded, all tables together.

// Version 0: only the node properties' table.
std::shared_ptr<const Schema> MakeEmptySchema();

// ^[A-Za-z_][A-Za-z0-9_]{0,63}$
bool IsIdentifier(std::string_view name);

// Whether ttl, history and arity_max are what a table can have: kInvalid names the one that is not.
Status CheckOptions(const TableSchema& options);
bool IsPropertyType(uint8_t code);
void EncodeSchema(const Schema& schema, ByteWriter* out);
Status DecodeSchema(ByteReader* in, Schema* schema);
// For JavaScript, one object: {"version", "tables": [{"id", "name", "properties": [{"name",
// "type"}], "indexes": [{"name", "columns": [{"kind", "property"}]}], "ttl", "history",
// "arityMax"}]}. Types and kinds are their codes; ttl and history are decimal strings of
// microseconds, null for none and for ever.
std::string SchemaToJson(const Schema& schema);

}  // namespace hypergraph

#endif  // HYPERGRAPH_GRAPH_SCHEMA_H_

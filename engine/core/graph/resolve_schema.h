// The schema operations of a batch, tried on a copy of the schema.
#ifndef HYPERGRAPH_GRAPH_RESOLVE_SCHEMA_H_
#define HYPERGRAPH_GRAPH_RESOLVE_SCHEMA_H_

#include "core/graph/batch_reader.h"
#include "core/graph/schema.h"

namespace hypergraph {

// Changes `schema`, or says why not and leaves it as it is.
Status ChangeSchema(const BatchOp& op, Schema* schema);

// kNotFound, naming the id, when there is no such table.
Status FindTable(const Schema& schema, TableId id, const TableSchema** table);

// kTooLarge above kSchemaBytesMax.
Status CheckSchemaSize(const Schema& schema);

}  // namespace hypergraph

#endif  // HYPERGRAPH_GRAPH_RESOLVE_SCHEMA_H_

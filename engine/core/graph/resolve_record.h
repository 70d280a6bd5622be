// One record as a value: what an update reads, changes and writes again.
#ifndef HYPERGRAPH_GRAPH_RESOLVE_RECORD_H_
#define HYPERGRAPH_GRAPH_RESOLVE_RECORD_H_

#include <string>
#include <vector>

#include "core/graph/commit_record.h"
#include "core/graph/schema.h"
#include "core/index/row_source.h"

namespace hypergraph {

struct RecordProperty {
  bool present = false;
  uint64_t bits = 0;  // Of an integer or a float.
  std::string text;
};

struct Record {
  EdgeId id = 0;  // 0: the record's own seq.
  Seq replaces = 0;
  Micros event_ts = 0;
  Micros valid_to = kMicrosMax;
  double weight = 1;
  Symbol label = kSymbolNone;
  std::vector<NodeNumber> members;
  std::vector<Symbol> roles;  // Empty, or parallel to members.
  std::string key;
  std::vector<RecordProperty> properties;  // By index; those beyond the end are null.

  RecordProperty& PropertyAt(PropertyIndex property) {
    if (properties.size() <= property) properties.resize(property + size_t{1});
    return properties[property];
  }
  size_t ByteCount() const;
};

// All of a row but id and replaces.
Status ReadRecord(const RowSource& source, uint32_t row, const TableSchema& table, Record* record);

// Writes rows sections, as many as the roles need (255 of them each).
void EncodeRecords(const TableSchema& table, std::span<const Record> records, ByteWriter* out);

}  // namespace hypergraph

#endif  // HYPERGRAPH_GRAPH_RESOLVE_RECORD_H_

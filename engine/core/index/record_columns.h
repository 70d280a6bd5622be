// Records as columns in memory: what a flush or a merge hands to the segment writer.
#ifndef HYPERGRAPH_INDEX_RECORD_COLUMNS_H_
#define HYPERGRAPH_INDEX_RECORD_COLUMNS_H_

#include <string>
#include <vector>

#include "core/base/types.h"

namespace hypergraph {

struct PropertyValues {
  PropertyIndex property = 0;
  PropertyType type = PropertyType::kInt64;
  std::vector<uint8_t> present;       // Empty: all are present. Else 1 or 0, one a record.
  std::vector<int64_t> integers;      // bool, int64, timestamp: one a record.
  std::vector<double> floats;         // float64: one a record.
  std::vector<uint64_t> string_ends;  // string: record i is [string_ends[i-1], string_ends[i]).
  std::string string_bytes;
};

// Invariant: sorted by (event_ts, seq); every vector that is not optional has record_count values.
struct RecordColumns {
  uint32_t record_count = 0;
  std::vector<Micros> event_ts;
  std::vector<Seq> seq;
  std::vector<EdgeId> id;
  std::vector<Micros> valid_to;       // Empty: none ends.
  std::vector<double> weight;         // Empty: all 1.
  std::vector<Symbol> label;          // Empty: no labels.
  std::vector<uint64_t> member_ends;  // Members of record i: [member_ends[i-1], member_ends[i]).
  std::vector<NodeNumber> members;
  std::vector<Symbol> roles;       // Empty: no roles. Else parallel to members.
  std::vector<uint64_t> key_ends;  // Empty: no keys.
  std::string key_bytes;
  std::vector<PropertyValues> properties;
  std::vector<Seq> superseded_by;  // Empty: none. Else 0, or the seq that replaced the record.
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_INDEX_RECORD_COLUMNS_H_

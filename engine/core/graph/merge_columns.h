// Builds the records of one segment to be, one record at a time, out of others' columns.
#ifndef HYPERGRAPH_GRAPH_MERGE_COLUMNS_H_
#define HYPERGRAPH_GRAPH_MERGE_COLUMNS_H_

#include "core/index/record_columns.h"

namespace hypergraph {

// Threads: one. Columns that hold only their default stay empty, as RecordColumns wants them.
class RecordAppender {
 public:
  // Record `row` of `from`, as replaced by `superseded_by` (0: not). Requires: it comes at or after
  // the last one in (event_ts, seq) order; a property has one type throughout.
  void Append(const RecordColumns& from, uint32_t row, Seq superseded_by);

  uint32_t record_count() const { return out_.record_count; }
  uint64_t bytes() const { return bytes_; }  // About; what bounds an output besides its count.
  // The records so far; the appender is empty again.
  RecordColumns Take();

 private:
  void AppendMembers(const RecordColumns& from, uint32_t row);
  void AppendProperties(const RecordColumns& from, uint32_t row);
  PropertyValues& PropertyOf(const PropertyValues& from);

  RecordColumns out_;
  uint64_t bytes_ = 0;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_GRAPH_MERGE_COLUMNS_H_

// Builds the records of one segment to be, run by run, out of others' columns.
#ifndef HYPERGRAPH_GRAPH_MERGE_COLUMNS_H_
#define HYPERGRAPH_GRAPH_MERGE_COLUMNS_H_

#include "core/index/record_columns.h"

namespace hypergraph {

// Threads: one. Columns that hold only their default stay empty, as RecordColumns wants them.
class RecordAppender {
 public:
  struct Run {
    uint32_t first = 0;
    uint32_t count = 0;
  };
  // These records of `from`, each as replaced by `superseded_by` (0: not). Requires: they come at
  // or after the last one in (event_ts, seq) order; a property has one type throughout.
  void Append(const RecordColumns& from, Run run, Seq superseded_by);

  uint32_t record_count() const { return out_.record_count; }
  uint64_t bytes() const { return bytes_; }  // About; what bounds an output besides its count.
  // The records so far; the appender is empty again.
  RecordColumns Take();

 private:
  void AppendMembers(const RecordColumns& from, Run run);
  void AppendKeys(const RecordColumns& from, Run run);
  void AppendTexts(const PropertyValues& from, Run run, PropertyValues* to);
  void AppendProperties(const RecordColumns& from, Run run);
  PropertyValues& PropertyOf(const PropertyValues& from);

  RecordColumns out_;
  uint64_t bytes_ = 0;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_GRAPH_MERGE_COLUMNS_H_

// The columns that an aggregate needs of a batch of rows, each loaded once.
//
// Threads: one.
#ifndef HYPERGRAPH_QUERY_AGGREGATE_COLUMNS_H_
#define HYPERGRAPH_QUERY_AGGREGATE_COLUMNS_H_

#include <deque>
#include <string_view>
#include <vector>

#include "core/graph/schema.h"
#include "core/index/row_source.h"

namespace hypergraph {

enum class ValueClass : uint8_t { kInteger, kFloat, kText, kMembers };

// What a column's values are to an aggregate. Requires: the schema has the property.
ValueClass ClassOf(const TableSchema& schema, ColumnRef column);

struct ColumnValues {
  ColumnRef column;
  ValueClass value_class = ValueClass::kInteger;
  std::vector<uint8_t> present;  // Empty: every row has a value.
  std::vector<int64_t> integers;
  std::vector<double> floats;
  std::vector<std::string_view> texts;
  bool Has(size_t row) const { return present.empty() || present[row] != 0; }
};

class AggregateColumns {
 public:
  explicit AggregateColumns(const TableSchema& schema) : schema_(schema) {}

  // Before the first Load. The answer stays valid, and its values are those of the batch loaded
  // last. A label that is none and a key that is empty count as null.
  const ColumnValues* Need(ColumnRef column);
  void NeedMembers() { needs_members_ = true; }
  bool needs_members() const { return needs_members_; }

  Status Load(const RowSource& source, Rows rows);
  const MemberColumns& members() const { return members_; }

 private:
  Status LoadColumn(const RowSource& source, Rows rows, ColumnValues* values);
  Status LoadProperty(const RowSource& source, Rows rows, ColumnValues* values);

  const TableSchema& schema_;
  std::deque<ColumnValues> columns_;
  bool needs_members_ = false;
  MemberColumns members_;
  std::vector<uint32_t> numbers_;
  std::vector<uint64_t> sequences_;
  PropertyColumn property_;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_QUERY_AGGREGATE_COLUMNS_H_

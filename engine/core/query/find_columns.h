// Writes the columns of a page into a result, decoding a few thousand rows at a time so that what
// is decoded is copied while it is still in the nearest cache.
//
// Threads: one query's. Ownership: borrows all it is given.
#ifndef HYPERGRAPH_QUERY_FIND_COLUMNS_H_
#define HYPERGRAPH_QUERY_FIND_COLUMNS_H_

#include "core/query/find_page.h"
#include "core/query/result.h"

namespace hypergraph {

class FindColumns {
 public:
  FindColumns(const FindPage& page, const TableSchema& schema, const Dictionary& nodes,
              ResultWriter* writer);
  ~FindColumns();
  FindColumns(const FindColumns&) = delete;
  FindColumns& operator=(const FindColumns&) = delete;

  // The next column of the result. Requires: CheckColumn(schema, column) is ok.
  Status Write(ColumnRef column);
  // event_ts as node numbers: the first column of a result over node properties.
  Status WriteNodeNumbers();

 private:
  // Calls decode(source, rows) for all rows of the page in the pieces' order, some at a time.
  template <typename Decode>
  Status ForRows(Decode decode);
  template <typename T, typename Decode>
  Status Plain(ValueType type, uint8_t kind, Decode decode);
  Status WriteNext(ColumnRef column);
  template <typename T>
  Status AsRead(ValueType type, uint8_t kind, Status (RowSource::*read)(Rows, T*) const);
  Status Numbers(uint8_t kind, Status (RowSource::*read)(Rows, uint64_t*) const);
  Status Lists(ColumnRef column);
  Status StreamMembers();
  Status DecodeMembers();
  Status Keys();
  Status Property(PropertyIndex property);
  template <typename T>
  void Reorder(std::vector<T>* values) const;

  const FindPage& page_;
  const TableSchema& schema_;
  const Dictionary& nodes_;
  ResultWriter* writer_;
  uint32_t written_ = 0;
  // Members and roles come from one decoding; the first of them does it.
  bool members_decoded_ = false;
  std::optional<uint32_t> lists_at_;  // A column whose offsets are the members'.
  MemberColumns all_members_;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_QUERY_FIND_COLUMNS_H_

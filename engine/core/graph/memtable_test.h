// What tests of the memtable share.
#ifndef HYPERGRAPH_GRAPH_MEMTABLE_TEST_H_
#define HYPERGRAPH_GRAPH_MEMTABLE_TEST_H_

#include <span>

#include "core/graph/memtable.h"
#include "core/graph/resolve_record.h"
#include "core/graph/schema.h"
#include "test/test.h"

namespace hypergraph::test {

inline constexpr TableId kTable = 1;

inline TableSchema TestTable() {
  TableSchema table;
  table.id = kTable;
  table.properties = {{"size", PropertyType::kInt64},
                      {"score", PropertyType::kFloat64},
                      {"name", PropertyType::kString}};
  return table;
}

// Through the commit record's bytes, as a commit goes.
inline void Append(Memtable* memtable, std::span<const Record> records, Seq first_seq) {
  ByteWriter out;
  EncodeRecords(TestTable(), records, &out);
  ByteReader in(out.view());
  while (!in.AtEnd()) {
    CHECK_EQ(in.Get<uint8_t>(), static_cast<uint8_t>(SectionKind::kRows));
    RowBlock block;
    CHECK_OK(DecodeRows(&in, &block));
    CHECK_OK(memtable->Append(block, first_seq));
    first_seq += block.count;
  }
}

}  // namespace hypergraph::test

#endif  // HYPERGRAPH_GRAPH_MEMTABLE_TEST_H_

// Everything that a query may ask of a row source, where stored bytes may be anything: each answer
// is ok or kCorrupt, and rows that it names exist.
#ifndef HYPERGRAPH_TEST_FUZZ_SUPPORT_ASK_ALL_H_
#define HYPERGRAPH_TEST_FUZZ_SUPPORT_ASK_ALL_H_

#include "core/index/row_source.h"
#include "test/fuzz/support/fuzz.h"

namespace hypergraph::fuzz {

// Ok and kCorrupt pass, anything else is a finding. Whether it was ok.
bool Tolerate(const Status& status);

// Properties 0 … property_end − 1, nodes 0 … node_end − 1. Few rows of a huge source.
void AskAll(const RowSource& source, PropertyIndex property_end, NodeNumber node_end);

// Every column of these rows, each of which must exist.
void ReadColumns(const RowSource& source, Rows rows, PropertyIndex property_end);

}  // namespace hypergraph::fuzz

#endif  // HYPERGRAPH_TEST_FUZZ_SUPPORT_ASK_ALL_H_

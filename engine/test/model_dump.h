// All that a snapshot shows, as lines of text, from the engine's row sources and from the model:
// equal states give equal lines.
#ifndef HYPERGRAPH_TEST_MODEL_DUMP_H_
#define HYPERGRAPH_TEST_MODEL_DUMP_H_

#include <string>
#include <vector>

#include "core/graph/snapshot.h"
#include "test/model.h"

namespace hypergraph::test {

// The schema first, then a line a record. Tables whose names begin with `without`, unless it is
// empty, are left out, and then the schema too.
Status DumpSnapshot(const Snapshot& snapshot, const std::string& without,
                    std::vector<std::string>* lines);
std::vector<std::string> DumpModel(const Model& model, const ModelCommit& newest, Seq at,
                                   Micros now);

// One line, of a record.
std::string RecordLine(const ModelRecord& record);
// Where the two differ first; empty if they are equal.
std::string FirstDifference(const std::vector<std::string>& found,
                            const std::vector<std::string>& expected);

}  // namespace hypergraph::test

#endif  // HYPERGRAPH_TEST_MODEL_DUMP_H_

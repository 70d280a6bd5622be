// Reads a durable state whole and says what is wrong with it.
#ifndef HYPERGRAPH_GRAPH_CHECK_H_
#define HYPERGRAPH_GRAPH_CHECK_H_

#include <string>

#include "core/graph/manifest_state.h"
#include "include/hypergraph/database.h"

namespace hypergraph {

// Opens every file of the state anew and verifies every checksum of it. Faults are added to the
// report; a failure is of reading itself.
void CheckFiles(FileSystem& files, const std::string& directory, const ManifestState& state,
                CheckReport* report);
// The logs from the state's floor on. What is not whole at the end of the newest is no fault.
void CheckLogs(FileSystem& files, const std::string& directory, const ManifestState& state,
               CheckReport* report);

}  // namespace hypergraph

#endif  // HYPERGRAPH_GRAPH_CHECK_H_

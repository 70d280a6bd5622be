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
// How far a log is known to be written: up to there it must be readable.
struct WrittenLog {
  uint64_t number = 0;  // 0: nothing is known.
  uint64_t bytes = 0;
};
// The logs from the state's floor on, also while they are written to. What is not whole at the end
// of the newest is no fault beyond `written`.
void CheckLogs(FileSystem& files, const std::string& directory, const ManifestState& state,
               const WrittenLog& written, CheckReport* report);

}  // namespace hypergraph

#endif  // HYPERGRAPH_GRAPH_CHECK_H_

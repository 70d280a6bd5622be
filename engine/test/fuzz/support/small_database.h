// A database with a little of everything, made in memory: integer and text nodes, roles, labels,
// keys, every type of property, indexes, node properties, two segments, marks on them and records
// in the log. Each input gets its own copy, which costs one open.
#ifndef HYPERGRAPH_TEST_FUZZ_SUPPORT_SMALL_DATABASE_H_
#define HYPERGRAPH_TEST_FUZZ_SUPPORT_SMALL_DATABASE_H_

#include <memory>
#include <string>

#include "core/platform/memory_file_system.h"
#include "include/hypergraph/database.h"
#include "test/fuzz/support/fuzz.h"

namespace hypergraph::fuzz {

inline constexpr char kPath[] = "db";
inline constexpr TableId kTable = 1;
inline constexpr PropertyIndex kSize = 0, kRatio = 1, kName = 2, kFlag = 3, kAt = 4;

class FixedClock : public Clock {
 public:
  Micros Now() override { return 2'000'000; }
};

OpenOptions SmallOptions(FileSystem* files, Clock* clock);

// Everything on its disk, written once in a process.
const MemoryImage& SmallImage();

// A copy of it, open.
struct SmallDatabase {
  SmallDatabase();
  MemoryFileSystem files;
  FixedClock clock;
  std::unique_ptr<Database> database;
};

// All that a reader sees, as text: for comparing states. Fails on any error.
std::string Dump(const Snapshot& snapshot);
std::string DumpNow(Database* database);

// Offsets of a result inside it, ascending where they must; else a finding.
void CheckResult(ByteView result);

}  // namespace hypergraph::fuzz

#endif  // HYPERGRAPH_TEST_FUZZ_SUPPORT_SMALL_DATABASE_H_

// What a caller may choose when opening a database. Every limit has its unit in its name.
#ifndef HYPERGRAPH_OPTIONS_H_
#define HYPERGRAPH_OPTIONS_H_

#include <cstdint>
#include <memory>

#include "core/base/page_reserve.h"
#include "core/platform/file.h"

namespace hypergraph {

// What an acknowledged commit survives.
enum class Durability : uint8_t {  // Frozen: crosses the boundary to JavaScript.
  kSync = 0,                       // A power failure: acknowledged after fdatasync.
  kOs = 1,                         // The end of the process: acknowledged after the write.
};

struct OpenOptions {
  FileSystem* files = nullptr;  // Null: the machine's.
  Clock* clock = nullptr;       // Null: the machine's.
  bool read_only = false;       // Takes no lock, writes nothing, follows the writer by Refresh().
  bool create_if_missing = true;
  // False: no threads of the engine's own; commits run on the caller's, flush and merge only when
  // called. For tests that need the same order of file operations each time.
  bool background = true;
  // Opening takes memory from here first. See Database::MakePages.
  std::shared_ptr<PageReserve> pages;
  uint64_t memtable_bytes_max = 256ull << 20;
  uint32_t memtable_records_max = 1u << 20;
  uint64_t log_allocate_bytes = 16ull << 20;
  uint32_t segment_records_max = 2u << 20;
  uint64_t commit_bytes_max = 1ull << 30;
  uint32_t text_bytes_max = 1u << 20;  // One node key, label, key or string property.
  uint32_t commit_queue_max = 4096;    // Commits waiting; beyond it kTooLarge.
  // Of the batches submitted and waiting, together; one alone may be larger.
  uint64_t commit_queue_bytes_max = 256ull << 20;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_OPTIONS_H_

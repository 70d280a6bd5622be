// The names of the files of a database's directory.
#ifndef HYPERGRAPH_GRAPH_DATABASE_FILES_H_
#define HYPERGRAPH_GRAPH_DATABASE_FILES_H_

#include <string>
#include <string_view>

#include "core/base/types.h"
#include "core/storage/manifest_file.h"

namespace hypergraph {

inline constexpr std::string_view kLockName = "LOCK";
inline constexpr std::string_view kQuarantineName = "quarantine";

std::string SegmentName(uint64_t file_id);
std::string PropertyIndexName(uint64_t file_id);
std::string DeletionsName(uint64_t file_id);
std::string DictionaryName(uint64_t file_id);
std::string ClockName(uint64_t file_id);
std::string LogName(uint64_t log_number);

enum class NameKind : uint8_t {
  kOther,
  kImmutable,
  kLog,
  kManifest,
  kLock,
  kTemporary,
  kQuarantine
};
struct ParsedName {
  NameKind kind = NameKind::kOther;
  uint64_t number = 0;  // Of an immutable file or a log.
};
ParsedName ParseName(std::string_view name);

// Makes the directory's own name durable.
Status SyncParent(FileSystem& files, const std::string& directory);
// Copies a file whole and makes its contents durable: to a temporary name first, so that what bears
// the name is never a part. `copied` gets the bytes.
Status CopyFile(FileSystem& files, const std::string& from, const std::string& to,
                uint64_t* copied);
std::string JoinPath(const std::string& directory, std::string_view name);

}  // namespace hypergraph

#endif  // HYPERGRAPH_GRAPH_DATABASE_FILES_H_

// The names of the files of a database's directory.
#ifndef HYPERGRAPH_GRAPH_DATABASE_FILES_H_
#define HYPERGRAPH_GRAPH_DATABASE_FILES_H_

#include <string>
#include <string_view>

#include "core/base/types.h"

namespace hypergraph {

inline constexpr std::string_view kManifestName = "MANIFEST";
inline constexpr std::string_view kManifestTemporaryName = "MANIFEST.tmp";
inline constexpr std::string_view kLockName = "LOCK";
inline constexpr std::string_view kQuarantineName = "quarantine";

std::string SegmentName(uint64_t file_id);
std::string PropertyIndexName(uint64_t file_id);
std::string DeletionsName(uint64_t file_id);
std::string DictionaryName(uint64_t file_id);
std::string ClockName(uint64_t file_id);
std::string LogName(uint64_t log_number);

enum class NameKind : uint8_t { kOther, kImmutable, kLog, kManifest, kLock, kTemporary, kQuarantine };
struct ParsedName {
  NameKind kind = NameKind::kOther;
  uint64_t number = 0;  // Of an immutable file or a log.
};
ParsedName ParseName(std::string_view name);

std::string JoinPath(const std::string& directory, std::string_view name);

}  // namespace hypergraph

#endif  // HYPERGRAPH_GRAPH_DATABASE_FILES_H_

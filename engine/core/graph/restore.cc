#include <algorithm>

#include "core/graph/check.h"
#include "core/graph/database_files.h"
#include "core/graph/recovery.h"
#include "core/storage/manifest_file.h"

namespace hypergraph {
namespace {

// The directory does not exist, or holds only what an interrupted restore left.
Status MakeEmptyDirectory(FileSystem& files, const std::string& directory) {
  auto names = files.List(directory);
  if (!names.ok() && names.status().code() != Code::kNotFound) return names.status();
  if (names.ok()) {
    for (const std::string& name : *names) {
      const NameKind kind = ParseName(name).kind;
      if (kind != NameKind::kImmutable && kind != NameKind::kTemporary) {
        return {Code::kExists, directory + " exists and holds " + name};
      }
    }
    for (const std::string& name : *names) {
      HG_RETURN_IF_ERROR(files.Remove(JoinPath(directory, name)));
    }
  }
  HG_RETURN_IF_ERROR(files.MakeDirectory(directory));
  return SyncParent(files, directory);
}

Status CheckIsBackup(FileSystem& files, const std::string& backup, const ManifestState& state) {
  std::vector<uint64_t> logs;
  HG_RETURN_IF_ERROR(ListLogs(files, backup, 0, &logs));
  if (state.log_floor == 0 && logs.empty()) return Status::Ok();
  return {Code::kInvalid, backup + " is a database with logs, not a backup of one"};
}

}  // namespace

Status RestoreDatabase(FileSystem& files, const std::string& backup, const std::string& directory,
                       CheckReport* report) {
  *report = {};
  ManifestState state;
  const Status manifest = LoadManifest(files, backup, &state);
  if (manifest.code() == Code::kNotFound) {
    return {Code::kNotADatabase, backup + " is no backup: it has no MANIFEST"};
  }
  HG_RETURN_IF_ERROR(manifest);
  HG_RETURN_IF_ERROR(CheckIsBackup(files, backup, state));
  ++report->files_checked;
  CheckFiles(files, backup, state, report);
  if (!report->faults.empty()) {
    return {Code::kCorrupt, "the backup is damaged: " + report->faults.front()};
  }
  HG_RETURN_IF_ERROR(MakeEmptyDirectory(files, directory));
  for (const std::string& name : NamedFiles(state)) {
    uint64_t copied = 0;
    HG_RETURN_IF_ERROR(CopyFile(files, JoinPath(backup, name), JoinPath(directory, name), &copied));
  }
  HG_RETURN_IF_ERROR(files.SyncDirectory(directory));
  // From here on it goes its own way: no log or backup of the one may pass for one of the other.
  HG_RETURN_IF_ERROR(RandomBytes(state.database_uuid));
  std::vector<uint8_t> content;
  EncodeManifest(state, &content);
  return ReplaceManifest(files, directory, content);
}

}  // namespace hypergraph

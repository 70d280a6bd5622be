// A backup is the state of one MANIFEST without logs: what is in memory is flushed first. So it
// consists of immutable files, which can be linked, and of the MANIFEST, which comes last and
// atomically: a backup that was interrupted is either the earlier one, with files in it that it
// does not name, or, without a MANIFEST, none at all. The next backup clears up both.
#include <algorithm>

#include "core/graph/database_core.h"
#include "core/graph/database_files.h"
#include "core/storage/manifest_file.h"

namespace hypergraph {
namespace {

class BackupWriter {
 public:
  BackupWriter(FileSystem& files, std::string from, std::string to, BackupReport* report)
      : files_(files), from_(std::move(from)), to_(std::move(to)), report_(report) {}

  Status Prepare(const ManifestState& state);
  Status CopyFiles(const ManifestState& state);
  Status Finish(ManifestState state);

 private:
  Status CheckNames() const;

  FileSystem& files_;
  const std::string from_, to_;
  BackupReport* report_;
  std::unique_ptr<FileLock> lock_;
  std::vector<std::string> names_;
  ManifestState before_;  // Of the backup that is there already.
  std::vector<NamedFile> kept_;
};

Status BackupWriter::Prepare(const ManifestState& state) {
  HG_RETURN_IF_ERROR(files_.MakeDirectory(to_));
  HG_RETURN_IF_ERROR(SyncParent(files_, to_));
  auto names = files_.List(to_);
  if (!names.ok()) return names.status();
  names_ = std::move(names.value());
  HG_RETURN_IF_ERROR(CheckNames());
  // Also tells a backup into a database that is open, be it this one.
  auto lock = files_.Lock(JoinPath(to_, kLockName));
  if (!lock.ok()) return lock.status();
  lock_ = std::move(lock.value());
  if (std::find(names_.begin(), names_.end(), kManifestName) == names_.end()) return Status::Ok();
  HG_RETURN_IF_ERROR(LoadManifest(files_, to_, &before_));
  if (before_.database_uuid != state.database_uuid) {
    return {Code::kInvalid, to_ + " is the backup of another database"};
  }
  if (before_.generation > state.generation) {
    return {Code::kInvalid, to_ + " is a later backup of this database"};
  }
  kept_ = FilesOf(before_);
  return Status::Ok();
}

Status BackupWriter::CheckNames() const {
  for (const std::string& name : names_) {
    const NameKind kind = ParseName(name).kind;
    if (kind == NameKind::kOther || kind == NameKind::kLog || kind == NameKind::kQuarantine) {
      return {Code::kInvalid, to_ + " is no backup: it holds " + name};
    }
  }
  return Status::Ok();
}

Status BackupWriter::CopyFiles(const ManifestState& state) {
  for (const NamedFile& file : FilesOf(state)) {
    const std::string target = JoinPath(to_, file.name);
    const auto same = std::find_if(kept_.begin(), kept_.end(),
                                   [&](const NamedFile& kept) { return kept.name == file.name; });
    if (same != kept_.end()) {
      if (!(*same == file)) {
        return {Code::kInvalid,
                to_ + " is no earlier backup of this database: " + file.name + " is another file"};
      }
      if (!files_.Exists(target)) return {Code::kCorrupt, to_ + " lacks its file " + file.name};
      ++report_->files_kept;
      continue;
    }
    if (files_.Exists(target)) HG_RETURN_IF_ERROR(files_.Remove(target));
    const std::string source = JoinPath(from_, file.name);
    if (files_.Link(source, target).ok()) {
      ++report_->files_linked;
      continue;
    }
    HG_RETURN_IF_ERROR(CopyFile(files_, source, target, &report_->bytes_copied));
    ++report_->files_copied;
  }
  return files_.SyncDirectory(to_);
}

Status BackupWriter::Finish(ManifestState state) {
  state.log_floor = 0;  // It needs no log.
  state.obsolete.clear();
  std::vector<uint8_t> content;
  EncodeManifest(state, &content);
  HG_RETURN_IF_ERROR(ReplaceManifest(files_, to_, content));
  const std::vector<std::string> named = NamedFiles(state);
  for (const std::string& name : names_) {
    const NameKind kind = ParseName(name).kind;
    if (kind != NameKind::kImmutable && kind != NameKind::kTemporary) continue;
    if (std::find(named.begin(), named.end(), name) == named.end()) {
      (void)files_.Remove(JoinPath(to_, name));  // The next backup tries again.
    }
  }
  report_->seq = state.flushed_seq;
  return Status::Ok();
}

}  // namespace

Status DatabaseCore::Backup(const std::string& directory, BackupReport* report) {
  *report = {};
  std::shared_ptr<const Version> version;
  {
    const std::lock_guard<std::mutex> maintenance(maintenance_mutex_);
    HG_RETURN_IF_ERROR(RefuseWrites());
    HG_RETURN_IF_ERROR(FlushNow());
    version = version_;  // Keeps its files from being removed while they are copied.
  }
  BackupWriter writer(files_, path_, directory, report);
  HG_RETURN_IF_ERROR(writer.Prepare(version->state));
  HG_RETURN_IF_ERROR(writer.CopyFiles(version->state));
  return writer.Finish(version->state);
}

}  // namespace hypergraph

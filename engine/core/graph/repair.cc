#include <algorithm>

#include "core/graph/database_files.h"
#include "core/graph/recovery.h"
#include "core/storage/wal_writer.h"
#include "include/hypergraph/database.h"

namespace hypergraph {
namespace {

class LogRepair {
 public:
  LogRepair(FileSystem& files, std::string directory, ManifestState state, RepairReport* report)
      : files_(files),
        directory_(std::move(directory)),
        state_(std::move(state)),
        report_(report) {}

  // Later logs first, then the rest of the damaged one: whenever it is interrupted, the damage is
  // still found and repaired by the next attempt.
  Status Quarantine(uint64_t damaged_log, uint64_t offset);

 private:
  Status MoveLog(uint64_t number);
  Status CopyRest(uint64_t number, uint64_t offset);
  Status ReplaceLog(uint64_t number);
  std::string FreeName(const std::string& name) const;

  FileSystem& files_;
  const std::string directory_;
  ManifestState state_;
  RepairReport* report_;
};

std::string LogRepair::FreeName(const std::string& name) const {
  const std::string quarantine = JoinPath(directory_, kQuarantineName);
  std::string free = JoinPath(quarantine, name);
  for (int attempt = 1; files_.Exists(free); ++attempt) {
    free = JoinPath(quarantine, name + "." + std::to_string(attempt));
  }
  return free;
}

Status LogRepair::Quarantine(uint64_t damaged_log, uint64_t offset) {
  const std::string quarantine = JoinPath(directory_, kQuarantineName);
  HG_RETURN_IF_ERROR(files_.MakeDirectory(quarantine));
  HG_RETURN_IF_ERROR(files_.SyncDirectory(directory_));
  std::vector<uint64_t> later;
  HG_RETURN_IF_ERROR(ListLogs(files_, directory_, damaged_log + 1, &later));
  for (auto number = later.rbegin(); number != later.rend(); ++number) {
    HG_RETURN_IF_ERROR(MoveLog(*number));
  }
  HG_RETURN_IF_ERROR(files_.SyncDirectory(quarantine));
  HG_RETURN_IF_ERROR(files_.SyncDirectory(directory_));
  return CopyRest(damaged_log, offset);
}

Status LogRepair::MoveLog(uint64_t number) {
  const std::string path = JoinPath(directory_, LogName(number));
  const std::string target = FreeName(LogName(number));
  {
    auto file = files_.OpenForRead(path);
    if (!file.ok()) return file.status();
    auto bytes = (*file)->Size();
    if (!bytes.ok()) return bytes.status();
    report_->bytes_quarantined += *bytes;
  }
  HG_RETURN_IF_ERROR(files_.Rename(path, target));
  report_->quarantined.push_back(target);
  return Status::Ok();
}

Status LogRepair::CopyRest(uint64_t number, uint64_t offset) {
  const std::string path = JoinPath(directory_, LogName(number));
  const std::string target = FreeName(LogName(number) + ".rest");
  uint64_t copied = 0;
  HG_RETURN_IF_ERROR(CopyFile(files_, path, target, &copied));
  report_->quarantined.push_back(target);
  report_->bytes_quarantined += copied - std::min(copied, offset);
  HG_RETURN_IF_ERROR(files_.SyncDirectory(JoinPath(directory_, kQuarantineName)));
  if (offset >= kWalHeaderBytes) return TruncateLog(files_, path, offset);
  if (number == state_.log_floor) HG_RETURN_IF_ERROR(ReplaceLog(number));
  HG_RETURN_IF_ERROR(files_.Remove(path));
  return files_.SyncDirectory(directory_);
}

// The MANIFEST asks for this log, of which not even the header is left: it gets another one to ask
// for.
Status LogRepair::ReplaceLog(uint64_t number) {
  WalHeader header;
  header.log_number = number + 1;
  header.database = state_.database_uuid;
  header.first_seq = state_.flushed_seq + 1;
  auto log = WalWriter::Create(files_, directory_, LogName(number + 1), header, 0);
  if (!log.ok()) return log.status();
  state_.log_floor = number + 1;
  ++state_.generation;
  std::vector<uint8_t> content;
  EncodeManifest(state_, &content);
  return ReplaceManifest(files_, directory_, content);
}

}  // namespace

Status RepairDatabase(FileSystem& files, const std::string& directory, RepairReport* report) {
  *report = {};
  if (!files.Exists(JoinPath(directory, kManifestName))) {
    return {Code::kNotADatabase, directory + " is no database: it has no MANIFEST"};
  }
  auto lock = files.Lock(JoinPath(directory, kLockName));
  if (!lock.ok()) return lock.status();
  ManifestState state;
  HG_RETURN_IF_ERROR(LoadManifest(files, directory, &state));
  OpenedFiles opened;
  HG_RETURN_IF_ERROR(OpenFiles(files, directory, state, &opened));
  std::shared_ptr<GraphState> graph;
  HG_RETURN_IF_ERROR(MakeGraph(state, opened, &graph));
  LogReplay replay(files, directory, state);
  HG_RETURN_IF_ERROR(replay.Run(graph.get()));
  report->last_kept = replay.last_seq();
  const LogReplay::Ended& ended = replay.ended();
  if (!ended.damaged) return Status::Ok();
  return LogRepair(files, directory, std::move(state), report)
      .Quarantine(ended.log_number, ended.offset);
}

}  // namespace hypergraph

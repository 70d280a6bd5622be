#include "core/graph/check.h"

#include "core/graph/database_core.h"
#include "core/graph/database_files.h"
#include "core/graph/recovery.h"

namespace hypergraph {
namespace {

// Notes a fault under the file's name; true if there was none.
bool Note(const std::string& name, const Status& status, CheckReport* report) {
  if (!status.ok()) report->faults.push_back(name + ": " + status.message());
  return status.ok();
}

void CountFile(uint64_t file_bytes, CheckReport* report) {
  ++report->files_checked;
  report->bytes_checked += file_bytes;
}

void CheckSegment(FileSystem& files, const std::string& directory, const ManifestState& manifest,
                  const SegmentState& state, CheckReport* report) {
  const std::string name = SegmentName(state.segment.file_id);
  CountFile(state.segment.file_bytes, report);
  auto segment = Segment::Open(files, JoinPath(directory, name), state.segment);
  if (!Note(name, segment.status(), report)) return;
  if (!Note(name, CheckSegmentFits(manifest, state.table, **segment), report)) return;
  if (!Note(name, (*segment)->Verify(), report)) return;
  report->records_checked += state.segment.bounds.row_count;
  if (state.deletions) {
    const std::string marks_name = DeletionsName(state.deletions->file_id);
    CountFile(state.deletions->file_bytes, report);
    Note(marks_name,
         ReadDeletions(files, JoinPath(directory, marks_name), *state.deletions,
                       &(*segment)->deletions()),
         report);
  }
  for (const PropertyIndexInfo& info : state.indexes) {
    const std::string index_name = PropertyIndexName(info.file_id);
    CountFile(info.file_bytes, report);
    auto index = PropertyIndexFile::Open(files, JoinPath(directory, index_name), info);
    if (Note(index_name, index.status(), report)) Note(index_name, (*index)->Verify(), report);
  }
}

struct LogEnd {
  WalEnd end = WalEnd::kNotReached;
  uint64_t offset = 0;
  Seq last_seq = 0;
  std::string reason;
};

Status ReadLog(FileSystem& files, const std::string& path, const WalHeader& expected, LogEnd* end) {
  auto reader = WalReader::Open(files, path, expected, kPayloadBytesMax);
  if (!reader.ok()) return reader.status();
  bool found = true;
  WalFrame frame;
  while (found) HG_RETURN_IF_ERROR((*reader)->Next(&frame, &found));
  end->end = (*reader)->end();
  end->offset = (*reader)->end_offset();
  end->last_seq = (*reader)->last_seq();
  end->reason = (*reader)->reason();
  return Status::Ok();
}

}  // namespace

void CheckFiles(FileSystem& files, const std::string& directory, const ManifestState& state,
                CheckReport* report) {
  for (const SegmentState& segment : state.segments) {
    CheckSegment(files, directory, state, segment, report);
  }
  for (const auto* dictionary : {&state.nodes, &state.symbols}) {
    for (const DictionaryFileInfo& info : *dictionary) {
      const std::string name = DictionaryName(info.file_id);
      CountFile(info.file_bytes, report);
      auto file = DictionaryFile::Open(files, JoinPath(directory, name), info);
      if (Note(name, file.status(), report)) Note(name, (*file)->Verify(), report);
    }
  }
  for (const ClockFileInfo& info : state.clocks) {
    const std::string name = ClockName(info.file_id);
    CountFile(info.file_bytes, report);
    auto file = ClockFile::Open(files, JoinPath(directory, name), info);
    if (Note(name, file.status(), report)) Note(name, (*file)->Verify(), report);
  }
}

void CheckLogs(FileSystem& files, const std::string& directory, const ManifestState& state,
               const WrittenLog& written, CheckReport* report) {
  std::vector<uint64_t> numbers;
  if (!Note("logs", ListLogs(files, directory, state.log_floor, &numbers), report)) return;
  if (state.log_floor != 0 && (numbers.empty() || numbers.front() != state.log_floor)) {
    report->faults.push_back(LogName(state.log_floor) + " is missing");
    return;
  }
  WalHeader expected;
  expected.database = state.database_uuid;
  expected.first_seq = state.flushed_seq + 1;
  for (const uint64_t number : numbers) {
    const std::string name = LogName(number);
    expected.log_number = number;
    LogEnd end;
    const Status read = ReadLog(files, JoinPath(directory, name), expected, &end);
    if (!Note(name, read, report)) return;
    CountFile(end.offset, report);
    // One whose making failed holds nothing, and is not needed.
    const bool unused = end.offset == 0 && number != state.log_floor;
    const bool torn_within = end.end == WalEnd::kTorn && number != numbers.back() && !unused;
    const bool lost = number == written.number && end.offset < written.bytes;
    if (end.end == WalEnd::kDamaged || torn_within || lost) {
      report->faults.push_back(name + ": damaged at offset " + std::to_string(end.offset) + ": " +
                               end.reason);
      return;
    }
    if (end.offset != 0) expected.first_seq = end.last_seq + 1;
  }
}

Status DatabaseCore::Check(CheckReport* report) {
  *report = {};
  if (closed_.load(std::memory_order_acquire)) return {Code::kClosed, "the database is closed"};
  std::shared_ptr<const Version> version;
  {
    const std::lock_guard<std::mutex> maintenance(maintenance_mutex_);
    ManifestState stored;
    const Status manifest = LoadManifest(files_, path_, &stored);
    ++report->files_checked;
    if (!manifest.ok()) report->faults.push_back(manifest.message());
    WrittenLog written;
    {
      const std::lock_guard<std::mutex> writer(writer_mutex_);
      if (log_ != nullptr) written = {log_->header().log_number, log_->bytes()};
    }
    CheckLogs(files_, path_, version_->state, written, report);
    version = version_;  // Keeps its files from being removed.
  }
  CheckFiles(files_, path_, version->state, report);
  return Status::Ok();
}

}  // namespace hypergraph

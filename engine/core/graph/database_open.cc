#include <algorithm>

#include "core/base/run_both.h"
#include "core/graph/database_core.h"
#include "core/graph/database_files.h"
#include "core/storage/manifest_file.h"

namespace hypergraph {
namespace {

// How often a reader begins anew when the writer has replaced files under it.
constexpr int kOpenAttempts = 16;

Status NotADatabase(const std::string& path, const std::string& why) {
  return {Code::kNotADatabase, path + " is no database: " + why};
}

// Pages that another thread makes: some tenths of a millisecond of it.
constexpr uint64_t kPagesBytesMin = 64 << 10;
constexpr uint64_t kPagesBytesMax = 1 << 20;

}  // namespace

void Database::MakePages(const std::string& path, const OpenOptions& options) {
  FileSystem& files = options.files != nullptr ? *options.files : PosixFileSystem();
  // What is no database is told by the opening: it may be any directory, with any number of names.
  if (!files.Exists(JoinPath(path, kManifestName))) return;
  StatusOr<std::vector<std::string>> names = files.List(path);
  if (!names.ok()) return;
  uint64_t bytes = 0;
  for (const uint64_t number : LogsAmong(*names, 0)) {
    auto log = files.OpenForRead(JoinPath(path, LogName(number)));
    if (!log.ok()) continue;
    StatusOr<uint64_t> end = (*log)->DataEnd();
    if (end.ok()) bytes += *end;
  }
  // Some of it takes memory of its own: the largest blocks, and texts.
  bytes -= bytes / 4;
  if (bytes < kPagesBytesMin) return;
  options.pages->Fill(static_cast<size_t>(std::min(bytes, kPagesBytesMax)));
}

Status DatabaseCore::OpenDirectory() {
  if (options_.read_only) {
    if (!files_.Exists(path_)) return {Code::kNotFound, "there is no " + path_};
    if (!files_.Exists(PathOf(kManifestName))) return NotADatabase(path_, "it has no MANIFEST");
    return Load(nullptr);
  }
  // Before the lock is made, which would already change a directory that is somebody else's.
  if (!files_.Exists(PathOf(kManifestName))) HG_RETURN_IF_ERROR(FindPlace());
  StatusOr<std::unique_ptr<FileLock>> lock = files_.Lock(PathOf(std::string(kLockName)));
  if (!lock.ok()) return lock.status();
  lock_ = std::move(lock.value());
  StatusOr<std::vector<std::string>> names = files_.List(path_);
  if (!names.ok()) return names.status();
  const bool has_manifest = std::find(names->begin(), names->end(), kManifestName) != names->end();
  if (!has_manifest) HG_RETURN_IF_ERROR(CreateIfEmpty(*names));
  HG_RETURN_IF_ERROR(options_.background && has_manifest ? LoadAndSync(*names) : Load(nullptr));
  NoteFiles(*names);
  if (!report_.damaged_log) {
    report_.log_bytes_truncated = replay_->ended().torn_bytes;
    unsettled_ = replay_->ended();  // With threads, maintenance begins with the rest.
  }
  replay_.reset();
  if (options_.background) return Status::Ok();
  {
    const std::lock_guard<std::mutex> writer(writer_mutex_);
    HG_RETURN_IF_ERROR(Settle());
  }
  RemoveObsolete();
  return Status::Ok();
}

// A directory for a new database, made if it is missing.
Status DatabaseCore::FindPlace() {
  StatusOr<std::vector<std::string>> names = files_.List(path_);
  if (!names.ok()) {
    if (names.status().code() != Code::kNotFound) return names.status();
    if (!options_.create_if_missing) return {Code::kNotFound, "there is no " + path_};
    return files_.MakeDirectory(path_);
  }
  if (!options_.create_if_missing) return NotADatabase(path_, "it has no MANIFEST");
  for (const std::string& name : *names) {
    if (ParseName(name).kind != NameKind::kOther) continue;
    return NotADatabase(path_, "it holds " + name + " and no MANIFEST");
  }
  return Status::Ok();
}

// What readers are about to see must outlive a power failure, although the process that wrote it
// was killed before it made sure. Nobody writes meanwhile, so a sync beside the reading covers what
// is read. Where nothing is unsure this costs next to nothing.
Status DatabaseCore::LoadAndSync(const std::vector<std::string>& names) {
  uint64_t newest = 0;
  for (const std::string& name : names) {
    const ParsedName parsed = ParseName(name);
    if (parsed.kind == NameKind::kLog) newest = std::max(newest, parsed.number);
  }
  std::unique_ptr<File> file;
  HG_RETURN_IF_ERROR(OpenUnsureLog(newest, &file));
  Status loaded, synced;
  const auto load = [&] { loaded = Load(&names); };
  if (file == nullptr) {
    load();
  } else {
    RunBoth([&] { synced = file->SyncData(); }, load);
  }
  HG_RETURN_IF_ERROR(loaded);
  if (report_.damaged_log) return Status::Ok();  // Nothing will be written.
  const uint64_t ended = replay_->ended().log_number;
  if (ended == newest || ended == 0) return synced;
  // The newest never held anything, and the one before it went on.
  HG_RETURN_IF_ERROR(OpenUnsureLog(ended, &file));
  return file == nullptr ? Status::Ok() : file->SyncData();
}

// Null where the log holds no commit.
Status DatabaseCore::OpenUnsureLog(uint64_t number, std::unique_ptr<File>* file) {
  file->reset();
  if (number == 0) return Status::Ok();
  auto opened = files_.OpenForWrite(PathOf(LogName(number)));
  if (!opened.ok()) return opened.status();
  StatusOr<uint64_t> bytes = (*opened)->Size();
  if (!bytes.ok()) return bytes.status();
  if (*bytes > kWalHeaderBytes) *file = std::move(opened.value());
  return Status::Ok();
}

Status DatabaseCore::Settle() {
  if (!unsettled_ || !poison_.ok()) return poison_;
  // A process that was killed may have left names that it had not made sure of: of the log that is
  // gone on with, and of the MANIFEST whose predecessor's files are removed next.
  Status status = files_.SyncDirectory(path_);
  if (status.ok()) status = ContinueLog(*unsettled_);
  if (!status.ok()) return Poison(status);
  unsettled_.reset();
  for (const std::string& name : unneeded_logs_) (void)files_.Remove(PathOf(name));
  unneeded_logs_.clear();
  return Status::Ok();
}

Status DatabaseCore::CreateIfEmpty(const std::vector<std::string>& names) {
  if (!options_.create_if_missing) return NotADatabase(path_, "it has no MANIFEST");
  for (const std::string& name : names) {
    const NameKind kind = ParseName(name).kind;
    // What an interrupted creation leaves. Anything else is either not ours, or a database whose
    // MANIFEST was lost: making a new one in its place would lose the rest.
    if (kind == NameKind::kLock || name == kManifestTemporaryName) continue;
    if (kind == NameKind::kLog) {
      HG_RETURN_IF_ERROR(CheckNoCommits(name));
      continue;
    }
    return NotADatabase(path_, "it holds " + name + " and no MANIFEST");
  }
  HG_RETURN_IF_ERROR(SyncParent(files_, path_));
  ManifestState state;
  HG_RETURN_IF_ERROR(RandomBytes(state.database_uuid));
  HG_RETURN_IF_ERROR(RandomBytes(state.cursor_key));
  state.log_floor = 0;
  for (const std::string& name : names) {
    const ParsedName parsed = ParseName(name);
    if (parsed.kind != NameKind::kLog) continue;
    HG_RETURN_IF_ERROR(files_.Remove(PathOf(name)));
  }
  state.schema = MakeEmptySchema();
  std::vector<uint8_t> content;
  EncodeManifest(state, &content);
  HG_RETURN_IF_ERROR(ReplaceManifest(files_, path_, content));
  report_.created = true;
  return Status::Ok();
}

Status DatabaseCore::CheckNoCommits(const std::string& name) {
  StatusOr<std::unique_ptr<File>> file = files_.OpenForRead(PathOf(name));
  if (!file.ok()) return file.status();
  // Whose it was is not known without a MANIFEST, so any byte after the header counts.
  uint64_t offset = kWalHeaderBytes;
  std::vector<uint8_t> bytes(64 << 10);
  while (true) {
    size_t count = 0;
    HG_RETURN_IF_ERROR((*file)->ReadAt(offset, bytes, &count));
    if (count == 0) return Status::Ok();
    for (size_t i = 0; i < count; ++i) {
      if (bytes[i] != 0) return {Code::kCorrupt, PathOf(kManifestName) + " is missing"};
    }
    offset += count;
  }
}

Status DatabaseCore::Load(const std::vector<std::string>* names) {
  Status status;
  for (int attempt = 0; attempt < kOpenAttempts; ++attempt) {
    bool vanished = false;
    status = LoadOnce(names, &vanished);
    if (!vanished) return status;
  }
  return status;
}

Status DatabaseCore::LoadOnce(const std::vector<std::string>* names, bool* vanished) {
  ManifestState state;
  HG_RETURN_IF_ERROR(LoadManifest(files_, path_, &state));
  OpenedFiles opened;
  Status status = OpenFiles(files_, path_, state, &opened);
  std::shared_ptr<GraphState> graph;
  if (status.ok()) status = MakeGraph(state, opened, &graph);
  auto replay = std::make_unique<LogReplay>(files_, path_, state);
  const bool defers_chains = status.ok() && options_.background && !options_.read_only;
  if (defers_chains) graph->DeferChains();  // MaintenanceLoop makes them.
  if (status.ok()) {
    graph->UsePages(pages_.get());
    status = replay->Run(graph.get(), names);
    graph->UsePages(nullptr);
  }
  const bool damaged = status.ok() && replay->ended().damaged;
  if (damaged) graph->ChainMore(UINT32_MAX);  // Then there is no such loop.
  if ((!status.ok() || damaged) && options_.read_only) {
    // The writer may have replaced, while we read, what the MANIFEST named.
    ManifestState now;
    HG_RETURN_IF_ERROR(LoadManifest(files_, path_, &now));
    *vanished = now.generation != state.generation;
    if (*vanished) return {Code::kIo, "the writer keeps replacing files"};
  }
  if (status.code() == Code::kNotFound) return {Code::kCorrupt, status.message()};
  HG_RETURN_IF_ERROR(status);
  const std::lock_guard<std::mutex> writer(writer_mutex_);
  if (snapshots_ == nullptr) {
    snapshots_ = std::make_shared<SnapshotSource>(state.cursor_key);
    report_.commits_replayed = replay->commits();
    report_.damaged_log = damaged;
    report_.damaged_file = replay->ended().damaged_file;
    report_.damage_offset = damaged ? replay->ended().offset : 0;
  }
  database_id_ = state.database_uuid;
  next_file_id_ = state.next_file_id;
  history_floor_ = state.history_floor;
  frozen_log_ = state.log_floor;
  persisted_marks_ = std::move(opened.persisted_marks);
  for (const ObsoleteFile& file : state.obsolete) pending_removals_.insert(file.name);
  older_logs_ = replay->log_bytes();
  version_ = MakeVersion(std::move(state), std::move(opened.clocks), nullptr, removals_);
  reader_version_ = version_;
  graph_ = std::move(graph);
  replay_ = std::move(replay);
  PublishLoaded();
  return Status::Ok();
}

void DatabaseCore::PublishLoaded() {
  Published loaded;
  loaded.seq = graph_->last_seq();
  loaded.history_floor = history_floor_;
  loaded.schema = graph_->schema();
  loaded.views = graph_->views();
  loaded.version = reader_version_;
  loaded.graph = graph_;
  snapshots_->Publish(std::move(loaded));
}

void DatabaseCore::NoteFiles(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const ParsedName parsed = ParseName(name);
    if (parsed.kind == NameKind::kImmutable) {
      // Ids are never used twice, not even those of files that a crash left behind.
      next_file_id_ = std::max(next_file_id_.load(), parsed.number + 1);
      const bool known = version_->files.count(name) != 0 || pending_removals_.count(name) != 0;
      if (!known) report_.unknown_files.push_back(name);
    } else if (parsed.kind == NameKind::kLog) {
      next_log_number_ = std::max(next_log_number_, parsed.number + 1);
      const bool needed = parsed.number >= version_->state.log_floor;
      if (!needed && !report_.damaged_log) unneeded_logs_.push_back(name);
    } else if (parsed.kind == NameKind::kOther) {
      report_.unknown_files.push_back(name);
    }
  }
  next_log_number_ = std::max(next_log_number_, version_->state.log_floor + 1);
  if (report_.damaged_log) return;
  for (const std::string& name : pending_removals_) removals_->Add(name);
}

Status DatabaseCore::ContinueLog(const LogReplay::Ended& ended) {
  if (ended.log_number == 0) return Status::Ok();
  const std::string path = PathOf(LogName(ended.log_number));
  older_logs_.erase(ended.log_number);
  if (ended.offset < kWalHeaderBytes) return files_.Remove(path);  // It never held anything.
  auto log = WalWriter::Continue(files_, path, ended.header, ended.offset, graph_->last_seq(),
                                 options_.log_allocate_bytes);
  if (!log.ok()) return log.status();
  log_ = std::move(log.value());
  return Status::Ok();
}

Status DatabaseCore::Refresh() {
  const std::lock_guard<std::mutex> maintenance(maintenance_mutex_);
  if (closed_.load(std::memory_order_acquire)) return {Code::kClosed, "the database is closed"};
  if (!options_.read_only) return Status::Ok();  // A writer sees its own commits.
  ManifestState state;
  HG_RETURN_IF_ERROR(LoadManifest(files_, path_, &state));
  const bool same = state.generation == version_->state.generation &&
                    state.database_uuid == version_->state.database_uuid;
  Status followed;
  if (same) {
    const std::lock_guard<std::mutex> writer(writer_mutex_);
    followed = replay_->Run(graph_.get());
    if (followed.ok()) PublishLoaded();
  }
  // A log that is gone, or seems damaged: the writer may have gone on to another MANIFEST.
  if (!same || !followed.ok() || replay_->ended().damaged) HG_RETURN_IF_ERROR(Load(nullptr));
  if (!replay_->ended().damaged) return Status::Ok();
  return {Code::kDamagedLog, replay_->ended().damaged_file + " is damaged at offset " +
                                 std::to_string(replay_->ended().offset)};
}

}  // namespace hypergraph

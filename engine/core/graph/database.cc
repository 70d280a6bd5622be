#include "include/hypergraph/database.h"

#include "core/graph/database_core.h"
#include "core/graph/database_files.h"

namespace hypergraph {

namespace {

// Those of an opening are kept no longer than it.
OpenOptions WithoutPages(OpenOptions options) {
  options.pages = nullptr;
  return options;
}

}  // namespace

Status Database::Open(const std::string& path, const OpenOptions& options,
                      std::unique_ptr<Database>* database) {
  auto core = std::make_unique<DatabaseCore>(path, options);
  HG_RETURN_IF_ERROR(core->Start());
  *database = std::move(core);
  return Status::Ok();
}

DatabaseCore::DatabaseCore(std::string path, const OpenOptions& options)
    : path_(std::move(path)),
      options_(WithoutPages(options)),
      pages_(options.pages),
      files_(options.files != nullptr ? *options.files : PosixFileSystem()),
      clock_(options.clock != nullptr ? *options.clock : SystemClock()) {}

DatabaseCore::~DatabaseCore() { (void)Close(); }

Status DatabaseCore::Start() {
  const Status opened = OpenDirectory();
  if (pages_ != nullptr) pages_->End();
  if (!opened.ok()) {
    closed_.store(true, std::memory_order_release);
    return opened;
  }
  if (!RefuseWrites().ok()) {
    pages_.reset();
    return Status::Ok();
  }
  queue_ = std::make_unique<CommitQueue>(
      [this](const std::vector<CommitRequest*>& group) { RunGroup(group); },
      CommitQueue::Limits{options_.commit_queue_max, options_.commit_queue_bytes_max},
      options_.background);
  if (options_.background) {
    maintenance_ = std::thread([this] { MaintenanceLoop(); });
  } else {
    pages_.reset();
  }
  return Status::Ok();
}

Status DatabaseCore::Close() {
  const std::lock_guard<std::mutex> closing(close_mutex_);
  if (closed_.exchange(true, std::memory_order_acq_rel)) return Status::Ok();
  if (snapshots_ != nullptr) snapshots_->StopSharing();
  if (queue_ != nullptr) queue_->Close();
  {
    const std::lock_guard<std::mutex> lock(work_mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  if (maintenance_.joinable()) maintenance_.join();
  const std::lock_guard<std::mutex> maintenance(maintenance_mutex_);
  if (queue_ != nullptr) RemoveObsolete();
  const std::lock_guard<std::mutex> writer(writer_mutex_);
  Status status;
  if (unsettled_) status = Settle();
  if (log_ != nullptr && poison_.ok()) {
    // What was acknowledged after the write alone is better kept; the space ahead is given back.
    const uint64_t end = log_->bytes();
    const std::string path = PathOf(LogName(log_->header().log_number));
    status = SyncLog();
    log_.reset();
    if (status.ok()) status = TruncateLog(files_, path, end);
  }
  log_.reset();
  lock_.reset();
  return status;
}

Status DatabaseCore::Stats(DatabaseStats* stats) {
  *stats = {};
  if (closed_.load(std::memory_order_acquire)) return {Code::kClosed, "the database is closed"};
  const Published published = snapshots_->Current();
  stats->seq = published.seq;
  stats->history_floor = published.history_floor;
  stats->node_count = published.graph->nodes().end();
  stats->symbol_count = published.graph->symbols().end() - 1;
  std::map<TableId, DatabaseStats::Table> tables;
  for (const auto& [id, view] : *published.views) {
    DatabaseStats::Table& table = tables[id];
    table.name = view.schema->name;
    for (const auto& source : view.sources) {
      const SourceBounds bounds = source->bounds();
      table.records += bounds.row_count;
      if (!source->ranked()) stats->memtable_records += bounds.row_count;
    }
  }
  const auto add_file = [&](uint64_t bytes) { stats->disk_bytes += bytes; };
  const ManifestState& state = published.version->state;
  for (const SegmentState& segment : state.segments) {
    ++stats->segment_count;
    stats->segment_bytes += segment.segment.file_bytes;
    stats->segment_records += segment.segment.bounds.row_count;
    add_file(segment.segment.file_bytes);
    if (segment.deletions) add_file(segment.deletions->file_bytes);
    for (const PropertyIndexInfo& index : segment.indexes) add_file(index.file_bytes);
    const auto table = tables.find(segment.table);
    if (table == tables.end()) continue;
    ++table->second.segments;
    table->second.bytes += segment.segment.file_bytes;
  }
  for (const auto* files : {&state.nodes, &state.symbols}) {
    for (const DictionaryFileInfo& file : *files) add_file(file.file_bytes);
  }
  for (const ClockFileInfo& clock : state.clocks) add_file(clock.file_bytes);
  {
    const std::lock_guard<std::mutex> writer(writer_mutex_);
    stats->memtable_bytes = graph_->memtable_bytes();
    stats->log_bytes = log_ != nullptr ? log_->bytes() : 0;
    for (const auto& [number, bytes] : older_logs_) stats->log_bytes += bytes;
    for (auto& [id, table] : tables) {
      for (const auto& segment : graph_->segments(id))
        table.deleted += segment->deletions().count();
    }
  }
  add_file(stats->log_bytes);
  stats->flushes = flushes_.load(std::memory_order_relaxed);
  stats->merges = merges_.load(std::memory_order_relaxed);
  stats->commits = commits_.load(std::memory_order_relaxed);
  stats->group_syncs = group_syncs_.load(std::memory_order_relaxed);
  for (auto& [id, table] : tables) stats->tables.push_back(std::move(table));
  return Status::Ok();
}

}  // namespace hypergraph

#include <algorithm>
#include <chrono>

#include "core/graph/database_core.h"
#include "core/graph/database_files.h"
#include "core/storage/manifest_file.h"

namespace hypergraph {

namespace {

// Whoever opens a database mostly asks it something at once.
constexpr std::chrono::milliseconds kRestAfterOpening{20};

}  // namespace

void DatabaseCore::MaintenanceLoop() {
  std::unique_lock<std::mutex> lock(work_mutex_);
  // The first answer has memory and processors to itself, unless there is work before.
  work_.wait_for(lock, kRestAfterOpening, [this] { return work_wanted_ || stopping_; });
  lock.unlock();
  MakeChains();
  lock.lock();
  work_wanted_ = true;  // For what the logs hold, and what was left undone.
  while (true) {
    work_.wait(lock, [this] { return work_wanted_ || stopping_; });
    if (stopping_) return;
    work_wanted_ = false;
    lock.unlock();
    RunMaintenance();
    lock.lock();
  }
}

void DatabaseCore::MakeChains() {
  pages_.reset();                            // What is left of them, after the first answer.
  constexpr uint32_t kRecordsAtOnce = 4096;  // Commits wait for less than a millisecond.
  for (bool more = true; more;) {
    {
      const std::lock_guard<std::mutex> writer(writer_mutex_);
      more = graph_->ChainMore(kRecordsAtOnce);
    }
    const std::lock_guard<std::mutex> lock(work_mutex_);
    if (stopping_) return;
  }
}

void DatabaseCore::WakeMaintenance() {
  {
    const std::lock_guard<std::mutex> lock(work_mutex_);
    work_wanted_ = true;
  }
  work_.notify_one();
}

void DatabaseCore::RunMaintenance() {
  const std::lock_guard<std::mutex> maintenance(maintenance_mutex_);
  bool merged = true;
  while (merged) {
    bool flush_wanted = false;
    {
      const std::lock_guard<std::mutex> writer(writer_mutex_);
      if (unsettled_ && !Settle().ok()) return;
      flush_wanted = FlushWanted() || graph_->has_frozen();
    }
    // What fails here is told to the writers that it blocks, and tried again when woken.
    if (flush_wanted && !FlushNow().ok()) return;
    {
      const std::lock_guard<std::mutex> lock(work_mutex_);
      if (stopping_) return;
    }
    if (!MergeWanted(&merged).ok()) return;
  }
  (void)BackfillIndexes();  // Until it succeeds, queries scan.
  RemoveObsolete();
}

std::string DatabaseCore::PathOf(const std::string& name) const { return JoinPath(path_, name); }

std::shared_ptr<const Schema> DatabaseCore::SchemaNow() {
  const std::lock_guard<std::mutex> writer(writer_mutex_);
  return graph_->schema();
}

Status DatabaseCore::StartChange(Change* change) {
  {
    const std::lock_guard<std::mutex> writer(writer_mutex_);
    HG_RETURN_IF_ERROR(Settle());
  }
  change->state = version_->state;
  change->clocks = version_->clocks;
  return Status::Ok();
}

Status DatabaseCore::SaveChange(Change* change) {
  ManifestState& state = change->state;
  state.generation = version_->state.generation + 1;
  state.next_file_id = next_file_id_;
  state.obsolete.clear();
  std::set<std::string> obsolete = pending_removals_;
  for (const auto& [name, file] : version_->files) obsolete.insert(name);
  for (const std::string& name : NamedFiles(state)) obsolete.erase(name);
  for (const std::string& name : obsolete) state.obsolete.push_back({name});
  if (!change->made.empty()) {
    const Status synced = files_.SyncDirectory(path_);
    if (!synced.ok()) {
      // No later sync would make these names sure, nor any that share the directory.
      const std::lock_guard<std::mutex> writer(writer_mutex_);
      return Poison(synced);
    }
  }
  std::vector<uint8_t> content;
  EncodeManifest(state, &content);
  const Status replaced = ReplaceManifest(files_, path_, content);
  if (!replaced.ok()) {
    if (replaced.code() == Code::kStorageFull) return replaced;
    // Which of the two stands is not known: both must stay whole, so nothing is written any more.
    change->made.clear();
    const std::lock_guard<std::mutex> writer(writer_mutex_);
    return Poison(replaced);
  }
  pending_removals_ = std::move(obsolete);
  return Status::Ok();
}

void DatabaseCore::FinishChange(Change* change, const std::function<void()>& install) {
  for (const auto& [file_id, count] : change->persisted_marks) persisted_marks_[file_id] = count;
  std::set<uint64_t> named;
  for (const SegmentState& segment : change->state.segments) named.insert(segment.segment.file_id);
  std::erase_if(persisted_marks_, [&](const auto& marks) { return !named.contains(marks.first); });
  std::erase_if(full_by_bytes_, [&](uint64_t file_id) { return !named.contains(file_id); });
  version_ =
      MakeVersion(std::move(change->state), std::move(change->clocks), version_.get(), removals_);
  // The clock files first: a reader that no longer finds an instant in the graph looks there.
  reader_version_ = version_;
  PublishAll();
  install();
  history_floor_ = version_->state.history_floor;
  PublishAll();
}

void DatabaseCore::AbandonChange(const Change& change) {
  // Best effort: what stays is listed as unknown when the database is opened, and does no harm.
  for (const std::string& name : change.made) (void)files_.Remove(PathOf(name));
}

void DatabaseCore::PublishAll() {
  // Within a group that waits for room, commits are in the state that nobody was told of yet: they
  // must be durable before a reader sees them.
  // Once writing failed, what is in the state may be in no log: nobody sees more than before.
  if (!poison_.ok()) return;
  Published next = snapshots_->Current();
  next.version = reader_version_;
  if (next.seq != graph_->last_seq()) {
    const Status synced = SyncLog();
    if (!synced.ok()) {
      (void)Poison(synced);
      return;
    }
  }
  next.seq = graph_->last_seq();
  next.history_floor = history_floor_;
  next.schema = graph_->schema();
  next.views = graph_->views();
  next.graph = graph_;
  snapshots_->Publish(std::move(next));
}

void DatabaseCore::RemoveObsolete() {
  {
    const std::lock_guard<std::mutex> writer(writer_mutex_);
    if (unsettled_ && !Settle().ok()) return;
  }
  for (const std::string& name : removals_->TakeAll()) {
    const Status removed = files_.Remove(PathOf(name));
    if (removed.ok() || removed.code() == Code::kNotFound) {
      pending_removals_.erase(name);
    }  // Else the MANIFEST goes on saying that it may go, and the next opening removes it.
  }
}

DatabaseCore::Horizon DatabaseCore::HorizonOf(TableId table, const Schema& durable_schema,
                                              Seq durable) {
  const std::shared_ptr<const Schema> schema = SchemaNow();
  Horizon horizon;
  bool first = true;
  for (const Schema* each : {&durable_schema, schema.get()}) {
    const TableSchema* found = each->Find(table);
    const Horizon one = found != nullptr ? RetentionOf(*found, durable) : Horizon();
    horizon.seq = first ? one.seq : std::min(horizon.seq, one.seq);
    horizon.expired_before =
        first ? one.expired_before : std::min(horizon.expired_before, one.expired_before);
    first = false;
  }
  return horizon;
}

DatabaseCore::Horizon DatabaseCore::RetentionOf(const TableSchema& table, Seq durable) {
  Horizon horizon;
  const Micros now = clock_.Now();
  if (table.ttl > 0) {
    horizon.expired_before = now < kMicrosMin + table.ttl ? kMicrosMin : now - table.ttl;
  }
  if (table.history == kMicrosMax) return horizon;
  CommitInstant last;
  const Micros kept_from = now < kMicrosMin + table.history ? kMicrosMin : now - table.history;
  if (!InstantAtOrBefore(kept_from, &last).ok()) return horizon;
  horizon.seq = std::min({last.seq, durable, snapshots_->OldestPinned()});
  return horizon;
}

}  // namespace hypergraph

#include <algorithm>

#include "core/base/run_both.h"
#include "core/graph/database_core.h"
#include "core/graph/database_files.h"

namespace hypergraph {
namespace {

// A log grows beyond the memtable it feeds when commits delete, or change the schema.
constexpr uint64_t kLogBytesFactor = 4;
// Whatever is asked for: what memtables count with 32 bits must not run out within one commit.
constexpr uint64_t kMemtableBytesMax = uint64_t{4} << 30;
// From here on to write and to apply take many times what a thread does.
constexpr uint64_t kBesideBytes = uint64_t{1} << 20;
// Of commits, until a flush: memory that was used costs a large one less than new one does.
constexpr size_t kPayloadBytesKept = size_t{32} << 20;

}  // namespace

void DatabaseCore::Submit(ByteView batch, Durability durability,
                          std::function<void(Status, CommitReceipt)> done) {
  Status refusal = RefuseWrites();
  if (!refusal.ok()) {
    done(std::move(refusal), {});
    return;
  }
  queue_->Submit(batch, durability, std::move(done));
}

Status DatabaseCore::Commit(ByteView batch, Durability durability, CommitReceipt* receipt) {
  HG_RETURN_IF_ERROR(RefuseWrites());
  return queue_->Commit(batch, durability, receipt);
}

Status DatabaseCore::RefuseWrites() const {
  if (closed_.load(std::memory_order_acquire)) return {Code::kClosed, "the database is closed"};
  if (report_.damaged_log) {
    return {Code::kDamagedLog, report_.damaged_file + " is damaged at offset " +
                                   std::to_string(report_.damage_offset) +
                                   "; repair the database to write to it again"};
  }
  if (options_.read_only) return {Code::kReadOnly, "the database was opened read-only"};
  return Status::Ok();
}

void DatabaseCore::RunGroup(const std::vector<CommitRequest*>& group) {
  std::unique_lock<std::mutex> writer(writer_mutex_);
  bool sync_wanted = false;
  (void)Settle();  // A failure is in poison_, which each request is told.
  for (CommitRequest* request : group) {
    // One at a time, so that a full memtable holds up a large group too.
    request->status = WaitForRoom(writer);
    const bool is_last = request == group.back();
    if (request->status.ok()) request->status = CommitOne(request, is_last);
    if (payload_.capacity() > kPayloadBytesKept) payload_ = {};
    sync_wanted |= request->status.ok() && request->durability == Durability::kSync;
  }
  Status status = poison_;
  if (status.ok() && log_ != nullptr) status = log_->Write();
  if (status.ok() && log_ != nullptr && sync_wanted) status = SyncLog();
  if (!status.ok()) {
    if (poison_.ok()) status = Poison(status);
    for (CommitRequest* request : group) {
      if (request->status.ok()) request->status = status;
    }
    return;
  }
  snapshots_->PublishSeq(graph_->last_seq(), graph_->schema(), graph_->views());
  const bool flush_wanted = FlushWanted();
  writer.unlock();
  if (!flush_wanted) return;
  if (options_.background) {
    WakeMaintenance();
  } else {
    RunMaintenance();
  }
}

// One sync makes a whole group durable, so that of the last is the first that may be begun.
Status DatabaseCore::CommitOne(CommitRequest* request, bool is_last) {
  HG_RETURN_IF_ERROR(poison_);
  BatchLimits limits;
  limits.text_bytes_max = options_.text_bytes_max;
  limits.commit_bytes_max = std::min(options_.commit_bytes_max, kPayloadBytesMax);
  if (request->batch.size() > limits.commit_bytes_max) {
    return {Code::kTooLarge, "a commit of " + std::to_string(request->batch.size()) +
                                 " bytes is above the limit of " +
                                 std::to_string(limits.commit_bytes_max)};
  }
  std::vector<uint8_t>& payload = payload_;
  HG_RETURN_IF_ERROR(
      graph_->Resolve(request->batch, limits, clock_.Now(), &payload, &request->receipt));
  if (payload.empty()) return Status::Ok();
  // A record may take several times the bytes of what asked for it: a node to drop, four times.
  if (payload.size() > kPayloadBytesMax) {
    return {Code::kTooLarge, "the commit's record has " + std::to_string(payload.size()) +
                                 " bytes, above the limit of " + std::to_string(kPayloadBytesMax)};
  }
  // Space is made sure of before anything changes: what cannot be logged is not applied either.
  HG_RETURN_IF_ERROR(EnsureLog());
  HG_RETURN_IF_ERROR(log_->Reserve(payload.size(), 1));
  const bool beside = payload.size() >= kBesideBytes && graph_->OnlyAppends(payload);
  Status applied;
  const auto apply = [&] { applied = graph_->Apply(payload); };
  if (beside) {
    const bool syncs = is_last && request->durability == Durability::kSync;
    RunBoth([&] { LogNow(request->receipt.seq, payload, syncs); }, apply);
  } else {
    apply();
  }
  if (!applied.ok()) return Poison(applied);
  if (!beside) log_->Append(request->receipt.seq, kCommitFrame, payload);
  commits_.fetch_add(1, std::memory_order_relaxed);
  return Status::Ok();
}

// What fails stays with the log, which tells its next call.
void DatabaseCore::LogNow(Seq seq, ByteView payload, bool syncs) {
  const Status written = log_->WriteThrough(seq, kCommitFrame, payload);
  if (written.ok() && syncs) (void)SyncLog();
}

Status DatabaseCore::EnsureLog() {
  if (log_ != nullptr) return Status::Ok();
  WalHeader header;
  header.log_number = next_log_number_;
  header.database = database_id_;
  header.first_seq = graph_->last_seq() + 1;
  auto log = WalWriter::Create(files_, path_, LogName(header.log_number), header,
                               options_.log_allocate_bytes);
  // A name that could not be removed again must not be in the way of the next attempt.
  ++next_log_number_;
  if (log.status().code() == Code::kPoisoned) return Poison(log.status());
  if (!log.ok()) return log.status();
  log_ = std::move(log.value());
  return Status::Ok();
}

Status DatabaseCore::SyncLog() {
  if (log_ == nullptr || log_->durable_seq() == log_->last_seq()) return Status::Ok();
  group_syncs_.fetch_add(1, std::memory_order_relaxed);
  return log_->Sync();
}

Status DatabaseCore::Poison(const Status& cause) {
  room_.notify_all();  // No flush will make any.
  if (poison_.ok()) {
    poison_ = {Code::kPoisoned,
               "writing failed, reopen the database to write again: " + cause.message()};
  }
  return cause.code() == Code::kPoisoned ? cause : Status(cause.code(), poison_.message());
}

bool DatabaseCore::MemtableFull() const {
  return graph_->memtable_bytes() >= std::min(options_.memtable_bytes_max, kMemtableBytesMax) ||
         graph_->memtable_records() >= options_.memtable_records_max;
}

uint64_t DatabaseCore::LogBytesSinceFreeze() const {
  uint64_t bytes = log_ != nullptr ? log_->bytes() : 0;
  for (const auto& [number, log_bytes] : older_logs_) {
    if (number >= frozen_log_) bytes += log_bytes;
  }
  return bytes;
}

bool DatabaseCore::FlushWanted() const {
  return poison_.ok() &&
         (MemtableFull() || LogBytesSinceFreeze() / kLogBytesFactor >= options_.memtable_bytes_max);
}

Status DatabaseCore::WaitForRoom(std::unique_lock<std::mutex>& writer) {
  if (!poison_.ok() || !MemtableFull()) return poison_;
  // What this group has appended so far must not wait for others' work.
  if (log_ != nullptr) {
    const Status written = log_->Write();
    if (!written.ok()) return Poison(written);
  }
  if (!graph_->has_frozen()) return FreezeNow();
  const uint64_t attempt = flush_attempts_;
  if (options_.background) {
    WakeMaintenance();
    room_.wait(writer, [&] {
      return flush_attempts_ != attempt || !graph_->has_frozen() || !poison_.ok();
    });
  } else {
    writer.unlock();
    RunMaintenance();
    writer.lock();
  }
  if (!poison_.ok() || !graph_->has_frozen() || !MemtableFull()) return poison_;
  return flush_failure_.ok() ? poison_ : flush_failure_;
}

Status DatabaseCore::FreezeNow() {
  HG_RETURN_IF_ERROR(Settle());
  const Status synced = SyncLog();
  if (!synced.ok()) return Poison(synced);
  std::unique_ptr<WalWriter> before = std::move(log_);
  const Status made = EnsureLog();
  if (!made.ok()) {
    log_ = std::move(before);
    return made;
  }
  if (before != nullptr) older_logs_[before->header().log_number] = before->bytes();
  frozen_log_ = log_->header().log_number;
  graph_->Freeze();
  PublishAll();
  return Status::Ok();
}

}  // namespace hypergraph

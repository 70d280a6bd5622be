#include "core/graph/snapshot_source.h"

#include <algorithm>
#include <utility>

namespace hypergraph {

// What Snapshot::owner points to: keeps the dictionaries, the files and the source alive.
class SnapshotSource::Pin {
 public:
  // Requires: the source's mutex.
  Pin(std::shared_ptr<SnapshotSource> source, Seq seq, std::shared_ptr<const Version> version,
      std::shared_ptr<GraphState> graph)
      : source_(std::move(source)),
        seq_(seq),
        version_(std::move(version)),
        graph_(std::move(graph)),
        next_(source_->pins_) {
    if (next_ != nullptr) next_->before_ = this;
    source_->pins_ = this;
  }
  ~Pin() {
    const std::lock_guard<std::mutex> lock(source_->mutex_);
    (before_ != nullptr ? before_->next_ : source_->pins_) = next_;
    if (next_ != nullptr) next_->before_ = before_;
  }
  Pin(const Pin&) = delete;
  Pin& operator=(const Pin&) = delete;

  Seq seq() const { return seq_; }
  const Pin* next() const { return next_; }

 private:
  std::shared_ptr<SnapshotSource> source_;
  const Seq seq_;
  std::shared_ptr<const Version> version_;
  std::shared_ptr<GraphState> graph_;
  Pin* next_;
  Pin* before_ = nullptr;
};

std::shared_ptr<const Snapshot> SnapshotSource::StateChanged(
    const std::shared_ptr<const Schema>& schema) {
  if (schema != published_.schema) {
    has_ttl_ = std::any_of(schema->tables.begin(), schema->tables.end(),
                           [](const auto& table) { return table.second->ttl > 0; });
  }
  return std::exchange(shared_, nullptr);
}

void SnapshotSource::Publish(Published next) {
  std::shared_ptr<const Snapshot> shared;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    shared = StateChanged(next.schema);
    std::swap(published_, next);
    visible_seq_.store(published_.seq, std::memory_order_release);
  }
  // What was published before goes here, outside the lock: it may be the last owner of much memory.
}

void SnapshotSource::PublishSeq(Seq seq, std::shared_ptr<const Schema> schema,
                                std::shared_ptr<const TableViews> views) {
  std::shared_ptr<const Snapshot> shared;
  const std::lock_guard<std::mutex> lock(mutex_);
  shared = StateChanged(schema);
  published_.seq = seq;
  published_.schema.swap(schema);
  published_.views.swap(views);
  visible_seq_.store(seq, std::memory_order_release);
}

Published SnapshotSource::Current() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return published_;
}

std::shared_ptr<const Snapshot> SnapshotSource::Take(Micros now) {
  auto snapshot = std::make_shared<Snapshot>();
  const std::lock_guard<std::mutex> lock(mutex_);
  Fill(published_.seq, now, snapshot.get());
  return snapshot;
}

std::shared_ptr<const Snapshot> SnapshotSource::TakeShared(Clock& clock) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (shared_ != nullptr) return shared_;
  }
  auto snapshot = std::make_shared<Snapshot>();
  const Micros now = clock.Now();
  const std::lock_guard<std::mutex> lock(mutex_);
  if (shared_ != nullptr) return shared_;  // Somebody else's, made meanwhile.
  Fill(published_.seq, now, snapshot.get());
  if (may_share_ && !has_ttl_) shared_ = snapshot;
  return snapshot;
}

void SnapshotSource::StopSharing() {
  std::shared_ptr<const Snapshot> shared;
  const std::lock_guard<std::mutex> lock(mutex_);
  shared.swap(shared_);
  may_share_ = false;
}

Status SnapshotSource::TakeAt(Seq seq, Micros now, std::shared_ptr<const Snapshot>* snapshot) {
  auto taken = std::make_shared<Snapshot>();
  std::unique_lock<std::mutex> lock(mutex_);
  if (seq > published_.seq) {
    return {Code::kNotFound, "no commit has reached seq " + std::to_string(seq) +
                                 "; the newest is " + std::to_string(published_.seq)};
  }
  if (seq < published_.history_floor) {
    return {Code::kGone, "history reaches back to seq " + std::to_string(published_.history_floor) +
                             ", not to " + std::to_string(seq)};
  }
  Fill(seq, now, taken.get());
  lock.unlock();  // What *snapshot held until now goes, and takes its pin out under the same lock.
  *snapshot = std::move(taken);
  return Status::Ok();
}

void SnapshotSource::Fill(Seq seq, Micros now, Snapshot* snapshot) {
  snapshot->seq = seq;
  snapshot->history_floor = published_.history_floor;
  snapshot->now = now;
  snapshot->schema = published_.schema;
  snapshot->tables = published_.views;
  snapshot->nodes = &published_.graph->nodes();
  snapshot->symbols = &published_.graph->symbols();
  snapshot->cursor_key = cursor_key_;
  snapshot->owner =
      std::make_shared<Pin>(shared_from_this(), seq, published_.version, published_.graph);
}

Seq SnapshotSource::OldestPinned() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  Seq oldest = published_.seq;
  for (const Pin* pin = pins_; pin != nullptr; pin = pin->next()) {
    oldest = std::min(oldest, pin->seq());
  }
  return oldest;
}

}  // namespace hypergraph

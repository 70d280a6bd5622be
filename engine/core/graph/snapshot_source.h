// What readers see now, and which states they still hold.
//
// Taking a snapshot copies a few pointers under a short lock. A pin is one link of a list in order
// of taking: the oldest seq is looked for only when a merge asks.
//
// Threads: any. Publish comes from whoever holds the writer's mutex.
#ifndef HYPERGRAPH_GRAPH_SNAPSHOT_SOURCE_H_
#define HYPERGRAPH_GRAPH_SNAPSHOT_SOURCE_H_

#include <atomic>
#include <memory>
#include <mutex>

#include "core/graph/graph_state.h"
#include "core/graph/snapshot.h"
#include "core/graph/version.h"

namespace hypergraph {

// Invariant: the views hold every record and mark up to seq that a reader at history_floor or later
// needs.
struct Published {
  Seq seq = 0;
  Seq history_floor = 0;
  std::shared_ptr<const Schema> schema;
  std::shared_ptr<const TableViews> views;
  std::shared_ptr<const Version> version;
  std::shared_ptr<GraphState> graph;  // Owns the dictionaries.
};

class SnapshotSource : public std::enable_shared_from_this<SnapshotSource> {
 public:
  explicit SnapshotSource(const std::array<uint8_t, 16>& cursor_key) : cursor_key_(cursor_key) {}
  ~SnapshotSource() = default;
  SnapshotSource(const SnapshotSource&) = delete;
  SnapshotSource& operator=(const SnapshotSource&) = delete;

  void Publish(Published next);
  // After commits that changed neither files nor the schema.
  void PublishSeq(Seq seq, std::shared_ptr<const Schema> schema,
                  std::shared_ptr<const TableViews> views);
  Published Current() const;
  Seq visible_seq() const { return visible_seq_.load(std::memory_order_acquire); }

  std::shared_ptr<const Snapshot> Take(Micros now);
  // Requires: seq ends a commit (or is 0). kGone below the history floor; kNotFound beyond the
  // visible seq.
  Status TakeAt(Seq seq, Micros now, std::shared_ptr<const Snapshot>* snapshot);

  // The least seq of the snapshots held, or the visible one.
  Seq OldestPinned() const;

 private:
  class Pin;
  void Fill(Seq seq, Micros now, Snapshot* snapshot);  // Requires: mutex_.

  const std::array<uint8_t, 16> cursor_key_;
  std::atomic<Seq> visible_seq_{0};
  mutable std::mutex mutex_;
  Published published_;  // Guarded by mutex_.
  Pin* pins_ = nullptr;  // Guarded by mutex_; the links too.
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_GRAPH_SNAPSHOT_SOURCE_H_

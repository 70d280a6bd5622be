// What readers see now, and which states they still hold.
//
// Taking a snapshot copies a few pointers under a short lock. A pin is one link of a list in order
// of taking: the oldest seq is looked for only when a merge asks. Short reads share one snapshot
// until something is published, as to make one took a twentieth of such a read.
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
#include "core/platform/file.h"

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
  // The same for one query: perhaps one that others have, whose `now` is then the first one's.
  // Where a table has a TTL, and so needs `now`, each gets its own.
  std::shared_ptr<const Snapshot> TakeShared(Clock& clock);
  // Gives up the one that is shared, for good: it would keep this object, and be kept by it.
  void StopSharing();
  // Requires: seq ends a commit (or is 0). kGone below the history floor; kNotFound beyond the
  // visible seq.
  Status TakeAt(Seq seq, Micros now, std::shared_ptr<const Snapshot>* snapshot);

  // The least seq of the snapshots held, or the visible one.
  Seq OldestPinned() const;

 private:
  class Pin;
  void Fill(Seq seq, Micros now, Snapshot* snapshot);  // Requires: mutex_.
  // What was shared until now: it goes without the mutex, which its pin takes. Requires: mutex_.
  std::shared_ptr<const Snapshot> StateChanged(const std::shared_ptr<const Schema>& schema);

  const std::array<uint8_t, 16> cursor_key_;
  std::atomic<Seq> visible_seq_{0};
  mutable std::mutex mutex_;
  // Guarded by mutex_:
  Published published_;
  Pin* pins_ = nullptr;                     // The links too.
  std::shared_ptr<const Snapshot> shared_;  // Of what is published, or null.
  bool has_ttl_ = false;                    // Some table of the published schema.
  bool may_share_ = true;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_GRAPH_SNAPSHOT_SOURCE_H_

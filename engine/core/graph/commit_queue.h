// Who writes when: requests wait in order, one leader at a time takes all that wait and has them
// committed as one group. There is no timer: who arrives while a group is being made durable forms
// the next one.
//
// A blocking Commit leads on its caller's thread when nobody else is writing, which spares a lone
// writer two hand-offs. Submitted requests are led by the writer thread only, so that their
// callbacks come from it; without threads everything is led by whoever calls.
//
// Threads: any. Run is called by one leader at a time, without any lock of the queue held.
#ifndef HYPERGRAPH_GRAPH_COMMIT_QUEUE_H_
#define HYPERGRAPH_GRAPH_COMMIT_QUEUE_H_

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "include/hypergraph/database.h"

namespace hypergraph {

struct CommitRequest {
  ByteView batch;
  Durability durability = Durability::kSync;
  Status status;  // The outcome: set by Run.
  CommitReceipt receipt;

 private:
  friend class CommitQueue;
  std::vector<uint8_t> owned;                       // Of a submitted request: its batch.
  std::function<void(Status, CommitReceipt)> done;  // Null: somebody blocks.
  bool finished = false;
  std::condition_variable wake;
};

class CommitQueue {
 public:
  using Run = std::function<void(const std::vector<CommitRequest*>&)>;
  struct Limits {
    uint32_t count = 4096;
    uint64_t bytes = 256ull << 20;  // Of copies of batches; a single one may be larger.
  };
  CommitQueue(Run run, const Limits& limits, bool with_thread);
  ~CommitQueue();  // Closes.
  CommitQueue(const CommitQueue&) = delete;
  CommitQueue& operator=(const CommitQueue&) = delete;

  void Submit(ByteView batch, Durability durability,
              std::function<void(Status, CommitReceipt)> done);
  Status Commit(ByteView batch, Durability durability, CommitReceipt* receipt);

  // Later requests get kClosed; returns when those that wait were carried out. Idempotent. Not from
  // a callback.
  void Close();

 private:
  // Takes requests from the front, up to kGroupBytesMax of batches; on a caller's thread only
  // those that block. Requires: mutex_.
  std::vector<CommitRequest*> TakeGroup(bool with_callbacks);
  void Lead(std::unique_lock<std::mutex>& lock, bool with_callbacks);
  void Finish(std::unique_lock<std::mutex>& lock, const std::vector<CommitRequest*>& group);
  void WakeNextLeader();
  void WriterLoop();
  Status Refusal(uint64_t copied_bytes) const;

  const Run run_;
  const Limits limits_;
  std::mutex mutex_;
  std::condition_variable writer_wake_;
  std::condition_variable idle_;
  std::deque<CommitRequest*> queue_;  // Guarded by mutex_, as are all below.
  uint64_t waiting_bytes_ = 0;        // Owned by the requests in queue_.
  int callbacks_running_ = 0;
  bool leading_ = false;
  bool closed_ = false;
  const bool has_thread_;
  std::thread writer_;  // From the first submitted request on.
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_GRAPH_COMMIT_QUEUE_H_

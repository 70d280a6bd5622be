#include "core/graph/commit_queue.h"

namespace hypergraph {
namespace {

// Batches of one group: what one write to the log is made of, roughly.
constexpr uint64_t kGroupBytesMax = 16u << 20;

}  // namespace

CommitQueue::CommitQueue(Run run, const Limits& limits, bool with_thread)
    : run_(std::move(run)), limits_(limits), has_thread_(with_thread) {}

CommitQueue::~CommitQueue() { Close(); }

Status CommitQueue::Refusal(uint64_t copied_bytes) const {
  if (closed_) return {Code::kClosed, "the database is closed"};
  if (queue_.size() >= limits_.count) {
    return {Code::kTooLarge, "more than " + std::to_string(limits_.count) + " commits are waiting"};
  }
  if (copied_bytes != 0 && waiting_bytes_ != 0 && waiting_bytes_ + copied_bytes > limits_.bytes) {
    return {Code::kTooLarge,
            "the commits waiting have more than " + std::to_string(limits_.bytes) + " bytes"};
  }
  return Status::Ok();
}

void CommitQueue::Submit(ByteView batch, Durability durability,
                         std::function<void(Status, CommitReceipt)> done) {
  std::unique_lock<std::mutex> lock(mutex_);
  Status refusal = Refusal(batch.size());
  if (!refusal.ok()) {
    lock.unlock();
    done(std::move(refusal), {});
    return;
  }
  waiting_bytes_ += batch.size();  // Taken before the copy, which needs no lock.
  lock.unlock();
  auto request = std::make_unique<CommitRequest>();
  request->owned.assign(batch.begin(), batch.end());
  request->batch = request->owned;
  request->durability = durability;
  request->done = std::move(done);
  lock.lock();
  refusal = Refusal(0);
  if (!refusal.ok()) {
    waiting_bytes_ -= batch.size();
    lock.unlock();
    request->done(std::move(refusal), {});
    return;
  }
  queue_.push_back(request.release());  // TakeGroup's caller owns it again: see Finish.
  // Only now: many a database is opened and only read.
  if (has_thread_ && !writer_.joinable()) writer_ = std::thread([this] { WriterLoop(); });
  if (leading_) return;  // The leader sees it when it is through, also one further up this stack.
  if (has_thread_) {
    writer_wake_.notify_one();
  } else {
    while (!leading_ && !queue_.empty()) Lead(lock, true);
  }
}

Status CommitQueue::Commit(ByteView batch, Durability durability, CommitReceipt* receipt) {
  CommitRequest request;
  request.batch = batch;
  request.durability = durability;
  std::unique_lock<std::mutex> lock(mutex_);
  HG_RETURN_IF_ERROR(Refusal(0));
  queue_.push_back(&request);
  while (!request.finished) {
    const bool may_lead =
        !leading_ && !queue_.empty() && (!has_thread_ || queue_.front()->done == nullptr);
    if (may_lead) {
      Lead(lock, !has_thread_);
    } else {
      request.wake.wait(lock);
    }
  }
  // Without the writer thread, what others submitted meanwhile is left to nobody else.
  while (!has_thread_ && !leading_ && !queue_.empty()) Lead(lock, true);
  if (receipt != nullptr) *receipt = std::move(request.receipt);
  return std::move(request.status);
}

std::vector<CommitRequest*> CommitQueue::TakeGroup(bool with_callbacks) {
  std::vector<CommitRequest*> group;
  uint64_t bytes = 0;
  while (!queue_.empty() && (group.empty() || bytes < kGroupBytesMax)) {
    CommitRequest* next = queue_.front();
    if (next->done != nullptr && !with_callbacks) break;
    bytes += next->batch.size();
    waiting_bytes_ -= next->owned.size();
    group.push_back(next);
    queue_.pop_front();
  }
  return group;
}

void CommitQueue::Lead(std::unique_lock<std::mutex>& lock, bool with_callbacks) {
  leading_ = true;
  const std::vector<CommitRequest*> group = TakeGroup(with_callbacks);
  lock.unlock();
  run_(group);
  lock.lock();
  leading_ = false;
  // The next group begins before this one's callbacks run.
  WakeNextLeader();
  Finish(lock, group);
}

void CommitQueue::WakeNextLeader() {
  if (queue_.empty()) {
    idle_.notify_all();
    return;
  }
  CommitRequest* next = queue_.front();
  if (next->done == nullptr) {
    next->wake.notify_one();
  } else {
    writer_wake_.notify_one();
  }
}

void CommitQueue::Finish(std::unique_lock<std::mutex>& lock,
                         const std::vector<CommitRequest*>& group) {
  std::vector<std::unique_ptr<CommitRequest>> with_callback;
  for (CommitRequest* request : group) {
    if (request->done != nullptr) {
      with_callback.emplace_back(request);
    } else {
      request->finished = true;  // From the unlock on it may be gone.
      request->wake.notify_one();
    }
  }
  if (with_callback.empty()) return;
  ++callbacks_running_;
  lock.unlock();
  for (const auto& request : with_callback) {
    request->done(std::move(request->status), std::move(request->receipt));
  }
  with_callback.clear();
  lock.lock();
  if (--callbacks_running_ == 0) idle_.notify_all();
}

void CommitQueue::WriterLoop() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    writer_wake_.wait(lock, [this] {
      return (!leading_ && !queue_.empty() && queue_.front()->done != nullptr) ||
             (closed_ && queue_.empty());
    });
    if (queue_.empty()) return;
    Lead(lock, true);
  }
}

void CommitQueue::Close() {
  std::unique_lock<std::mutex> lock(mutex_);
  closed_ = true;
  writer_wake_.notify_all();
  idle_.wait(lock, [this] { return !leading_ && queue_.empty() && callbacks_running_ == 0; });
  if (!writer_.joinable()) return;
  std::thread writer = std::move(writer_);
  lock.unlock();
  writer_wake_.notify_all();
  writer.join();
}

}  // namespace hypergraph

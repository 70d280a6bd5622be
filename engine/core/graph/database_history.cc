#include "core/graph/database_core.h"

namespace hypergraph {
namespace {

Status ClosedDatabase() { return {Code::kClosed, "the database is closed"}; }

}  // namespace

Status DatabaseCore::Read(std::shared_ptr<const Snapshot>* snapshot) {
  if (closed_.load(std::memory_order_acquire)) return ClosedDatabase();
  *snapshot = snapshots_->Take(clock_.Now());
  return Status::Ok();
}

Status DatabaseCore::ReadShared(std::shared_ptr<const Snapshot>* snapshot) {
  if (closed_.load(std::memory_order_acquire)) return ClosedDatabase();
  *snapshot = snapshots_->TakeShared(clock_);
  return Status::Ok();
}

Status DatabaseCore::ReadAsOf(Seq seq, std::shared_ptr<const Snapshot>* snapshot) {
  if (closed_.load(std::memory_order_acquire)) return ClosedDatabase();
  CommitInstant last;
  // A seq within a commit means the commit before: none is ever seen in part.
  if (seq < snapshots_->visible_seq()) {
    HG_RETURN_IF_ERROR(InstantUpTo(seq, &last));
    seq = last.seq;
  }
  return snapshots_->TakeAt(seq, clock_.Now(), snapshot);
}

Status DatabaseCore::ReadAsOfTime(Micros instant, std::shared_ptr<const Snapshot>* snapshot) {
  if (closed_.load(std::memory_order_acquire)) return ClosedDatabase();
  CommitInstant last;
  HG_RETURN_IF_ERROR(InstantAtOrBefore(instant, &last));
  return snapshots_->TakeAt(last.seq, clock_.Now(), snapshot);
}

Status DatabaseCore::CommittedAt(Seq seq, Micros* instant) {
  if (closed_.load(std::memory_order_acquire)) return ClosedDatabase();
  if (seq > snapshots_->visible_seq()) {
    return {Code::kNotFound, "no commit has reached seq " + std::to_string(seq)};
  }
  CommitInstant last;
  HG_RETURN_IF_ERROR(InstantUpTo(seq, &last));
  if (last.seq == kSeqNone) return {Code::kNotFound, "there is no commit so early"};
  *instant = last.committed_at;
  return Status::Ok();
}

Status DatabaseCore::InstantUpTo(Seq seq, CommitInstant* found) {
  // The graph first: what leaves it is in a version published before.
  if (snapshots_->Current().graph->LastInstantUpTo(seq, found)) return Status::Ok();
  return LastUpTo(*snapshots_->Current().version, seq, found);
}

Status DatabaseCore::InstantAtOrBefore(Micros instant, CommitInstant* found) {
  const Seq visible = snapshots_->visible_seq();
  if (!snapshots_->Current().graph->LastInstantAtOrBefore(instant, found)) {
    return LastAtOrBefore(*snapshots_->Current().version, instant, found);
  }
  // It may be of a commit that is not published yet.
  return found->seq <= visible ? Status::Ok() : InstantUpTo(visible, found);
}

}  // namespace hypergraph

#include "core/query/guard.h"

#include <algorithm>
#include <chrono>

namespace hypergraph {
namespace {

constexpr uint32_t kRowsMaxDefault = 1'000'000;
constexpr uint64_t kBytesMaxDefault = uint64_t{256} << 20;
// Offsets in a result are 32 bits wide, and a row may overshoot the limit by its own bytes.
constexpr uint64_t kBytesMaxHighest = uint64_t{2} << 30;
constexpr uint32_t kFrontierMaxDefault = 10'000'000;

uint64_t NanosNow() {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                   std::chrono::steady_clock::now().time_since_epoch())
                                   .count());
}

uint64_t DeadlineAfter(uint64_t started_nanos, int64_t micros) {
  if (micros <= 0) return UINT64_MAX;
  const auto span = static_cast<uint64_t>(micros);
  return span > (UINT64_MAX - started_nanos) / 1000 ? UINT64_MAX : started_nanos + span * 1000;
}

}  // namespace

Guard::Guard(const Budget& budget, const QueryControl* control)
    : control_(control),
      rows_max_(budget.rows_max == 0 ? kRowsMaxDefault : budget.rows_max),
      bytes_max_(
          std::min(budget.bytes_max == 0 ? kBytesMaxDefault : budget.bytes_max, kBytesMaxHighest)),
      examined_max_(budget.examined_max == 0 ? UINT64_MAX : budget.examined_max),
      frontier_max_(budget.frontier_max == 0 ? kFrontierMaxDefault : budget.frontier_max),
      started_nanos_(NanosNow()),
      deadline_nanos_(DeadlineAfter(started_nanos_, budget.deadline_micros)) {}

Status Guard::Look() {
  since_look_ = 0;
  if (control_ != nullptr && control_->cancelled.load(std::memory_order_relaxed)) {
    return {Code::kCancelled, "the query was cancelled"};
  }
  if (examined_ >= examined_max_) Stop(Truncated::kExaminedMax);
  if (deadline_nanos_ != UINT64_MAX && NanosNow() + planned_nanos_ >= deadline_nanos_) {
    Stop(Truncated::kDeadline);
  }
  return Status::Ok();
}

double Guard::ElapsedMicros() const {
  return static_cast<double>(NanosNow() - started_nanos_) / 1000.0;
}

}  // namespace hypergraph

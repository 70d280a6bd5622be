// What one running query may still spend: time, rows examined, result rows and bytes, frontier
// nodes; and whether its caller gave it up.
//
// Threads: one query, one guard, one thread; QueryControl may be set from any other. Invariant:
// once stopped() it stays so, with the first reason; whoever asks ends with what is complete so
// far.
#ifndef HYPERGRAPH_QUERY_GUARD_H_
#define HYPERGRAPH_QUERY_GUARD_H_

#include <cstdint>

#include "core/base/status.h"
#include "core/query/plan.h"
#include "core/query/run.h"

namespace hypergraph {

enum class Truncated : uint32_t {  // Frozen: crosses the boundary to JavaScript.
  kWhole = 0,
  kRowsMax = 1,
  kBytesMax = 2,
  kDeadline = 3,
  kExaminedMax = 4,
  kFrontierMax = 5,
};

// No more rows than this are examined between two looks at the clock and at the cancelled flag.
inline constexpr uint32_t kGuardRows = 4096;

// Decoding columns into a result was measured at three to five; less, so that rather a row is
// missing.
inline constexpr uint64_t kBytesWrittenANano = 2;

class Guard {
 public:
  // `control` may be null. The clock starts here.
  Guard(const Budget& budget, const QueryControl* control);
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

  // Charges rows that were read. Looks at the clock when kGuardRows have been charged since it last
  // did. kCancelled is the only error: a deadline or budget that is reached shows in stopped().
  Status Examine(uint64_t row_count) {
    examined_ += row_count;
    since_look_ += row_count;
    return since_look_ >= kGuardRows || examined_ >= examined_max_ ? Look() : Status::Ok();
  }
  // Charges work that examines no rows (posting blocks, frontier nodes), in units of about a row.
  Status Work(uint64_t units) {
    since_look_ += units;
    return since_look_ >= kGuardRows ? Look() : Status::Ok();
  }
  // Looks at the clock, the flag and examined_max now.
  Status Look();

  // What is still to be done with what was found, so that the deadline is reached before it begins:
  // about so many bytes of a result. Replaces what was said before.
  void PlanToWrite(uint64_t bytes) { planned_nanos_ = bytes / kBytesWrittenANano; }

  void Stop(Truncated reason) {
    if (reason_ == Truncated::kWhole) reason_ = reason;
  }
  bool stopped() const { return reason_ != Truncated::kWhole; }
  Truncated reason() const { return reason_; }

  // How many rows may still be examined; never 0 before stopped().
  uint64_t examined_left() const {
    return examined_ < examined_max_ ? examined_max_ - examined_ : 0;
  }
  uint64_t examined() const { return examined_; }
  double ElapsedMicros() const;

  // Limits with their defaults filled in.
  uint32_t rows_max() const { return rows_max_; }
  uint64_t bytes_max() const { return bytes_max_; }
  uint32_t frontier_max() const { return frontier_max_; }

 private:
  const QueryControl* control_;
  uint32_t rows_max_;
  uint64_t bytes_max_;
  uint64_t examined_max_;
  uint32_t frontier_max_;
  uint64_t started_nanos_;
  uint64_t deadline_nanos_;  // UINT64_MAX: none.
  uint64_t planned_nanos_ = 0;
  uint64_t examined_ = 0;
  uint64_t since_look_ = 0;
  Truncated reason_ = Truncated::kWhole;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_QUERY_GUARD_H_

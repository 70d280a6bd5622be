// The outcome of anything that can fail. Core neither throws nor aborts on bad input or I/O errors.
#ifndef HYPERGRAPH_BASE_STATUS_H_
#define HYPERGRAPH_BASE_STATUS_H_

#include <cassert>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace hypergraph {

enum class Code : uint8_t {
  kOk,
  kInvalid,       // An argument, a batch or a plan that can never succeed.
  kInvalidName,   // A name that is no identifier.
  kTypeMismatch,  // A value that is not of its property's type.
  kNotFound,
  kExists,
  kConflict,  // A transaction lost the race to another one; retry it.
  kGone,      // A snapshot or instant that history no longer reaches.
  kTooLarge,  // A named limit was reached.
  kDeadline,  // Not given: a query at its deadline ends with what is complete, marked so.
  kCancelled,
  kClosed,  // Use after close.
  kReadOnly,
  kLocked,  // Another process has the database open for writing; the message names it.
  kNotADatabase,
  kNewerFormat,  // Written by a later version.
  kCorrupt,      // A checksum or an invariant of stored bytes failed.
  kDamagedLog,   // Acknowledged commits inside the log are unreadable; opened read-only.
  kIo,
  kStorageFull,
  kPoisoned,  // An earlier fsync failed; nothing can be written until the database is reopened.
  kUnsupported,
};

// One pointer, null of a success: a short read returns hundreds of them. One that was moved from is
// a success.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message) {
    if (code != Code::kOk) failure_.reset(new Failure{code, std::move(message)});
  }
  Status(const Status& other)
      : failure_(other.ok() ? nullptr : std::make_unique<const Failure>(*other.failure_)) {}
  Status& operator=(const Status& other) { return *this = Status(other); }
  Status(Status&&) = default;
  Status& operator=(Status&&) = default;
  ~Status() = default;
  static Status Ok() { return {}; }

  bool ok() const { return failure_ == nullptr; }
  Code code() const { return ok() ? Code::kOk : failure_->code; }
  std::string message() const { return ok() ? std::string() : failure_->message; }

 private:
  struct Failure {
    Code code;
    std::string message;
  };
  std::unique_ptr<const Failure> failure_;
};

// A value, or why there is none.
template <typename T>
class [[nodiscard]] StatusOr {
 public:
  StatusOr(T value) : value_(std::move(value)) {}         // NOLINT: implicit on purpose
  StatusOr(Status status) : status_(std::move(status)) {  // NOLINT: implicit on purpose
    assert(!status_.ok());
  }
  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }
  T& value() & {
    assert(ok());
    return *value_;
  }
  const T& value() const& {
    assert(ok());
    return *value_;
  }
  T&& value() && {
    assert(ok());
    return *std::move(value_);
  }
  T* operator->() { return &value(); }
  T& operator*() & { return value(); }

 private:
  Status status_;
  std::optional<T> value_;
};

#define HG_RETURN_IF_ERROR(expression)              \
  do {                                              \
    ::hypergraph::Status hg_status_ = (expression); \
    if (!hg_status_.ok()) [[unlikely]]              \
      return hg_status_;                            \
  } while (false)

}  // namespace hypergraph

#endif  // HYPERGRAPH_BASE_STATUS_H_

// What the two kinds of JavaScript handles hold.
//
// A handle is an External with a type tag. Closing marks the shared state; whoever asks afterwards
// gets kClosed. Memory goes with the last owner: a handle, a job, a snapshot.
#ifndef HYPERGRAPH_BINDING_HANDLES_H_
#define HYPERGRAPH_BINDING_HANDLES_H_

#include <node_api.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/query/run.h"
#include "include/hypergraph/database.h"

namespace hypergraph::binding {

// Threads: any.
class DatabaseState {
 public:
  explicit DatabaseState(std::unique_ptr<Database> database) : database_(std::move(database)) {}
  // Closes, when nobody has.
  ~DatabaseState() { static_cast<void>(Close()); }

  Database& database() { return *database_; }
  bool closed() const { return closed_.load(std::memory_order_acquire); }
  // A job begins; false when the database is closed. Each true is followed by one End.
  bool BeginJob();
  void EndJob();
  // Stops what can be stopped and lets nothing else begin. `when_idle` runs once, after the last
  // job that is running: on this thread when there is none.
  void BeginClose(std::function<void()> when_idle);
  // Waits for commits. Requires: no job is running. Idempotent; every call has the first one's
  // outcome.
  Status Close();

  // A query that Cancel(token) can stop; token 0 is none.
  std::shared_ptr<QueryControl> AddQuery(double token);
  void RemoveQuery(double token, const std::shared_ptr<QueryControl>& control);
  void Cancel(double token);

 private:
  std::unique_ptr<Database> database_;
  std::atomic<bool> closed_{false};
  std::mutex mutex_;
  // Guarded by mutex_:
  uint64_t running_ = 0;
  std::vector<std::function<void()>> when_idle_;
  std::unordered_multimap<double, std::shared_ptr<QueryControl>> queries_;

  std::mutex close_mutex_;  // Held while the database closes.
  bool close_ran_ = false;
  Status close_status_;
};

struct DatabaseHandle {
  std::shared_ptr<DatabaseState> state;
};

struct SnapshotHandle {
  std::shared_ptr<DatabaseState> state;
  std::shared_ptr<const Snapshot> snapshot;  // Null once closed.
};

// Null, with an exception pending, when Node-API refuses.
napi_value ToHandle(napi_env env, std::shared_ptr<DatabaseState> state);
napi_value ToHandle(napi_env env, std::shared_ptr<DatabaseState> state,
                    std::shared_ptr<const Snapshot> snapshot);

// kInvalid when the value is no such handle. The pointers live as long as the value does.
Status FromHandle(napi_env env, napi_value value, DatabaseHandle** handle);
Status FromHandle(napi_env env, napi_value value, SnapshotHandle** handle);
// The same, and kClosed when the database is closed.
Status OpenDatabase(napi_env env, napi_value value, std::shared_ptr<DatabaseState>* state);
// The same without a share of it: good while the value is, so for the length of a call.
Status OpenDatabase(napi_env env, napi_value value, DatabaseState** state);
// The snapshot, or one of the newest commits when the value is null.
Status ReadSnapshot(napi_env env, DatabaseState& state, napi_value value,
                    std::shared_ptr<const Snapshot>* snapshot);

}  // namespace hypergraph::binding

#endif  // HYPERGRAPH_BINDING_HANDLES_H_

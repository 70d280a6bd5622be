// Reads: snapshots, queries here and on the pool, and what a result's numbers stand for.
#include <algorithm>
#include <utility>

#include "binding/calls.h"
#include "binding/convert.h"
#include "binding/dictionary_bytes.h"
#include "binding/environment.h"
#include "binding/errors.h"
#include "binding/handles.h"

namespace hypergraph::binding {
namespace {

using StatePointer = std::shared_ptr<DatabaseState>;
using SnapshotPointer = std::shared_ptr<const Snapshot>;

// Reads (database, snapshot or null), the first two arguments of most calls.
Status ReadTarget(napi_env env, const napi_value* arguments, StatePointer* state,
                  SnapshotPointer* snapshot) {
  HG_RETURN_IF_ERROR(OpenDatabase(env, arguments[0], state));
  return ReadSnapshot(env, **state, arguments[1], snapshot);
}

Status RunHere(napi_env env, const napi_value* arguments, std::vector<uint8_t>* plan,
               std::vector<uint8_t>* result) {
  DatabaseState* state = nullptr;
  SnapshotPointer snapshot;
  ByteView view;
  HG_RETURN_IF_ERROR(OpenDatabase(env, arguments[0], &state));
  HG_RETURN_IF_ERROR(ReadSnapshot(env, *state, arguments[1], &snapshot));
  HG_RETURN_IF_ERROR(ViewOf(env, arguments[2], &view));
  uint32_t bytes = 0;  // Of the view that the plan has; all, where the caller leaves it out.
  if (napi_get_value_uint32(env, arguments[3], &bytes) == napi_ok)
    view = view.first(std::min<size_t>(bytes, view.size()));
  plan->assign(view.begin(), view.end());
  result->clear();
  return RunPlan(*snapshot, *plan, nullptr, result);
}

napi_value Query(napi_env env, napi_callback_info info) {
  napi_value arguments[5];
  ReadArguments(env, info, arguments);
  Environment& environment = Environment::Of(env);
  std::vector<uint8_t>& result = environment.scratch();
  const Status status = RunHere(env, arguments, &environment.plan_scratch(), &result);
  if (!status.ok()) {
    Trim(env, result);
    return Throw(env, status);
  }
  return MoveInto(env, arguments[4], result) ? nullptr : ToArrayBuffer(env, result);
}

struct QueryJob {
  QueryJob() = default;
  QueryJob(const QueryJob&) = delete;
  QueryJob& operator=(const QueryJob&) = delete;
  // Also when it never ran.
  ~QueryJob() { Unregister(); }
  void Unregister() {
    if (control != nullptr) state->RemoveQuery(token, control);
    control = nullptr;
  }

  StatePointer state;
  SnapshotPointer snapshot;
  std::vector<uint8_t> plan;
  double token = 0;
  std::shared_ptr<QueryControl> control;
};

Status ReadQueryJob(napi_env env, const napi_value* arguments, QueryJob* job) {
  ByteView view;
  uint64_t token = 0;
  HG_RETURN_IF_ERROR(ReadTarget(env, arguments, &job->state, &job->snapshot));
  HG_RETURN_IF_ERROR(ViewOf(env, arguments[2], &view));
  HG_RETURN_IF_ERROR(IntegerOf(env, arguments[3], kSeqMax, &token));
  job->plan.assign(view.begin(), view.end());
  job->token = static_cast<double>(token);
  job->control = job->state->AddQuery(job->token);
  return Status::Ok();
}

napi_value QueryAsync(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  ReadArguments(env, info, arguments);
  auto job = std::make_shared<QueryJob>();
  const Status status = ReadQueryJob(env, arguments, job.get());
  if (!status.ok()) return Rejected(env, status);
  const auto results = Environment::Of(env).results();
  return RunOnPool(env, job->state, Lane::kQuery, [job, results](Outcome* outcome) {
    std::vector<uint8_t> result = results->Take();
    Status ran{Code::kCancelled, "the query was cancelled"};
    if (!job->control->cancelled)
      ran = RunPlan(*job->snapshot, job->plan, job->control.get(), &result);
    job->Unregister();
    // Cancelled by a close: what the caller did, rather than how it was carried out.
    if (ran.code() == Code::kCancelled && job->state->closed())
      ran = {Code::kClosed, "the database was closed"};
    *outcome = std::move(result);
    job->snapshot.reset();
    return ran;
  });
}

napi_value Cancel(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  ReadArguments(env, info, arguments);
  DatabaseHandle* handle = nullptr;
  uint64_t token = 0;
  Status status = FromHandle(env, arguments[0], &handle);
  if (status.ok()) status = IntegerOf(env, arguments[1], kSeqMax, &token);
  if (!status.ok()) return Throw(env, status);
  handle->state->Cancel(static_cast<double>(token));
  return nullptr;
}

// `read` makes the snapshot from the database and the second argument.
template <typename Read>
napi_value MakeSnapshot(napi_env env, napi_callback_info info, Read read) {
  napi_value arguments[2];
  ReadArguments(env, info, arguments);
  StatePointer state;
  SnapshotPointer snapshot;
  Status status = OpenDatabase(env, arguments[0], &state);
  if (status.ok()) status = read(state->database(), arguments[1], &snapshot);
  if (!status.ok()) return Throw(env, status);
  return ToHandle(env, std::move(state), std::move(snapshot));
}

napi_value TakeSnapshot(napi_env env, napi_callback_info info) {
  return MakeSnapshot(env, info, [](Database& database, napi_value, SnapshotPointer* snapshot) {
    return database.Read(snapshot);
  });
}

napi_value SnapshotAtSeq(napi_env env, napi_callback_info info) {
  return MakeSnapshot(env, info,
                      [env](Database& database, napi_value at, SnapshotPointer* snapshot) {
                        uint64_t seq = 0;
                        HG_RETURN_IF_ERROR(IntegerOf(env, at, kSeqMax, &seq));
                        return database.ReadAsOf(seq, snapshot);
                      });
}

napi_value SnapshotAtTime(napi_env env, napi_callback_info info) {
  return MakeSnapshot(env, info,
                      [env](Database& database, napi_value at, SnapshotPointer* snapshot) {
                        Micros instant = 0;
                        HG_RETURN_IF_ERROR(InstantOf(env, at, &instant));
                        return database.ReadAsOfTime(instant, snapshot);
                      });
}

napi_value CloseSnapshot(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  ReadArguments(env, info, arguments);
  SnapshotHandle* handle = nullptr;
  const Status status = FromHandle(env, arguments[0], &handle);
  if (!status.ok()) return Throw(env, status);
  handle->snapshot.reset();
  return nullptr;
}

napi_value SnapshotFigures(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  ReadArguments(env, info, arguments);
  SnapshotHandle* handle = nullptr;
  Status status = FromHandle(env, arguments[0], &handle);
  if (status.ok() && (handle->snapshot == nullptr || handle->state->closed()))
    status = {Code::kClosed, "the snapshot is closed"};
  if (!status.ok()) return Throw(env, status);
  const Snapshot& snapshot = *handle->snapshot;
  const double figures[] = {static_cast<double>(snapshot.seq),
                            static_cast<double>(snapshot.history_floor),
                            static_cast<double>(snapshot.now)};
  return ToFloat64Array(env, figures);
}

napi_value CommittedAt(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  ReadArguments(env, info, arguments);
  StatePointer state;
  uint64_t seq = 0;
  Micros instant = 0;
  Status status = OpenDatabase(env, arguments[0], &state);
  if (status.ok()) status = IntegerOf(env, arguments[1], kSeqMax, &seq);
  if (status.ok()) status = state->database().CommittedAt(seq, &instant);
  if (!status.ok()) return Throw(env, status);
  napi_value value = nullptr;
  napi_create_bigint_int64(env, instant, &value);
  return value;
}

// What `read` makes of the call's arguments, as bytes.
template <size_t kArguments, typename Read>
napi_value AnswerBytes(napi_env env, napi_callback_info info, Read read) {
  napi_value arguments[kArguments];
  ReadArguments(env, info, arguments);
  std::vector<uint8_t> bytes;
  const Status status = read(env, arguments, &bytes);
  return status.ok() ? ToArrayBuffer(env, bytes) : Throw(env, status);
}

Status ReadNodeKeys(napi_env env, const napi_value* arguments, std::vector<uint8_t>* bytes) {
  StatePointer state;
  SnapshotPointer snapshot;
  std::span<const uint32_t> view;
  HG_RETURN_IF_ERROR(OpenDatabase(env, arguments[0], &state));
  HG_RETURN_IF_ERROR(ViewOf(env, arguments[1], &view));
  HG_RETURN_IF_ERROR(state->database().ReadShared(&snapshot));
  const std::vector<uint32_t> numbers(view.begin(), view.end());
  return EncodeNodeKeys(*snapshot->nodes, numbers, bytes);
}

napi_value NodeKeys(napi_env env, napi_callback_info info) {
  return AnswerBytes<2>(env, info, ReadNodeKeys);
}

Status ReadSymbols(napi_env env, const napi_value* arguments, std::vector<uint8_t>* bytes) {
  StatePointer state;
  SnapshotPointer snapshot;
  uint64_t first = 0;
  HG_RETURN_IF_ERROR(OpenDatabase(env, arguments[0], &state));
  HG_RETURN_IF_ERROR(IntegerOf(env, arguments[1], UINT32_MAX, &first));
  HG_RETURN_IF_ERROR(state->database().ReadShared(&snapshot));
  return EncodeSymbols(*snapshot->symbols, static_cast<uint32_t>(first), bytes);
}

napi_value Symbols(napi_env env, napi_callback_info info) {
  return AnswerBytes<2>(env, info, ReadSymbols);
}

napi_value SchemaText(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  ReadArguments(env, info, arguments);
  StatePointer state;
  SnapshotPointer snapshot;
  const Status status = ReadTarget(env, arguments, &state, &snapshot);
  return status.ok() ? ToValue(env, SchemaToJson(*snapshot->schema)) : Throw(env, status);
}

napi_value SchemaVersion(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  ReadArguments(env, info, arguments);
  StatePointer state;
  SnapshotPointer snapshot;
  const Status status = ReadTarget(env, arguments, &state, &snapshot);
  if (!status.ok()) return Throw(env, status);
  return ToValue(env, static_cast<double>(snapshot->schema->version));
}

}  // namespace

std::span<const Call> QueryCalls() {
  static constexpr Call kCalls[] = {
      {"query", Query},
      {"queryAsync", QueryAsync},
      {"cancel", Cancel},
      {"snapshot", TakeSnapshot},
      {"snapshotAtSeq", SnapshotAtSeq},
      {"snapshotAtTime", SnapshotAtTime},
      {"closeSnapshot", CloseSnapshot},
      {"snapshotFigures", SnapshotFigures},
      {"committedAt", CommittedAt},
      {"nodeKeys", NodeKeys},
      {"symbols", Symbols},
      {"schema", SchemaText},
      {"schemaVersion", SchemaVersion},
  };
  return kCalls;
}

}  // namespace hypergraph::binding

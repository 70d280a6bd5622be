// Opening, writing, closing and maintenance.
#include <utility>

#include "binding/calls.h"
#include "binding/convert.h"
#include "binding/errors.h"
#include "binding/handles.h"
#include "binding/reports.h"

namespace hypergraph::binding {
namespace {

using StatePointer = std::shared_ptr<DatabaseState>;

napi_value Open(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  ReadArguments(env, info, arguments);
  std::string path;
  OpenOptions options;
  Status status = TextOf(env, arguments[0], &path);
  if (status.ok()) status = OptionsOf(env, arguments[1], &options);
  if (!status.ok()) return Rejected(env, status);
  auto environment = Environment::Of(env).shared_from_this();
  options.pages = std::make_shared<PageReserve>();
  const napi_value promise =
      RunOnPool(env, Lane::kQuery, [environment, path, options](Outcome* outcome) {
        std::unique_ptr<Database> database;
        HG_RETURN_IF_ERROR(Database::Open(path, options, &database));
        *outcome = environment->Adopt(std::move(database));
        return Status::Ok();
      });
  if (promise != nullptr) Database::MakePages(path, options);
  return promise;
}

napi_value Close(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  ReadArguments(env, info, arguments);
  DatabaseHandle* handle = nullptr;
  const Status status = FromHandle(env, arguments[0], &handle);
  if (!status.ok()) return Rejected(env, status);
  auto environment = Environment::Of(env).shared_from_this();
  napi_deferred deferred = nullptr;
  const napi_value promise = environment->Begin(env, &deferred);
  if (promise == nullptr) return nullptr;
  handle->state->BeginClose([environment, deferred, state = handle->state] {
    environment->Post(Lane::kQuery, [environment, deferred, state] {
      environment->Complete(deferred, state->Close(), {});
    });
  });
  return promise;
}

napi_value IsClosed(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  ReadArguments(env, info, arguments);
  DatabaseHandle* handle = nullptr;
  const Status status = FromHandle(env, arguments[0], &handle);
  if (!status.ok()) return Throw(env, status);
  napi_value value = nullptr;
  napi_get_boolean(env, handle->state->closed(), &value);
  return value;
}

napi_value Commit(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  ReadArguments(env, info, arguments);
  StatePointer state;
  ByteView batch;
  uint64_t durability = 0;
  Status status = OpenDatabase(env, arguments[0], &state);
  if (status.ok()) status = ViewOf(env, arguments[1], &batch);
  if (status.ok()) status = IntegerOf(env, arguments[2], 1, &durability);
  if (!status.ok()) return Rejected(env, status);
  Environment& environment = Environment::Of(env);
  napi_deferred deferred = nullptr;
  const napi_value promise = environment.Begin(env, &deferred);
  if (promise == nullptr) return nullptr;
  // A close waits for commits, and the environment's end for closes: both outlive the callback.
  state->database().Submit(batch, static_cast<Durability>(durability),
                           [&environment, deferred](Status committed, CommitReceipt receipt) {
                             environment.Complete(deferred, std::move(committed),
                                                  std::move(receipt));
                           });
  environment.AwaitCommit(batch.size());
  return promise;
}

napi_value GetOpenReport(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  ReadArguments(env, info, arguments);
  StatePointer state;
  const Status status = OpenDatabase(env, arguments[0], &state);
  if (!status.ok()) return Throw(env, status);
  return ToValue(env, ToJson(state->database().open_report()));
}

// `work` gets the database, on the pool.
template <typename Work>
napi_value Maintain(napi_env env, napi_value handle, Work work) {
  StatePointer state;
  const Status status = OpenDatabase(env, handle, &state);
  if (!status.ok()) return Rejected(env, status);
  return RunOnPool(
      env, state, Lane::kMaintenance,
      [&database = state->database(), work](Outcome* outcome) { return work(database, outcome); });
}

template <Status (Database::*run)()>
napi_value Maintain(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  ReadArguments(env, info, arguments);
  return Maintain(env, arguments[0],
                  [](Database& database, Outcome*) { return (database.*run)(); });
}

template <typename Report, Status (Database::*run)(Report*)>
napi_value MakeReport(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  ReadArguments(env, info, arguments);
  return Maintain(env, arguments[0], [](Database& database, Outcome* outcome) {
    Report report;
    HG_RETURN_IF_ERROR((database.*run)(&report));
    *outcome = ToJson(report);
    return Status::Ok();
  });
}

napi_value Backup(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  ReadArguments(env, info, arguments);
  std::string directory;
  const Status status = TextOf(env, arguments[1], &directory);
  if (!status.ok()) return Rejected(env, status);
  return Maintain(env, arguments[0], [directory](Database& database, Outcome* outcome) {
    BackupReport report;
    HG_RETURN_IF_ERROR(database.Backup(directory, &report));
    *outcome = ToJson(report);
    return Status::Ok();
  });
}

napi_value Restore(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  ReadArguments(env, info, arguments);
  std::string backup, directory;
  Status status = TextOf(env, arguments[0], &backup);
  if (status.ok()) status = TextOf(env, arguments[1], &directory);
  if (!status.ok()) return Rejected(env, status);
  return RunOnPool(env, Lane::kMaintenance, [backup, directory](Outcome* outcome) {
    CheckReport report;
    HG_RETURN_IF_ERROR(RestoreDatabase(PosixFileSystem(), backup, directory, &report));
    *outcome = ToJson(report);
    return Status::Ok();
  });
}

napi_value Repair(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  ReadArguments(env, info, arguments);
  std::string directory;
  const Status status = TextOf(env, arguments[0], &directory);
  if (!status.ok()) return Rejected(env, status);
  return RunOnPool(env, Lane::kMaintenance, [directory](Outcome* outcome) {
    RepairReport report;
    HG_RETURN_IF_ERROR(RepairDatabase(PosixFileSystem(), directory, &report));
    *outcome = ToJson(report);
    return Status::Ok();
  });
}

}  // namespace

std::span<const Call> DatabaseCalls() {
  static constexpr Call kCalls[] = {
      {"open", Open},
      {"close", Close},
      {"isClosed", IsClosed},
      {"commit", Commit},
      {"openReport", GetOpenReport},
      {"stats", MakeReport<DatabaseStats, &Database::Stats>},
      {"check", MakeReport<CheckReport, &Database::Check>},
      {"backup", Backup},
      {"flush", Maintain<&Database::Flush>},
      {"compact", Maintain<&Database::Compact>},
      {"refresh", Maintain<&Database::Refresh>},
      {"restore", Restore},
      {"repair", Repair},
  };
  return kCalls;
}

}  // namespace hypergraph::binding

// Rows of a result as JSON, into memory that JavaScript lends.
#include <algorithm>
#include <utility>

#include "binding/calls.h"
#include "binding/convert.h"
#include "binding/environment.h"
#include "binding/errors.h"
#include "binding/handles.h"
#include "core/query/json_rows.h"

namespace hypergraph::binding {
namespace {

// The bytes of a Uint8Array from `from` on, to write into.
Status RoomOf(napi_env env, napi_value value, napi_value from, std::span<uint8_t>* room) {
  ByteView view;
  uint64_t begin = 0;
  HG_RETURN_IF_ERROR(ViewOf(env, value, &view));
  HG_RETURN_IF_ERROR(IntegerOf(env, from, view.size(), &begin));
  // Lent for that.
  *room = {const_cast<uint8_t*>(view.data()) + begin, view.size() - static_cast<size_t>(begin)};
  return Status::Ok();
}

struct RowsRequest {
  std::shared_ptr<const Snapshot> snapshot;
  JsonRows rows;
  std::span<uint8_t> room;
};

Status ReadRowsRequest(napi_env env, const napi_value* arguments, RowsRequest* request) {
  std::shared_ptr<DatabaseState> state;
  HG_RETURN_IF_ERROR(OpenDatabase(env, arguments[0], &state));
  HG_RETURN_IF_ERROR(state->database().ReadShared(&request->snapshot));
  void* result = nullptr;
  size_t result_bytes = 0;
  if (napi_get_arraybuffer_info(env, arguments[1], &result, &result_bytes) != napi_ok) {
    return {Code::kInvalid, "not an ArrayBuffer"};
  }
  request->rows.result = {static_cast<const uint8_t*>(result), result_bytes};
  HG_RETURN_IF_ERROR(ViewOf(env, arguments[2], &request->rows.shape));
  uint64_t count = 0;
  uint64_t between = 0;
  HG_RETURN_IF_ERROR(IntegerOf(env, arguments[3], UINT32_MAX, &count));
  HG_RETURN_IF_ERROR(IntegerOf(env, arguments[4], 127, &between));
  request->rows.row_count = static_cast<uint32_t>(count);
  request->rows.between = static_cast<char>(between);
  return RoomOf(env, arguments[5], arguments[6], &request->room);
}

napi_value JsonRowsCall(napi_env env, napi_callback_info info) {
  napi_value arguments[7];
  ReadArguments(env, info, arguments);
  RowsRequest request;
  Status status = ReadRowsRequest(env, arguments, &request);
  if (!status.ok()) return Throw(env, status);
  std::vector<uint8_t>& more = Environment::Of(env).scratch();
  ByteSink sink(request.room, &more);
  const Snapshot& snapshot = *request.snapshot;
  status = WriteJsonRows(request.rows, *snapshot.nodes, *snapshot.symbols, &sink);
  if (!status.ok()) {
    Trim(env, more);
    return Throw(env, status);
  }
  if (sink.in_room()) {
    Trim(env, more);
    return ToValue(env, static_cast<double>(sink.size()));
  }
  sink.Finish();
  return ToArrayBuffer(env, more);
}

}  // namespace

std::span<const Call> JsonCalls() {
  static constexpr Call kCalls[] = {{"jsonRows", JsonRowsCall}};
  return kCalls;
}

}  // namespace hypergraph::binding

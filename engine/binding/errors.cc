#include "binding/errors.h"

#include <string_view>

namespace hypergraph::binding {
namespace {

// No default: the compiler tells of a code without a name.
std::string_view NameOf(Code code) {
  switch (code) {
    case Code::kOk:
      return "ok";
    case Code::kInvalid:
      return "invalid";
    case Code::kInvalidName:
      return "invalid_name";
    case Code::kTypeMismatch:
      return "type_mismatch";
    case Code::kNotFound:
      return "not_found";
    case Code::kExists:
      return "exists";
    case Code::kConflict:
      return "conflict";
    case Code::kGone:
      return "gone";
    case Code::kTooLarge:
      return "too_large";
    case Code::kDeadline:
      return "deadline";
    case Code::kCancelled:
      return "cancelled";
    case Code::kClosed:
      return "closed";
    case Code::kReadOnly:
      return "read_only";
    case Code::kLocked:
      return "locked";
    case Code::kNotADatabase:
      return "not_a_database";
    case Code::kNewerFormat:
      return "newer_format";
    case Code::kCorrupt:
      return "corrupt";
    case Code::kDamagedLog:
      return "damaged_log";
    case Code::kIo:
      return "io";
    case Code::kStorageFull:
      return "storage_full";
    case Code::kPoisoned:
      return "poisoned";
    case Code::kUnsupported:
      return "unsupported";
  }
  return "invalid";
}

napi_value TextOf(napi_env env, std::string_view text) {
  napi_value value = nullptr;
  napi_create_string_utf8(env, text.data(), text.size(), &value);
  return value;
}

}  // namespace

napi_value ToError(napi_env env, const Status& status) {
  napi_value error = nullptr;
  napi_create_error(env, TextOf(env, NameOf(status.code())), TextOf(env, status.message()), &error);
  return error;
}

napi_value Throw(napi_env env, const Status& status) {
  napi_throw(env, ToError(env, status));
  return nullptr;
}

}  // namespace hypergraph::binding

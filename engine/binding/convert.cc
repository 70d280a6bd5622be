#include "binding/convert.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <utility>

#include "binding/errors.h"
#include "binding/handles.h"

namespace hypergraph::binding {
namespace {

// Up to here a copy costs less than what an external buffer brings with it, and than the pages of
// new memory to write the next result into.
constexpr size_t kCopiedBytesMax = 512 * 1024;
// From here on clearing memory first, as new array buffers are, costs more than a second object.
constexpr size_t kUnclearedBytesMin = 24 * 1024;
// What a caller's buffer may hold for the next result.
constexpr size_t kHeldBytesMax = 1024 * 1024;

// Memory that JavaScript has until it drops the buffer over it.
struct Loan {
  explicit Loan(std::shared_ptr<ResultMemory> from) : results(std::move(from)) {}
  Loan(const Loan&) = delete;
  Loan& operator=(const Loan&) = delete;
  ~Loan() { results->Return(bytes, std::move(memory)); }

  const std::shared_ptr<ResultMemory> results;
  std::vector<uint8_t> memory;
  size_t bytes = 0;
};

Status Invalid(std::string message) { return {Code::kInvalid, std::move(message)}; }

napi_value CopyToArrayBuffer(napi_env env, const void* data, size_t count) {
  void* into = nullptr;
  napi_value buffer = nullptr;
  if (count >= kUnclearedBytesMin) {
    napi_value view = nullptr;  // Of Node, over all of a buffer of its own.
    if (napi_create_buffer_copy(env, count, data, nullptr, &view) != napi_ok ||
        napi_get_typedarray_info(env, view, nullptr, nullptr, nullptr, &buffer, nullptr) !=
            napi_ok) {
      return nullptr;
    }
    return buffer;
  }
  if (napi_create_arraybuffer(env, count, &into, &buffer) != napi_ok) return nullptr;
  if (count != 0) std::memcpy(into, data, count);
  return buffer;
}

constexpr size_t kReceiptFigures = 7;  // Of a receipt without a list of ids.

void PutReceipt(const CommitReceipt& receipt, double* values) {
  *values++ = static_cast<double>(receipt.seq);
  *values++ = static_cast<double>(receipt.committed_at);
  *values++ = receipt.inserted;
  *values++ = receipt.updated;
  *values++ = receipt.deleted;
  *values++ = receipt.duplicates;
  *values++ = static_cast<double>(receipt.first_id);
  for (const EdgeId id : receipt.ids) *values++ = static_cast<double>(id);
}

napi_value ReceiptToValue(napi_env env, const CommitReceipt& receipt) {
  void* into = nullptr;
  napi_value buffer = nullptr;
  napi_value array = nullptr;
  const size_t count = kReceiptFigures + receipt.ids.size();
  if (napi_create_arraybuffer(env, count * sizeof(double), &into, &buffer) != napi_ok)
    return nullptr;
  PutReceipt(receipt, static_cast<double*>(into));
  if (napi_create_typedarray(env, napi_float64_array, count, buffer, 0, &array) != napi_ok)
    return nullptr;
  return array;
}

// The property, or undefined's absence: *found is false.
Status PropertyOf(napi_env env, napi_value object, const char* name, napi_value* value,
                  bool* found) {
  napi_valuetype type = napi_undefined;
  if (napi_get_named_property(env, object, name, value) != napi_ok ||
      napi_typeof(env, *value, &type) != napi_ok) {
    return Invalid(std::string("options.") + name + " cannot be read");
  }
  *found = type != napi_undefined;
  return Status::Ok();
}

Status ReadFlag(napi_env env, napi_value options, const char* name, bool* flag) {
  napi_value value = nullptr;
  bool found = false;
  HG_RETURN_IF_ERROR(PropertyOf(env, options, name, &value, &found));
  if (found && napi_get_value_bool(env, value, flag) != napi_ok)
    return Invalid(std::string("options.") + name + " is not a boolean");
  return Status::Ok();
}

template <typename Number>
Status ReadLimit(napi_env env, napi_value options, const char* name, Number* limit) {
  napi_value value = nullptr;
  bool found = false;
  HG_RETURN_IF_ERROR(PropertyOf(env, options, name, &value, &found));
  if (!found) return Status::Ok();
  uint64_t integer = 0;
  if (const Status status = IntegerOf(env, value, std::numeric_limits<Number>::max(), &integer);
      !status.ok() || integer == 0) {
    return Invalid(std::string("options.") + name + " is not a positive whole number in range");
  }
  *limit = static_cast<Number>(integer);
  return Status::Ok();
}

struct ToValueOf {
  napi_env env;
  napi_value operator()(std::monostate) const {
    napi_value value = nullptr;
    napi_get_undefined(env, &value);
    return value;
  }
  napi_value operator()(const std::string& text) const { return ToValue(env, text); }
  napi_value operator()(std::vector<uint8_t>& bytes) const { return ToArrayBuffer(env, bytes); }
  napi_value operator()(const CommitReceipt& receipt) const { return ReceiptToValue(env, receipt); }
  napi_value operator()(std::shared_ptr<DatabaseState>& state) const {
    return ToHandle(env, std::move(state));
  }
};

}  // namespace

ReceiptRound::ReceiptRound(napi_env env, size_t count_max) : env_(env) {
  if (count_max < 2) return;
  void* into = nullptr;
  if (napi_create_arraybuffer(env, count_max * kReceiptFigures * sizeof(double), &into, &buffer_) ==
      napi_ok) {
    figures_ = static_cast<double*>(into);
    room_ = count_max;
    return;
  }
  napi_value exception = nullptr;  // Each will have its own instead, and its own failure.
  (void)napi_get_and_clear_last_exception(env, &exception);
}

napi_value ReceiptRound::ToValue(const CommitReceipt& receipt) {
  // A list of ids may be kept, and must not keep those of others.
  if (used_ == room_ || !receipt.ids.empty()) return ReceiptToValue(env_, receipt);
  const size_t at = used_++ * kReceiptFigures;
  PutReceipt(receipt, figures_ + at);
  napi_value array = nullptr;
  if (napi_create_typedarray(env_, napi_float64_array, kReceiptFigures, buffer_,
                             at * sizeof(double), &array) != napi_ok) {
    return nullptr;
  }
  return array;
}

napi_value ToValue(napi_env env, Outcome outcome) { return std::visit(ToValueOf{env}, outcome); }

napi_value ToValue(napi_env env, const std::string& text) {
  napi_value value = nullptr;
  napi_create_string_utf8(env, text.data(), text.size(), &value);
  return value;
}

napi_value ToValue(napi_env env, double number) {
  napi_value value = nullptr;
  napi_create_double(env, number, &value);
  return value;
}

napi_value ToFloat64Array(napi_env env, std::span<const double> values) {
  napi_value array = nullptr;
  const napi_value buffer = CopyToArrayBuffer(env, values.data(), values.size_bytes());
  if (buffer == nullptr || napi_create_typedarray(env, napi_float64_array, values.size(), buffer, 0,
                                                  &array) != napi_ok) {
    return nullptr;
  }
  return array;
}

void Trim(napi_env env, std::vector<uint8_t>& bytes) {
  // To assign an empty list would keep the memory.
  if (bytes.capacity() > kHeldBytesMax) Environment::Of(env).results()->Give(std::move(bytes));
}

napi_value ToArrayBuffer(napi_env env, std::vector<uint8_t>& bytes) {
  const std::shared_ptr<ResultMemory>& results = Environment::Of(env).results();
  if (bytes.size() <= kCopiedBytesMax || !results->Lend(bytes.size())) {
    const napi_value copy = CopyToArrayBuffer(env, bytes.data(), bytes.size());
    Trim(env, bytes);
    return copy;
  }
  auto loan = std::make_unique<Loan>(results);
  // JavaScript counts the size, so room that is not used must not live as long as the buffer.
  if (bytes.capacity() / 2 > bytes.size()) {
    loan->memory.assign(bytes.begin(), bytes.end());
    Trim(env, bytes);
  } else {
    loan->memory = std::move(bytes);
    bytes = {};
  }
  loan->bytes = loan->memory.size();
  const auto finalize = [](napi_env, void*, void* hint) {
    const std::unique_ptr<Loan> owned(static_cast<Loan*>(hint));
  };
  napi_value buffer = nullptr;
  const napi_status status = napi_create_external_arraybuffer(env, loan->memory.data(), loan->bytes,
                                                              finalize, loan.get(), &buffer);
  if (status == napi_ok) {
    loan.release();  // The buffer's from here on.
    return buffer;
  }
  // Some hosts forbid memory that is not their own.
  return CopyToArrayBuffer(env, loan->memory.data(), loan->bytes);
}

bool MoveInto(napi_env env, napi_value value, std::vector<uint8_t>& bytes) {
  void* into = nullptr;
  size_t room = 0;
  if (napi_get_arraybuffer_info(env, value, &into, &room) != napi_ok || room < bytes.size()) {
    return false;
  }
  std::memcpy(into, bytes.data(), bytes.size());
  Trim(env, bytes);
  return true;
}

Status ViewOf(napi_env env, napi_value value, ByteView* bytes) {
  napi_typedarray_type type = napi_int8_array;
  size_t length = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok ||
      type != napi_uint8_array) {
    return Invalid("not a Uint8Array");
  }
  *bytes = {static_cast<const uint8_t*>(data), length};
  return Status::Ok();
}

Status ViewOf(napi_env env, napi_value value, std::span<const uint32_t>* numbers) {
  napi_typedarray_type type = napi_int8_array;
  size_t length = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok ||
      type != napi_uint32_array) {
    return Invalid("not a Uint32Array");
  }
  *numbers = {static_cast<const uint32_t*>(data), length};
  return Status::Ok();
}

Status TextOf(napi_env env, napi_value value, std::string* text) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok)
    return Invalid("not a string");
  text->resize(length + 1);  // Node-API ends it with a zero.
  if (napi_get_value_string_utf8(env, value, text->data(), length + 1, &length) != napi_ok)
    return Invalid("a string that cannot be read");
  text->resize(length);
  if (text->find('\0') != std::string::npos) return Invalid("a string with a zero character");
  return Status::Ok();
}

Status IntegerOf(napi_env env, napi_value value, uint64_t max, uint64_t* integer) {
  double number = 0;
  if (napi_get_value_double(env, value, &number) != napi_ok) return Invalid("not a number");
  // The last comparison is exact: max is only cast where it is below 2^53.
  if (!(number >= 0) || number > static_cast<double>(kSeqMax) || std::trunc(number) != number ||
      static_cast<uint64_t>(number) > max) {
    return Invalid("not a whole number in range");
  }
  *integer = static_cast<uint64_t>(number);
  return Status::Ok();
}

Status InstantOf(napi_env env, napi_value value, Micros* instant) {
  bool lossless = false;
  if (napi_get_value_bigint_int64(env, value, instant, &lossless) != napi_ok || !lossless)
    return Invalid("not an instant in microseconds as a bigint");
  return Status::Ok();
}

Status OptionsOf(napi_env env, napi_value value, OpenOptions* options) {
  napi_valuetype type = napi_undefined;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_object)
    return Invalid("options are not an object");
  HG_RETURN_IF_ERROR(ReadFlag(env, value, "readOnly", &options->read_only));
  HG_RETURN_IF_ERROR(ReadFlag(env, value, "createIfMissing", &options->create_if_missing));
  HG_RETURN_IF_ERROR(ReadFlag(env, value, "background", &options->background));
  HG_RETURN_IF_ERROR(ReadLimit(env, value, "memtableBytesMax", &options->memtable_bytes_max));
  HG_RETURN_IF_ERROR(ReadLimit(env, value, "memtableRecordsMax", &options->memtable_records_max));
  HG_RETURN_IF_ERROR(ReadLimit(env, value, "logAllocateBytes", &options->log_allocate_bytes));
  HG_RETURN_IF_ERROR(ReadLimit(env, value, "segmentRecordsMax", &options->segment_records_max));
  HG_RETURN_IF_ERROR(ReadLimit(env, value, "commitBytesMax", &options->commit_bytes_max));
  HG_RETURN_IF_ERROR(ReadLimit(env, value, "textBytesMax", &options->text_bytes_max));
  HG_RETURN_IF_ERROR(ReadLimit(env, value, "commitQueueMax", &options->commit_queue_max));
  return ReadLimit(env, value, "commitQueueBytesMax", &options->commit_queue_bytes_max);
}

}  // namespace hypergraph::binding

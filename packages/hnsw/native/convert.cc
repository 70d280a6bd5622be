#include "convert.h"

#include <cstring>
#include <memory>
#include <utility>

#include "failure.h"

namespace hypermesh::hnsw {
namespace {

template <typename T>
std::span<T> ViewOf(napi_env env, napi_value value, napi_typedarray_type wanted, const char* name) {
  bool is_array = false;
  napi_typedarray_type type = napi_int8_array;
  size_t count = 0;
  void* data = nullptr;
  if (napi_is_typedarray(env, value, &is_array) != napi_ok || !is_array ||
      napi_get_typedarray_info(env, value, &type, &count, &data, nullptr, nullptr) != napi_ok ||
      type != wanted) {
    Fail("invalid", std::string("not a ") + name);
  }
  return {static_cast<T*>(data), count};
}

}  // namespace

std::span<float> FloatsOf(napi_env env, napi_value value) {
  return ViewOf<float>(env, value, napi_float32_array, "Float32Array");
}

std::span<double> DoublesOf(napi_env env, napi_value value) {
  return ViewOf<double>(env, value, napi_float64_array, "Float64Array");
}

std::span<uint32_t> Uint32sOf(napi_env env, napi_value value) {
  return ViewOf<uint32_t>(env, value, napi_uint32_array, "Uint32Array");
}

std::span<const uint8_t> BytesOf(napi_env env, napi_value value) {
  return ViewOf<const uint8_t>(env, value, napi_uint8_array, "Uint8Array");
}

uint32_t Uint32Of(napi_env env, napi_value value) {
  double number = 0;
  if (napi_get_value_double(env, value, &number) != napi_ok || !(number >= 0) ||
      number > 0xffffffffu || number != static_cast<double>(static_cast<uint32_t>(number))) {
    Fail("invalid", "not a whole number of 32 bits");
  }
  return static_cast<uint32_t>(number);
}

bool WordsOf(napi_env env, napi_value value, std::vector<uint64_t>* words) {
  napi_valuetype type = napi_undefined;
  if (napi_typeof(env, value, &type) == napi_ok && type == napi_undefined) return false;
  const std::span<const uint32_t> halves = Uint32sOf(env, value);
  words->assign((halves.size() + 1) / 2, 0);
  for (size_t at = 0; at < halves.size(); ++at)
    (*words)[at / 2] |= static_cast<uint64_t>(halves[at]) << (at % 2 * 32);
  return true;
}

napi_value NumberOf(napi_env env, double number) {
  napi_value value = nullptr;
  napi_create_double(env, number, &value);
  return value;
}

napi_value UndefinedOf(napi_env env) {
  napi_value value = nullptr;
  napi_get_undefined(env, &value);
  return value;
}

napi_value BufferOf(napi_env env, std::vector<uint8_t> bytes) {
  // Small ones are copied: that costs less than an object that owns memory elsewhere.
  constexpr size_t kCopiedMax = 64 * 1024;
  napi_value buffer = nullptr;
  if (bytes.size() <= kCopiedMax) {
    void* into = nullptr;
    if (napi_create_arraybuffer(env, bytes.size(), &into, &buffer) != napi_ok) return nullptr;
    if (!bytes.empty()) std::memcpy(into, bytes.data(), bytes.size());
    return buffer;
  }
  auto owned = std::make_unique<std::vector<uint8_t>>(std::move(bytes));
  const auto finalize = [](napi_env, void*, void* hint) {
    delete static_cast<std::vector<uint8_t>*>(hint);
  };
  if (napi_create_external_arraybuffer(env, owned->data(), owned->size(), finalize, owned.get(),
                                       &buffer) != napi_ok) {
    return nullptr;
  }
  owned.release();  // The buffer's from here on.
  return buffer;
}

}  // namespace hypermesh::hnsw

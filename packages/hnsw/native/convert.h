// JavaScript's values in and out. Views point into its memory: what is read twice may change
// between.
#ifndef HYPERMESH_HNSW_CONVERT_H_
#define HYPERMESH_HNSW_CONVERT_H_

#include <node_api.h>

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace hypermesh::hnsw {

// Throw `invalid` for a value of another type.
std::span<float> FloatsOf(napi_env env, napi_value value);
std::span<double> DoublesOf(napi_env env, napi_value value);
std::span<uint32_t> Uint32sOf(napi_env env, napi_value value);
std::span<const uint8_t> BytesOf(napi_env env, napi_value value);
uint32_t Uint32Of(napi_env env, napi_value value);
// A filter's 32-bit words as ours; none, and false, for undefined.
bool WordsOf(napi_env env, napi_value value, std::vector<uint64_t>* words);

napi_value NumberOf(napi_env env, double number);
napi_value UndefinedOf(napi_env env);
// Hands the bytes over without a copy.
napi_value BufferOf(napi_env env, std::vector<uint8_t> bytes);

template <size_t kCount>
std::array<napi_value, kCount> ArgumentsOf(napi_env env, napi_callback_info info) {
  std::array<napi_value, kCount> arguments{};
  size_t count = kCount;
  napi_get_cb_info(env, info, &count, arguments.data(), nullptr, nullptr);
  return arguments;
}

}  // namespace hypermesh::hnsw

#endif  // HYPERMESH_HNSW_CONVERT_H_

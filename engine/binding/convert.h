// JavaScript values to and from those of the core. Bytes that JavaScript could still change are
// copied before anything reads them twice.
#ifndef HYPERGRAPH_BINDING_CONVERT_H_
#define HYPERGRAPH_BINDING_CONVERT_H_

#include <node_api.h>

#include <string>
#include <vector>

#include "binding/environment.h"
#include "include/hypergraph/options.h"

namespace hypergraph::binding {

// Null when Node-API refuses; an exception may be pending then.
napi_value ToValue(napi_env env, Outcome outcome);
napi_value ToValue(napi_env env, const std::string& text);
napi_value ToValue(napi_env env, double number);
// Receipts that JavaScript gets at the same time, side by side in one buffer: to make a buffer for
// each took as long as all else that a commit costs here. Lives within a handle scope.
class ReceiptRound {
 public:
  ReceiptRound(napi_env env, size_t count_max);
  napi_value ToValue(const CommitReceipt& receipt);

 private:
  napi_env env_;
  napi_value buffer_ = nullptr;
  double* figures_ = nullptr;
  size_t room_ = 0, used_ = 0;  // In receipts. Whoever finds no room gets a buffer of its own.
};
napi_value ToFloat64Array(napi_env env, std::span<const double> values);
// Gives memory back of which more is held than is worth holding for small results.
void Trim(napi_env env, std::vector<uint8_t>& bytes);
// Small results are copied and `bytes` keeps its room; large ones are handed over without a copy,
// unless JavaScript holds much already.
napi_value ToArrayBuffer(napi_env env, std::vector<uint8_t>& bytes);
// Copies them to the begin of an ArrayBuffer; false where `value` is none or has too little room.
// Either holds no more of the memory than is worth holding.
bool MoveInto(napi_env env, napi_value value, std::vector<uint8_t>& bytes);

// kInvalid when the value is of another type. Views point into JavaScript's memory: read them once.
Status ViewOf(napi_env env, napi_value value, ByteView* bytes);
Status ViewOf(napi_env env, napi_value value, std::span<const uint32_t>* numbers);
Status TextOf(napi_env env, napi_value value, std::string* text);
// A whole number from 0 to `max`, at most 2^53 − 1.
Status IntegerOf(napi_env env, napi_value value, uint64_t max, uint64_t* integer);
Status InstantOf(napi_env env, napi_value value, Micros* instant);
Status OptionsOf(napi_env env, napi_value value, OpenOptions* options);

}  // namespace hypergraph::binding

#endif  // HYPERGRAPH_BINDING_CONVERT_H_

#include "binding/dictionary_bytes.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/base/bytes.h"

namespace hypergraph::binding {

Status EncodeNodeKeys(const Dictionary& nodes, std::span<const uint32_t> numbers,
                      std::vector<uint8_t>* bytes) {
  std::vector<uint64_t> values(numbers.size());
  bool all_integers = false;
  HG_RETURN_IF_ERROR(nodes.IntegersOf(numbers, values.data(), &all_integers));
  ByteWriter out;
  out.Put(static_cast<uint8_t>(all_integers));
  out.AlignTo(8);
  if (all_integers) {
    out.PutArray(std::span<const uint64_t>(values));
    *bytes = std::move(out.bytes());
    return Status::Ok();
  }
  std::vector<NodeKey> keys(numbers.size());
  for (size_t i = 0; i < numbers.size(); ++i) {
    HG_RETURN_IF_ERROR(nodes.KeyOf(numbers[i], &keys[i]));
    out.Put(static_cast<uint8_t>(keys[i].is_text));
    values[i] = keys[i].is_text ? keys[i].text.size() : keys[i].integer;
  }
  out.AlignTo(8);
  out.PutArray(std::span<const uint64_t>(values));
  for (const NodeKey& key : keys) {
    if (key.is_text) out.PutBytes(AsBytes(key.text));
  }
  *bytes = std::move(out.bytes());
  return Status::Ok();
}

Status EncodeIntegerKeys(const Dictionary& nodes, uint32_t first, uint32_t count,
                         std::vector<uint8_t>* bytes) {
  bytes->clear();
  const uint32_t end = nodes.end();
  if (first >= end) return Status::Ok();
  std::vector<uint32_t> numbers(std::min(count, end - first));
  std::iota(numbers.begin(), numbers.end(), first);
  std::vector<uint64_t> values(numbers.size());
  bool all_integers = false;
  HG_RETURN_IF_ERROR(nodes.IntegersOf(numbers, values.data(), &all_integers));
  if (!all_integers) return Status::Ok();
  ByteWriter out;
  out.PutArray(std::span<const uint64_t>(values));
  *bytes = std::move(out.bytes());
  return Status::Ok();
}

Status EncodeSymbols(const Dictionary& symbols, uint32_t first, std::vector<uint8_t>* bytes) {
  constexpr uint32_t kFirst = 1;  // 0 is the absent one.
  const uint32_t begin = std::max(first, kFirst);
  const uint32_t end = std::max(symbols.end(), begin);
  ByteWriter out;
  out.Put(end - begin);
  for (uint32_t number = begin; number < end; ++number) {
    NodeKey key;
    HG_RETURN_IF_ERROR(symbols.KeyOf(number, &key));
    out.PutText(key.text);
  }
  *bytes = std::move(out.bytes());
  return Status::Ok();
}

}  // namespace hypergraph::binding

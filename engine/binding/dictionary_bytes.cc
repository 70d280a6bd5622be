#include "binding/dictionary_bytes.h"

#include <algorithm>
#include <utility>

#include "core/base/bytes.h"

namespace hypergraph::binding {
namespace {

enum class KeyForm : uint8_t { kMixed = 0, kIntegers = 1, kSmallIntegers = 2 };

}  // namespace

Status EncodeNodeKeys(const Dictionary& nodes, std::span<const uint32_t> numbers,
                      std::vector<uint8_t>* bytes) {
  std::vector<uint32_t> small(numbers.size());
  bool all_small = false;
  HG_RETURN_IF_ERROR(nodes.SmallKeysOf(numbers, small.data(), &all_small));
  ByteWriter out;
  if (all_small) {
    out.Put(KeyForm::kSmallIntegers);
    out.AlignTo(8);
    out.PutArray(std::span<const uint32_t>(small));
    *bytes = std::move(out.bytes());
    return Status::Ok();
  }
  std::vector<uint64_t> values(numbers.size());
  std::vector<NodeKey> keys(numbers.size());
  bool any_text = false;
  for (size_t i = 0; i < numbers.size(); ++i) {
    HG_RETURN_IF_ERROR(nodes.KeyOf(numbers[i], &keys[i]));
    any_text = any_text || keys[i].is_text;
    values[i] = keys[i].is_text ? keys[i].text.size() : keys[i].integer;
  }
  out.Put(any_text ? KeyForm::kMixed : KeyForm::kIntegers);
  out.AlignTo(8);
  if (any_text) {
    for (const NodeKey& key : keys) out.Put(static_cast<uint8_t>(key.is_text));
    out.AlignTo(8);
  }
  out.PutArray(std::span<const uint64_t>(values));
  for (const NodeKey& key : keys) {
    if (key.is_text) out.PutBytes(AsBytes(key.text));
  }
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

// Node keys and symbols in bulk, in the form that WIRE.md states at its end.
#ifndef HYPERGRAPH_BINDING_DICTIONARY_BYTES_H_
#define HYPERGRAPH_BINDING_DICTIONARY_BYTES_H_

#include <vector>

#include "core/index/dictionary.h"

namespace hypergraph::binding {

// kNotFound when a number has no key.
Status EncodeNodeKeys(const Dictionary& nodes, std::span<const uint32_t> numbers,
                      std::vector<uint8_t>* bytes);
Status EncodeSymbols(const Dictionary& symbols, uint32_t first, std::vector<uint8_t>* bytes);

}  // namespace hypergraph::binding

#endif  // HYPERGRAPH_BINDING_DICTIONARY_BYTES_H_

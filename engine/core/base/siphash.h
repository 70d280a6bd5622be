// SipHash-2-4 with 128 bits of output: a keyed hash that nobody without the key can forge. Cursors
// that leave the process are signed with it.
//
// Threads: any.
#ifndef HYPERGRAPH_BASE_SIPHASH_H_
#define HYPERGRAPH_BASE_SIPHASH_H_

#include <array>

#include "core/base/types.h"

namespace hypergraph {

using SipKey = std::array<uint8_t, 16>;
using SipTag = std::array<uint8_t, 16>;

SipTag SipHash128(const SipKey& key, ByteView bytes);

// In a time that does not tell where two tags differ.
bool SameTag(const SipTag& a, const SipTag& b);

}  // namespace hypergraph

#endif  // HYPERGRAPH_BASE_SIPHASH_H_

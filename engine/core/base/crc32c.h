// CRC-32C (Castagnoli), the checksum of every stored byte. By the processor's instruction where it
// has one, by tables elsewhere, with equal results.
//
// Threads: any.
#ifndef HYPERGRAPH_BASE_CRC32C_H_
#define HYPERGRAPH_BASE_CRC32C_H_

#include "core/base/types.h"

namespace hypergraph {

// The checksum of what `crc` covers followed by `bytes`; start with 0.
uint32_t Crc32cExtend(uint32_t crc, ByteView bytes);
inline uint32_t Crc32c(ByteView bytes) { return Crc32cExtend(0, bytes); }

// The tables' way, whatever the processor can do: what tests compare with.
uint32_t Crc32cExtendPlain(uint32_t crc, ByteView bytes);

}  // namespace hypergraph

#endif  // HYPERGRAPH_BASE_CRC32C_H_

// CRC-32C (Castagnoli), which frames images and logs.
#ifndef HYPERMESH_HNSW_CRC32C_H_
#define HYPERMESH_HNSW_CRC32C_H_

#include <cstddef>
#include <cstdint>

namespace hypermesh::hnsw {

// Of the bytes, going on from that of the bytes before them; 0 at first.
uint32_t Crc32c(const uint8_t* bytes, size_t count, uint32_t before);

// For tests: by tables, as where the machine has no instruction for it.
uint32_t Crc32cByTables(const uint8_t* bytes, size_t count, uint32_t before);

}  // namespace hypermesh::hnsw

#endif  // HYPERMESH_HNSW_CRC32C_H_

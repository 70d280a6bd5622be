// A log's bytes. A header of 64:
//
//   u64 magic, u32 format version, u32 0, u64 log number, u8[16] database, u64 first seq, u8[12] 0,
//   u32 CRC-32C of the 60 before it
//
// then frames, each one commit, without gaps:
//
//   u32 length (of all that follows the checksum), u32 checksum, u64 seq, u64 durable seq, u8 type,
//   payload
//
// then zeros to the end of the space that is allocated ahead, or nothing.
//
// `seq` is the last number of the commit. Its first one is not stored: commits are contiguous, so
// it is the seq of the frame before, or the header's first seq − 1, plus 1. Every frame takes a
// number. `durable seq` is the last number known to be synced when the frame was made. The checksum
// is of log number, database, length and all that follows, so that no frame of another log, of
// another database or at another length ever passes, and nobody who does not know the database's
// random id can make bytes inside a payload pass for a frame.
//
// Little-endian. Frozen.
#ifndef HYPERGRAPH_STORAGE_WAL_FORMAT_H_
#define HYPERGRAPH_STORAGE_WAL_FORMAT_H_

#include <array>

#include "core/base/bytes.h"
#include "core/base/crc32c.h"

namespace hypergraph {

inline constexpr uint64_t kWalMagic = 0x0a0d4c4157475948;  // "HYGWAL\r\n"
inline constexpr uint32_t kWalVersion = 1;
inline constexpr size_t kWalHeaderBytes = 64;
inline constexpr size_t kWalHeaderCrcAt = 60;

inline constexpr size_t kWalLengthBytes = 8;        // Length and checksum.
inline constexpr size_t kWalFrameFieldsBytes = 17;  // seq, durable seq, type: in the length.
inline constexpr size_t kWalFrameOverhead = kWalLengthBytes + kWalFrameFieldsBytes;

using DatabaseId = std::array<uint8_t, 16>;

struct WalHeader {
  uint64_t log_number = 0;
  DatabaseId database{};
  Seq first_seq = 1;  // Of the first commit to come.
};

// What each frame's checksum begins with.
inline uint32_t WalChecksumSeed(const WalHeader& header) {
  ByteWriter seed;
  seed.Put(header.log_number);
  seed.PutBytes(header.database);
  return Crc32c(seed.view());
}

// `covered` is all that follows the checksum.
inline uint32_t WalChecksum(uint32_t seed, uint32_t length, ByteView covered) {
  uint8_t bytes[sizeof length];
  std::memcpy(bytes, &length, sizeof length);
  return Crc32cExtend(Crc32cExtend(seed, bytes), covered);
}

}  // namespace hypergraph

#endif  // HYPERGRAPH_STORAGE_WAL_FORMAT_H_

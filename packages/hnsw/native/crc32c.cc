#include "crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__) && defined(__GNUC__)
#include <nmmintrin.h>
#endif

namespace hypermesh::hnsw {
namespace {

constexpr uint32_t kPolynomial = 0x82f63b78;

using Tables = std::array<std::array<uint32_t, 256>, 8>;

constexpr Tables MakeTables() {
  Tables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? (crc >> 1) ^ kPolynomial : crc >> 1;
    tables[0][byte] = crc;
  }
  for (size_t step = 1; step < 8; ++step)
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint32_t crc = tables[step - 1][byte];
      tables[step][byte] = tables[0][crc & 0xff] ^ (crc >> 8);
    }
  return tables;
}

constexpr Tables kTables = MakeTables();

#if defined(__x86_64__) && defined(__GNUC__)
__attribute__((target("sse4.2"))) uint32_t ByInstruction(const uint8_t* bytes, size_t count,
                                                         uint32_t before) {
  uint64_t crc = static_cast<uint32_t>(~before);
  for (; count >= 8; bytes += 8, count -= 8) {
    uint64_t word = 0;
    std::memcpy(&word, bytes, 8);
    crc = _mm_crc32_u64(crc, word);
  }
  auto rest = static_cast<uint32_t>(crc);
  for (; count > 0; ++bytes, --count) rest = _mm_crc32_u8(rest, *bytes);
  return ~rest;
}
#endif

}  // namespace

uint32_t Crc32cByTables(const uint8_t* bytes, size_t count, uint32_t before) {
  uint32_t crc = ~before;
  for (; count >= 8; bytes += 8, count -= 8) {
    // As the machines are that this builds for: little-endian.
    uint64_t word = 0;
    std::memcpy(&word, bytes, 8);
    word ^= crc;
    crc = 0;
    for (size_t at = 0; at < 8; ++at) crc ^= kTables[7 - at][(word >> (8 * at)) & 0xff];
  }
  for (; count > 0; ++bytes, --count) crc = kTables[0][(crc ^ *bytes) & 0xff] ^ (crc >> 8);
  return ~crc;
}

uint32_t Crc32c(const uint8_t* bytes, size_t count, uint32_t before) {
#if defined(__x86_64__) && defined(__GNUC__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction) return ByInstruction(bytes, count, before);
#endif
  return Crc32cByTables(bytes, count, before);
}

}  // namespace hypermesh::hnsw

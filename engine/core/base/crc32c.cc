#include "core/base/crc32c.h"

#include <array>

#include "core/base/bytes.h"

#if defined(__aarch64__) && defined(__linux__)
#include <arm_acle.h>
#include <asm/hwcap.h>
#include <sys/auxv.h>
#elif defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace hypergraph {
namespace {

constexpr uint32_t kPolynomial = 0x82f63b78;  // Bits reversed.

using SliceTables = std::array<std::array<uint32_t, 256>, 8>;

constexpr SliceTables MakeSliceTables() {
  SliceTables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (size_t slice = 1; slice < 8; ++slice) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint32_t before = tables[slice - 1][byte];
      tables[slice][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr SliceTables kSlices = MakeSliceTables();

uint32_t ExtendByTables(uint32_t crc, const uint8_t* at, size_t count) {
  crc = ~crc;
  for (; count >= 8; count -= 8, at += 8) {
    const uint64_t word = LoadUnaligned<uint64_t>(at) ^ crc;
    crc = 0;
    for (size_t byte = 0; byte < 8; ++byte) crc ^= kSlices[7 - byte][(word >> (8 * byte)) & 0xff];
  }
  for (; count > 0; --count, ++at) crc = (crc >> 8) ^ kSlices[0][(crc ^ *at) & 0xff];
  return ~crc;
}

#if defined(__x86_64__)

// The instruction takes three cycles but a new one can start each cycle: three lanes run side by
// side and are joined by what the checksum becomes over a lane's length of zero bytes. What long
// lanes leave goes through short ones: a commit of a hundred records is about three long ones.
constexpr size_t kLongLaneBytes = 2048;  // Powers of two.
constexpr size_t kShortLaneBytes = 256;
using ZerosTable = std::array<std::array<uint32_t, 256>, 4>;

// What each bit becomes over some zero bytes; its square, over twice as many.
using BitColumns = std::array<uint32_t, 32>;

constexpr BitColumns Squared(const BitColumns& columns) {
  BitColumns squared{};
  for (size_t bit = 0; bit < 32; ++bit) {
    for (size_t of = 0; of < 32; ++of) {
      if ((columns[bit] >> of & 1) != 0) squared[bit] ^= columns[of];
    }
  }
  return squared;
}

constexpr ZerosTable MakeZerosTable(size_t lane_bytes) {
  BitColumns over_zeros{};
  for (size_t bit = 0; bit < 32; ++bit) {
    const uint32_t crc = uint32_t{1} << bit;
    over_zeros[bit] = (crc >> 8) ^ kSlices[0][crc & 0xff];
  }
  for (size_t bytes = 1; bytes < lane_bytes; bytes *= 2) over_zeros = Squared(over_zeros);
  ZerosTable table{};
  for (size_t place = 0; place < 4; ++place) {
    for (uint32_t byte = 0; byte < 256; ++byte) {
      for (size_t bit = 0; bit < 8; ++bit) {
        if ((byte >> bit & 1) != 0) table[place][byte] ^= over_zeros[8 * place + bit];
      }
    }
  }
  return table;
}

template <size_t kLaneBytes>
constexpr ZerosTable kZeros = MakeZerosTable(kLaneBytes);

template <size_t kLaneBytes>
uint32_t OverZeros(uint64_t crc) {
  constexpr const ZerosTable& kTable = kZeros<kLaneBytes>;
  return kTable[0][crc & 0xff] ^ kTable[1][(crc >> 8) & 0xff] ^ kTable[2][(crc >> 16) & 0xff] ^
         kTable[3][(crc >> 24) & 0xff];
}

// Takes what makes three lanes off the bytes.
template <size_t kLaneBytes>
__attribute__((target("sse4.2"))) uint64_t ExtendByLanes(uint64_t first, const uint8_t** at,
                                                         size_t* count) {
  for (; *count >= 3 * kLaneBytes; *count -= 3 * kLaneBytes, *at += 3 * kLaneBytes) {
    const uint8_t* const lane = *at;
    uint64_t second = 0;
    uint64_t third = 0;
    for (size_t offset = 0; offset < kLaneBytes; offset += 8) {
      first = _mm_crc32_u64(first, LoadUnaligned<uint64_t>(lane + offset));
      second = _mm_crc32_u64(second, LoadUnaligned<uint64_t>(lane + kLaneBytes + offset));
      third = _mm_crc32_u64(third, LoadUnaligned<uint64_t>(lane + 2 * kLaneBytes + offset));
    }
    second ^= OverZeros<kLaneBytes>(first);
    first = third ^ OverZeros<kLaneBytes>(second);
  }
  return first;
}

__attribute__((target("sse4.2"))) uint32_t ExtendByInstruction(uint32_t crc, const uint8_t* at,
                                                               size_t count) {
  uint64_t running = ~crc;
  running = ExtendByLanes<kLongLaneBytes>(running, &at, &count);
  running = ExtendByLanes<kShortLaneBytes>(running, &at, &count);
  for (; count >= 8; count -= 8, at += 8) {
    running = _mm_crc32_u64(running, LoadUnaligned<uint64_t>(at));
  }
  auto rest = static_cast<uint32_t>(running);
  for (; count > 0; --count, ++at) rest = _mm_crc32_u8(rest, *at);
  return ~rest;
}

bool HasInstruction() { return __builtin_cpu_supports("sse4.2") != 0; }

#elif defined(__aarch64__) && defined(__linux__)

__attribute__((target("+crc"))) uint32_t ExtendByInstruction(uint32_t crc, const uint8_t* at,
                                                             size_t count) {
  crc = ~crc;
  for (; count >= 8; count -= 8, at += 8) crc = __crc32cd(crc, LoadUnaligned<uint64_t>(at));
  for (; count > 0; --count, ++at) crc = __crc32cb(crc, *at);
  return ~crc;
}

bool HasInstruction() { return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0; }

#else

uint32_t ExtendByInstruction(uint32_t crc, const uint8_t* at, size_t count) {
  return ExtendByTables(crc, at, count);
}

bool HasInstruction() { return false; }

#endif

}  // namespace

uint32_t Crc32cExtend(uint32_t crc, ByteView bytes) {
  static const bool has_instruction = HasInstruction();
  return has_instruction ? ExtendByInstruction(crc, bytes.data(), bytes.size())
                         : ExtendByTables(crc, bytes.data(), bytes.size());
}

uint32_t Crc32cExtendPlain(uint32_t crc, ByteView bytes) {
  return ExtendByTables(crc, bytes.data(), bytes.size());
}

}  // namespace hypergraph

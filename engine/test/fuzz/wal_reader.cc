// Any bytes as a log. The fuzzer's frames get right checksums where they have a plausible length.
#include "core/storage/wal_reader.h"

#include <cstring>

#include "core/platform/memory_file_system.h"

namespace hypergraph {
namespace {

void MendChecksums(const WalHeader& header, std::vector<uint8_t>* bytes) {
  if (bytes->size() < kWalHeaderBytes) return;
  const uint32_t header_crc = Crc32c(ByteView(*bytes).first(kWalHeaderCrcAt));
  std::memcpy(bytes->data() + kWalHeaderCrcAt, &header_crc, sizeof header_crc);
  const uint32_t seed = WalChecksumSeed(header);
  for (size_t at = kWalHeaderBytes; bytes->size() - at >= kWalFrameOverhead;) {
    uint8_t* frame = bytes->data() + at;
    const auto length = LoadUnaligned<uint32_t>(frame);
    if (length < kWalFrameFieldsBytes || length > bytes->size() - at - kWalLengthBytes) return;
    // One frame in four stays as it is: damage in the middle is what this is about.
    if (frame[kWalLengthBytes + 16] % 4 != 0) {
      const uint32_t crc = WalChecksum(seed, length, {frame + kWalLengthBytes, length});
      std::memcpy(frame + 4, &crc, sizeof crc);
    }
    at += kWalLengthBytes + length;
  }
}

}  // namespace
}  // namespace hypergraph

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t count) {
  using namespace hypergraph;  // NOLINT: a fuzz target is one function.
  std::vector<uint8_t> bytes(data, data + count);
  WalHeader expected;
  expected.first_seq = 1;
  MendChecksums(expected, &bytes);
  MemoryFileSystem files;
  if (!files.Create("log").value()->WriteAt(0, bytes).ok()) return 0;
  auto reader = WalReader::Open(files, "log", expected, 1 << 16);
  if (!reader.ok()) return 0;
  Seq last = reader.value()->last_seq();
  for (;;) {
    WalFrame frame;
    bool found = false;
    if (!reader.value()->Next(&frame, &found).ok()) __builtin_trap();
    if (!found) break;
    if (frame.first_seq != last + 1 || frame.last_seq < frame.first_seq) __builtin_trap();
    last = frame.last_seq;
  }
  if (reader.value()->end() == WalEnd::kNotReached) __builtin_trap();
  if (reader.value()->end_offset() + reader.value()->torn_bytes() > bytes.size() &&
      reader.value()->end() != WalEnd::kDamaged) {
    __builtin_trap();
  }
  return 0;
}

// Any bytes as a log. The fuzzer's frames get right checksums where they have a plausible length.
#include "core/storage/wal_reader.h"

#include <cstring>

#include "core/platform/memory_file_system.h"
#include "core/storage/wal_writer.h"
#include "test/fuzz/support/fuzz.h"

namespace hypergraph::fuzz {
namespace {

void MendChecksums(const WalHeader& header, Bytes* bytes) {
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

Bytes Seed(Seq commit_count, uint64_t payload_bytes) {
  MemoryFileSystem files;
  FUZZ_CHECK_OK(files.MakeDirectory("db"));
  auto writer = WalWriter::Create(files, "db", "log", WalHeader{}, 256);
  FUZZ_CHECK_OK(writer.status());
  for (Seq seq = 1; seq <= commit_count; ++seq) {
    FUZZ_CHECK_OK(writer.value()->Reserve(payload_bytes, 1));
    writer.value()->Append(seq * 3, 1, Bytes(payload_bytes, static_cast<uint8_t>(seq)));
    FUZZ_CHECK_OK(writer.value()->Write());
    if (seq % 2 == 0) FUZZ_CHECK_OK(writer.value()->Sync());
  }
  const ByteView bytes = files.Map("db/log").value()->bytes();
  return {bytes.begin(), bytes.end()};
}

}  // namespace

void RunInput(ByteView input) {
  Bytes bytes(input.begin(), input.end());
  WalHeader expected;
  MendChecksums(expected, &bytes);
  MemoryFileSystem files;
  files.StopRecording();
  FUZZ_CHECK_OK(files.Create("log").value()->WriteAt(0, bytes));
  auto reader = WalReader::Open(files, "log", expected, 1 << 16);
  if (!reader.ok()) return;
  Seq last = reader.value()->last_seq();
  for (;;) {
    WalFrame frame;
    bool found = false;
    FUZZ_CHECK_OK(reader.value()->Next(&frame, &found));
    if (!found) break;
    FUZZ_CHECK(frame.first_seq == last + 1 && frame.last_seq >= frame.first_seq);
    last = frame.last_seq;
  }
  FUZZ_CHECK(reader.value()->end() != WalEnd::kNotReached);
  FUZZ_CHECK(reader.value()->end() == WalEnd::kDamaged ||
             reader.value()->end_offset() + reader.value()->torn_bytes() <= bytes.size());
}

std::vector<Bytes> MakeSeeds() {
  std::vector<Bytes> seeds = {Seed(0, 0), Seed(1, 5), Seed(4, 20), Seed(9, 100)};
  seeds.push_back(Seed(3, 30));
  seeds.back().resize(seeds.back().size() / 2);
  seeds.push_back(Seed(5, 30));
  seeds.back()[kWalHeaderBytes + 60] ^= 1;
  return seeds;
}

}  // namespace hypergraph::fuzz

// Any bytes in the sections of a deletions file or a clock file, under right checksums: refused, or
// every read is an answer or an error.
//
//   u8 kind (even deletions: u32 rows of the segment; odd clock: first and last commit, u64 count),
//   then sections (support/sections.h)
#include "core/index/segment.h"
#include "test/fuzz/support/ask_all.h"
#include "test/fuzz/support/sections.h"

namespace hypergraph::fuzz {
namespace {

constexpr uint64_t kFileId = 9;
constexpr char kPath[] = "file";

void RunDeletions(ByteReader* in) {
  const uint32_t row_count = in->Get<uint32_t>() % 100'000;
  MemoryFileSystem files;
  files.StopRecording();
  const SectionFileInfo written =
      WriteSections(files, kPath, FileKind::kDeletions, kFileId, ReadSections(in));
  Deletions deletions(row_count);
  const Status status =
      ReadDeletions(files, kPath, {kFileId, written.file_bytes, written.footer_crc}, &deletions);
  if (status.code() != Code::kNewerFormat) (void)Tolerate(status);
  for (const auto& [row, seq] : deletions.Sorted()) {
    FUZZ_CHECK(row < row_count && deletions.SupersededBy(row) == seq);
  }
}

CommitInstant GetInstant(ByteReader* in) {
  CommitInstant instant;
  instant.seq = in->Get<Seq>();
  instant.committed_at = in->Get<Micros>();
  return instant;
}

void RunClock(ByteReader* in) {
  ClockFileInfo info;
  info.file_id = kFileId;
  info.first = GetInstant(in);
  info.last = GetInstant(in);
  info.count = in->Get<uint64_t>();
  // The manifest's reader refuses others.
  if (info.count == 0 || info.first.seq > info.last.seq ||
      info.first.committed_at > info.last.committed_at || info.last.seq > kSeqMax) {
    return;
  }
  MemoryFileSystem files;
  files.StopRecording();
  const SectionFileInfo written =
      WriteSections(files, kPath, FileKind::kClock, kFileId, ReadSections(in));
  info.file_bytes = written.file_bytes;
  info.footer_crc = written.footer_crc;
  auto file = ClockFile::Open(files, kPath, info);
  if (!file.ok()) return;
  CommitInstant found;
  for (const Micros instant :
       {kMicrosMin, info.first.committed_at, info.last.committed_at, Micros{0}, kMicrosMax}) {
    (void)Tolerate((*file)->LastAtOrBefore(instant, &found));
  }
  for (const Seq seq : {Seq{0}, info.first.seq, info.last.seq, kSeqMax}) {
    (void)Tolerate((*file)->LastUpTo(seq, &found));
  }
  if (info.count > 100'000) return;
  std::vector<CommitInstant> all;
  if (Tolerate((*file)->ReadAll(&all))) FUZZ_CHECK(all.size() == info.count);
  (void)Tolerate((*file)->Verify());
}

Bytes ClockSeed(uint64_t count) {
  std::vector<CommitInstant> instants;
  for (uint64_t i = 0; i < count; ++i) {
    instants.push_back({5 + i * 3, static_cast<Micros>(i * i) - 1000});
  }
  MemoryFileSystem files;
  ClockFileInfo info;
  FUZZ_CHECK_OK(WriteClockFile(files, kPath, kFileId, instants, &info));
  ByteWriter seed;
  seed.Put(uint8_t{1});
  for (const CommitInstant& instant : {info.first, info.last}) {
    seed.Put(instant.seq);
    seed.Put(instant.committed_at);
  }
  seed.Put(info.count);
  PutSections(
      SectionsOf(files, kPath, FileKind::kClock, kFileId, {info.file_bytes, info.footer_crc}),
      &seed);
  return seed.bytes();
}

Bytes DeletionsSeed(uint32_t count) {
  std::vector<std::pair<uint32_t, Seq>> marks;
  for (uint32_t i = 0; i < count; ++i) marks.emplace_back(i * 3, 1000 + i % 7);
  MemoryFileSystem files;
  DeletionsInfo info;
  FUZZ_CHECK_OK(WriteDeletions(files, kPath, kFileId, marks, &info));
  ByteWriter seed;
  seed.Put(uint8_t{0});
  seed.Put(count * 3 + 1);
  PutSections(
      SectionsOf(files, kPath, FileKind::kDeletions, kFileId, {info.file_bytes, info.footer_crc}),
      &seed);
  return seed.bytes();
}

}  // namespace

void RunInput(ByteView input) {
  ByteReader in(input);
  if (in.Get<uint8_t>() % 2 == 0) {
    RunDeletions(&in);
  } else {
    RunClock(&in);
  }
}

std::vector<Bytes> MakeSeeds() {
  std::vector<Bytes> seeds;
  for (const uint32_t count : {1u, 20u, 700u}) {
    seeds.push_back(ClockSeed(count));
    seeds.push_back(DeletionsSeed(count));
  }
  return seeds;
}

}  // namespace hypergraph::fuzz

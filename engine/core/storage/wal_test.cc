#include <functional>

#include "core/base/random.h"
#include "core/platform/crash_states.h"
#include "core/storage/wal_reader.h"
#include "core/storage/wal_writer.h"
#include "test/test.h"

namespace hypergraph {
namespace {

constexpr uint64_t kPayloadMax = 1 << 20;
constexpr uint64_t kStep = 8192;
const std::string kPath = "db/log";

WalHeader HeaderOf(uint64_t number, Seq first_seq) {
  WalHeader header;
  header.log_number = number;
  header.first_seq = first_seq;
  header.database.fill(7);
  return header;
}

std::unique_ptr<WalWriter> MustMake(FileSystem& files, const WalHeader& header) {
  CHECK_OK(files.MakeDirectory("db"));
  StatusOr<std::unique_ptr<WalWriter>> writer =
      WalWriter::Create(files, "db", "log", header, kStep);
  CHECK_OK(writer);
  return std::move(writer).value();
}

void MustCommit(WalWriter& writer, Seq last_seq, std::string_view payload) {
  CHECK_OK(writer.Reserve(payload.size(), 1));
  writer.Append(last_seq, 1, AsBytes(payload));
  CHECK_OK(writer.Write());
}

struct Contents {
  std::vector<std::pair<Seq, std::string>> commits;
  WalEnd end = WalEnd::kNotReached;
  uint64_t end_offset = 0;
  uint64_t torn_bytes = 0;
  Seq last_seq = 0;
};

Contents Read(FileSystem& files, const WalHeader& expected) {
  StatusOr<std::unique_ptr<WalReader>> reader =
      WalReader::Open(files, kPath, expected, kPayloadMax);
  CHECK_OK(reader);
  Contents contents;
  for (;;) {
    WalFrame frame;
    bool found = false;
    CHECK_OK(reader.value()->Next(&frame, &found));
    if (!found) break;
    CHECK_EQ(frame.first_seq, contents.commits.empty() ? reader.value()->header().first_seq
                                                       : contents.commits.back().first + 1);
    contents.commits.emplace_back(frame.last_seq, AsText(frame.payload));
  }
  contents.end = reader.value()->end();
  contents.end_offset = reader.value()->end_offset();
  contents.torn_bytes = reader.value()->torn_bytes();
  contents.last_seq = reader.value()->last_seq();
  return contents;
}

std::vector<uint8_t> BytesOf(FileSystem& files) {
  const ByteView bytes = files.Map(kPath).value()->bytes();
  return {bytes.begin(), bytes.end()};
}

std::unique_ptr<MemoryFileSystem> Holding(ByteView bytes) {
  auto files = std::make_unique<MemoryFileSystem>();
  CHECK_OK(files->MakeDirectory("db"));
  CHECK_OK(files->Create(kPath).value()->WriteAt(0, bytes));
  return files;
}

TEST(A_log_reads_back_its_commits_and_ends_clean) {
  MemoryFileSystem files;
  const WalHeader header = HeaderOf(3, 10);
  std::unique_ptr<WalWriter> writer = MustMake(files, header);
  CHECK_EQ(Read(files, header).commits.size(), 0);
  CHECK(Read(files, header).end == WalEnd::kClean);
  MustCommit(*writer, 12, "three");
  CHECK_OK(writer->Sync());
  writer->Append(13, 2, AsBytes(""));
  writer->Append(20, 2, AsBytes(std::string(30000, 'x')));
  CHECK_OK(writer->Write());
  CHECK_EQ(writer->durable_seq(), 12u);
  CHECK_OK(writer->Sync());
  CHECK_EQ(writer->durable_seq(), 20u);
  const Contents contents = Read(files, header);
  CHECK(contents.end == WalEnd::kClean);
  CHECK_EQ(contents.commits.size(), 3);
  CHECK_EQ(contents.commits[0].first, 12u);
  CHECK_EQ(contents.commits[0].second, "three");
  CHECK_EQ(contents.commits[1].second, "");
  CHECK_EQ(contents.commits[2].second.size(), 30000);
  CHECK_EQ(contents.end_offset, writer->bytes());
  CHECK_EQ(Read(files, HeaderOf(3, 0)).commits.size(), 3);
}

TEST(A_log_cut_at_any_byte_keeps_the_commits_before_and_is_torn_there) {
  MemoryFileSystem files;
  const WalHeader header = HeaderOf(1, 1);
  std::unique_ptr<WalWriter> writer = MustMake(files, header);
  std::vector<uint64_t> ends = {kWalHeaderBytes};
  for (Seq seq = 1; seq <= 4; ++seq) {
    MustCommit(*writer, seq, std::string(seq * 9, static_cast<char>('a' + seq)));
    ends.push_back(writer->bytes());
  }
  const std::vector<uint8_t> whole = BytesOf(files);
  for (size_t cut = 0; cut <= ends.back(); ++cut) {
    // Cut short, and again with zeros where the space was allocated.
    for (const bool zeros : {false, true}) {
      std::vector<uint8_t> bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(cut));
      if (zeros) bytes.resize(whole.size());
      const std::unique_ptr<MemoryFileSystem> after = Holding(bytes);
      const Contents contents = Read(*after, header);
      size_t kept = 0;
      while (kept < 4 && ends[kept + 1] <= cut) ++kept;
      const bool has_header = cut >= kWalHeaderBytes;
      CHECK_EQ(contents.commits.size(), has_header ? kept : 0);
      CHECK_EQ(contents.end_offset, has_header ? ends[kept] : 0);
      CHECK(contents.end == (has_header && cut == ends[kept] ? WalEnd::kClean : WalEnd::kTorn));
    }
  }
}

TEST(A_continued_log_holds_nothing_of_the_torn_tail) {
  MemoryFileSystem files;
  const WalHeader header = HeaderOf(1, 1);
  std::unique_ptr<WalWriter> writer = MustMake(files, header);
  MustCommit(*writer, 1, "kept");
  const uint64_t kept = writer->bytes();
  MustCommit(*writer, 2, std::string(5000, 't'));
  MustCommit(*writer, 3, "lost with the one before");
  CHECK_OK(files.OpenForWrite(kPath).value()->WriteAt(kept + 100, AsBytes("!")));
  Contents contents = Read(files, header);
  CHECK(contents.end == WalEnd::kTorn);
  CHECK_EQ(contents.end_offset, kept);
  CHECK_EQ(contents.torn_bytes, writer->bytes() - kept);
  StatusOr<std::unique_ptr<WalWriter>> again =
      WalWriter::Continue(files, kPath, header, contents.end_offset, contents.last_seq, kStep);
  CHECK_OK(again);
  CHECK_EQ(again.value()->durable_seq(), 1u);
  CHECK_EQ(BytesOf(files).size(), kept);
  MustCommit(*again.value(), 2, "second life");
  contents = Read(files, header);
  CHECK(contents.end == WalEnd::kClean);
  CHECK_EQ(contents.commits.back().second, "second life");
}

TEST(Damage_before_a_commit_that_knew_it_durable_is_told_from_a_torn_tail) {
  MemoryFileSystem files;
  const WalHeader header = HeaderOf(1, 1);
  std::unique_ptr<WalWriter> writer = MustMake(files, header);
  MustCommit(*writer, 5, "first, synced");
  CHECK_OK(writer->Sync());
  const uint64_t second = writer->bytes();
  MustCommit(*writer, 6, "second, known by none");
  const uint64_t third = writer->bytes();
  MustCommit(*writer, 7, "third, knows the first");
  const std::vector<uint8_t> whole = BytesOf(files);
  for (size_t at = 0; at < writer->bytes(); ++at) {
    for (const int bit : {0, 7}) {
      std::vector<uint8_t> bytes = whole;
      bytes[at] ^= static_cast<uint8_t>(1 << bit);
      const std::unique_ptr<MemoryFileSystem> after = Holding(bytes);
      const Contents contents = Read(*after, header);
      const bool damaged = at < second;
      CHECK(contents.end == (damaged ? WalEnd::kDamaged : WalEnd::kTorn));
      CHECK_EQ(contents.commits.size(), at < second ? 0u : at < third ? 1u : 2u);
      CHECK_EQ(contents.end_offset, at < kWalHeaderBytes ? 0
                                    : at < second        ? kWalHeaderBytes
                                    : at < third         ? second
                                                         : third);
    }
  }
}

TEST(Damage_is_found_over_any_distance_and_over_more_than_one_window) {
  MemoryFileSystem files;
  const WalHeader header = HeaderOf(1, 1);
  std::unique_ptr<WalWriter> writer = MustMake(files, header);
  Random random(test::Seed());
  std::string noise(700001, '\0');
  for (char& byte : noise) byte = static_cast<char>(random.Next());
  for (Seq seq = 1; seq <= 8; ++seq) {
    MustCommit(*writer, seq, noise);
    CHECK_OK(writer->Sync());
  }
  std::vector<uint8_t> bytes = BytesOf(files);
  const size_t frame_bytes = noise.size() + kWalFrameOverhead;
  // All but the first and the last frame.
  for (size_t at = kWalHeaderBytes + frame_bytes; at < kWalHeaderBytes + 7 * frame_bytes; ++at) {
    bytes[at] ^= 0x5a;
  }
  const std::unique_ptr<MemoryFileSystem> after = Holding(bytes);
  const Contents contents = Read(*after, header);
  CHECK(contents.end == WalEnd::kDamaged);
  CHECK_EQ(contents.commits.size(), 1);
}

TEST(Frames_of_another_log_or_database_never_pass) {
  MemoryFileSystem old;
  std::unique_ptr<WalWriter> writer = MustMake(old, HeaderOf(1, 1));
  for (Seq seq = 1; seq <= 3; ++seq) MustCommit(*writer, seq, "recycled");
  const std::vector<uint8_t> frames = BytesOf(old);
  WalHeader other_database = HeaderOf(1, 1);
  other_database.database.fill(8);
  for (const WalHeader& header : {HeaderOf(2, 1), other_database}) {
    MemoryFileSystem files;
    MustMake(files, header);
    const ByteView reused = ByteView(frames).subspan(kWalHeaderBytes);
    CHECK_OK(files.OpenForWrite(kPath).value()->WriteAt(kWalHeaderBytes, reused));
    const Contents contents = Read(files, header);
    CHECK_EQ(contents.commits.size(), 0);
    CHECK(contents.end == WalEnd::kTorn);
    CHECK_CODE(WalReader::Open(files, kPath, HeaderOf(1, 1), kPayloadMax), Code::kCorrupt);
  }
}

TEST(A_log_that_begins_later_than_the_one_before_ended_is_damage) {
  MemoryFileSystem files;
  std::unique_ptr<WalWriter> writer = MustMake(files, HeaderOf(2, 50));
  CHECK(Read(files, HeaderOf(2, 40)).end == WalEnd::kDamaged);
  // Made by a rotation that failed, and never used: nothing.
  CHECK(Read(files, HeaderOf(2, 60)).end == WalEnd::kTorn);
  CHECK_EQ(Read(files, HeaderOf(2, 60)).end_offset, 0u);
  MustCommit(*writer, 50, "used");
  CHECK(Read(files, HeaderOf(2, 60)).end == WalEnd::kDamaged);
}

TEST(A_log_of_a_later_version_is_not_read) {
  MemoryFileSystem files;
  MustMake(files, HeaderOf(1, 1));
  std::vector<uint8_t> bytes = BytesOf(files);
  bytes[8] = 2;
  const uint32_t crc = Crc32c(ByteView(bytes).first(kWalHeaderCrcAt));
  std::memcpy(bytes.data() + kWalHeaderCrcAt, &crc, sizeof crc);
  const std::unique_ptr<MemoryFileSystem> after = Holding(bytes);
  CHECK_CODE(WalReader::Open(*after, kPath, HeaderOf(1, 1), kPayloadMax), Code::kNewerFormat);
}

TEST(Random_bytes_and_hostile_lengths_are_read_without_harm) {
  Random random(test::Seed());
  MemoryFileSystem files;
  const WalHeader header = HeaderOf(1, 1);
  std::unique_ptr<WalWriter> writer = MustMake(files, header);
  for (Seq seq = 1; seq <= 20; ++seq) MustCommit(*writer, seq, std::string(seq, 'p'));
  const std::vector<uint8_t> whole = BytesOf(files);
  for (int round = 0; round < 500; ++round) {
    std::vector<uint8_t> bytes = whole;
    bytes.resize(random.Below(bytes.size() + 1));
    for (uint64_t left = random.Below(8); left > 0 && !bytes.empty(); --left) {
      const size_t at = random.Below(std::min<size_t>(bytes.size(), writer->bytes()));
      const uint8_t edges[] = {0x00, 0xff, 0x80, 0x11};
      for (size_t i = at; i < std::min(at + 4, bytes.size()); ++i) {
        bytes[i] = edges[random.Below(4)];
      }
    }
    const std::unique_ptr<MemoryFileSystem> after = Holding(bytes);
    const Contents contents = Read(*after, header);
    CHECK(contents.end != WalEnd::kNotReached);
    for (size_t i = 0; i < contents.commits.size(); ++i) CHECK_EQ(contents.commits[i].first, i + 1);
  }
}

TEST(A_full_disk_shows_on_reserving_and_harms_nothing) {
  MemoryFileSystem files;
  const WalHeader header = HeaderOf(1, 1);
  std::unique_ptr<WalWriter> writer = MustMake(files, header);
  MustCommit(*writer, 1, "before");
  files.SetCapacity(kStep + 100);
  CHECK_CODE(writer->Reserve(2 * kStep, 1), Code::kStorageFull);
  CHECK_OK(writer->failure());
  // What is left of the disk still serves.
  CHECK_OK(writer->Reserve(kStep + 100 - writer->bytes() - kWalFrameOverhead, 1));
  MustCommit(*writer, 2, "after");
  files.ClearFaults();
  CHECK_OK(writer->Reserve(2 * kStep, 1));
  CHECK_EQ(Read(files, header).commits.size(), 2);
}

TEST(After_a_failed_write_or_sync_nothing_is_written_any_more) {
  for (const bool on_sync : {false, true}) {
    MemoryFileSystem files;
    std::unique_ptr<WalWriter> writer = MustMake(files, HeaderOf(1, 1));
    if (on_sync) {
      files.FailSync(0, FaultLength::kOnce);
      MustCommit(*writer, 1, "x");
      CHECK_CODE(writer->Sync(), Code::kIo);
    } else {
      files.FailOperation(0, FaultKind::kShortWrite);
      writer->Append(1, 1, AsBytes("x"));
      CHECK_CODE(writer->Write(), Code::kIo);
    }
    const size_t before = files.record_size();
    writer->Append(2, 1, AsBytes("y"));
    CHECK_CODE(writer->Reserve(100000, 1), Code::kIo);
    CHECK_CODE(writer->Write(), Code::kIo);
    CHECK_CODE(writer->Sync(), Code::kIo);
    CHECK_EQ(files.record_size(), before);
    CHECK_EQ(writer->durable_seq(), 0u);
  }
}

TEST(A_log_that_could_not_be_made_leaves_nothing) {
  for (uint64_t number = 0; number < 5; ++number) {
    MemoryFileSystem files;
    CHECK_OK(files.MakeDirectory("db"));
    files.FailOperation(number, FaultKind::kStorageFull);
    CHECK(!WalWriter::Create(files, "db", "log", HeaderOf(1, 1), kStep).ok());
    CHECK(!files.Exists(kPath));
  }
}

// Every crash of a run of commits, some synced: what was synced is there, what is there is a
// prefix, and no torn tail is taken for damage. Then the same again after going on.
TEST(Every_crash_keeps_synced_commits_and_ends_clean_or_torn) {
  MemoryFileSystem files;
  CHECK_OK(files.MakeDirectory("db"));
  CHECK_OK(files.SyncDirectory(""));
  files.ForgetRecord();
  const WalHeader header = HeaderOf(1, 1);
  std::unique_ptr<WalWriter> writer = MustMake(files, header);
  std::vector<std::pair<size_t, Seq>> synced = {{files.record_size(), 0}};
  for (Seq seq = 1; seq <= 8; ++seq) {
    MustCommit(*writer, seq, std::string(seq % 3 == 0 ? 3000 : 200, static_cast<char>('a' + seq)));
    if (seq % 2 == 0) {
      CHECK_OK(writer->Sync());
      synced.emplace_back(files.record_size(), seq);
    }
  }
  CrashStates states(files);
  std::set<uint64_t> seen;
  for (size_t point = 0; point < states.point_count(); ++point) {
    Seq must = 0;
    for (const auto& [size, seq] : synced) {
      if (point >= size) must = seq;
    }
    for (const CrashVariant variant : states.Variants(point, 12, test::Seed())) {
      const std::unique_ptr<MemoryFileSystem> after = states.Materialize(point, variant);
      if (!seen.insert(after->StateHash() + point).second) continue;
      if (!after->Exists(kPath)) {
        CHECK_LT(point, synced[0].first);
        continue;
      }
      const Contents contents = Read(*after, header);
      CHECK(contents.end == WalEnd::kClean || contents.end == WalEnd::kTorn);
      CHECK_LE(must, contents.last_seq);
      if (point >= synced[0].first) CHECK_LE(kWalHeaderBytes, contents.end_offset);
      if (contents.end_offset == 0) continue;
      StatusOr<std::unique_ptr<WalWriter>> again =
          WalWriter::Continue(*after, kPath, header, contents.end_offset, contents.last_seq, kStep);
      CHECK_OK(again);
      MustCommit(*again.value(), contents.last_seq + 1, "on");
      CHECK_OK(again.value()->Sync());
      const Contents later = Read(*after, header);
      CHECK(later.end == WalEnd::kClean);
      CHECK_EQ(later.commits.size(), contents.commits.size() + 1);
    }
  }
  CHECK_LT(100u, seen.size());
}

// Frames of the same length take each other's places: only a cut that is synced keeps the old ones
// out.
TEST(A_crash_while_going_on_never_brings_the_torn_tail_back) {
  MemoryFileSystem files;
  const WalHeader header = HeaderOf(1, 1);
  std::unique_ptr<WalWriter> writer = MustMake(files, header);
  MustCommit(*writer, 1, "kept");
  const uint64_t second = writer->bytes();
  MustCommit(*writer, 2, "old2" + std::string(600, 'o'));
  MustCommit(*writer, 3, "old3" + std::string(600, 'o'));
  CHECK_OK(files.OpenForWrite(kPath).value()->WriteAt(second + 8, AsBytes("!")));
  files.ForgetRecord();
  StatusOr<std::unique_ptr<WalWriter>> again =
      WalWriter::Continue(files, kPath, header, second, 1, kStep);
  CHECK_OK(again);
  const size_t continued = files.record_size();
  MustCommit(*again.value(), 2, "new2" + std::string(600, 'n'));
  CrashStates states(files);
  for (size_t point = continued; point < states.point_count(); ++point) {
    for (const CrashVariant variant : states.Variants(point, 30, test::Seed())) {
      const Contents contents = Read(*states.Materialize(point, variant), header);
      CHECK_LE(1u, contents.last_seq);
      CHECK_LE(contents.last_seq, 2u);
      if (contents.last_seq == 2) CHECK_EQ(contents.commits[1].second.substr(0, 4), "new2");
    }
  }
}

}  // namespace
}  // namespace hypergraph

// What follows a log's last commit, on a disk that tells where nothing was written and in memory.
#include "core/platform/memory_file_system.h"
#include "core/storage/wal_reader.h"
#include "core/storage/wal_writer.h"
#include "test/test.h"

namespace hypergraph {
namespace {

constexpr uint64_t kPayloadMax = 1 << 20;
constexpr uint64_t kStep = 8192;
constexpr uint64_t kFileBytes = 1 << 20;

WalHeader HeaderOf(uint64_t number) {
  WalHeader header;
  header.log_number = number;
  header.first_seq = 1;
  header.database.fill(7);
  return header;
}

struct Tail {
  WalEnd end = WalEnd::kNotReached;
  uint64_t offset = 0;
  uint64_t torn_bytes = 0;
};

Tail Read(FileSystem& files, const std::string& path) {
  auto reader = WalReader::Open(files, path, HeaderOf(1), kPayloadMax);
  CHECK_OK(reader);
  WalFrame frame;
  for (bool found = true; found;) CHECK_OK((*reader)->Next(&frame, &found));
  return {(*reader)->end(), (*reader)->end_offset(), (*reader)->torn_bytes()};
}

void CheckTails(FileSystem& files, const std::string& directory) {
  const std::string path = directory + "/log";
  auto writer = WalWriter::Create(files, directory, "log", HeaderOf(1), kStep);
  CHECK_OK(writer);
  const std::string payload(300, 'a');
  for (const Seq seq : {Seq{1}, Seq{2}}) {
    CHECK_OK((*writer)->Reserve(payload.size(), 1));
    (*writer)->Append(seq, 1, AsBytes(payload));
    CHECK_OK((*writer)->Write());
    CHECK_OK((*writer)->Sync());
  }
  const uint64_t end = (*writer)->bytes();
  const std::unique_ptr<File> file = files.OpenForWrite(path).value();
  std::vector<uint8_t> frames(end - kWalHeaderBytes);
  size_t count = 0;
  CHECK_OK(file->ReadAt(kWalHeaderBytes, frames, &count));
  CHECK_OK(file->Allocate(kFileBytes));
  CHECK(Read(files, path).end == WalEnd::kClean);
  for (const uint64_t at : {end, end + 70'000, uint64_t{900'001}, kFileBytes - 1}) {
    CHECK_OK(file->WriteAt(at, AsBytes("x")));
    const Tail tail = Read(files, path);
    CHECK(tail.end == WalEnd::kTorn);
    CHECK_EQ(tail.offset, end);
    CHECK_EQ(tail.torn_bytes, at + 1 - end);
  }
  CHECK_OK(file->Truncate(end));
  CHECK_OK(file->Allocate(kFileBytes));
  CHECK(Read(files, path).end == WalEnd::kClean);
  // The first commit is unreadable, and what proves that it was durable lies far behind.
  CHECK_OK(file->WriteAt(600'000, frames));
  CHECK_OK(file->WriteAt(kWalHeaderBytes + 50, AsBytes("b")));
  const Tail damaged = Read(files, path);
  CHECK(damaged.end == WalEnd::kDamaged);
  CHECK_EQ(damaged.offset, kWalHeaderBytes);
}

TEST(What_follows_space_that_was_only_set_aside_is_found) {
  const test::TempDirectory temp;
  CheckTails(PosixFileSystem(), temp.path());
  MemoryFileSystem memory;
  CHECK_OK(memory.MakeDirectory("db"));
  CheckTails(memory, "db");
}

}  // namespace
}  // namespace hypergraph

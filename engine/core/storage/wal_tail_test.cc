// What follows a log's last commit, on a disk that tells where nothing was written and in memory.
#include <algorithm>
#include <optional>
#include <utility>

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

// Whose files, opened for reading, say that their data ends at `told`.
class TellingFileSystem : public MemoryFileSystem {
 public:
  std::optional<uint64_t> told;

  StatusOr<std::unique_ptr<File>> OpenForRead(const std::string& path) override {
    StatusOr<std::unique_ptr<File>> file = MemoryFileSystem::OpenForRead(path);
    if (!file.ok()) return file.status();
    return std::unique_ptr<File>(std::make_unique<Telling>(std::move(file).value(), this));
  }

 private:
  class Telling : public File {
   public:
    Telling(std::unique_ptr<File> file, TellingFileSystem* files)
        : file_(std::move(file)), files_(files) {}
    Status WriteAt(uint64_t, ByteView) override { return Status(Code::kIo, "for reading"); }
    Status ReadAt(uint64_t offset, std::span<uint8_t> into, size_t* count) override {
      return file_->ReadAt(offset, into, count);
    }
    Status SyncData() override { return Status(Code::kIo, "for reading"); }
    Status Allocate(uint64_t) override { return Status(Code::kIo, "for reading"); }
    Status Truncate(uint64_t) override { return Status(Code::kIo, "for reading"); }
    StatusOr<uint64_t> Size() override { return file_->Size(); }
    StatusOr<uint64_t> DataEnd() override {
      return files_->told ? StatusOr<uint64_t>(*files_->told) : file_->DataEnd();
    }

   private:
    std::unique_ptr<File> file_;
    TellingFileSystem* files_;
  };
};

// As `cp --sparse=always` and file systems that compress do.
void CopyWithoutZeros(FileSystem& files, const std::string& from, const std::string& to) {
  const std::unique_ptr<File> source = files.OpenForRead(from).value();
  const std::unique_ptr<File> copy = files.Create(to).value();
  CHECK_OK(copy->Truncate(source->Size().value()));
  std::vector<uint8_t> block(4096);
  for (uint64_t at = 0;; at += block.size()) {
    size_t count = 0;
    CHECK_OK(source->ReadAt(at, block, &count));
    if (count == 0) break;
    const ByteView bytes = ByteView(block).first(count);
    const bool is_zero = std::all_of(bytes.begin(), bytes.end(), [](uint8_t b) { return b == 0; });
    if (!is_zero) CHECK_OK(copy->WriteAt(at, bytes));
  }
}

void CheckZerosInCommits(FileSystem& files, const std::string& directory) {
  auto writer = WalWriter::Create(files, directory, "log", HeaderOf(1), kStep);
  CHECK_OK(writer);
  const std::string zeros(100'000, '\0');
  for (const Seq seq : {Seq{1}, Seq{2}, Seq{3}}) {
    CHECK_OK((*writer)->Reserve(zeros.size(), 1));
    (*writer)->Append(seq, 1, AsBytes(zeros));
    CHECK_OK((*writer)->Write());
    CHECK_OK((*writer)->Sync());
  }
  CHECK_OK(files.OpenForWrite(directory + "/log").value()->Allocate(kFileBytes));
  CopyWithoutZeros(files, directory + "/log", directory + "/copy");
  for (const char* const name : {"/log", "/copy"}) {
    const Tail tail = Read(files, directory + name);
    CHECK(tail.end == WalEnd::kClean);
    CHECK_EQ(tail.offset, (*writer)->bytes());
  }
}

TEST(Commits_that_end_in_zeros_are_whole_where_a_copy_has_left_them_out) {
  const test::TempDirectory temp;
  CheckZerosInCommits(PosixFileSystem(), temp.path());
  MemoryFileSystem memory;
  CHECK_OK(memory.MakeDirectory("db"));
  CheckZerosInCommits(memory, "db");
}

TEST(No_commit_and_no_damage_is_missed_because_a_file_system_is_wrong_about_its_data) {
  TellingFileSystem files;
  CHECK_OK(files.MakeDirectory("db"));
  auto writer = WalWriter::Create(files, "db", "log", HeaderOf(1), kStep);
  CHECK_OK(writer);
  std::vector<uint64_t> tells = {0, 1, kWalHeaderBytes - 1, 1 << 19, 1 << 20};
  for (Seq seq = 1; seq <= 40; ++seq) {
    const std::string payload(1 + seq * 100, 'a');
    CHECK_OK((*writer)->Reserve(payload.size(), 1));
    for (const uint64_t more : {0u, 1u, 30u, 70u}) tells.push_back((*writer)->bytes() + more);
    (*writer)->Append(seq, 1, AsBytes(payload));
    CHECK_OK((*writer)->Write());
    CHECK_OK((*writer)->Sync());
  }
  CHECK_OK(files.OpenForWrite("db/log").value()->Allocate(kFileBytes));
  const uint64_t end = (*writer)->bytes();
  for (const uint64_t told : tells) {
    files.told = told;
    const Tail tail = Read(files, "db/log");
    CHECK(tail.end == WalEnd::kClean);
    CHECK_EQ(tail.offset, end);
  }
  // The third commit, which the ones after it prove.
  const uint64_t damaged_at = kWalHeaderBytes + 2 * kWalFrameOverhead + 302;
  CHECK_OK(files.OpenForWrite("db/log").value()->WriteAt(damaged_at + 40, AsBytes("b")));
  for (const uint64_t told : tells) {
    files.told = told;
    const Tail tail = Read(files, "db/log");
    CHECK(tail.offset == damaged_at);
    CHECK(tail.end == WalEnd::kDamaged);
  }
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

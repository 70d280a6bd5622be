// Logs that another process appends to, or cuts, while they are read.
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/platform/memory_file_system.h"
#include "core/storage/wal_reader.h"
#include "core/storage/wal_writer.h"
#include "test/test.h"

namespace hypergraph {
namespace {

constexpr uint64_t kPayloadMax = 1 << 20;
constexpr uint64_t kStep = 3 << 20;  // More than a window of the reader.
const std::string kPath = "db/log";

// Whose files, opened for reading, call `before_read` with the number of the read.
class WatchedFileSystem : public MemoryFileSystem {
 public:
  std::function<void(uint64_t)> before_read;

  StatusOr<std::unique_ptr<File>> OpenForRead(const std::string& path) override {
    StatusOr<std::unique_ptr<File>> file = MemoryFileSystem::OpenForRead(path);
    if (!file.ok()) return file.status();
    return std::unique_ptr<File>(std::make_unique<Watched>(std::move(file).value(), this));
  }
  uint64_t reads() const { return reads_; }

 private:
  class Watched : public File {
   public:
    Watched(std::unique_ptr<File> file, WatchedFileSystem* files)
        : file_(std::move(file)), files_(files) {}
    Status WriteAt(uint64_t, ByteView) override { return Status(Code::kIo, "for reading"); }
    Status ReadAt(uint64_t offset, std::span<uint8_t> into, size_t* count) override {
      if (files_->before_read) files_->before_read(files_->reads_);
      ++files_->reads_;
      return file_->ReadAt(offset, into, count);
    }
    Status SyncData() override { return Status(Code::kIo, "for reading"); }
    Status Allocate(uint64_t) override { return Status(Code::kIo, "for reading"); }
    Status Truncate(uint64_t) override { return Status(Code::kIo, "for reading"); }
    StatusOr<uint64_t> Size() override { return file_->Size(); }
    StatusOr<uint64_t> DataEnd() override { return file_->DataEnd(); }

   private:
    std::unique_ptr<File> file_;
    WatchedFileSystem* files_;
  };
  uint64_t reads_ = 0;
};

WalHeader HeaderOf(Seq first_seq) {
  WalHeader header;
  header.log_number = 1;
  header.first_seq = first_seq;
  header.database.fill(7);
  return header;
}

std::string PayloadOf(Seq seq, size_t bytes) {
  return std::string(bytes, static_cast<char>('a' + seq % 26));
}

// Each commit is synced by itself, so that the one after it proves it.
void Commit(WalWriter& writer, Seq seq, size_t bytes) {
  const std::string payload = PayloadOf(seq, bytes);
  CHECK_OK(writer.Reserve(payload.size(), 1));
  writer.Append(seq, 1, AsBytes(payload));
  CHECK_OK(writer.Write());
  CHECK_OK(writer.Sync());
}

std::unique_ptr<WalWriter> MustMake(FileSystem& files) {
  CHECK_OK(files.MakeDirectory("db"));
  StatusOr<std::unique_ptr<WalWriter>> writer =
      WalWriter::Create(files, "db", "log", HeaderOf(1), kStep);
  CHECK_OK(writer);
  return std::move(writer).value();
}

// How many commits it gives; each has to be the next one, whole.
Seq ReadAll(FileSystem& files, const std::vector<size_t>& sizes, WalEnd* end) {
  StatusOr<std::unique_ptr<WalReader>> reader =
      WalReader::Open(files, kPath, HeaderOf(1), kPayloadMax);
  CHECK_OK(reader);
  for (;;) {
    WalFrame frame;
    bool found = false;
    CHECK_OK((*reader)->Next(&frame, &found));
    if (!found) break;
    CHECK_EQ(frame.first_seq, frame.last_seq);
    CHECK(AsText(frame.payload) == PayloadOf(frame.last_seq, sizes[frame.last_seq - 1]));
  }
  *end = (*reader)->end();
  return (*reader)->last_seq();
}

TEST(A_log_that_grows_between_two_reads_is_never_damaged) {
  Random random(test::Seed());
  std::vector<size_t> sizes;
  for (int i = 0; i < 12; ++i) sizes.push_back(random.Below(random.Chance(0.5) ? 300 : 600'000));
  bool fired = true;
  for (uint64_t at = 0; fired; ++at) {
    for (const Seq before : {Seq{0}, Seq{1}, Seq{5}}) {
      for (const Seq grown : {before + 2, Seq{12}}) {
        WatchedFileSystem files;
        const std::unique_ptr<WalWriter> writer = MustMake(files);
        for (Seq seq = 1; seq <= before; ++seq) Commit(*writer, seq, sizes[seq - 1]);
        fired = false;
        files.before_read = [&](uint64_t read) {
          if (read != at) return;
          fired = true;
          for (Seq seq = before + 1; seq <= grown; ++seq) Commit(*writer, seq, sizes[seq - 1]);
        };
        WalEnd end = WalEnd::kNotReached;
        const Seq last = ReadAll(files, sizes, &end);
        CHECK(end == WalEnd::kClean);
        CHECK_LE(before, last);
        CHECK_LE(last, grown);
      }
    }
  }
}

// One commit at every read: there is always one more than what was seen.
TEST(A_log_that_grows_at_every_read_is_never_damaged) {
  const std::vector<size_t> sizes(200, 5000);
  WatchedFileSystem files;
  const std::unique_ptr<WalWriter> writer = MustMake(files);
  Seq last = 0;
  files.before_read = [&](uint64_t) {
    for (int i = 0; i < 2 && last < sizes.size(); ++i) Commit(*writer, ++last, 5000);
  };
  while (last < sizes.size()) {
    WalEnd end = WalEnd::kNotReached;
    (void)ReadAll(files, sizes, &end);
    CHECK(end == WalEnd::kClean);
  }
}

TEST(A_log_whose_header_comes_between_two_reads_is_never_damaged) {
  const std::vector<size_t> sizes(3, 50);
  for (uint64_t at = 0; at < 8; ++at) {
    for (const Seq grown : {Seq{0}, Seq{1}, Seq{3}}) {
      MemoryFileSystem source;
      const std::unique_ptr<WalWriter> writer = MustMake(source);
      for (Seq seq = 1; seq <= grown; ++seq) Commit(*writer, seq, sizes[seq - 1]);
      const ByteView bytes = source.Map(kPath).value()->bytes().first(writer->bytes());
      const std::vector<uint8_t> whole(bytes.begin(), bytes.end());
      WatchedFileSystem files;
      CHECK_OK(files.MakeDirectory("db"));
      const std::unique_ptr<File> file = std::move(files.Create(kPath)).value();
      CHECK_OK(file->Allocate(kStep));
      bool fired = false;
      files.before_read = [&](uint64_t read) {
        if (read == at) CHECK_OK(file->WriteAt(0, whole));
        fired = fired || read == at;
      };
      WalEnd end = WalEnd::kNotReached;
      CHECK_LE(ReadAll(files, sizes, &end), grown);
      CHECK(end == (fired ? WalEnd::kClean : WalEnd::kTorn));
    }
  }
}

TEST(A_log_is_damaged_where_the_commit_stays_unreadable) {
  const std::vector<size_t> sizes(6, 400'000);
  WatchedFileSystem files;
  const std::unique_ptr<WalWriter> writer = MustMake(files);
  for (Seq seq = 1; seq <= 6; ++seq) Commit(*writer, seq, sizes[seq - 1]);
  const uint64_t frame = kWalFrameOverhead + sizes[0];
  CHECK_OK(
      files.OpenForWrite(kPath).value()->WriteAt(kWalHeaderBytes + 2 * frame + 99, AsBytes("!")));
  WalEnd end = WalEnd::kNotReached;
  CHECK_EQ(ReadAll(files, sizes, &end), 2u);
  CHECK(end == WalEnd::kDamaged);
}

TEST(A_log_that_is_cut_between_two_reads_gives_the_commits_that_were_read) {
  Random random(test::Seed());
  const std::vector<size_t> sizes = {100, 400'000, 30, 900'000, 10, 700'000};
  bool fired = true;
  for (uint64_t at = 0; fired; ++at) {
    for (int i = 0; i < 12; ++i) {
      WatchedFileSystem files;
      const std::unique_ptr<WalWriter> writer = MustMake(files);
      for (Seq seq = 1; seq <= sizes.size(); ++seq) Commit(*writer, seq, sizes[seq - 1]);
      const uint64_t cut = i < 3 ? random.Below(100) : random.Below(writer->bytes());
      fired = false;
      files.before_read = [&](uint64_t read) {
        if (read != at) return;
        fired = true;
        CHECK_OK(TruncateLog(files, kPath, cut));
      };
      WalEnd end = WalEnd::kNotReached;
      CHECK_LE(ReadAll(files, sizes, &end), sizes.size());
      CHECK(end == WalEnd::kClean || end == WalEnd::kTorn);
    }
  }
}

}  // namespace
}  // namespace hypergraph

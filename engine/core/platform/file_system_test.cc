// One suite over both file systems, and what each promises beyond it.
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "core/base/bytes.h"
#include "core/platform/memory_file_system.h"
#include "test/test.h"

namespace hypergraph {
namespace {

// Runs the body on each file system with an empty directory of it.
void OnEach(const std::function<void(FileSystem&, const std::string&)>& body) {
  const test::TempDirectory temp;
  body(PosixFileSystem(), temp.path());
  MemoryFileSystem memory;
  CHECK_OK(memory.MakeDirectory("/db"));
  body(memory, "/db");
}

std::unique_ptr<File> MustCreate(FileSystem& files, const std::string& path,
                                 std::string_view text = "") {
  StatusOr<std::unique_ptr<File>> file = files.Create(path);
  CHECK_OK(file);
  CHECK_OK(file.value()->WriteAt(0, AsBytes(text)));
  return std::move(file).value();
}

std::string TextOf(FileSystem& files, const std::string& path) {
  StatusOr<std::unique_ptr<File>> file = files.OpenForRead(path);
  CHECK_OK(file);
  std::vector<uint8_t> bytes(file.value()->Size().value() + 8);
  size_t count = 0;
  CHECK_OK(file.value()->ReadAt(0, bytes, &count));
  CHECK_EQ(count, bytes.size() - 8);
  StatusOr<std::shared_ptr<const Mapping>> mapping = files.Map(path);
  CHECK_OK(mapping);
  std::string text(AsText(mapping.value()->bytes()));
  CHECK_EQ(text, AsText(ByteView(bytes).first(count)));
  return text;
}

TEST(A_file_reads_back_what_was_written) {
  OnEach([](FileSystem& files, const std::string& at) {
    std::unique_ptr<File> file = MustCreate(files, at + "/a", "hello");
    CHECK_OK(file->WriteAt(8, AsBytes("xyz")));
    CHECK_EQ(TextOf(files, at + "/a"), std::string_view("hello\0\0\0xyz", 11));
    CHECK_OK(file->WriteAt(1, AsBytes("E")));
    CHECK_OK(file->Truncate(5));
    CHECK_EQ(TextOf(files, at + "/a"), "hEllo");
    CHECK_OK(file->Truncate(7));
    CHECK_EQ(TextOf(files, at + "/a"), std::string_view("hEllo\0\0", 7));
    CHECK_OK(file->SyncData());
    uint8_t byte = 0;
    size_t count = 9;
    CHECK_OK(file->ReadAt(100, {&byte, 1}, &count));
    CHECK_EQ(count, 0);
  });
}

TEST(Allocating_grows_with_zeros_and_never_shrinks) {
  OnEach([](FileSystem& files, const std::string& at) {
    std::unique_ptr<File> file = MustCreate(files, at + "/a", "x");
    CHECK_OK(file->Allocate(4096));
    CHECK_EQ(file->Size().value(), 4096u);
    CHECK_OK(file->Allocate(16));
    CHECK_EQ(file->Size().value(), 4096u);
    CHECK_EQ(TextOf(files, at + "/a"), "x" + std::string(4095, '\0'));
  });
}

TEST(Behind_the_end_of_the_data_are_only_zeros) {
  constexpr uint64_t kBytes = 1 << 20;
  OnEach([](FileSystem& files, const std::string& at) {
    std::unique_ptr<File> file = MustCreate(files, at + "/a");
    CHECK_EQ(file->DataEnd().value(), 0u);
    CHECK_OK(file->WriteAt(0, AsBytes("x")));
    CHECK_OK(file->Allocate(kBytes));
    for (const uint64_t last : {uint64_t{0}, kBytes / 2 - 1, kBytes / 2, kBytes - 1}) {
      CHECK_OK(file->WriteAt(last, AsBytes("y")));
      for (const bool synced : {false, true}) {
        if (synced) CHECK_OK(file->SyncData());
        const uint64_t end = file->DataEnd().value();
        CHECK(end > last);
        CHECK(end <= kBytes);
      }
    }
    CHECK_OK(file->Truncate(5000));
    CHECK(file->DataEnd().value() <= 5000u);
  });
}

TEST(Creating_refuses_what_exists_and_opening_what_does_not) {
  OnEach([](FileSystem& files, const std::string& at) {
    MustCreate(files, at + "/a");
    CHECK_CODE(files.Create(at + "/a"), Code::kExists);
    CHECK_CODE(files.Create(at + "/none/a"), Code::kNotFound);
    CHECK_CODE(files.OpenForRead(at + "/b"), Code::kNotFound);
    CHECK_CODE(files.OpenForWrite(at + "/b"), Code::kNotFound);
    CHECK_CODE(files.Map(at + "/b"), Code::kNotFound);
    CHECK_CODE(files.Remove(at + "/b"), Code::kNotFound);
    CHECK_CODE(files.Rename(at + "/b", at + "/c"), Code::kNotFound);
    CHECK_CODE(files.Link(at + "/b", at + "/c"), Code::kNotFound);
    CHECK_CODE(files.List(at + "/none"), Code::kNotFound);
    CHECK_CODE(files.SyncDirectory(at + "/none"), Code::kNotFound);
    CHECK_CODE(files.MakeDirectory(at + "/none/deeper"), Code::kNotFound);
    CHECK_CODE(files.MakeDirectory(at + "/a"), Code::kExists);
    StatusOr<std::unique_ptr<File>> reader = files.OpenForRead(at + "/a");
    CHECK_CODE(reader.value()->WriteAt(0, AsBytes("x")), Code::kIo);
  });
}

TEST(Names_can_be_renamed_linked_removed_and_listed) {
  OnEach([](FileSystem& files, const std::string& at) {
    MustCreate(files, at + "/b", "old");
    MustCreate(files, at + "/a", "new");
    CHECK_OK(files.MakeDirectory(at + "/sub"));
    CHECK_OK(files.MakeDirectory(at + "/sub"));
    CHECK_OK(files.Rename(at + "/a", at + "/b"));
    CHECK_EQ(TextOf(files, at + "/b"), "new");
    CHECK_OK(files.Link(at + "/b", at + "/sub/c"));
    CHECK_CODE(files.Link(at + "/b", at + "/sub/c"), Code::kExists);
    CHECK_OK(files.SyncDirectory(at));
    CHECK_EQ(files.List(at).value(), (std::vector<std::string>{"b", "sub"}));
    CHECK_OK(files.Remove(at + "/b"));
    CHECK(!files.Exists(at + "/b"));
    CHECK(files.Exists(at + "/sub"));
    CHECK_EQ(TextOf(files, at + "/sub/c"), "new");
  });
}

TEST(A_mapping_and_a_file_outlive_their_name) {
  OnEach([](FileSystem& files, const std::string& at) {
    std::unique_ptr<File> file = MustCreate(files, at + "/a", "kept");
    MustCreate(files, at + "/empty");
    StatusOr<std::shared_ptr<const Mapping>> mapping = files.Map(at + "/a");
    CHECK_EQ(files.Map(at + "/empty").value()->bytes().size(), 0);
    CHECK_OK(files.Remove(at + "/a"));
    CHECK_EQ(AsText(mapping.value()->bytes()), "kept");
    CHECK_OK(file->WriteAt(4, AsBytes(" on")));
    CHECK_EQ(file->Size().value(), 7u);
    CHECK_EQ(reinterpret_cast<uintptr_t>(mapping.value()->bytes().data()) % 64, 0u);
  });
}

TEST(A_lock_is_held_once_and_let_go) {
  OnEach([](FileSystem& files, const std::string& at) {
    {
      StatusOr<std::unique_ptr<FileLock>> lock = files.Lock(at + "/LOCK");
      CHECK_OK(lock);
      StatusOr<std::unique_ptr<FileLock>> second = files.Lock(at + "/LOCK");
      CHECK_CODE(second, Code::kLocked);
      CHECK(second.status().message().find("pid") != std::string::npos);
    }
    CHECK_OK(files.Lock(at + "/LOCK"));
  });
}

TEST(A_lock_names_the_process_that_holds_it_and_ends_with_it) {
  const test::TempDirectory temp;
  const std::string path = temp.path() + "/LOCK";
  int ready[2];
  int done[2];
  CHECK_EQ(pipe(ready), 0);
  CHECK_EQ(pipe(done), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(done[1]);
    StatusOr<std::unique_ptr<FileLock>> lock = PosixFileSystem().Lock(path);
    char byte = lock.ok() ? 'y' : 'n';
    if (write(ready[1], &byte, 1) != 1) _exit(1);
    (void)!read(done[0], &byte, 1);  // Returns when the parent closes its end.
    _exit(0);
  }
  close(done[0]);
  char byte = 0;
  CHECK_EQ(read(ready[0], &byte, 1), 1);
  CHECK_EQ(byte, 'y');
  StatusOr<std::unique_ptr<FileLock>> lock = PosixFileSystem().Lock(path);
  CHECK_CODE(lock, Code::kLocked);
  CHECK(lock.status().message().find("pid " + std::to_string(child) + ",") != std::string::npos);
  close(done[1]);
  waitpid(child, nullptr, 0);
  CHECK_OK(PosixFileSystem().Lock(path));
}

TEST(A_file_in_the_place_of_a_directory_is_no_database) {
  const test::TempDirectory temp;
  const std::string path = temp.path() + "/file";
  MustCreate(PosixFileSystem(), path);
  CHECK_CODE(PosixFileSystem().List(path), Code::kNotADatabase);
  CHECK_CODE(PosixFileSystem().OpenForRead(path + "/MANIFEST"), Code::kNotADatabase);
}

TEST(Random_bytes_are_filled_to_the_end_and_the_clock_runs) {
  std::vector<uint8_t> bytes(1000);
  CHECK_OK(RandomBytes(bytes));
  size_t zeros = 0;
  for (const uint8_t byte : bytes) zeros += byte == 0 ? 1 : 0;
  CHECK_LT(zeros, 40u);
  CHECK_LT(Micros{1700000000000000}, SystemClock().Now());
}

TEST(A_scripted_failure_strikes_the_operation_named) {
  MemoryFileSystem files;
  std::unique_ptr<File> file = MustCreate(files, "a", "0123");
  files.FailOperation(1, FaultKind::kShortWrite);
  CHECK_OK(file->WriteAt(4, AsBytes("4")));
  CHECK_CODE(file->WriteAt(5, AsBytes("5678")), Code::kIo);
  CHECK_EQ(TextOf(files, "a"), "0123456");
  files.FailOperation(0, FaultKind::kStorageFull, FaultLength::kForEver);
  CHECK_CODE(file->Allocate(100), Code::kStorageFull);
  CHECK_CODE(files.Create("b"), Code::kStorageFull);
  CHECK(!files.Exists("b"));
  files.ClearFaults();
  files.SetCapacity(10);
  CHECK_CODE(file->WriteAt(8, AsBytes("789")), Code::kStorageFull);
  CHECK_OK(file->WriteAt(7, AsBytes("789")));
  CHECK_EQ(files.operation_count(), 8u);
  CHECK_EQ(files.record_size(), 5u);
}

TEST(A_failed_sync_stays_failed_for_its_file) {
  MemoryFileSystem files;
  std::unique_ptr<File> file = MustCreate(files, "a", "x");
  files.FailSync(0, FaultLength::kOnce);
  CHECK_CODE(file->SyncData(), Code::kIo);
  CHECK_CODE(file->SyncData(), Code::kIo);
  CHECK_OK(files.SyncDirectory(""));
  files.FailSync(0, FaultLength::kForEver);
  CHECK_CODE(files.SyncDirectory(""), Code::kIo);
  CHECK_CODE(files.OpenForWrite("a").value()->SyncData(), Code::kIo);
}

TEST(A_bit_flipped_on_reading_is_not_stored) {
  MemoryFileSystem files;
  MustCreate(files, "a", "@@");
  files.FlipBitOnRead("a", 8);
  CHECK_EQ(TextOf(files, "a"), "@A");
  files.ClearFaults();
  CHECK_EQ(TextOf(files, "a"), "@@");
}

}  // namespace
}  // namespace hypergraph

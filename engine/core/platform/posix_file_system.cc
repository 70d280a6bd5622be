// The machine's files, clock and random bytes.
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <utility>
#if defined(__linux__)
#include <sys/random.h>
#endif

#include "core/base/forever.h"
#include "core/platform/file.h"

namespace hypergraph {
namespace {

Status FromErrno(const char* action, const std::string& path, int error) {
  Code code = Code::kIo;
  if (error == ENOSPC || error == EDQUOT) code = Code::kStorageFull;
  if (error == ENOENT) code = Code::kNotFound;
  if (error == EEXIST) code = Code::kExists;
  // A file in the place of a directory: whoever gave the path meant something else.
  if (error == ENOTDIR) code = Code::kNotADatabase;
  char text[256];
  // Which of the two kinds of strerror_r there is depends on the C library.
  struct Chosen {
    static const char* Text(const char* message, const char*) { return message; }
    static const char* Text(int, const char* buffer) { return buffer; }
  };
  const char* message = Chosen::Text(strerror_r(error, text, sizeof text), text);
  return {code, std::string("cannot ") + action + " " + path + ": " + message};
}

template <typename Call>
auto Retry(const Call& call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) close(number_);  // Not retried: after EINTR the number may be another's.
  }
  int number() const { return number_; }

 private:
  int number_;
};

StatusOr<Descriptor> OpenDescriptor(const std::string& path, int flags) {
  const int number = Retry([&] { return open(path.c_str(), flags | O_CLOEXEC, 0666); });
  if (number < 0) return FromErrno("open", path, errno);
  return Descriptor(number);
}

class PosixFile : public File {
 public:
  PosixFile(Descriptor descriptor, std::string path)
      : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  Status WriteAt(uint64_t offset, ByteView bytes) override {
    while (!bytes.empty()) {
      const ssize_t count = Retry([&] {
        return pwrite(descriptor_.number(), bytes.data(), std::min(bytes.size(), kCallBytesMax),
                      static_cast<off_t>(offset));
      });
      if (count < 0) return FromErrno("write", path_, errno);
      if (count == 0) return FromErrno("write", path_, EIO);
      offset += static_cast<uint64_t>(count);
      bytes = bytes.subspan(static_cast<size_t>(count));
    }
    return Status::Ok();
  }

  Status ReadAt(uint64_t offset, std::span<uint8_t> into, size_t* count_read) override {
    *count_read = 0;
    while (!into.empty()) {
      const ssize_t count = Retry([&] {
        return pread(descriptor_.number(), into.data(), std::min(into.size(), kCallBytesMax),
                     static_cast<off_t>(offset));
      });
      if (count < 0) return FromErrno("read", path_, errno);
      if (count == 0) break;
      offset += static_cast<uint64_t>(count);
      *count_read += static_cast<size_t>(count);
      into = into.subspan(static_cast<size_t>(count));
    }
    return Status::Ok();
  }

  // A sync that failed may have marked the pages clean, so one that succeeds after it proves
  // nothing: the failure stays.
  Status SyncData() override {
    if (!sync_failure_.ok()) return sync_failure_;
    if (Retry([&] { return fdatasync(descriptor_.number()); }) != 0) {
      sync_failure_ = FromErrno("sync", path_, errno);
    }
    return sync_failure_;
  }

  Status Allocate(uint64_t file_bytes) override {
    StatusOr<uint64_t> before = Size();
    if (!before.ok()) return before.status();
    if (before.value() >= file_bytes) return Status::Ok();
#if defined(__linux__)
    const int result = Retry([&] {
      return fallocate(descriptor_.number(), 0, static_cast<off_t>(before.value()),
                       static_cast<off_t>(file_bytes - before.value()));
    });
    if (result == 0) return Status::Ok();
    if (errno != EOPNOTSUPP && errno != ENOSYS) return FromErrno("allocate", path_, errno);
#endif
    return Truncate(file_bytes);  // Grows it at least, though nothing is reserved.
  }

  Status Truncate(uint64_t file_bytes) override {
    const auto length = static_cast<off_t>(file_bytes);
    if (Retry([&] { return ftruncate(descriptor_.number(), length); }) != 0) {
      return FromErrno("truncate", path_, errno);
    }
    return Status::Ok();
  }

  Descriptor TakeDescriptor() && { return std::move(descriptor_); }

  StatusOr<uint64_t> Size() override {
    struct stat state {};
    if (fstat(descriptor_.number(), &state) != 0) return FromErrno("look at", path_, errno);
    return static_cast<uint64_t>(state.st_size);
  }

// Elsewhere the answers were not tried, and one too small costs a damaged log its diagnosis.
#if defined(__linux__) && defined(SEEK_DATA) && defined(SEEK_HOLE)
  StatusOr<uint64_t> DataEnd() override {
    constexpr int kRunsMax = 64;  // More of them are not worth the calls.
    off_t end = 0;
    for (int run = 0; run < kRunsMax; ++run) {
      const off_t data = lseek(descriptor_.number(), end, SEEK_DATA);
      if (data < 0 && errno == ENXIO) return static_cast<uint64_t>(end);
      if (data < 0) break;  // A file system that does not tell.
      end = lseek(descriptor_.number(), data, SEEK_HOLE);
      if (end < 0) break;
    }
    return Size();
  }
#endif

 private:
  static constexpr size_t kCallBytesMax = size_t{1} << 30;  // Linux moves at most 2 GiB a call.
  Descriptor descriptor_;
  std::string path_;
  Status sync_failure_;
};

class PosixMapping : public Mapping {
 public:
  PosixMapping(void* address, size_t bytes) : address_(address), bytes_(bytes) {}
  ~PosixMapping() override {
    if (bytes_ > 0) munmap(address_, bytes_);
  }
  PosixMapping(const PosixMapping&) = delete;
  PosixMapping& operator=(const PosixMapping&) = delete;
  ByteView bytes() const override { return {static_cast<const uint8_t*>(address_), bytes_}; }

 private:
  void* address_;
  size_t bytes_;
};

class PosixLock : public FileLock {
 public:
  explicit PosixLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

 private:
  Descriptor descriptor_;  // Closing it lets the lock go.
};

// What the holder writes into the lock: enough to tell whether it still runs, and where.
std::string DescribeProcess() {
  char boot[64] = "";
  if (std::FILE* file = std::fopen("/proc/sys/kernel/random/boot_id", "re")) {
    if (std::fgets(boot, sizeof boot, file) == nullptr) boot[0] = '\0';
    boot[std::strcspn(boot, "\n")] = '\0';
    std::fclose(file);
  }
  char host[256] = "";
  if (gethostname(host, sizeof host - 1) != 0) host[0] = '\0';
  return "pid " + std::to_string(getpid()) + ", boot " + boot + ", host " + host + "\n";
}

class Posix : public FileSystem {
 public:
  StatusOr<std::unique_ptr<File>> Create(const std::string& path) override {
    return OpenFile(path, O_RDWR | O_CREAT | O_EXCL);
  }
  StatusOr<std::unique_ptr<File>> OpenForWrite(const std::string& path) override {
    return OpenFile(path, O_RDWR);
  }
  StatusOr<std::unique_ptr<File>> OpenForRead(const std::string& path) override {
    return OpenFile(path, O_RDONLY);
  }

  StatusOr<std::shared_ptr<const Mapping>> Map(const std::string& path) override {
    StatusOr<Descriptor> opened = OpenDescriptor(path, O_RDONLY);
    if (!opened.ok()) return opened.status();
    struct stat state {};
    if (fstat(opened->number(), &state) != 0) return FromErrno("look at", path, errno);
    if (!S_ISREG(state.st_mode)) return Status(Code::kIo, path + " is no regular file");
    const auto bytes = static_cast<size_t>(state.st_size);
    if (bytes == 0)
      return std::shared_ptr<const Mapping>(std::make_shared<PosixMapping>(nullptr, 0));
    void* address = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, opened->number(), 0);
    if (address == MAP_FAILED) return FromErrno("map", path, errno);
    return std::shared_ptr<const Mapping>(std::make_shared<PosixMapping>(address, bytes));
  }

  Status Rename(const std::string& from, const std::string& to) override {
    if (rename(from.c_str(), to.c_str()) != 0) return FromErrno("rename", from, errno);
    return Status::Ok();
  }
  Status Link(const std::string& existing, const std::string& fresh) override {
    if (link(existing.c_str(), fresh.c_str()) == 0) return Status::Ok();
    const int error = errno;
    if (error == EXDEV || error == EPERM || error == EOPNOTSUPP || error == EMLINK) {
      return {Code::kUnsupported, FromErrno("link", fresh, error).message()};
    }
    return FromErrno("link", fresh, error);
  }
  Status Remove(const std::string& path) override {
    if (unlink(path.c_str()) != 0) return FromErrno("remove", path, errno);
    return Status::Ok();
  }
  Status MakeDirectory(const std::string& path) override {
    if (mkdir(path.c_str(), 0777) == 0) return Status::Ok();
    const int error = errno;
    struct stat state {};
    if (error == EEXIST && stat(path.c_str(), &state) == 0 && S_ISDIR(state.st_mode)) {
      return Status::Ok();
    }
    return FromErrno("make directory", path, error);
  }
  Status SyncDirectory(const std::string& path) override {
    StatusOr<Descriptor> opened = OpenDescriptor(path, O_RDONLY | O_DIRECTORY);
    if (!opened.ok()) return opened.status();
    if (Retry([&] { return fsync(opened->number()); }) == 0) return Status::Ok();
    if (errno == EINVAL)
      return Status::Ok();  // File systems that have no such thing as a sync of it.
    return FromErrno("sync directory", path, errno);
  }

  StatusOr<std::vector<std::string>> List(const std::string& directory) override {
    DIR* stream = opendir(directory.c_str());
    if (stream == nullptr) return FromErrno("list", directory, errno);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = readdir(stream)) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(name);
      errno = 0;
    }
    const int error = errno;
    closedir(stream);
    if (error != 0) return FromErrno("list", directory, error);
    std::sort(names.begin(), names.end());
    return names;
  }
  bool Exists(const std::string& path) override { return access(path.c_str(), F_OK) == 0; }

  // flock belongs to the open file, not to the process: a second open of this process is refused
  // too.
  StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path) override {
    StatusOr<Descriptor> opened = OpenDescriptor(path, O_RDWR | O_CREAT);
    if (!opened.ok()) return opened.status();
    const int number = opened->number();
    if (Retry([&] { return flock(number, LOCK_EX | LOCK_NB); }) != 0) {
      const int error = errno;
      if (error != EWOULDBLOCK) return FromErrno("lock", path, error);
      char holder[512];
      const ssize_t count = Retry([&] { return pread(number, holder, sizeof holder, 0); });
      std::string text(holder, count > 0 ? static_cast<size_t>(count) : 0);
      text.resize(std::min(text.size(), text.find('\n')));
      return Status(Code::kLocked,
                    path + " is held by " + (text.empty() ? "another opener" : text));
    }
    PosixFile file(std::move(opened).value(), path);
    const std::string text = DescribeProcess();
    HG_RETURN_IF_ERROR(
        file.WriteAt(0, {reinterpret_cast<const uint8_t*>(text.data()), text.size()}));
    // Of a longer text before it, which is rare: to give up and take a block anew takes long.
    StatusOr<uint64_t> bytes = file.Size();
    if (!bytes.ok()) return bytes.status();
    if (*bytes > text.size()) HG_RETURN_IF_ERROR(file.Truncate(text.size()));
    return std::unique_ptr<FileLock>(std::make_unique<PosixLock>(std::move(file).TakeDescriptor()));
  }

 private:
  static StatusOr<std::unique_ptr<File>> OpenFile(const std::string& path, int flags) {
    StatusOr<Descriptor> opened = OpenDescriptor(path, flags);
    if (!opened.ok()) return opened.status();
    return std::unique_ptr<File>(std::make_unique<PosixFile>(std::move(opened).value(), path));
  }
};

class PosixClock : public Clock {
 public:
  Micros Now() override {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::microseconds>(since).count();
  }
};

}  // namespace

FileSystem& PosixFileSystem() {
  static Forever<Posix> files;
  return files.get();
}

Clock& SystemClock() {
  static Forever<PosixClock> clock;
  return clock.get();
}

Status RandomBytes(std::span<uint8_t> into) {
  while (!into.empty()) {
    const size_t count = std::min<size_t>(into.size(), 256);  // What is never given in part.
    if (Retry([&] { return getentropy(into.data(), count); }) != 0) {
      return FromErrno("read", "the system's random bytes", errno);
    }
    into = into.subspan(count);
  }
  return Status::Ok();
}

}  // namespace hypergraph

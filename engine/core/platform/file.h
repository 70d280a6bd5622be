// The seam under the engine: every byte that reaches a disk, every directory change and every clock
// passes here, so that tests can record, drop, tear and fail them.
//
// Threads: a FileSystem may be used from any thread; a File from one thread at a time, except that
// ReadAt and the bytes of a Mapping may be read from any. Paths are plain, '/'-separated.
#ifndef HYPERGRAPH_PLATFORM_FILE_H_
#define HYPERGRAPH_PLATFORM_FILE_H_

#include <memory>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/base/types.h"

namespace hypergraph {

// A whole file, readable as memory until the last owner drops it, even after the file is removed.
class Mapping {
 public:
  virtual ~Mapping() = default;
  virtual ByteView bytes() const = 0;
};

class File {
 public:
  virtual ~File() = default;
  virtual Status WriteAt(uint64_t offset, ByteView bytes) = 0;  // All of it, or an error.
  virtual Status ReadAt(uint64_t offset, std::span<uint8_t> into, size_t* count_read) = 0;
  virtual Status SyncData() = 0;  // Contents and size survive a power failure once this returns.
  virtual Status Allocate(uint64_t file_bytes) = 0;  // Reserves space, grows the file with zeros.
  virtual Status Truncate(uint64_t file_bytes) = 0;
  virtual StatusOr<uint64_t> Size() = 0;
  // From here on there are only zeros, as far as that can be told without reading them. At most the
  // size. Before it there may be zeros too, also such as were written: a copy leaves them out.
  virtual StatusOr<uint64_t> DataEnd() { return Size(); }
};

// Held until destroyed.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual StatusOr<std::unique_ptr<File>> Create(
      const std::string& path) = 0;  // kExists when there.
  virtual StatusOr<std::unique_ptr<File>> OpenForWrite(const std::string& path) = 0;
  virtual StatusOr<std::unique_ptr<File>> OpenForRead(const std::string& path) = 0;
  virtual StatusOr<std::shared_ptr<const Mapping>> Map(const std::string& path) = 0;
  virtual Status Rename(const std::string& from, const std::string& to) = 0;  // Replaces `to`.
  virtual Status Link(const std::string& existing, const std::string& fresh) = 0;
  virtual Status Remove(const std::string& path) = 0;         // kNotFound when there is none.
  virtual Status MakeDirectory(const std::string& path) = 0;  // Ok when there already.
  virtual Status SyncDirectory(const std::string& path) = 0;
  virtual StatusOr<std::vector<std::string>> List(
      const std::string& directory) = 0;  // Names, sorted.
  virtual bool Exists(const std::string& path) = 0;
  // kLocked, with what the holder wrote about itself, when another opener has it.
  virtual StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path) = 0;
};

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Micros Now() = 0;
};

FileSystem& PosixFileSystem();
Clock& SystemClock();
// Fills with bytes from the operating system's generator.
Status RandomBytes(std::span<uint8_t> into);

}  // namespace hypergraph

#endif  // HYPERGRAPH_PLATFORM_FILE_H_

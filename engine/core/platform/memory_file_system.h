// A whole file system in memory that records what was done to it, fails as told, and counts as the
// machine's for the conformance tests. crash_states.h makes of its record what a power failure
// leaves.
//
// Threads: any, one operation at a time inside. Files opened from it must not outlive it.
#ifndef HYPERGRAPH_PLATFORM_MEMORY_FILE_SYSTEM_H_
#define HYPERGRAPH_PLATFORM_MEMORY_FILE_SYSTEM_H_

#include <limits>
#include <mutex>

#include "core/platform/file.h"
#include "core/platform/memory_image.h"

namespace hypergraph {

enum class FaultKind : uint8_t {
  kIoError,      // Nothing is done, kIo.
  kStorageFull,  // Nothing is done, kStorageFull.
  kShortWrite,   // Of a write, the first half of its bytes is done, then kIo; else as kIoError.
};

enum class FaultLength : uint8_t { kOnce, kForEver };

class MemoryFileSystem : public FileSystem {
 public:
  MemoryFileSystem() = default;
  explicit MemoryFileSystem(MemoryImage image) : initial_(image), image_(std::move(image)) {}
  // Where a process that was killed had come to: all that it did is there to be read, and what it
  // had not synced may still be lost.
  MemoryFileSystem(MemoryImage initial, std::vector<Operation> record);

  // --- What was done.
  // Changing operations asked for so far, syncs included, also the ones that failed. A test notes
  // it when a commit is acknowledged.
  uint64_t operation_count() const;
  // A copy; cheap, the bytes written are shared. record()[i] is not operation number i where
  // operations failed: those are left out, except syncs.
  std::vector<Operation> record() const;
  size_t record_size() const;
  MemoryImage initial() const;  // Before the record's first operation.
  MemoryImage image() const;
  uint64_t StateHash() const;
  // Forgets the record: what is here now becomes the initial state, all of it durable.
  void ForgetRecord();
  // Nothing is recorded from now on, for long runs that need no crash states.
  void StopRecording();

  // --- What shall fail. Numbers count from the next operation, which is 0.
  void FailOperation(uint64_t number, FaultKind kind, FaultLength length = FaultLength::kOnce);
  // The same for syncs of files and directories alone, counted by themselves. What was written to a
  // file before a sync of it failed is never sure to be on the disk, whatever is synced later.
  void FailSync(uint64_t number, FaultLength length);
  // Reads and mappings show the bit inverted from now on; what is stored stays as it is.
  void FlipBitOnRead(const std::string& path, uint64_t bit);
  // Operations that would make the contents larger than this in total: kStorageFull.
  void SetCapacity(uint64_t bytes);
  void ClearFaults();

  StatusOr<std::unique_ptr<File>> Create(const std::string& path) override;
  StatusOr<std::unique_ptr<File>> OpenForWrite(const std::string& path) override;
  StatusOr<std::unique_ptr<File>> OpenForRead(const std::string& path) override;
  StatusOr<std::shared_ptr<const Mapping>> Map(const std::string& path) override;
  Status Rename(const std::string& from, const std::string& to) override;  // Of files only.
  Status Link(const std::string& existing, const std::string& fresh) override;
  Status Remove(const std::string& path) override;
  Status MakeDirectory(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;
  StatusOr<std::vector<std::string>> List(const std::string& directory) override;
  bool Exists(const std::string& path) override;
  StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path) override;

 private:
  friend class MemoryFile;
  friend class MemoryLock;
  static constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();
  struct Fault {
    uint64_t number = kNever;
    FaultKind kind = FaultKind::kIoError;
    FaultLength length = FaultLength::kOnce;
    bool Strikes(uint64_t at) const {
      return length == FaultLength::kOnce ? at == number : at >= number && number != kNever;
    }
  };

  // All of these: Requires the mutex.
  Status Do(Operation operation);
  Status Refuse(const Operation& operation, const Fault& fault);
  void Record(Operation operation);
  StatusOr<uint64_t> Find(const std::string& path) const;
  Status CheckFree(const std::string& path) const;
  uint64_t Growth(const Operation& operation) const;
  std::shared_ptr<const MemoryContent> Readable(uint64_t inode) const;

  mutable std::mutex mutex_;
  MemoryImage initial_;
  MemoryImage image_;
  std::vector<Operation> record_;
  bool recording_ = true;
  uint64_t operation_count_ = 0;
  uint64_t sync_count_ = 0;
  uint64_t next_inode_ = 1;
  Fault operation_fault_;
  Fault sync_fault_;
  uint64_t capacity_ = kNever;
  std::map<uint64_t, std::vector<uint64_t>> flipped_bits_;  // By inode.
  std::set<std::string> locks_;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_PLATFORM_MEMORY_FILE_SYSTEM_H_

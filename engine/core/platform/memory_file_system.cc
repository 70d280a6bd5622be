#include "core/platform/memory_file_system.h"

#include <algorithm>
#include <cstring>

namespace hypergraph {

// Of the file, whatever its name becomes.
class MemoryFile : public File {
 public:
  MemoryFile(MemoryFileSystem* files, uint64_t inode, std::string path, bool writable)
      : files_(files), inode_(inode), path_(std::move(path)), writable_(writable) {}

  Status WriteAt(uint64_t offset, ByteView bytes) override {
    Operation operation = Make(OperationKind::kWrite, offset);
    operation.bytes = std::make_shared<std::vector<uint8_t>>(bytes.begin(), bytes.end());
    return Do(std::move(operation));
  }
  Status ReadAt(uint64_t offset, std::span<uint8_t> into, size_t* count_read) override {
    const std::lock_guard<std::mutex> lock(files_->mutex_);
    const std::shared_ptr<const MemoryContent> content = files_->Readable(inode_);
    const ByteView bytes = content->bytes();
    *count_read = offset < bytes.size() ? std::min(into.size(), bytes.size() - offset) : 0;
    if (*count_read > 0) std::memcpy(into.data(), bytes.data() + offset, *count_read);
    return Status::Ok();
  }
  Status SyncData() override {
    if (!sync_failure_.ok()) return sync_failure_;  // As the real one.
    sync_failure_ = Do(Make(OperationKind::kSync, 0));
    return sync_failure_;
  }
  Status Allocate(uint64_t file_bytes) override {
    return Do(Make(OperationKind::kAllocate, file_bytes));
  }
  Status Truncate(uint64_t file_bytes) override {
    return Do(Make(OperationKind::kTruncate, file_bytes));
  }
  StatusOr<uint64_t> Size() override {
    const std::lock_guard<std::mutex> lock(files_->mutex_);
    return uint64_t{files_->image_.contents.at(inode_)->bytes().size()};
  }
  // To the sector, tighter than disks tell it: zeros count as never written, also where they were.
  StatusOr<uint64_t> DataEnd() override {
    const std::lock_guard<std::mutex> lock(files_->mutex_);
    const std::shared_ptr<const MemoryContent> content = files_->Readable(inode_);
    static constexpr uint8_t kZeros[kSectorBytes] = {};
    ByteView bytes = content->bytes();
    while (!bytes.empty()) {
      const size_t begin = (bytes.size() - 1) / kSectorBytes * kSectorBytes;
      if (std::memcmp(bytes.data() + begin, kZeros, bytes.size() - begin) != 0) break;
      bytes = bytes.first(begin);
    }
    return uint64_t{bytes.size()};
  }

 private:
  Operation Make(OperationKind kind, uint64_t offset) const {
    Operation operation;
    operation.kind = kind;
    operation.inode = inode_;
    operation.path = path_;
    operation.offset = offset;
    return operation;
  }
  Status Do(Operation operation) {
    if (!writable_ && operation.kind != OperationKind::kSync) {
      return {Code::kIo, "cannot write " + path_ + ": opened for reading"};
    }
    const std::lock_guard<std::mutex> lock(files_->mutex_);
    return files_->Do(std::move(operation));
  }

  MemoryFileSystem* files_;
  uint64_t inode_;
  std::string path_;
  bool writable_;
  Status sync_failure_;
};

class MemoryLock : public FileLock {
 public:
  MemoryLock(MemoryFileSystem* files, std::string path) : files_(files), path_(std::move(path)) {}
  ~MemoryLock() override {
    const std::lock_guard<std::mutex> lock(files_->mutex_);
    files_->locks_.erase(path_);
  }
  MemoryLock(const MemoryLock&) = delete;
  MemoryLock& operator=(const MemoryLock&) = delete;

 private:
  MemoryFileSystem* files_;
  std::string path_;
};

namespace {

class MemoryMapping : public Mapping {
 public:
  explicit MemoryMapping(std::shared_ptr<const MemoryContent> content)
      : content_(std::move(content)) {}
  ByteView bytes() const override { return content_->bytes(); }

 private:
  std::shared_ptr<const MemoryContent> content_;
};

std::string Plain(const std::string& path) {
  return path.size() > 0 && path.back() == '/' ? path.substr(0, path.size() - 1) : path;
}

Status NotFound(const std::string& path) { return {Code::kNotFound, "there is no " + path}; }

Operation MakeEntry(OperationKind kind, uint64_t inode, const std::string& path,
                    const std::string& path_to = {}) {
  Operation operation;
  operation.kind = kind;
  operation.inode = inode;
  operation.path = path;
  operation.path_to = path_to;
  return operation;
}

}  // namespace

MemoryFileSystem::MemoryFileSystem(MemoryImage initial, std::vector<Operation> record)
    : initial_(std::move(initial)),
      image_(initial_),
      record_(std::move(record)),
      operation_count_(record_.size()) {
  for (const Operation& operation : record_) image_.Apply(operation);
}

uint64_t MemoryFileSystem::operation_count() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return operation_count_;
}
std::vector<Operation> MemoryFileSystem::record() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return record_;
}
size_t MemoryFileSystem::record_size() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return record_.size();
}
MemoryImage MemoryFileSystem::initial() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return initial_;
}
MemoryImage MemoryFileSystem::image() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return image_;
}
uint64_t MemoryFileSystem::StateHash() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return image_.Hash();
}
void MemoryFileSystem::ForgetRecord() {
  const std::lock_guard<std::mutex> lock(mutex_);
  record_.clear();
  initial_ = image_;
}
void MemoryFileSystem::StopRecording() {
  const std::lock_guard<std::mutex> lock(mutex_);
  recording_ = false;
  record_.clear();
  initial_ = {};
}

void MemoryFileSystem::FailOperation(uint64_t number, FaultKind kind, FaultLength length) {
  const std::lock_guard<std::mutex> lock(mutex_);
  operation_fault_ = {operation_count_ + number, kind, length};
}
void MemoryFileSystem::FailSync(uint64_t number, FaultLength length) {
  const std::lock_guard<std::mutex> lock(mutex_);
  sync_fault_ = {sync_count_ + number, FaultKind::kIoError, length};
}
void MemoryFileSystem::FlipBitOnRead(const std::string& path, uint64_t bit) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto at = image_.entries.find(Plain(path));
  if (at != image_.entries.end()) flipped_bits_[at->second].push_back(bit);
}
void MemoryFileSystem::SetCapacity(uint64_t bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  capacity_ = bytes;
}
void MemoryFileSystem::ClearFaults() {
  const std::lock_guard<std::mutex> lock(mutex_);
  operation_fault_ = {};
  sync_fault_ = {};
  capacity_ = kNever;
  flipped_bits_.clear();
}

Status MemoryFileSystem::Do(Operation operation) {
  const bool is_sync =
      operation.kind == OperationKind::kSync || operation.kind == OperationKind::kSyncDirectory;
  const bool sync_strikes = is_sync && sync_fault_.Strikes(sync_count_);
  if (is_sync) ++sync_count_;
  const bool strikes = operation_fault_.Strikes(operation_count_);
  ++operation_count_;
  if (sync_strikes) return Refuse(operation, sync_fault_);
  if (strikes) return Refuse(operation, operation_fault_);
  if (capacity_ != kNever && image_.ContentBytes() + Growth(operation) > capacity_) {
    return Refuse(operation, {0, FaultKind::kStorageFull, FaultLength::kOnce});
  }
  image_.Apply(operation);
  Record(std::move(operation));
  return Status::Ok();
}

Status MemoryFileSystem::Refuse(const Operation& operation, const Fault& fault) {
  Operation done = operation;
  if (operation.kind == OperationKind::kSync || operation.kind == OperationKind::kSyncDirectory) {
    done.failed = true;
    Record(std::move(done));
  } else if (operation.kind == OperationKind::kWrite && fault.kind == FaultKind::kShortWrite) {
    const std::vector<uint8_t>& bytes = *operation.bytes;
    const auto half = bytes.begin() + static_cast<ptrdiff_t>(bytes.size() / 2);
    done.bytes = std::make_shared<std::vector<uint8_t>>(bytes.begin(), half);
    image_.Apply(done);
    Record(std::move(done));
  }
  if (fault.kind == FaultKind::kStorageFull) {
    return {Code::kStorageFull, "no space left for " + operation.path};
  }
  return {Code::kIo, "input/output error on " + operation.path};
}

void MemoryFileSystem::Record(Operation operation) {
  if (recording_) record_.push_back(std::move(operation));
}

uint64_t MemoryFileSystem::Growth(const Operation& operation) const {
  if (!operation.IsData()) return 0;
  const uint64_t before = image_.contents.at(operation.inode)->bytes().size();
  const uint64_t after =
      operation.offset + (operation.bytes == nullptr ? 0 : operation.bytes->size());
  return after > before ? after - before : 0;
}

StatusOr<uint64_t> MemoryFileSystem::Find(const std::string& path) const {
  const auto at = image_.entries.find(path);
  if (at == image_.entries.end()) return NotFound(path);
  return at->second;
}

Status MemoryFileSystem::CheckFree(const std::string& path) const {
  if (!image_.HasDirectory(ParentOf(path))) return NotFound(ParentOf(path));
  if (image_.entries.count(path) != 0 || image_.HasDirectory(path)) {
    return {Code::kExists, path + " exists"};
  }
  return Status::Ok();
}

std::shared_ptr<const MemoryContent> MemoryFileSystem::Readable(uint64_t inode) const {
  const std::shared_ptr<const MemoryContent> content = image_.contents.at(inode);
  const auto bits = flipped_bits_.find(inode);
  if (bits == flipped_bits_.end()) return content;
  auto flipped = std::make_shared<MemoryContent>(*content);
  for (const uint64_t bit : bits->second) flipped->FlipBit(bit);
  return flipped;
}

StatusOr<std::unique_ptr<File>> MemoryFileSystem::Create(const std::string& path) {
  const std::lock_guard<std::mutex> lock(mutex_);
  HG_RETURN_IF_ERROR(CheckFree(path));
  // Never used before, also not by the image that this began with.
  if (!image_.contents.empty()) {
    next_inode_ = std::max(next_inode_, image_.contents.rbegin()->first + 1);
  }
  const uint64_t inode = next_inode_++;
  HG_RETURN_IF_ERROR(Do(MakeEntry(OperationKind::kCreate, inode, path)));
  return std::unique_ptr<File>(std::make_unique<MemoryFile>(this, inode, path, true));
}

StatusOr<std::unique_ptr<File>> MemoryFileSystem::OpenForWrite(const std::string& path) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const StatusOr<uint64_t> inode = Find(path);
  if (!inode.ok()) return inode.status();
  return std::unique_ptr<File>(std::make_unique<MemoryFile>(this, inode.value(), path, true));
}

StatusOr<std::unique_ptr<File>> MemoryFileSystem::OpenForRead(const std::string& path) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const StatusOr<uint64_t> inode = Find(path);
  if (!inode.ok()) return inode.status();
  return std::unique_ptr<File>(std::make_unique<MemoryFile>(this, inode.value(), path, false));
}

StatusOr<std::shared_ptr<const Mapping>> MemoryFileSystem::Map(const std::string& path) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const StatusOr<uint64_t> inode = Find(path);
  if (!inode.ok()) return inode.status();
  // Shared, not copied: a write after this unshares it, so the mapping never changes.
  return std::shared_ptr<const Mapping>(std::make_shared<MemoryMapping>(Readable(inode.value())));
}

Status MemoryFileSystem::Rename(const std::string& from, const std::string& to) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const StatusOr<uint64_t> inode = Find(from);
  if (!inode.ok()) return inode.status();
  if (!image_.HasDirectory(ParentOf(to))) return NotFound(ParentOf(to));
  if (image_.HasDirectory(to)) return {Code::kIo, "cannot rename to " + to + ": a directory"};
  const StatusOr<uint64_t> replaced = Find(to);
  if (replaced.ok() && replaced.value() == inode.value()) return Status::Ok();  // As POSIX has it.
  return Do(MakeEntry(OperationKind::kRename, inode.value(), from, to));
}

Status MemoryFileSystem::Link(const std::string& existing, const std::string& fresh) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const StatusOr<uint64_t> inode = Find(existing);
  if (!inode.ok()) return inode.status();
  HG_RETURN_IF_ERROR(CheckFree(fresh));
  return Do(MakeEntry(OperationKind::kLink, inode.value(), existing, fresh));
}

Status MemoryFileSystem::Remove(const std::string& path) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const StatusOr<uint64_t> inode = Find(path);
  if (!inode.ok()) return inode.status();
  return Do(MakeEntry(OperationKind::kRemove, inode.value(), path));
}

Status MemoryFileSystem::MakeDirectory(const std::string& path) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::string plain = Plain(path);
  if (image_.HasDirectory(plain)) return Status::Ok();
  HG_RETURN_IF_ERROR(CheckFree(plain));
  return Do(MakeEntry(OperationKind::kMakeDirectory, 0, plain));
}

Status MemoryFileSystem::SyncDirectory(const std::string& path) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::string plain = Plain(path);
  if (!image_.HasDirectory(plain)) return NotFound(plain);
  return Do(MakeEntry(OperationKind::kSyncDirectory, 0, plain));
}

StatusOr<std::vector<std::string>> MemoryFileSystem::List(const std::string& directory) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::string plain = Plain(directory);
  if (!image_.HasDirectory(plain)) return NotFound(plain);
  std::vector<std::string> names;
  const size_t skip = plain.empty() && !directory.starts_with('/') ? 0 : plain.size() + 1;
  for (const auto& [path, inode] : image_.entries) {
    if (ParentOf(path) == plain) names.push_back(path.substr(skip));
  }
  for (const std::string& path : image_.directories) {
    if (ParentOf(path) == plain) names.push_back(path.substr(skip));
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool MemoryFileSystem::Exists(const std::string& path) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::string plain = Plain(path);
  return image_.entries.count(plain) != 0 || image_.HasDirectory(plain);
}

StatusOr<std::unique_ptr<FileLock>> MemoryFileSystem::Lock(const std::string& path) {
  if (!Exists(path)) {
    StatusOr<std::unique_ptr<File>> created = Create(path);
    if (!created.ok()) return created.status();
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!locks_.insert(path).second) {
    return Status(Code::kLocked, path + " is held by pid 0, in this process");
  }
  return std::unique_ptr<FileLock>(std::make_unique<MemoryLock>(this, path));
}

}  // namespace hypergraph

// A file system in front of another one, for tests that hold an operation up, count it, or make
// it fail by what it is done to.
//
// Threads: as the one behind it; the hooks are set before the files are used.
#ifndef HYPERGRAPH_GRAPH_FORWARDING_FILE_SYSTEM_H_
#define HYPERGRAPH_GRAPH_FORWARDING_FILE_SYSTEM_H_

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/platform/file.h"

namespace hypergraph::test {

// Holds up whoever comes by until it is opened; tells when somebody is there.
class Gate {
 public:
  void Pass() {
    std::unique_lock<std::mutex> lock(mutex_);
    reached_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void WaitUntilReached() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return reached_; });
  }
  void Open() {
    const std::lock_guard<std::mutex> lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool reached_ = false, open_ = false;
};

class ForwardingFileSystem : public FileSystem {
 public:
  using Hook = std::function<Status(const std::string& path)>;
  explicit ForwardingFileSystem(FileSystem* behind) : behind_(*behind) {}

  // Called before the operation, which is not done if they fail.
  Hook before_sync, before_sync_directory, before_write, before_link, before_rename_to;

  StatusOr<std::unique_ptr<File>> Create(const std::string& path) override {
    return Wrap(behind_.Create(path), path);
  }
  StatusOr<std::unique_ptr<File>> OpenForWrite(const std::string& path) override {
    return Wrap(behind_.OpenForWrite(path), path);
  }
  StatusOr<std::unique_ptr<File>> OpenForRead(const std::string& path) override {
    return behind_.OpenForRead(path);
  }
  StatusOr<std::shared_ptr<const Mapping>> Map(const std::string& path) override {
    return behind_.Map(path);
  }
  Status Rename(const std::string& from, const std::string& to) override {
    HG_RETURN_IF_ERROR(Ask(before_rename_to, to));
    return behind_.Rename(from, to);
  }
  Status Link(const std::string& existing, const std::string& fresh) override {
    HG_RETURN_IF_ERROR(Ask(before_link, fresh));
    return behind_.Link(existing, fresh);
  }
  Status Remove(const std::string& path) override { return behind_.Remove(path); }
  Status MakeDirectory(const std::string& path) override { return behind_.MakeDirectory(path); }
  Status SyncDirectory(const std::string& path) override {
    HG_RETURN_IF_ERROR(Ask(before_sync_directory, path));
    return behind_.SyncDirectory(path);
  }
  StatusOr<std::vector<std::string>> List(const std::string& directory) override {
    return behind_.List(directory);
  }
  bool Exists(const std::string& path) override { return behind_.Exists(path); }
  StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path) override {
    return behind_.Lock(path);
  }

 private:
  class ForwardingFile : public File {
   public:
    ForwardingFile(ForwardingFileSystem* files, std::unique_ptr<File> behind, std::string path)
        : files_(*files), behind_(std::move(behind)), path_(std::move(path)) {}
    Status WriteAt(uint64_t offset, ByteView bytes) override {
      HG_RETURN_IF_ERROR(Ask(files_.before_write, path_));
      return behind_->WriteAt(offset, bytes);
    }
    Status ReadAt(uint64_t offset, std::span<uint8_t> into, size_t* count_read) override {
      return behind_->ReadAt(offset, into, count_read);
    }
    Status SyncData() override {
      HG_RETURN_IF_ERROR(Ask(files_.before_sync, path_));
      return behind_->SyncData();
    }
    Status Allocate(uint64_t file_bytes) override { return behind_->Allocate(file_bytes); }
    Status Truncate(uint64_t file_bytes) override { return behind_->Truncate(file_bytes); }
    StatusOr<uint64_t> Size() override { return behind_->Size(); }
    StatusOr<uint64_t> DataEnd() override { return behind_->DataEnd(); }

   private:
    ForwardingFileSystem& files_;
    std::unique_ptr<File> behind_;
    const std::string path_;
  };

  static Status Ask(const Hook& hook, const std::string& path) {
    return hook ? hook(path) : Status::Ok();
  }
  StatusOr<std::unique_ptr<File>> Wrap(StatusOr<std::unique_ptr<File>> file,
                                       const std::string& path) {
    if (!file.ok()) return file.status();
    return std::unique_ptr<File>(
        std::make_unique<ForwardingFile>(this, std::move(file).value(), path));
  }

  FileSystem& behind_;
};

}  // namespace hypergraph::test

#endif  // HYPERGRAPH_GRAPH_FORWARDING_FILE_SYSTEM_H_

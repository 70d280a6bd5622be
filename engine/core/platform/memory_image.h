// What a disk holds, as values: files, names, directories, and the operations that change them. The
// file system in memory keeps one; the states after a power failure are made of others.
//
// Threads: one at a time. Copies share contents until one of them writes.
#ifndef HYPERGRAPH_PLATFORM_MEMORY_IMAGE_H_
#define HYPERGRAPH_PLATFORM_MEMORY_IMAGE_H_

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/base/types.h"

namespace hypergraph {

inline constexpr uint64_t kSectorBytes = 512;  // What a disk writes whole or not at all.

// The bytes of a file, at a multiple of 64 in memory as mapped pages are.
class MemoryContent {
 public:
  ByteView bytes() const { return {reinterpret_cast<const uint8_t*>(lines_.data()), bytes_}; }
  void Resize(uint64_t bytes);  // New bytes are zero.
  void Write(uint64_t offset, ByteView bytes);
  void FlipBit(uint64_t bit);

 private:
  struct alignas(64) Line {
    uint8_t bytes[64];
  };
  uint8_t* data() { return reinterpret_cast<uint8_t*>(lines_.data()); }
  std::vector<Line> lines_;
  uint64_t bytes_ = 0;
};

enum class OperationKind : uint8_t {
  kWrite,
  kAllocate,
  kTruncate,
  kSync,
  kCreate,
  kRename,
  kLink,
  kRemove,
  kMakeDirectory,
  kSyncDirectory,
};

struct Operation {
  OperationKind kind = OperationKind::kWrite;
  bool failed = false;  // Of syncs only: other operations that fail are not recorded.
  uint64_t inode = 0;   // 0: of a directory.
  std::string path;
  std::string path_to;  // The new name, of a rename and a link.
  uint64_t offset = 0;  // The new number of bytes, of an allocation and a truncation.
  std::shared_ptr<const std::vector<uint8_t>> bytes;

  bool IsData() const { return kind <= OperationKind::kTruncate; }
  bool IsEntry() const {
    return kind >= OperationKind::kCreate && kind <= OperationKind::kMakeDirectory;
  }
  // The directory whose sync makes a change of names durable.
  std::string Directory() const;
  uint64_t SectorCount() const;  // How many sectors a write touches.
};

std::string ParentOf(const std::string& path);

struct MemoryImage {
  std::map<std::string, uint64_t> entries;  // Path → inode.
  std::map<uint64_t, std::shared_ptr<MemoryContent>> contents;
  std::set<std::string> directories;

  // Each operation can be applied though ones before it were lost.
  void Apply(const Operation& operation);
  // Of a write, only sectors [from, to), counted within the write.
  void ApplySectors(const Operation& write, uint64_t from, uint64_t to);
  // Removes names whose directory is not there.
  void DropOrphans();
  MemoryContent& Writable(uint64_t inode);  // Unshares it.
  bool HasDirectory(const std::string& path) const {
    return path.empty() || directories.count(path) != 0;
  }
  uint64_t ContentBytes() const;
  // Of names and their contents: equal for states that no reader can tell apart.
  uint64_t Hash() const;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_PLATFORM_MEMORY_IMAGE_H_

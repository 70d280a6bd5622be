#include "core/platform/memory_image.h"

#include <algorithm>
#include <cstring>

#include "core/base/hash.h"

namespace hypergraph {

void MemoryContent::Resize(uint64_t bytes) {
  // Bytes past the end are kept zero, so that growing again shows zeros.
  if (bytes < bytes_) std::memset(data() + bytes, 0, bytes_ - bytes);
  lines_.resize((bytes + sizeof(Line) - 1) / sizeof(Line));
  bytes_ = bytes;
}

void MemoryContent::Write(uint64_t offset, ByteView bytes) {
  if (bytes.empty()) return;
  if (offset + bytes.size() > bytes_) Resize(offset + bytes.size());
  std::memcpy(data() + offset, bytes.data(), bytes.size());
}

void MemoryContent::FlipBit(uint64_t bit) {
  if (bit / 8 < bytes_) data()[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
}

std::string ParentOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

std::string Operation::Directory() const {
  if (kind == OperationKind::kSyncDirectory) return path;
  return ParentOf(path_to.empty() ? path : path_to);
}

uint64_t Operation::SectorCount() const {
  if (kind != OperationKind::kWrite || bytes->empty()) return 0;
  return (offset + bytes->size() - 1) / kSectorBytes - offset / kSectorBytes + 1;
}

MemoryContent& MemoryImage::Writable(uint64_t inode) {
  std::shared_ptr<MemoryContent>& content = contents[inode];
  if (content == nullptr) content = std::make_shared<MemoryContent>();
  if (content.use_count() > 1) content = std::make_shared<MemoryContent>(*content);
  return *content;
}

void MemoryImage::ApplySectors(const Operation& write, uint64_t from, uint64_t to) {
  const uint64_t end = write.offset + write.bytes->size();
  const uint64_t base = write.offset / kSectorBytes;
  const uint64_t begin = std::max(write.offset, (base + from) * kSectorBytes);
  const uint64_t stop = std::min(end, (base + to) * kSectorBytes);
  if (begin >= stop) return;
  Writable(write.inode)
      .Write(begin, ByteView(*write.bytes).subspan(begin - write.offset, stop - begin));
}

void MemoryImage::Apply(const Operation& operation) {
  switch (operation.kind) {
    case OperationKind::kWrite:
      Writable(operation.inode).Write(operation.offset, *operation.bytes);
      return;
    case OperationKind::kAllocate: {
      MemoryContent& content = Writable(operation.inode);
      if (content.bytes().size() < operation.offset) content.Resize(operation.offset);
      return;
    }
    case OperationKind::kTruncate:
      Writable(operation.inode).Resize(operation.offset);
      return;
    case OperationKind::kCreate:
      entries[operation.path] = operation.inode;
      if (contents.count(operation.inode) == 0) Writable(operation.inode);
      return;
    case OperationKind::kLink:
      entries[operation.path_to] = operation.inode;
      return;
    case OperationKind::kRename:
    case OperationKind::kRemove: {
      const auto at = entries.find(operation.path);
      if (at != entries.end() && at->second == operation.inode) entries.erase(at);
      if (operation.kind == OperationKind::kRename) entries[operation.path_to] = operation.inode;
      return;
    }
    case OperationKind::kMakeDirectory:
      directories.insert(operation.path);
      return;
    case OperationKind::kSync:
    case OperationKind::kSyncDirectory:
      return;
  }
}

void MemoryImage::DropOrphans() {
  for (auto at = directories.begin(); at != directories.end();) {  // Parents sort before children.
    at = HasDirectory(ParentOf(*at)) ? std::next(at) : directories.erase(at);
  }
  for (auto at = entries.begin(); at != entries.end();) {
    at = HasDirectory(ParentOf(at->first)) ? std::next(at) : entries.erase(at);
  }
}

uint64_t MemoryImage::ContentBytes() const {
  uint64_t bytes = 0;
  for (const auto& [path, inode] : entries) bytes += contents.at(inode)->bytes().size();
  return bytes;
}

uint64_t MemoryImage::Hash() const {
  uint64_t hash = 0;
  for (const std::string& directory : directories) hash = HashText(directory, hash + 1);
  for (const auto& [path, inode] : entries) {
    hash = HashText(path, hash + 2);
    hash = HashBytes(contents.at(inode)->bytes(), hash + 3);
  }
  return hash;
}

}  // namespace hypergraph

// The container of every immutable file: named sections of bytes, each 64 KiB block of them under a
// CRC-32C that is checked on first touch.
//
//   header    64 bytes  magic, format version, kind, file id, its CRC
//   sections            each begins at a multiple of 64; zeros between
//   footer              at a multiple of 64: a CRC u32 for each block of all that is before it (the
//                       header too), the section table, the tail; its CRC covers it all and comes
//                       last
//
// Little-endian throughout. The footer's CRC is what a manifest holds of a file: with it no other
// file can stand in. Everything the footer says is checked against the file's bounds when it opens,
// so that even a forged footer can only lead to a Status.
//
// Threads: a writer belongs to one thread; a SectionFile may be read from any.
#ifndef HYPERGRAPH_STORAGE_SECTION_FILE_H_
#define HYPERGRAPH_STORAGE_SECTION_FILE_H_

#include <atomic>
#include <cassert>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/status.h"
#include "core/platform/file.h"

namespace hypergraph {

enum class FileKind : uint32_t {  // Frozen: stored.
  kSegment = 1,
  kPropertyIndex = 2,
  kDeletions = 3,
  kDictionary = 4,
  kClock = 5,
};

inline constexpr uint32_t kSectionFileVersion = 1;
inline constexpr size_t kSectionAlignment = 64;
inline constexpr size_t kSectionBlockShift = 16;
inline constexpr size_t kSectionBlockBytes = size_t{1} << kSectionBlockShift;
inline constexpr uint32_t kSectionCountMax = 4096;

struct SectionFileInfo {
  uint64_t file_bytes = 0;
  uint32_t footer_crc = 0;
};

struct SectionEntry {
  uint32_t id = 0;
  uint64_t offset = 0;
  uint64_t bytes = 0;
};

// Streams a file out through one buffer of a block. The first failure is kept: what follows does
// nothing and Finish returns it, so that callers need to ask only there.
//
//   writer->Begin(kTimes);
//   writer->Append(…);            // As often as needed.
//   writer->Add(kOffsets, bytes);  // A section at once.
//   Status status = writer->Finish(&info);
class SectionFileWriter {
 public:
  // kExists when the file is there.
  static StatusOr<std::unique_ptr<SectionFileWriter>> Create(FileSystem& files,
                                                             const std::string& path, FileKind kind,
                                                             uint64_t file_id);

  // Ends the section before, if any. Requires: the id is new to this file; ids may come in any
  // order.
  void Begin(uint32_t id);
  // Requires: a section was begun.
  void Append(ByteView bytes);
  template <typename T>
  void AppendArray(std::span<const T> values) {
    static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>);
    Append({reinterpret_cast<const uint8_t*>(values.data()), values.size_bytes()});
  }
  void Add(uint32_t id, ByteView bytes) {
    Begin(id);
    Append(bytes);
  }
  // How many bytes the section that was begun last holds so far.
  uint64_t section_bytes() const { return sections_.empty() ? 0 : sections_.back().bytes; }
  const Status& status() const { return status_; }

  // Writes the footer and syncs the contents. The caller syncs the directory. On failure the file
  // is incomplete and the caller removes it.
  Status Finish(SectionFileInfo* info);

 private:
  SectionFileWriter(std::unique_ptr<File> file, FileKind kind, uint64_t file_id);
  void Write(ByteView bytes);
  void WriteFooter(ByteView footer);
  void Align();
  void FlushBlock();

  std::unique_ptr<File> file_;
  FileKind kind_;
  uint64_t file_id_;
  Status status_;
  std::vector<uint8_t> block_;  // Begins at a multiple of the block's bytes.
  uint64_t flushed_bytes_ = 0;
  std::vector<uint32_t> block_crcs_;
  std::vector<SectionEntry> sections_;
};

class SectionFile {
 public:
  struct Expected {
    FileKind kind = FileKind::kSegment;
    uint64_t file_id = 0;
    SectionFileInfo info;
  };

  // Checks header and footer, no block. `name` is for messages. kCorrupt when the file is not the
  // one expected, kNewerFormat when a later version wrote it.
  static StatusOr<std::unique_ptr<SectionFile>> Open(std::shared_ptr<const Mapping> mapping,
                                                     std::string name, const Expected& expected);
  // The same, with the file's mapping from `files`.
  static StatusOr<std::unique_ptr<SectionFile>> Open(FileSystem& files, const std::string& path,
                                                     const Expected& expected);

  // The section's bytes, NOT verified: readers ask Verified for what they are about to touch.
  // Begins at a multiple of 64 in memory. kCorrupt when the file has no such section.
  Status Section(uint32_t id, ByteView* bytes) const;
  // The same, all verified: for sections that are read whole.
  Status VerifiedSection(uint32_t id, ByteView* bytes) const;
  // The same as an array; kCorrupt when the bytes are no whole number of values.
  template <typename T>
  Status SectionArray(uint32_t id, std::span<const T>* values) const {
    ByteView bytes;
    HG_RETURN_IF_ERROR(Section(id, &bytes));
    if (bytes.size() % sizeof(T) != 0) return Misfit(id, bytes.size());
    *values = {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
    return Status::Ok();
  }
  bool Has(uint32_t id) const { return Find(id) != nullptr; }
  const std::vector<SectionEntry>& sections() const { return sections_; }  // By id.

  // Whether the blocks under these bytes of the file are sound. A bit test a block once they were
  // touched. On false, Fault() says what is wrong. Requires: the bytes lie in sections of this
  // file.
  bool Verified(const uint8_t* begin, size_t bytes) const {
    if (bytes == 0) return true;
    const size_t offset = static_cast<size_t>(begin - base_);
    assert(offset < data_bytes_ && bytes <= data_bytes_ - offset);
    const size_t last = (offset + bytes - 1) >> kSectionBlockShift;
    for (size_t block = offset >> kSectionBlockShift; block <= last; ++block) {
      if ((verified_[block / 64].load(std::memory_order_relaxed) >> (block % 64) & 1) == 0 &&
          !VerifyBlock(block)) {
        return false;
      }
    }
    return true;
  }
  template <typename T>
  bool Verified(std::span<const T> values) const {
    return Verified(reinterpret_cast<const uint8_t*>(values.data()), values.size_bytes());
  }
  // Verified as a Status.
  Status Verify(ByteView bytes) const {
    return Verified(bytes.data(), bytes.size()) ? Status::Ok() : Fault();
  }
  // kCorrupt, naming the file and the block found damaged first; Ok when none was.
  Status Fault() const;
  // Computes every block's checksum anew, also of those touched before.
  Status VerifyAll() const;

  const std::string& name() const { return name_; }
  uint64_t file_bytes() const { return mapping_->bytes().size(); }

 private:
  SectionFile(std::shared_ptr<const Mapping> mapping, std::string name);
  Status CheckHeader(const Expected& expected) const;
  Status ReadFooter(const Expected& expected);
  Status CheckSections() const;
  Status Corrupt(const std::string& what) const;
  Status Misfit(uint32_t id, size_t bytes) const;
  const SectionEntry* Find(uint32_t id) const;
  bool VerifyBlock(size_t block) const;

  std::shared_ptr<const Mapping> mapping_;
  std::string name_;
  const uint8_t* base_ = nullptr;
  size_t data_bytes_ = 0;  // Header and sections; the footer begins here.
  ByteView block_crcs_;
  std::vector<SectionEntry> sections_;
  // One bit a block. Relaxed: the bytes never change, the bit only says that their checksum
  // matched.
  std::unique_ptr<std::atomic<uint64_t>[]> verified_;
  mutable std::mutex fault_mutex_;
  mutable Status fault_;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_STORAGE_SECTION_FILE_H_

// Files with changed contents and right checksums, for tests of what readers make of them.
//
// Threads: none of its own.
#ifndef HYPERGRAPH_INDEX_FORGED_TEST_FILE_H_
#define HYPERGRAPH_INDEX_FORGED_TEST_FILE_H_

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "core/base/crc32c.h"
#include "core/base/random.h"
#include "core/index/segment.h"
#include "core/platform/memory_file_system.h"
#include "core/storage/section_file.h"
#include "test/test.h"

namespace hypergraph::test {

inline constexpr uint64_t kForgedFileId = 7;
inline constexpr uint32_t kForgedMeta = 1;  // The section that describes the others.
inline const std::string kForgedPath = "file";

inline bool IsSoundOrCorrupt(const Status& status) {
  return status.ok() || status.code() == Code::kCorrupt || status.code() == Code::kNewerFormat;
}

inline void CheckRows(const Segment& segment, const std::vector<uint32_t>& rows) {
  for (const uint32_t row : rows) CHECK_LT(row, segment.bounds().row_count);
}

inline std::vector<uint8_t> BytesOf(FileSystem& files) {
  const ByteView bytes = files.Map(kForgedPath).value()->bytes();
  return {bytes.begin(), bytes.end()};
}

// A sound file that is changed and given right checksums again.
class Forger {
 public:
  Forger(std::vector<uint8_t> bytes, FileKind kind, SectionFileInfo info)
      : sound_(std::move(bytes)), bytes_(sound_) {
    MemoryFileSystem files;
    CHECK_OK(files.Create(kForgedPath).value()->WriteAt(0, sound_));
    auto file = SectionFile::Open(files, kForgedPath, {kind, kForgedFileId, info});
    CHECK_OK(file);
    sections_ = (*file)->sections();
  }

  void Reset() { bytes_ = sound_; }

  // Some of a section's bytes, most often at its end or in the section that describes the others.
  void Change(Random* random) {
    const bool of_meta = random->Chance(0.5);
    const SectionEntry& section =
        of_meta ? *std::find_if(sections_.begin(), sections_.end(),
                                [](const SectionEntry& entry) { return entry.id == kForgedMeta; })
                : sections_[random->Below(sections_.size())];
    if (section.bytes == 0) return;
    const uint64_t most = of_meta ? 9 : 64;
    const uint64_t count = std::min(section.bytes, 1 + random->Below(most));
    const bool at_end = !of_meta && random->Chance(0.4);
    const uint64_t room = section.bytes - count;
    const uint64_t place =
        at_end ? room - std::min(room, random->Below(40)) : random->Below(room + 1);
    const uint64_t kind = random->Below(4);
    for (uint64_t i = 0; i < count; ++i) {
      uint8_t& byte = bytes_[section.offset + place + i];
      if (kind == 0) byte = 0xff;
      if (kind == 1) byte = 0;
      if (kind == 2) byte = static_cast<uint8_t>(random->Below(256));
      if (kind == 3) byte = static_cast<uint8_t>(byte + (i == 0 ? 1 : 0));
    }
  }

  // Puts the file there under right checksums.
  SectionFileInfo Write(MemoryFileSystem* files) {
    const uint64_t size = bytes_.size();
    const auto data_bytes = LoadUnaligned<uint64_t>(bytes_.data() + size - 64);
    for (uint64_t block = 0; block * kSectionBlockBytes < data_bytes; ++block) {
      const uint64_t at = block * kSectionBlockBytes;
      Store(data_bytes + block * 4,
            Crc32c(ByteView(bytes_).subspan(at, std::min(kSectionBlockBytes, data_bytes - at))));
    }
    const uint32_t crc = Crc32c(ByteView(bytes_).subspan(data_bytes, size - 4 - data_bytes));
    Store(size - 4, crc);
    if (files->Exists(kForgedPath)) CHECK_OK(files->Remove(kForgedPath));
    CHECK_OK(files->Create(kForgedPath).value()->WriteAt(0, bytes_));
    return {size, crc};
  }

 private:
  void Store(uint64_t at, uint32_t value) { std::memcpy(bytes_.data() + at, &value, sizeof value); }

  std::vector<uint8_t> sound_;
  std::vector<uint8_t> bytes_;
  std::vector<SectionEntry> sections_;
};

}  // namespace hypergraph::test

#endif  // HYPERGRAPH_INDEX_FORGED_TEST_FILE_H_

// Footers with a right checksum and any content: opening and reading must keep inside the file.
#include "core/storage/section_file.h"

#include <cstring>

#include "core/base/crc32c.h"
#include "core/platform/memory_file_system.h"
#include "test/fuzz/support/fuzz.h"

namespace hypergraph::fuzz {
namespace {

class InputMapping : public Mapping {
 public:
  explicit InputMapping(ByteView bytes) { content_.Write(0, bytes); }
  ByteView bytes() const override { return content_.bytes(); }

 private:
  MemoryContent content_;
};

// Sets the checksums that the fuzzer would not guess.
void MendChecksums(std::vector<uint8_t>* bytes, SectionFile::Expected* expected) {
  constexpr size_t kEnds = 64;
  const size_t tail = bytes->size() - kEnds;
  const uint32_t header_crc = Crc32c(ByteView(*bytes).first(kEnds - 4));
  std::memcpy(bytes->data() + kEnds - 4, &header_crc, 4);
  expected->kind = LoadUnaligned<FileKind>(bytes->data() + 12);
  expected->file_id = LoadUnaligned<uint64_t>(bytes->data() + 16);
  const auto data_bytes = LoadUnaligned<uint64_t>(bytes->data() + tail);
  if (data_bytes > tail) return;
  const ByteView footer = ByteView(*bytes).subspan(data_bytes);
  expected->info.footer_crc = Crc32c(footer.first(footer.size() - 4));
  std::memcpy(bytes->data() + bytes->size() - 4, &expected->info.footer_crc, 4);
}

Bytes Seed(uint32_t section_count, size_t section_bytes) {
  MemoryFileSystem files;
  auto file = SectionFileWriter::Create(files, "file", FileKind::kSegment, 7);
  FUZZ_CHECK_OK(file.status());
  for (uint32_t id = 1; id <= section_count; ++id) {
    file.value()->Add(id, Bytes(section_bytes * id, static_cast<uint8_t>(id)));
  }
  SectionFileInfo info;
  FUZZ_CHECK_OK(file.value()->Finish(&info));
  const ByteView bytes = files.Map("file").value()->bytes();
  return {bytes.begin(), bytes.end()};
}

}  // namespace

void RunInput(ByteView input) {
  Bytes bytes(input.begin(), input.end());
  SectionFile::Expected expected;
  expected.info.file_bytes = bytes.size();
  if (bytes.size() >= 128) MendChecksums(&bytes, &expected);
  auto file = SectionFile::Open(std::make_shared<InputMapping>(bytes), "input", expected);
  if (!file.ok()) return;
  uint8_t sum = 0;
  for (const SectionEntry& entry : file.value()->sections()) {
    ByteView section;
    FUZZ_CHECK_OK(file.value()->Section(entry.id, &section));
    for (const uint8_t byte : section) sum ^= byte;
    FUZZ_CHECK(file.value()->Verified(section.data(), section.size()) ||
               !file.value()->Fault().ok());
  }
  __asm__ volatile("" : : "r"(sum));  // Every byte is read, whatever the optimizer thinks.
  (void)file.value()->VerifyAll();
}

std::vector<Bytes> MakeSeeds() {
  return {Seed(0, 0), Seed(1, 10), Seed(3, 100), Seed(9, 65), Seed(2, 70'000)};
}

}  // namespace hypergraph::fuzz

// Footers with a right checksum and any content: opening and reading must keep inside the file.
#include "core/storage/section_file.h"

#include <cstring>

#include "core/base/crc32c.h"
#include "core/platform/memory_image.h"

namespace hypergraph {
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

}  // namespace
}  // namespace hypergraph

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t count) {
  using namespace hypergraph;  // NOLINT: a fuzz target is one function.
  std::vector<uint8_t> bytes(data, data + count);
  SectionFile::Expected expected;
  expected.info.file_bytes = count;
  if (count >= 128) MendChecksums(&bytes, &expected);
  auto file = SectionFile::Open(std::make_shared<InputMapping>(bytes), "input", expected);
  if (!file.ok()) return 0;
  uint8_t sum = 0;
  for (const SectionEntry& entry : file.value()->sections()) {
    ByteView section;
    if (!file.value()->Section(entry.id, &section).ok()) __builtin_trap();
    for (const uint8_t byte : section) sum ^= byte;
    if (!file.value()->Verified(section.data(), section.size()) && file.value()->Fault().ok()) {
      __builtin_trap();
    }
  }
  __asm__ volatile("" : : "r"(sum));  // Every byte is read, whatever the optimizer thinks.
  (void)file.value()->VerifyAll();
  return 0;
}

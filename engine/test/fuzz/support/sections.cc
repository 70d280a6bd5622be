#include "test/fuzz/support/sections.h"

#include <algorithm>

namespace hypergraph::fuzz {

Sections ReadSections(ByteReader* in) {
  Sections sections;
  while (in->remaining() >= 2 * sizeof(uint32_t) && sections.size() < 64) {
    const auto id = in->Get<uint32_t>();
    const auto bytes = in->Get<uint32_t>();
    const ByteView content = in->GetBytes(std::min<uint64_t>(bytes, in->remaining()));
    sections.emplace(id, Bytes(content.begin(), content.end()));
  }
  return sections;
}

void PutSections(const Sections& sections, ByteWriter* out) {
  for (const auto& [id, bytes] : sections) {
    out->Put(id);
    out->Put(static_cast<uint32_t>(bytes.size()));
    out->PutBytes(bytes);
  }
}

SectionFileInfo WriteSections(FileSystem& files, const std::string& path, FileKind kind,
                              uint64_t file_id, const Sections& sections) {
  auto file = SectionFileWriter::Create(files, path, kind, file_id);
  FUZZ_CHECK_OK(file.status());
  for (const auto& [id, bytes] : sections) file.value()->Add(id, bytes);
  SectionFileInfo info;
  FUZZ_CHECK_OK(file.value()->Finish(&info));
  return info;
}

Sections SectionsOf(FileSystem& files, const std::string& path, FileKind kind, uint64_t file_id,
                    const SectionFileInfo& info) {
  SectionFile::Expected expected;
  expected.kind = kind;
  expected.file_id = file_id;
  expected.info = info;
  const auto file = SectionFile::Open(files, path, expected);
  FUZZ_CHECK_OK(file.status());
  Sections sections;
  for (const SectionEntry& entry : file.value()->sections()) {
    ByteView bytes;
    FUZZ_CHECK_OK(file.value()->VerifiedSection(entry.id, &bytes));
    sections.emplace(entry.id, Bytes(bytes.begin(), bytes.end()));
  }
  return sections;
}

}  // namespace hypergraph::fuzz

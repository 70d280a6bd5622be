// Any bytes in the sections of a dictionary's file, under right checksums: refused, or every key
// and number is an answer or an error.
//
//   u32 first number, u32 keys, as the manifest says; then sections (support/sections.h)
#include "core/index/dictionary.h"

#include <algorithm>
#include <string>

#include "test/fuzz/support/ask_all.h"
#include "test/fuzz/support/sections.h"

namespace hypergraph::fuzz {
namespace {

constexpr uint64_t kFileId = 3;
constexpr char kPath[] = "dict";

Bytes Seed(const Dictionary& dictionary, uint32_t first) {
  MemoryFileSystem files;
  DictionaryFileInfo info;
  FUZZ_CHECK_OK(dictionary.WriteFile(files, kPath, kFileId, first, dictionary.end(), &info));
  ByteWriter seed;
  seed.Put(info.first_number);
  seed.Put(info.key_count);
  PutSections(
      SectionsOf(files, kPath, FileKind::kDictionary, kFileId, {info.file_bytes, info.footer_crc}),
      &seed);
  return seed.bytes();
}

void AskAll(const DictionaryFile& file) {
  const uint32_t first = file.info().first_number;
  const uint32_t count = file.info().key_count;
  uint64_t text_bytes = 0;
  std::optional<uint32_t> number;
  for (uint32_t i = 0; i < std::min(count, 300u); ++i) {
    NodeKey key;
    if (!Tolerate(file.KeyOf(first + (i % 2 == 0 ? i : count - 1 - i), &key))) continue;
    for (const char byte : key.text) text_bytes += static_cast<uint8_t>(byte);
    if (Tolerate(file.Find(key, &number)) && number) {
      FUZZ_CHECK(*number >= first && *number - first < count);
    }
  }
  for (uint64_t i = 0; i < 40; ++i) {
    const std::string text = "node " + std::to_string(i);
    for (const NodeKey& key : {NodeKey{false, i * i * i * i, {}}, NodeKey{true, 0, text}}) {
      if (Tolerate(file.Find(key, &number)) && number) {
        FUZZ_CHECK(*number >= first && *number - first < count);
      }
    }
  }
  __asm__ volatile("" : : "r"(text_bytes));  // Every byte is read, whatever the optimizer thinks.
}

}  // namespace

void RunInput(ByteView input) {
  ByteReader in(input);
  DictionaryFileInfo info;
  info.file_id = kFileId;
  info.first_number = in.Get<uint32_t>();
  info.key_count = in.Get<uint32_t>();
  // The manifest's reader refuses others.
  if (info.key_count == 0 || uint64_t{info.first_number} + info.key_count >= kNodeNone) return;
  MemoryFileSystem files;
  files.StopRecording();
  const SectionFileInfo written =
      WriteSections(files, kPath, FileKind::kDictionary, kFileId, ReadSections(&in));
  info.file_bytes = written.file_bytes;
  info.footer_crc = written.footer_crc;
  auto file = DictionaryFile::Open(files, kPath, info);
  if (!file.ok()) return;
  AskAll(**file);
  if (info.key_count <= 4096) (void)Tolerate((*file)->Verify());
}

std::vector<Bytes> MakeSeeds() {
  std::vector<Bytes> seeds;
  for (const uint32_t count : {1u, 30u, 300u}) {
    for (uint64_t form = 0; form < 4; ++form) {
      Dictionary dictionary(form == 3 ? 1 : 0);
      for (uint64_t i = 0; i < count; ++i) {
        const std::string text = "node " + std::to_string(i);
        const bool is_text = form == 3 || (form == 2 && i % 3 != 0);
        const uint64_t integer = form == 1 ? i * i * i * i : 50 + i;
        uint32_t number = 0;
        bool fresh = false;
        FUZZ_CHECK_OK(dictionary.Intern(
            {is_text, is_text ? 0 : integer, is_text ? std::string_view(text) : ""}, &number,
            &fresh));
      }
      seeds.push_back(Seed(dictionary, form == 3 ? 1 : 0));
    }
  }
  return seeds;
}

}  // namespace hypergraph::fuzz

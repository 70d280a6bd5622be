#include "core/storage/manifest_file.h"

#include "core/base/bytes.h"
#include "core/platform/crash_states.h"
#include "test/test.h"

namespace hypergraph {
namespace {

std::string MustRead(FileSystem& files) {
  std::vector<uint8_t> content;
  CHECK_OK(ReadManifest(files, "db", &content));
  return std::string(AsText(content));
}

Code ReadCode(ByteView bytes) {
  MemoryFileSystem files;
  CHECK_OK(files.MakeDirectory("db"));
  CHECK_OK(files.Create("db/MANIFEST").value()->WriteAt(0, bytes));
  std::vector<uint8_t> content;
  return ReadManifest(files, "db", &content).code();
}

std::vector<uint8_t> Stored(std::string_view content) {
  MemoryFileSystem files;
  CHECK_OK(files.MakeDirectory("db"));
  CHECK_OK(ReplaceManifest(files, "db", AsBytes(content)));
  const ByteView bytes = files.Map("db/MANIFEST").value()->bytes();
  return {bytes.begin(), bytes.end()};
}

TEST(A_manifest_reads_back_what_replaced_it_last) {
  MemoryFileSystem files;
  CHECK_OK(files.MakeDirectory("db"));
  std::vector<uint8_t> content;
  CHECK_CODE(ReadManifest(files, "db", &content), Code::kNotFound);
  CHECK_OK(ReplaceManifest(files, "db", AsBytes("one")));
  CHECK_EQ(MustRead(files), "one");
  CHECK_OK(files.Create("db/MANIFEST.tmp"));
  CHECK_OK(ReplaceManifest(files, "db", {}));
  CHECK_EQ(MustRead(files), "");
  CHECK(!files.Exists("db/MANIFEST.tmp"));
}

TEST(A_manifest_with_any_byte_changed_or_missing_is_corrupt) {
  const std::vector<uint8_t> whole = Stored("the state of a database");
  CHECK(ReadCode(whole) == Code::kOk);
  for (size_t at = 0; at < whole.size(); ++at) {
    std::vector<uint8_t> bytes = whole;
    bytes[at] ^= 0x10;
    CHECK(ReadCode(bytes) == Code::kCorrupt);
    bytes = whole;
    bytes.resize(at);
    CHECK(ReadCode(bytes) == (at < 8 ? Code::kNotADatabase : Code::kCorrupt));
  }
  std::vector<uint8_t> longer = whole;
  longer.push_back(0);
  CHECK(ReadCode(longer) == Code::kCorrupt);
}

TEST(A_foreign_file_and_a_later_version_are_told_from_damage) {
  CHECK(ReadCode(AsBytes("MANIFEST-000001\n")) == Code::kNotADatabase);
  CHECK(ReadCode(AsBytes(std::string(1000, 'x'))) == Code::kNotADatabase);
  std::vector<uint8_t> bytes = Stored("x");
  bytes[8] = 2;
  bytes[12] = static_cast<uint8_t>(~2);
  CHECK(ReadCode(bytes) == Code::kNewerFormat);
}

TEST(A_full_disk_leaves_the_old_manifest) {
  MemoryFileSystem files;
  CHECK_OK(files.MakeDirectory("db"));
  CHECK_OK(ReplaceManifest(files, "db", AsBytes("old")));
  files.SetCapacity(50);
  CHECK_CODE(ReplaceManifest(files, "db", AsBytes("new, and larger")), Code::kStorageFull);
  CHECK_EQ(MustRead(files), "old");
  CHECK(!files.Exists("db/MANIFEST.tmp"));
  files.ClearFaults();
  CHECK_OK(ReplaceManifest(files, "db", AsBytes("new, and larger")));
  CHECK_EQ(MustRead(files), "new, and larger");
}

TEST(Every_crash_of_a_replacement_leaves_the_old_or_the_new_manifest) {
  MemoryFileSystem files;
  CHECK_OK(files.MakeDirectory("db"));
  CHECK_OK(ReplaceManifest(files, "db", AsBytes(std::string(1500, 'a'))));
  files.ForgetRecord();
  CHECK_OK(ReplaceManifest(files, "db", AsBytes(std::string(1500, 'b'))));
  const size_t first = files.record_size();
  CHECK_OK(ReplaceManifest(files, "db", AsBytes(std::string(1500, 'c'))));
  CrashStates states(files);
  for (size_t point = 0; point < states.point_count(); ++point) {
    for (const CrashVariant variant : states.Variants(point, 40, test::Seed())) {
      const char found = MustRead(*states.Materialize(point, variant))[0];
      const bool replacing_first = point < first;
      CHECK(found == (replacing_first ? 'a' : 'b') || found == (replacing_first ? 'b' : 'c'));
      if (point == states.point_count() - 1) CHECK_EQ(found, 'c');
    }
  }
}

}  // namespace
}  // namespace hypergraph

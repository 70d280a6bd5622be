// Any bytes as a MANIFEST's content: refused, or read to the last byte. What is read opens the
// database, or says why not; once open it can be read.
#include "core/graph/database_files.h"
#include "core/graph/manifest_state.h"
#include "core/storage/manifest_file.h"
#include "test/fuzz/support/ask_all.h"
#include "test/fuzz/support/small_database.h"

namespace hypergraph::fuzz {
namespace {

constexpr size_t kKeysAt = 4;  // The database's id and its cursor key, random in each process.
constexpr size_t kKeysBytes = 32;

Bytes SmallManifest() {
  MemoryFileSystem files(SmallImage());
  Bytes content;
  FUZZ_CHECK_OK(ReadManifest(files, kPath, &content));
  return content;
}

void ReadAll(Database* database) {
  std::shared_ptr<const Snapshot> snapshot;
  if (!database->Read(&snapshot).ok()) return;
  for (const auto& [table, view] : *snapshot->tables) {
    for (const auto& source : view.sources) AskAll(*source, 6, 24);
  }
  CheckReport report;
  (void)database->Check(&report);
}

}  // namespace

void RunInput(ByteView input) {
  static const Bytes original = SmallManifest();
  Bytes content(input.begin(), input.end());
  if (content.size() >= kKeysAt + kKeysBytes) {
    std::copy_n(original.begin() + kKeysAt, kKeysBytes, content.begin() + kKeysAt);
  }
  ManifestState state;
  if (!DecodeManifest(content, &state).ok()) return;
  Bytes again;
  EncodeManifest(state, &again);
  FUZZ_CHECK(again == content);
  MemoryFileSystem files(SmallImage());
  files.StopRecording();
  FixedClock clock;
  FUZZ_CHECK_OK(ReplaceManifest(files, kPath, content));
  std::unique_ptr<Database> database;
  if (!Database::Open(kPath, SmallOptions(&files, &clock), &database).ok()) return;
  ReadAll(database.get());
  (void)database->Flush();
}

std::vector<Bytes> MakeSeeds() {
  ManifestState state;
  FUZZ_CHECK_OK(DecodeManifest(SmallManifest(), &state));
  state.obsolete.push_back({SegmentName(1)});
  Bytes with_obsolete;
  EncodeManifest(state, &with_obsolete);
  ManifestState empty;
  empty.schema = MakeEmptySchema();
  Bytes of_nothing;
  EncodeManifest(empty, &of_nothing);
  return {SmallManifest(), with_obsolete, of_nothing};
}

}  // namespace hypergraph::fuzz

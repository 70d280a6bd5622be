#include "core/platform/crash_states.h"

#include "core/base/bytes.h"
#include "test/test.h"

namespace hypergraph {
namespace {

std::unique_ptr<File> MustCreate(FileSystem& files, const std::string& path) {
  StatusOr<std::unique_ptr<File>> file = files.Create(path);
  CHECK_OK(file);
  return std::move(file).value();
}

// Contents by name, or "-" where there is no such file.
std::string Look(FileSystem& files, const std::string& path) {
  if (!files.Exists(path)) return "-";
  return std::string(AsText(files.Map(path).value()->bytes()));
}

std::set<std::string> Outcomes(const MemoryFileSystem& files, size_t point,
                               const std::vector<std::string>& paths) {
  CrashStates states(files);
  std::set<std::string> outcomes;
  for (const CrashVariant variant : states.Variants(point, 50, test::Seed())) {
    const std::unique_ptr<MemoryFileSystem> after = states.Materialize(point, variant);
    std::string outcome;
    for (const std::string& path : paths) outcome += Look(*after, path) + "|";
    outcomes.insert(outcome);
  }
  return outcomes;
}

TEST(What_was_synced_with_its_name_survives_every_crash) {
  MemoryFileSystem files;
  std::unique_ptr<File> file = MustCreate(files, "a");
  CHECK_OK(file->WriteAt(0, AsBytes("kept")));
  CHECK_OK(file->SyncData());
  CHECK_OK(files.SyncDirectory(""));
  CHECK_EQ(Outcomes(files, 4, {"a"}), (std::set<std::string>{"kept|"}));
  CHECK_OK(file->WriteAt(4, AsBytes("!")));
  CHECK_EQ(Outcomes(files, 5, {"a"}), (std::set<std::string>{"kept|", "kept!|"}));
}

TEST(Without_the_directorys_sync_the_name_may_be_lost_and_without_the_files_its_contents) {
  MemoryFileSystem files;
  std::unique_ptr<File> file = MustCreate(files, "a");
  CHECK_OK(file->WriteAt(0, AsBytes("x")));
  CHECK_EQ(Outcomes(files, 2, {"a"}), (std::set<std::string>{"-|", "|", "x|"}));
  CHECK_OK(file->SyncData());
  CHECK_EQ(Outcomes(files, 3, {"a"}), (std::set<std::string>{"-|", "x|"}));
}

TEST(A_rename_before_its_contents_are_synced_may_leave_an_empty_file) {
  MemoryFileSystem files;
  std::unique_ptr<File> old = MustCreate(files, "m");
  CHECK_OK(old->WriteAt(0, AsBytes("old")));
  CHECK_OK(old->SyncData());
  CHECK_OK(files.SyncDirectory(""));
  files.ForgetRecord();
  std::unique_ptr<File> fresh = MustCreate(files, "m.tmp");
  CHECK_OK(fresh->WriteAt(0, AsBytes("new")));
  CHECK_OK(files.Rename("m.tmp", "m"));
  CHECK(Outcomes(files, 3, {"m"}).count("|") != 0);

  MemoryFileSystem careful(files.initial());
  fresh = MustCreate(careful, "m.tmp");
  CHECK_OK(fresh->WriteAt(0, AsBytes("new")));
  CHECK_OK(fresh->SyncData());
  CHECK_OK(careful.Rename("m.tmp", "m"));
  CHECK_EQ(Outcomes(careful, 4, {"m"}), (std::set<std::string>{"old|", "new|"}));
  CHECK_OK(careful.SyncDirectory(""));
  CHECK_EQ(Outcomes(careful, 5, {"m", "m.tmp"}), (std::set<std::string>{"new|-|"}));
}

TEST(A_write_tears_at_every_sector_and_later_ones_may_survive_earlier) {
  MemoryFileSystem files;
  std::unique_ptr<File> file = MustCreate(files, "a");
  CHECK_OK(file->Allocate(1024));
  CHECK_OK(file->SyncData());
  CHECK_OK(files.SyncDirectory(""));
  CHECK_OK(file->WriteAt(500, AsBytes(std::string(24, 'x'))));
  const std::string zeros(1024, '\0');
  std::set<std::string> expected;
  for (int kept = 0; kept < 4; ++kept) {
    std::string text = zeros;
    if ((kept & 1) != 0) text.replace(500, 12, 12, 'x');
    if ((kept & 2) != 0) text.replace(512, 12, 12, 'x');
    expected.insert(text + "|");
  }
  CHECK(Outcomes(files, 5, {"a"}) == expected);
}

TEST(After_a_failed_sync_nothing_makes_the_bytes_sure_again) {
  MemoryFileSystem files;
  std::unique_ptr<File> file = MustCreate(files, "a");
  CHECK_OK(files.SyncDirectory(""));
  CHECK_OK(file->WriteAt(0, AsBytes("x")));
  files.FailSync(0, FaultLength::kOnce);
  CHECK_CODE(file->SyncData(), Code::kIo);
  CHECK_OK(files.OpenForWrite("a").value()->SyncData());
  CHECK_EQ(Outcomes(files, files.record_size(), {"a"}), (std::set<std::string>{"|", "x|"}));
}

TEST(A_directory_that_was_lost_takes_its_files_along) {
  MemoryFileSystem files;
  CHECK_OK(files.MakeDirectory("d"));
  MustCreate(files, "d/a");
  CHECK_OK(files.SyncDirectory("d"));
  CHECK_EQ(Outcomes(files, 3, {"d/a"}), (std::set<std::string>{"-|", "|"}));
  CHECK_OK(files.SyncDirectory(""));
  CHECK_EQ(Outcomes(files, 4, {"d/a"}), (std::set<std::string>{"|"}));
}

TEST(A_state_hashes_by_what_readers_can_see) {
  MemoryFileSystem a;
  MemoryFileSystem b;
  MustCreate(a, "x");
  MustCreate(b, "y");
  CHECK_NE(a.StateHash(), b.StateHash());
  CHECK_OK(b.Rename("y", "x"));
  CHECK_EQ(a.StateHash(), b.StateHash());
  CHECK_OK(a.OpenForWrite("x").value()->WriteAt(0, AsBytes("1")));
  CHECK_NE(a.StateHash(), b.StateHash());
}

TEST(A_crashed_state_can_be_written_on_and_crash_again) {
  MemoryFileSystem files;
  CHECK_OK(MustCreate(files, "a")->WriteAt(0, AsBytes("x")));
  CrashStates states(files);
  const std::unique_ptr<MemoryFileSystem> after = states.Materialize(2, {CrashKind::kKeepAll, 0});
  std::unique_ptr<File> fresh = MustCreate(*after, "b");
  CHECK_OK(fresh->WriteAt(0, AsBytes("y")));
  CHECK_EQ(Look(*after, "a"), "x");
  CHECK_EQ(Outcomes(*after, 2, {"a", "b"}), (std::set<std::string>{"x|-|", "x||", "x|y|"}));
}

TEST(What_a_killed_process_had_not_synced_may_be_lost_after_the_next_one_read_it) {
  MemoryFileSystem files;
  CHECK_OK(MustCreate(files, "a")->WriteAt(0, AsBytes("x")));
  std::vector<Operation> record = files.record();
  record.pop_back();
  MemoryFileSystem next(files.initial(), record);
  CHECK_EQ(Look(next, "a"), "");
  CHECK_EQ(Outcomes(next, 1, {"a"}), (std::set<std::string>{"-|", "|"}));
  CHECK_OK(next.OpenForWrite("a").value()->SyncData());
  CHECK_EQ(next.record_size(), 2u);
  CHECK_EQ(Outcomes(next, 2, {"a"}), (std::set<std::string>{"-|", "|"}));
  CHECK_OK(next.SyncDirectory(""));
  CHECK_EQ(Outcomes(next, 3, {"a"}), (std::set<std::string>{"|"}));
}

}  // namespace
}  // namespace hypergraph

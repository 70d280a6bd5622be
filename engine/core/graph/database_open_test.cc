// What opening refuses, and processes beside each other.
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <thread>

#include "core/graph/database_files.h"
#include "core/graph/database_test.h"
#include "core/graph/forwarding_file_system.h"
#include "core/storage/manifest_file.h"

namespace hypergraph::test {
namespace {

struct Fixture {
  MemoryFileSystem files;
  StandingClock clock;
  OpenOptions options = TestOptions(&files, &clock);

  void WriteFile(const std::string& path, const std::string& text) {
    auto file = files.Create(path);
    CHECK_OK(file);
    CHECK_OK((*file)->WriteAt(0, {reinterpret_cast<const uint8_t*>(text.data()), text.size()}));
  }
  void Overwrite(const std::string& path, uint64_t offset, const std::vector<uint8_t>& bytes) {
    auto file = files.OpenForWrite(path);
    CHECK_OK(file);
    CHECK_OK((*file)->WriteAt(offset, bytes));
  }
  Status Open(const std::string& path = kTestPath) {
    std::unique_ptr<Database> database;
    return Database::Open(path, options, &database);
  }
};

TEST(A_directory_that_is_no_database_is_refused_and_left_as_it_was) {
  Fixture f;
  f.options.create_if_missing = false;
  CHECK_CODE(f.Open(), Code::kNotFound);
  CHECK(!f.files.Exists(kTestPath));
  CHECK_OK(f.files.MakeDirectory(kTestPath));
  CHECK_CODE(f.Open(), Code::kNotADatabase);
  CHECK(NamesIn(f.files).empty());
  f.options.read_only = true;
  CHECK_CODE(f.Open(), Code::kNotADatabase);
  CHECK_CODE(f.Open("nowhere"), Code::kNotFound);
  f.options.read_only = false;
  f.options.create_if_missing = true;
  f.WriteFile("db/notes.txt", "mine");
  CHECK_CODE(f.Open(), Code::kNotADatabase);
  CHECK_EQ(NamesIn(f.files), std::vector<std::string>{"notes.txt"});
  CHECK_OK(f.files.Remove("db/notes.txt"));
  f.WriteFile("db/notes.tmp", "mine");
  CHECK_CODE(f.Open(), Code::kNotADatabase);
  f.WriteFile("file", "not a directory");
  CHECK(!f.Open("file").ok());
}

TEST(A_file_in_place_of_the_directory_is_refused) {
  const TempDirectory directory;
  const std::string path = directory.path() + "/file";
  CHECK_OK(PosixFileSystem().Create(path));
  std::unique_ptr<Database> database;
  OpenOptions options;
  for (const bool read_only : {false, true}) {
    options.read_only = read_only;
    const Status status = Database::Open(path, options, &database);
    CHECK_CODE(status, Code::kNotADatabase);
    CHECK(status.message().find(path) != std::string::npos);
  }
}

TEST(A_damaged_or_foreign_or_newer_or_missing_MANIFEST_is_told_apart) {
  const auto opened_with = [](const std::function<void(Fixture&)>& change) {
    Fixture f;
    auto database = OpenTest(f.options);
    CreateTestTable(database.get());
    InsertOne(database.get(), 1, 1);
    database.reset();
    change(f);
    return f.Open();
  };
  CHECK_OK(opened_with([](Fixture&) {}));
  CHECK_CODE(opened_with([](Fixture& f) { f.Overwrite("db/MANIFEST", 40, {0xff}); }),
             Code::kCorrupt);
  CHECK_CODE(opened_with([](Fixture& f) {
               f.Overwrite("db/MANIFEST", 0, {'S', 'Q', 'L'});
             }),
             Code::kCorrupt);
  const Status foreign = opened_with([](Fixture& f) {
    CHECK_OK(f.files.Remove("db/MANIFEST"));
    f.WriteFile("db/MANIFEST", "another program's manifest, of more than 32 bytes");
  });
  CHECK_CODE(foreign, Code::kNotADatabase);
  const Status newer = opened_with([](Fixture& f) {
    f.Overwrite("db/MANIFEST", 8, {2, 0, 0, 0, 0xfd, 0xff, 0xff, 0xff});
  });
  CHECK_CODE(newer, Code::kNewerFormat);
  const Status missing = opened_with([](Fixture& f) { CHECK_OK(f.files.Remove("db/MANIFEST")); });
  CHECK_CODE(missing, Code::kCorrupt);
}

// The chains of what was in the log are made by a thread while the questions come.
TEST(A_log_just_read_is_found_by_node_at_once_and_goes_on) {
  const TempDirectory directory;
  const std::string path = directory.path() + "/db";
  constexpr int64_t kCommits = 300;
  constexpr Micros kNodes = 7;
  OpenOptions options;
  options.background = false;
  auto database = OpenTest(options, path);
  CreateTestTable(database.get());
  for (int64_t i = 0; i < kCommits; ++i) {
    InsertOne(database.get(), i % kNodes, i, Durability::kOs);
  }
  database.reset();
  options.background = true;
  for (int64_t round = 0; round < 20; ++round) {
    database = OpenTest(options, path);
    InsertOne(database.get(), round % kNodes, kCommits + round, Durability::kOs);
    const auto snapshot = ReadTest(database.get());
    const auto& sources = snapshot->tables->at(kTestTable).sources;
    size_t found = 0;
    for (Micros node = 0; node < kNodes; ++node) {
      std::optional<uint32_t> number;
      CHECK_OK(snapshot->nodes->Find({false, static_cast<uint64_t>(node), {}}, &number));
      std::vector<uint32_t> rows;
      for (const auto& source : sources) {
        const size_t before = rows.size();
        CHECK_OK(source->RowsOfNode(*number, TimeWindow{node, node + 1}, &rows));
        CHECK_LE(rows.size() - before, source->Degree(*number));
      }
      found += rows.size();
    }
    CHECK_EQ(found, static_cast<size_t>(kCommits + round + 1));
    database.reset();
  }
}

TEST(A_long_log_is_read_whole_and_a_snapshot_of_it_outlives_a_flush) {
  Fixture f;
  auto database = OpenTest(f.options);
  CreateTestTable(database.get());
  for (int64_t commit = 0; commit < 150; ++commit) {
    std::vector<BatchRow> rows(100);
    for (uint64_t i = 0; i < rows.size(); ++i) {
      rows[i].EventTs(commit).Member(i).Member(i + 7, "role").Set(0, commit);
    }
    BatchWriter batch;
    batch.Insert(kTestTable, rows);
    CommitTest(database.get(), batch.Finish(), Durability::kOs);
  }
  const auto rows = RowsNow(database.get());
  MemoryFileSystem left(f.files.image());  // As by a kill.
  OpenOptions options = f.options;
  options.files = &left;
  options.background = true;
  options.pages = std::make_shared<PageReserve>();
  std::thread beside([&] { Database::MakePages(kTestPath, options); });
  auto opened = OpenTest(options);
  beside.join();
  const auto snapshot = ReadTest(opened.get());
  CHECK(VisibleRows(*snapshot) == rows);
  InsertOne(opened.get(), 1, 1);
  CHECK_OK(opened->Flush());
  CHECK(VisibleRows(*snapshot) == rows);
  CHECK_EQ(RowsNow(opened.get()).size(), rows.size() + 1);
}

TEST(Pages_are_made_for_the_logs_of_a_database_alone) {
  constexpr size_t kBytes = 64 << 10;
  MemoryFileSystem files;
  CHECK_OK(files.MakeDirectory(kTestPath));
  OpenOptions options;
  options.files = &files;
  const auto makes_pages = [&](const std::string& path) {
    options.pages = std::make_shared<PageReserve>();
    Database::MakePages(path, options);
    uint8_t* const taken = options.pages->Take(kBytes);
    if (taken != nullptr) munmap(taken, kBytes);
    return taken != nullptr;
  };
  CHECK(!makes_pages("missing"));
  auto log = files.Create(JoinPath(kTestPath, LogName(1)));
  CHECK_OK((*log)->WriteAt(0, AsBytes(std::string(4 * kBytes, 'a'))));
  CHECK(!makes_pages(kTestPath));
  CHECK(files.Create(JoinPath(kTestPath, "MANIFEST")).ok());
  CHECK(makes_pages(kTestPath));
  CHECK(!makes_pages(JoinPath(kTestPath, "MANIFEST")));
}

TEST(A_file_that_the_MANIFEST_names_must_be_there) {
  Fixture f;
  auto database = OpenTest(f.options);
  CreateTestTable(database.get());
  InsertOne(database.get(), 1, 1);
  CHECK_OK(database->Flush());
  database.reset();
  for (const std::string& name : NamesIn(f.files)) {
    if (name.ends_with(".hg") || name.ends_with(".log")) {
      Fixture g;
      g.files.~MemoryFileSystem();
      new (&g.files) MemoryFileSystem(f.files.image());
      CHECK_OK(g.files.Remove("db/" + name));
      const Status status = g.Open();
      CHECK_CODE(status, Code::kCorrupt);
      CHECK(status.message().find(name) != std::string::npos);
    }
  }
}

TEST(Files_of_nobody_are_listed_and_stay_and_their_ids_are_not_used) {
  Fixture f;
  OpenTest(f.options).reset();
  f.WriteFile("db/" + SegmentName(40), "left by a crash");
  f.WriteFile("db/other", "of a person");
  auto database = OpenTest(f.options);
  CHECK_EQ(database->open_report().unknown_files,
           (std::vector<std::string>{"other", SegmentName(40)}));
  CreateTestTable(database.get());
  InsertOne(database.get(), 1, 1);
  CHECK_OK(database->Flush());
  CHECK(f.files.Exists("db/" + SegmentName(41)));
  CHECK(f.files.Exists("db/other"));
}

// Opens in a process of its own and prints nothing: 0 if it could, else the code.
int CodeInAnotherProcess(const std::string& path, bool read_only) {
  const pid_t child = fork();
  if (child == 0) {
    OpenOptions options;
    options.background = false;
    options.read_only = read_only;
    std::unique_ptr<Database> database;
    const Status status = Database::Open(path, options, &database);
    const std::string holder = "pid " + std::to_string(getppid()) + ",";
    const bool named = status.message().find(holder) != std::string::npos &&
                       status.message().find("host ") != std::string::npos;
    _exit(status.code() == Code::kLocked && !named ? 99 : static_cast<int>(status.code()));
  }
  int status = 0;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK(WIFEXITED(status));
  return WEXITSTATUS(status);
}

TEST(One_process_writes_and_the_refusal_names_it_while_others_read) {
  const TempDirectory directory;
  const std::string path = directory.path() + "/db";
  OpenOptions options;
  options.background = false;
  auto database = OpenTest(options, path);
  CreateTestTable(database.get());
  std::unique_ptr<Database> second;
  CHECK_CODE(Database::Open(path, options, &second), Code::kLocked);
  CHECK_EQ(CodeInAnotherProcess(path, false), static_cast<int>(Code::kLocked));
  CHECK_EQ(CodeInAnotherProcess(path, true), 0);
  RepairReport repaired;
  CHECK_CODE(RepairDatabase(PosixFileSystem(), path, &repaired), Code::kLocked);
  database.reset();
  CHECK_EQ(CodeInAnotherProcess(path, false), 0);
}

TEST(A_database_at_a_relative_path_makes_its_name_sure_or_does_not_open) {
  const TempDirectory directory;
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(directory.path());
  ForwardingFileSystem files(&PosixFileSystem());
  files.before_sync_directory = [](const std::string& path) {
    return path == "." ? Status(Code::kIo, "as the test wants it") : Status::Ok();
  };
  OpenOptions options;
  options.background = false;
  options.files = &files;
  std::unique_ptr<Database> database;
  CHECK_CODE(Database::Open("graph.db", options, &database), Code::kIo);
  files.before_sync_directory = nullptr;
  CHECK_OK(Database::Open("graph.db", options, &database));
  database.reset();
  std::filesystem::current_path(before);
}

TEST(The_lock_of_a_dead_process_holds_nobody_up_and_its_commits_are_there) {
  const TempDirectory directory;
  const std::string path = directory.path() + "/db";
  const pid_t child = fork();
  if (child == 0) {
    OpenOptions options;
    options.background = false;
    std::unique_ptr<Database> database;
    BatchWriter batch;
    batch.CreateTable("events", {{"size", PropertyType::kInt64}}, {}, {});
    batch.Insert(kTestTable, {BatchRow(5).Member(1).Set(0, int64_t{7})});
    if (!Database::Open(path, options, &database).ok()) _exit(1);
    if (!database->Commit(batch.Finish(), Durability::kOs, nullptr).ok()) _exit(2);
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK(WIFSIGNALED(status));
  OpenOptions options;
  options.background = false;
  auto database = OpenTest(options, path);
  CHECK_EQ(database->open_report().commits_replayed, 1);
  CHECK_EQ(RowsNow(database.get()).size(), 1);
}

TEST(A_reader_follows_the_writer_by_refreshing_and_each_state_is_whole) {
  Fixture f;
  auto writer = OpenTest(f.options);
  CreateTestTable(writer.get());
  InsertOne(writer.get(), 1, 1);
  OpenOptions options = f.options;
  options.read_only = true;
  auto reader = OpenTest(options);
  CHECK_CODE(reader->Commit(BatchWriter().Finish(), Durability::kSync, nullptr), Code::kReadOnly);
  CHECK_CODE(reader->Flush(), Code::kReadOnly);
  CHECK_CODE(reader->Compact(), Code::kReadOnly);
  const uint64_t operations = f.files.operation_count();
  const auto old = ReadTest(reader.get());
  const auto old_rows = VisibleRows(*old);
  CHECK_EQ(old_rows.size(), 1);
  CHECK_OK(reader->Refresh());
  CHECK_EQ(f.files.operation_count(), operations);  // It writes nothing.
  for (int i = 2; i < 40; ++i) {
    InsertOne(writer.get(), i, i);
    if (i % 5 == 0) CHECK_OK(writer->Flush());
    if (i % 11 == 0) CHECK_OK(writer->Compact());
    CHECK_LT(RowsNow(reader.get()).size(), RowsNow(writer.get()).size());
    CHECK_OK(reader->Refresh());
    CHECK(RowsNow(reader.get()) == RowsNow(writer.get()));
    CHECK(VisibleRows(*old) == old_rows);
  }
  writer.reset();
  CHECK_OK(reader->Refresh());
  CHECK_EQ(RowsNow(reader.get()).size(), 39);
}

}  // namespace
}  // namespace hypergraph::test

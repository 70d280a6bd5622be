// Readers, a writer, flushes, merges, backups and a close at the same time: above all for
// ThreadSanitizer, but whoever reads also checks what it sees.
//
// Every commit inserts, reweighs or deletes one whole group of hyperedges, each of which knows how
// many its group has. So a reader that sees a group without all of its rows, or with two weights,
// saw a part of a commit.
//
// THREADS_COMMITS=n makes each test longer than its 120 commits.
#include <thread>

#include "test/threads_world.h"

namespace hypergraph::test {
namespace {

uint64_t CommitCount() { return Setting("THREADS_COMMITS", 120); }

// --- What the other threads do over and over; false: the database is closed.

using Snapshots = std::shared_ptr<const Snapshot>;

// Of the newest commits, all that were acknowledged among them.
bool ReadNewest(World* world, Random* random, Snapshots* snapshot) {
  const Seq acknowledged = world->LastCommit().first;
  Database* const database = world->database();
  if (!world->Passed(random->Chance(0.7) ? database->ReadShared(snapshot)
                                         : database->Read(snapshot))) {
    return false;
  }
  CHECK_LE(acknowledged, (*snapshot)->seq);
  return true;
}

// A snapshot shows the same, whole, however often and by whichever plan it is read.
bool ReadTwice(World* world, Random* random) {
  Snapshots snapshot;
  if (!ReadNewest(world, random, &snapshot)) return false;
  const uint64_t rows = CountWhole(*snapshot);
  const uint64_t node = random->Below(kNodeCount);
  Bytes reached = Ask(*snapshot, ExpandPlanOf(node));
  uint64_t found = 0;
  std::string cursor;
  do {
    const Bytes page = Ask(*snapshot, PagePlan(random->Chance(0.5), ""));
    CHECK_LE(Rows32(page), 64u);
    const Bytes next = Ask(*snapshot, PagePlan(0, cursor));
    found += Rows32(next);
    cursor = AsText(ByteView(next).subspan(LoadUnaligned<uint32_t>(&next[20]),
                                           LoadUnaligned<uint32_t>(&next[24])));
  } while (!cursor.empty());
  CHECK_EQ(found, rows);
  Bytes again = Ask(*snapshot, ExpandPlanOf(node));
  // But for the time that it took and the rows looked at: later ones pass by in a memtable.
  std::fill_n(reached.begin() + 40, 16, uint8_t{0});
  std::fill_n(again.begin() + 40, 16, uint8_t{0});
  CHECK(reached == again);
  CHECK_EQ(CountWhole(*snapshot), rows);
  return true;
}

// A cursor goes on in the state that it began in, on whatever newer snapshot it is used.
bool PageAcross(World* world, Random* random) {
  const auto newest_first = static_cast<uint8_t>(random->Below(2));
  std::string cursor;
  uint64_t found = 0, expected = 0;
  do {
    Snapshots snapshot;
    if (!ReadNewest(world, random, &snapshot)) return false;
    if (cursor.empty()) expected = CountWhole(*snapshot);
    const Bytes page = Ask(*snapshot, PagePlan(newest_first, cursor));
    CHECK_EQ(LoadUnaligned<uint32_t>(&page[28]), 0u);
    found += Rows32(page);
    cursor = AsText(ByteView(page).subspan(LoadUnaligned<uint32_t>(&page[20]),
                                           LoadUnaligned<uint32_t>(&page[24])));
  } while (!cursor.empty());
  CHECK_EQ(found, expected);
  return true;
}

// The past stays as it was acknowledged.
bool ReadPast(World* world, Random* random) {
  const auto [seq, rows] = world->AnyCommit(random);
  Snapshots snapshot;
  if (!world->Passed(world->database()->ReadAsOf(seq, &snapshot))) return false;
  CHECK_EQ(CountWhole(*snapshot), rows);
  Micros instant = 0;
  DatabaseStats stats;
  return world->Passed(world->database()->CommittedAt(seq, &instant)) &&
         world->Passed(world->database()->Stats(&stats));
}

bool Maintain(World* world, Random* random) {
  bool merged = false;
  switch (random->Below(3)) {
    case 0:
      return world->Passed(world->database()->Flush());
    case 1:
      return world->Passed(world->database()->Compact());
    default:
      return world->Passed(world->database()->RunOneMerge(&merged));
  }
}

bool BackUp(World* world, Random*) {
  BackupReport report;
  if (!world->Passed(world->database()->Backup(world->path() + "-backup", &report))) return false;
  CheckReport check;
  if (!world->Passed(world->database()->Check(&check))) return false;
  CHECK_EQ(check.faults, std::vector<std::string>());
  return true;
}

// --- The tests.

void CheckReopened(World* world) {
  const auto [seq, rows] = world->LastCommit();
  Snapshots snapshot;
  CHECK_OK(world->database()->Read(&snapshot));
  // What was not acknowledged may be there, but only whole.
  CHECK_LE(seq, snapshot->seq);
  const uint64_t found = CountWhole(*snapshot);
  CHECK(snapshot->seq > seq || found == rows);
  CheckReport check;
  CHECK_OK(world->database()->Check(&check));
  CHECK_EQ(check.faults, std::vector<std::string>());
  CHECK_OK(world->database()->Close());
}

void RunAll(FileSystem* files, const std::string& path, bool closes_midway) {
  World world(files, path);
  Random random(Seed());
  std::vector<std::thread> threads;
  for (auto* work : {ReadTwice, PageAcross, ReadPast, ReadPast, Maintain, BackUp}) {
    threads.emplace_back([&world, work, seed = random.Next()] {
      Random own(seed);
      // Once more after the writer: also what came last is looked at.
      while (work(&world, &own) && world.Goes()) continue;
    });
  }
  const uint64_t commit_count = CommitCount();
  if (closes_midway) {
    const Seq close_after = 1 + random.Below(commit_count * 3);
    threads.emplace_back([&world, close_after] {
      while (world.LastCommit().first < close_after && world.Goes()) std::this_thread::yield();
      world.Close();
    });
  }
  Writer writer(&world, random.Next());
  writer.Run(commit_count);
  for (std::thread& thread : threads) thread.join();
  if (!closes_midway) CHECK_EQ(CountWhole(*ReadTest(world.database())), world.LastCommit().second);
  CHECK_OK(world.database()->Close());
  world.Open();
  CheckReopened(&world);
}

}  // namespace

TEST(Threads_see_whole_commits_in_memory) {
  MemoryFileSystem files;
  files.StopRecording();
  RunAll(&files, kTestPath, false);
}

TEST(Threads_see_whole_commits_on_the_disk) {
  const TempDirectory directory;
  RunAll(&PosixFileSystem(), directory.path() + "/db", false);
}

TEST(Threads_may_be_busy_when_the_database_closes) {
  for (int round = 0; round < 3; ++round) {
    MemoryFileSystem files;
    files.StopRecording();
    RunAll(&files, kTestPath, true);
  }
  const TempDirectory directory;
  RunAll(&PosixFileSystem(), directory.path() + "/db", true);
}

}  // namespace hypergraph::test

#include "test/crash_check.h"

#include <algorithm>

#include "test/model_dump.h"
#include "test/test.h"

namespace hypergraph::test {
namespace {

constexpr const char* kExtraPrefix = "after_";
const std::string kCheckedPath = "/checked";

bool HasExtra(const Schema& schema) {
  return std::any_of(schema.tables.begin(), schema.tables.end(), [](const auto& table) {
    return table.second->name.starts_with(kExtraPrefix);
  });
}

}  // namespace

std::string DescribeOperations(const MemoryFileSystem& life, size_t point) {
  constexpr const char* kKinds[] = {"write",          "allocate",      "truncate", "sync",
                                    "create",         "rename",        "link",     "remove",
                                    "make directory", "sync directory"};
  std::string text;
  const std::vector<Operation> record = life.record();
  for (size_t i = point < 24 ? 0 : point - 24; i < point; ++i) {
    const Operation& operation = record[i];
    text += "\n  " + std::to_string(i) + " " + kKinds[static_cast<int>(operation.kind)] + " " +
            operation.path + (operation.path_to.empty() ? "" : " to " + operation.path_to) +
            " inode " + std::to_string(operation.inode) + " at " + std::to_string(operation.offset);
    if (operation.bytes != nullptr) text += " bytes " + std::to_string(operation.bytes->size());
  }
  return text;
}

std::string DescribePlace(const CrashPlace& place) {
  std::string text = place.before == nullptr ? "" : DescribePlace(*place.before) + "\nthen ";
  text += std::string(place.what) + " after operation " + std::to_string(place.point) + " of " +
          std::to_string(place.life->record_size()) + ", variant " +
          std::to_string(static_cast<int>(place.variant.kind)) + "/" +
          std::to_string(place.variant.index);
  return text + DescribeOperations(*place.life, place.point);
}

void CrashCheck::Fail(const std::string& what) const {
  test::Fail(__FILE__, __LINE__, what + "\n" + DescribePlace(place_) + "\n" + script_.Describe());
}

void CrashCheck::Require(const Status& status, const char* what) const {
  if (status.ok()) return;
  Fail(std::string(what) + ": code " + std::to_string(static_cast<int>(status.code())) + ", " +
       status.message());
}

Recovered CrashCheck::Open(MemoryFileSystem* files, const Expected& expected,
                           std::unique_ptr<Database>* database) const {
  OpenOptions options = SmallOptions(files, &clock_);
  options.create_if_missing = expected.required == 1 && expected.extra_after == 0;
  Require(Database::Open(kDatabasePath, options, database), "opening");
  Recovered recovered;
  const OpenReport& report = (*database)->open_report();
  recovered.is_damaged = report.damaged_log;
  if (report.damaged_log && !expected.may_be_damaged) {
    Fail("taken for damaged at " + report.damaged_file + ":" +
         std::to_string(report.damage_offset));
  }
  std::shared_ptr<const Snapshot> snapshot;
  Require((*database)->Read(&snapshot), "reading");
  recovered.has_extra = HasExtra(*snapshot->schema);
  const Seq seq = snapshot->seq - (recovered.has_extra ? 1 : 0);
  const ModelCommit* commit = script_.model().CommitOf(seq);
  if (commit == nullptr) Fail("the newest commit is " + std::to_string(seq) + ", which none was");
  recovered.count = static_cast<size_t>(commit - script_.model().commits().data()) + 1;
  if (recovered.count < expected.required) {
    Fail("only " + std::to_string(recovered.count) + " of " + std::to_string(expected.required) +
         " acknowledged states");
  }
  if (recovered.count > expected.attempted) Fail("a commit is there that was never attempted");
  if (recovered.has_extra && recovered.count != expected.extra_after) {
    Fail("the commit after the crash is there on top of " + std::to_string(recovered.count));
  }
  if (expected.extra_required && !recovered.has_extra) Fail("the commit after the crash is lost");
  const std::string difference = Difference(**database, recovered);
  if (!difference.empty()) Fail("at seq " + std::to_string(seq) + ": " + difference);
  if (!recovered.has_extra) CheckPast(**database, recovered.count);
  return recovered;
}

std::string CrashCheck::Difference(Database& database, const Recovered& recovered) const {
  std::shared_ptr<const Snapshot> snapshot;
  Require(database.Read(&snapshot), "reading");
  std::vector<std::string> lines;
  Require(DumpSnapshot(*snapshot, recovered.has_extra ? kExtraPrefix : "", &lines), "reading");
  const std::vector<std::string>& whole = script_.Dump(recovered.count, recovered.count - 1);
  if (!recovered.has_extra) return FirstDifference(lines, whole);
  const std::vector<std::string> expected(whole.begin() + 1, whole.end());  // Without the schema.
  return FirstDifference(lines, expected);
}

void CrashCheck::CheckPast(Database& database, size_t count) const {
  const size_t at = dice_ % count;
  const Seq seq = script_.model().commits()[at].seq;
  std::shared_ptr<const Snapshot> snapshot;
  const Status read = database.ReadAsOf(seq, &snapshot);
  if (read.code() == Code::kGone && script_.MayBeGone(count, at)) return;
  Require(read, "reading the past");
  std::vector<std::string> lines;
  Require(DumpSnapshot(*snapshot, "", &lines), "reading the past");
  const std::string difference = FirstDifference(lines, script_.Dump(count, at));
  if (!difference.empty()) Fail("in the past, at seq " + std::to_string(seq) + ": " + difference);
  if (at == 0) return;
  Micros instant = 0;
  Require(database.CommittedAt(seq, &instant), "asking for an instant");
  if (instant != script_.model().commits()[at].committed_at) {
    Fail("seq " + std::to_string(seq) + " was committed at " + std::to_string(instant));
  }
}

void CrashCheck::CommitExtra(Database* database, const Recovered& recovered) const {
  const ModelCommit& newest = script_.model().commits()[recovered.count - 1];
  const auto extras = static_cast<TableId>(recovered.has_extra ? 1 : 0);
  BatchWriter batch;
  batch.CreateTable(kExtraPrefix + std::to_string(extras))
      .Insert(newest.schema->next_table_id + extras, {BatchRow(1).Member(1).Key("extra")});
  // A key that is taken is still known to be.
  const ModelRecord* keyed = nullptr;
  for (const ModelRecord& record : script_.model().records()) {
    const bool is_live = record.VisibleAt(newest.seq) && !record.key.empty() &&
                         newest.schema->Find(record.table) != nullptr;
    if (is_live) keyed = &record;
  }
  if (keyed != nullptr) batch.Insert(keyed->table, {BatchRow(5).Member(5).Key(keyed->key)});
  CommitReceipt receipt;
  Require(database->Commit(batch.Finish(), Durability::kSync, &receipt), "one more commit");
  if (receipt.seq != newest.seq + 1 + extras) {
    Fail("the next commit is " + std::to_string(receipt.seq));
  }
  if (keyed != nullptr && (receipt.ids.size() != 2 || receipt.ids[1] != keyed->id)) {
    Fail("the key " + keyed->key + " is no longer taken");
  }
}

void CrashCheck::RetryLost(MemoryFileSystem* files, std::unique_ptr<Database> database,
                           size_t count) const {
  const std::vector<ModelCommit>& commits = script_.model().commits();
  const std::vector<uint8_t> batch =
      EncodeBatch(script_.BatchOf(count), *commits[count - 1].schema);
  CommitReceipt receipt;
  Require(database->Commit(batch, Durability::kSync, &receipt), "the lost commit, again");
  MemoryFileSystem after(files->image());
  std::unique_ptr<Database> again;
  Require(Database::Open(kDatabasePath, SmallOptions(&after, &clock_), &again), "opening again");
  std::shared_ptr<const Snapshot> snapshot;
  Require(again->Read(&snapshot), "reading again");
  if (snapshot->seq != commits[count].seq) {
    Fail("after the lost commit was made again, seq " + std::to_string(snapshot->seq));
  }
  const std::string difference = Difference(*again, {count + 1, false, false});
  if (!difference.empty()) Fail("after the lost commit was made again: " + difference);
}

void CrashCheck::GoOn(MemoryFileSystem* files, std::unique_ptr<Database> database,
                      const Recovered& recovered) const {
  const bool has_lost = recovered.count < script_.model().commits().size();
  if (has_lost && !recovered.has_extra && OneOf(3, 0)) {
    return RetryLost(files, std::move(database), recovered.count);
  }
  CommitExtra(database.get(), recovered);
  if (OneOf(8, 1)) Require(database->Flush(), "a flush");
  if (OneOf(8, 2)) Require(database->Compact(), "a compaction");
  if (OneOf(8, 3)) {
    CheckReport report;
    Require(database->Check(&report), "a check");
    if (!report.faults.empty()) Fail("a check found " + report.faults[0]);
  }
  if (OneOf(2, 0)) Require(database->Close(), "closing");
  // As if killed: whatever is in the files is all there is.
  MemoryFileSystem after(files->image());
  std::unique_ptr<Database> again;
  Require(Database::Open(kDatabasePath, SmallOptions(&after, &clock_), &again), "opening again");
  Recovered both = recovered;
  both.has_extra = true;
  const std::string difference = Difference(*again, both);
  if (!difference.empty()) Fail("after one more commit: " + difference);
  std::shared_ptr<const Snapshot> snapshot;
  Require(again->Read(&snapshot), "reading again");
  const Seq newest = script_.model().commits()[recovered.count - 1].seq;
  const Seq expected = newest + (recovered.has_extra ? 2 : 1);
  if (snapshot->seq != expected) {
    Fail("after one more commit, seq " + std::to_string(snapshot->seq));
  }
}

void CrashCheck::CheckCopies(MemoryFileSystem* files) const {
  bool begun = false;
  Seq least = 0, greatest = 0;
  for (const ScriptCopy& backup : script_.backups()) {
    if (backup.begun_at >= place_.point) break;
    begun = true;
    greatest = backup.seq;
    if (backup.done_at <= place_.point) least = backup.seq;
  }
  if (begun) {
    CheckReport report;
    const Status restored = RestoreDatabase(*files, kBackupPath, kCheckedPath, &report);
    if (restored.ok()) {
      CheckCopy(files, kCheckedPath, least, greatest);
    } else if (least != 0) {
      Require(restored, "restoring a finished backup");
    }
  }
  for (const ScriptCopy& copy : script_.restored()) {
    if (copy.begun_at >= place_.point) break;
    const bool there = files->Exists(copy.path + "/MANIFEST");
    if (!there && copy.done_at <= place_.point) Fail(copy.path + " is lost");
    if (!there && least == greatest) {
      CheckReport report;
      Require(RestoreDatabase(*files, kBackupPath, copy.path, &report), "restoring again");
    }
    if (there || least == greatest) CheckCopy(files, copy.path, copy.seq, greatest);
  }
}

void CrashCheck::CheckCopy(MemoryFileSystem* files, const std::string& path, Seq least,
                           Seq greatest) const {
  OpenOptions options = SmallOptions(files, &clock_);
  options.create_if_missing = false;
  std::unique_ptr<Database> database;
  Require(Database::Open(path, options, &database), "opening a copy");
  std::shared_ptr<const Snapshot> snapshot;
  Require(database->Read(&snapshot), "reading a copy");
  const ModelCommit* commit = script_.model().CommitOf(snapshot->seq);
  if (commit == nullptr || snapshot->seq < least || snapshot->seq > greatest) {
    Fail(path + " is of seq " + std::to_string(snapshot->seq));
  }
  std::vector<std::string> lines;
  Require(DumpSnapshot(*snapshot, "", &lines), "reading a copy");
  const auto at = static_cast<size_t>(commit - script_.model().commits().data());
  const std::string difference = FirstDifference(lines, script_.Dump(at + 1, at));
  if (!difference.empty()) Fail(path + ": " + difference);
}

}  // namespace hypergraph::test

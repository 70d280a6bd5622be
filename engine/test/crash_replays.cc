#include "test/crash_replays.h"

#include <algorithm>

#include "core/base/random.h"
#include "core/graph/database_files.h"
#include "test/test.h"

namespace hypergraph::test {
namespace {

constexpr uint64_t kMix = 0x9e3779b97f4a7c15;

// The path of the newest log; empty if there is none.
std::string NewestLog(MemoryFileSystem* files) {
  std::string newest;
  auto names = files->List(kDatabasePath);
  CHECK_OK(names);
  for (const std::string& name : *names) {
    if (ParseName(name).kind == NameKind::kLog) newest = JoinPath(kDatabasePath, name);
  }
  return newest;
}

}  // namespace

void ReplayCounts::Add(const ReplayCounts& more) {
  replays += more.replays;
  distinct += more.distinct;
  life += more.life;
  recovery += more.recovery;
  killed += more.killed;
  repair += more.repair;
  points += more.points;
}

ReplayCounts CrashReplays::Run() {
  ReplayLife();
  for (size_t point = options_.first_point; point <= script_.files().record_size(); ++point) {
    if ((point + options_.seed) % options_.second_one_of == 0) ReplayKilled(point);
  }
  ReplayRepair();
  return counts_;
}

void CrashReplays::EachState(const char* what, const MemoryFileSystem& life, size_t first,
                             uint64_t each_max, const CrashPlace* before, uint64_t* count,
                             const std::function<uint64_t(const CrashPlace&)>& required,
                             const Check& check) {
  CrashStates states(life);
  for (size_t point = first; point < states.point_count(); ++point) {
    ++counts_.points;
    for (const CrashVariant variant : states.Variants(point, each_max, options_.seed)) {
      std::unique_ptr<MemoryFileSystem> files = states.Materialize(point, variant);
      const CrashPlace place{what, &life, point, variant, before};
      ++counts_.replays;
      const uint64_t hash = files->StateHash();
      if (!checked_.insert(hash ^ required(place) * kMix).second) continue;
      if (states_.insert(hash).second) {
        ++counts_.distinct;
        ++*count;
      }
      check(place, std::move(files));
    }
  }
}

Expected CrashReplays::ExpectedAt(size_t point, const CrashVariant& variant) const {
  Expected expected;
  expected.required = script_.Required(point, variant.kind == CrashKind::kKeepAll);
  expected.attempted = script_.Attempted(point);
  return expected;
}

// How many copies are finished.
uint64_t CrashReplays::CopiesAt(size_t point) const {
  uint64_t finished = 0;
  for (const auto* copies : {&script_.backups(), &script_.restored()}) {
    for (const ScriptCopy& copy : *copies) finished += copy.done_at <= point ? 1 : 0;
  }
  return finished;
}

void CrashReplays::ReplayLife() {
  const auto required = [&](const CrashPlace& place) {
    return ExpectedAt(place.point, place.variant).required * 64 + CopiesAt(place.point);
  };
  EachState("a power failure", script_.files(), options_.first_point, options_.each_max, nullptr,
            &counts_.life, required, [&](const CrashPlace& place, auto files) {
              const CrashCheck check(script_, place);
              if (check.OneOf(options_.second_one_of, 0)) ReplayRecovery(place, *files);
              std::unique_ptr<Database> database;
              const Expected expected = ExpectedAt(place.point, place.variant);
              const Recovered recovered = check.Open(files.get(), expected, &database);
              check.GoOn(files.get(), std::move(database), recovered);
              check.CheckCopies(files.get());
            });
}

void CrashReplays::ReplayRecovery(const CrashPlace& before, const MemoryFileSystem& files) {
  MemoryFileSystem life(files.image());
  const Expected expected = ExpectedAt(before.point, before.variant);
  {
    const CrashCheck check(script_, before);
    std::unique_ptr<Database> database;
    (void)check.Open(&life, expected, &database);
    (void)database->Close();
  }
  EachState(
      "a power failure while recovering", life, 0, 2, &before, &counts_.recovery,
      [&](const CrashPlace&) { return expected.required; },
      [&](const CrashPlace& place, auto second) {
        const CrashCheck check(script_, place);
        std::unique_ptr<Database> database;
        const Recovered recovered = check.Open(second.get(), expected, &database);
        if (check.OneOf(4, 0)) check.GoOn(second.get(), std::move(database), recovered);
      });
}

void CrashReplays::ReplayKilled(size_t point) {
  std::vector<Operation> record = script_.files().record();
  record.resize(point);
  MemoryFileSystem life(script_.files().initial(), std::move(record));
  const CrashPlace killed{"the process was killed", &life, point, {}, nullptr};
  Expected expected = ExpectedAt(point, {CrashKind::kKeepAll, 0});
  size_t extra_attempted = 0, extra_done = 0;
  {
    const CrashCheck check(script_, killed);
    std::unique_ptr<Database> database;
    const Recovered recovered = check.Open(&life, expected, &database);
    extra_attempted = life.operation_count();
    check.CommitExtra(database.get(), recovered);
    extra_done = life.operation_count();
    if (check.OneOf(4, 1)) check.Require(database->Flush(), "a flush");
    expected.extra_after = recovered.count;
  }
  expected.required = script_.Required(point, false);
  const auto expected_at = [&](const CrashPlace& place) {
    Expected here = expected;
    here.extra_required = place.point >= extra_done;
    if (place.point <= extra_attempted) here.extra_after = 0;
    if (here.extra_required) here.required = here.attempted = here.extra_after;
    return here;
  };
  EachState(
      "a power failure", life, point, 2, &killed, &counts_.killed,
      [&](const CrashPlace& place) {
        const Expected here = expected_at(place);
        return here.required * 2 + (here.extra_required ? 1 : 0);
      },
      [&](const CrashPlace& place, auto second) {
        const CrashCheck check(script_, place);
        std::unique_ptr<Database> database;
        const Recovered recovered = check.Open(second.get(), expected_at(place), &database);
        if (check.OneOf(4, 0)) check.GoOn(second.get(), std::move(database), recovered);
      });
}

// A bit of the log is inverted where that is damage, not a torn end; then repairs are interrupted.
void CrashReplays::ReplayRepair() {
  MemoryFileSystem life(script_.files().image());
  const std::string log = NewestLog(&life);
  if (log.empty()) return;
  const size_t bytes = life.Map(log).value()->bytes().size();
  Random random(options_.seed);
  const uint64_t at = random.Below(bytes);
  uint8_t byte = 0;
  {
    size_t count = 0;
    const std::unique_ptr<File> file = std::move(life.OpenForWrite(log)).value();
    CHECK_OK(file->ReadAt(at, {&byte, 1}, &count));
    byte ^= static_cast<uint8_t>(1u << random.Below(8));
    CHECK_OK(file->WriteAt(at, {&byte, 1}));
  }
  life.ForgetRecord();
  const CrashPlace damaged{"damage to the log", &life, 0, {}, nullptr};
  Expected expected;
  expected.attempted = script_.model().commits().size();
  expected.may_be_damaged = true;
  RepairReport report;
  {
    MemoryFileSystem copy(life.image());
    const CrashCheck check(script_, damaged);
    std::unique_ptr<Database> database;
    const Recovered recovered = check.Open(&copy, expected, &database);
    if (!recovered.is_damaged) return;
    expected.required = expected.attempted = recovered.count;
    check.Require(RepairDatabase(life, kDatabasePath, &report), "a repair");
    if (report.last_kept != script_.model().commits()[recovered.count - 1].seq) {
      check.Fail("the repair kept seq " + std::to_string(report.last_kept));
    }
  }
  const size_t done = life.record_size();
  EachState(
      "a power failure in a repair", life, 0, options_.each_max, nullptr, &counts_.repair,
      [&](const CrashPlace& place) { return place.point == done ? 1 : 0; },
      [&](const CrashPlace& place, auto files) {
        const CrashCheck check(script_, place);
        Expected here = expected;
        here.may_be_damaged = place.point < done;
        std::unique_ptr<Database> database;
        Recovered recovered = check.Open(files.get(), here, &database);
        if (recovered.is_damaged) {
          database.reset();
          check.Require(RepairDatabase(*files, kDatabasePath, &report), "repairing again");
          here.may_be_damaged = false;
          recovered = check.Open(files.get(), here, &database);
        }
        check.GoOn(files.get(), std::move(database), recovered);
      });
}

}  // namespace hypergraph::test

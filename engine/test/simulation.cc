#include "test/simulation.h"

#include <algorithm>

#include "core/graph/database_files.h"
#include "test/crash_check.h"
#include "test/model_dump.h"
#include "test/test.h"

namespace hypergraph::test {
namespace {

bool IsFault(Code code) {
  return code == Code::kIo || code == Code::kStorageFull || code == Code::kPoisoned;
}

}  // namespace

void SimulationCounts::Add(const SimulationCounts& more) {
  using Counts = SimulationCounts;
  constexpr uint64_t Counts::*kAll[] = {
      &Counts::steps,  &Counts::commits,        &Counts::refused,   &Counts::queries,
      &Counts::faults, &Counts::power_failures, &Counts::snapshots, &Counts::poisoned,
      &Counts::full,   &Counts::flips_detected, &Counts::flips,     &Counts::flips_torn};
  for (const auto member : kAll) this->*member += more.*member;
}

Simulation::Simulation(uint64_t seed, uint64_t steps)
    : seed_(seed),
      steps_(steps),
      generator_(seed, {.schema_chance = 0.08, .clock_start = 1'000'000, .invalid_chance = 0.1}),
      random_(generator_.random()) {
  disks_.push_back(std::make_unique<MemoryFileSystem>());
}

void Simulation::Fail(const std::string& what) const {
  test::Fail(
      __FILE__, __LINE__,
      "simulation of seed " + std::to_string(seed_) + ", step " + std::to_string(counts_.steps) +
          ": " + what + "\nsteps:" + trace_ +
          "\noperations:" + DescribeOperations(*disks_.back(), disks_.back()->record_size()));
}

void Simulation::Note(const std::string& what) {
  constexpr size_t kTraceMax = 1500;
  trace_ += "\n  " + std::to_string(counts_.steps) + " " + what;
  if (trace_.size() > kTraceMax) trace_.erase(0, trace_.find('\n', trace_.size() - kTraceMax));
}

void Simulation::Must(const Status& status, const char* what) const {
  if (status.ok()) return;
  Fail(std::string(what) + ": code " + std::to_string(static_cast<int>(status.code())) + ", " +
       status.message());
}

SimulationCounts Simulation::Run() {
  Open();
  const ModelBatch first = BatchGenerator::FirstTables();
  CommitReceipt receipt;
  Must(database_->Commit(EncodeBatch(first, model_.schema()), Durability::kSync, &receipt),
       "the first commit");
  TakeCommit(first, receipt.committed_at);
  durable_count_ = 2;
  for (; counts_.steps < steps_; ++counts_.steps) Step();
  Recover();
  CompareNewest();
  CompareHeld();
  held_.clear();
  database_.reset();
  return counts_;
}

void Simulation::Step() {
  const uint64_t dice = random_.Below(100);
  if (!armed_ && !poisoned_ && random_.Chance(0.06)) ArmFault();
  if (dice < 50) {
    Commit();
  } else if (dice < 60) {
    Maintain();
  } else if (dice < 80) {
    CompareNewest();
  } else if (dice < 88) {
    ComparePast();
  } else if (dice < 92) {
    CompareHeld();
  } else if (dice < 96) {
    Recover();
  } else if (dice < 97) {
    PowerFailure();
  } else {
    FlipBit();
  }
  const bool ends = armed_ && random_.Chance(0.3);
  if (ends && !poisoned_) {
    disks_.back()->ClearFaults();
    armed_ = false;
  }
  if (poisoned_ && random_.Chance(0.3)) Recover();
}

void Simulation::ArmFault() {
  MemoryFileSystem& disk = *disks_.back();
  armed_ = had_fault_ = true;
  ++counts_.faults;
  Note("fault");
  const uint64_t after = random_.Below(12);
  const FaultLength length = random_.Chance(0.5) ? FaultLength::kOnce : FaultLength::kForEver;
  switch (random_.Below(5)) {
    case 0:
      return disk.FailOperation(after, FaultKind::kIoError, length);
    case 1:
      return disk.FailOperation(after, FaultKind::kStorageFull, length);
    case 2:
      return disk.FailOperation(after, FaultKind::kShortWrite, length);
    case 3:
      return disk.FailSync(random_.Below(4), length);
    default:
      return disk.SetCapacity(disk.image().ContentBytes() + random_.Below(6000));
  }
}

void Simulation::TakeCommit(const ModelBatch& batch, Micros committed_at) {
  CommitReceipt ignored;
  const size_t before = model_.commits().size();
  if (model_.Apply(batch, &ignored) != Code::kOk) Fail("the model refuses what was committed");
  if (model_.commits().size() > before) model_.SetInstant(committed_at);
}

void Simulation::Commit() {
  const ModelBatch batch = generator_.Next(model_);
  const Durability durability = random_.Chance(0.6) ? Durability::kSync : Durability::kOs;
  const std::vector<uint8_t> bytes = EncodeBatch(batch, model_.schema());
  CommitReceipt receipt, expected;
  const Status status = database_->Commit(bytes, durability, &receipt);
  Note(std::string("commit, code ") + Show(status.code()) + " " + status.message());
  if (IsFault(status.code())) {
    if (!had_fault_) Must(status, "a commit without a fault");
    counts_.full += status.code() == Code::kStorageFull ? 1 : 0;
    if (poisoned_) return;
    if (status.code() == Code::kPoisoned) return NotePoison();  // By what came after a commit.
    if (!armed_) Must(status, "a commit after a fault");
    // Whether it poisoned: an empty batch is refused then, and does nothing otherwise.
    ModelBatch nothing;
    CommitReceipt none;
    const Status probe =
        database_->Commit(EncodeBatch(nothing, model_.schema()), durability, &none);
    if (probe.code() != Code::kPoisoned) return;
    NotePoison();
    uncertain_ = std::make_unique<ModelBatch>(batch);
    return;
  }
  if (poisoned_) Fail("a poisoned database took a commit");
  const size_t before = model_.commits().size();
  const Code code = model_.Apply(batch, &expected);
  if (status.code() != code) {
    Fail("a commit has code " + std::to_string(static_cast<int>(status.code())) + " (" +
         status.message() + "), the model " + std::to_string(static_cast<int>(code)));
  }
  if (code != Code::kOk) {
    ++counts_.refused;
    return;
  }
  ++counts_.commits;
  if (receipt.seq != expected.seq || receipt.inserted != expected.inserted ||
      receipt.updated != expected.updated || receipt.deleted != expected.deleted ||
      receipt.duplicates != expected.duplicates) {
    Fail("a receipt differs at seq " + std::to_string(receipt.seq));
  }
  if (!receipt.ids.empty() && receipt.ids != expected.ids) Fail("ids of a receipt differ");
  if (model_.commits().size() > before) model_.SetInstant(receipt.committed_at);
  if (durability == Durability::kSync) durable_count_ = model_.commits().size();
}

void Simulation::Maintain() {
  Status status;
  bool merged = false;
  CheckReport report;
  switch (random_.Below(4)) {
    case 0:
      status = database_->Flush();
      break;
    case 1:
      status = database_->RunOneMerge(&merged);
      break;
    case 2:
      status = database_->Compact();
      break;
    default:
      status = database_->Check(&report);
      if (status.ok() && !poisoned_ && !report.faults.empty())
        Fail("a check finds " + report.faults[0]);
  }
  Note("maintenance, code " + Show(status.code()) + " " + status.message());
  if (status.ok()) return;
  if (!IsFault(status.code()) || !had_fault_) Must(status, "maintenance");
  ModelBatch nothing;
  CommitReceipt none;
  const Status probe =
      database_->Commit(EncodeBatch(nothing, model_.schema()), Durability::kOs, &none);
  if (probe.code() == Code::kPoisoned && !poisoned_) NotePoison();
}

void Simulation::NotePoison() {
  poisoned_ = true;
  ++counts_.poisoned;
}

void Simulation::Open() {
  OpenOptions options = SmallOptions(disks_.back().get(), &clock_);
  options.memtable_records_max = 60;
  options.segment_records_max = 40;
  Must(Database::Open(kDatabasePath, options, &database_), "opening");
  if (database_->open_report().damaged_log) Fail("taken for damaged");
}

// How many of the model's commits are there, the uncertain one taken into the model if it is.
size_t Simulation::CountAfterOpening() {
  std::shared_ptr<const Snapshot> snapshot;
  Must(database_->Read(&snapshot), "reading");
  if (uncertain_ != nullptr && snapshot->seq > model_.last_seq()) {
    Micros committed_at = 0;
    Must(database_->CommittedAt(snapshot->seq, &committed_at), "asking for an instant");
    TakeCommit(*uncertain_, committed_at);
  }
  uncertain_.reset();
  const ModelCommit* commit = model_.CommitOf(snapshot->seq);
  if (commit == nullptr) Fail("the newest commit is " + std::to_string(snapshot->seq));
  return static_cast<size_t>(commit - model_.commits().data()) + 1;
}

void Simulation::Recover() {
  const Status closed = database_->Close();
  Note("reopening, code " + Show(closed.code()) + " " + closed.message());
  if (!had_fault_) Must(closed, "closing");
  database_.reset();
  disks_.back()->ClearFaults();
  // After a failed sync nothing is ever sure again; here the disk gets well, and has all.
  if (had_fault_) disks_.back()->ForgetRecord();
  armed_ = poisoned_ = had_fault_ = false;
  Open();
  const size_t count = CountAfterOpening();
  if (count != model_.commits().size()) Fail("commits are gone after reopening");
  durable_count_ = count;
  CompareNewest();
}

void Simulation::PowerFailure() {
  if (armed_ || poisoned_) return Recover();
  ++counts_.power_failures;
  Note("power failure");
  CrashStates states(*disks_.back());
  const size_t end = states.point_count() - 1;
  CrashVariant variant;  // Nothing is lost where nothing is unsure.
  if (states.Count(end, CrashKind::kRandom) > 0) {
    variant = {CrashKind::kRandom, random_.Next() >> 1};
    if (random_.Chance(0.2)) variant = {CrashKind::kLoseAll, 0};
  }
  std::unique_ptr<MemoryFileSystem> after = states.Materialize(end, variant);
  held_.clear();
  database_.reset();
  disks_.clear();
  disks_.push_back(std::move(after));
  had_fault_ = false;
  Open();
  const size_t count = CountAfterOpening();
  if (count < durable_count_) Fail("acknowledged commits are gone after a power failure");
  model_.KeepCommits(count);
  durable_count_ = count;
  CompareNewest();
}

}  // namespace hypergraph::test

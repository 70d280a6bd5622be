#include "test/crash_script.h"

#include <algorithm>

#include "test/model_dump.h"
#include "test/model_generator.h"
#include "test/test.h"

namespace hypergraph::test {
namespace {

// Of small scripts: each letter acts on what is there.
Step LetterStep(uint32_t letter, const Model& model, uint32_t at) {
  Step step;
  step.kind = letter == 1   ? StepKind::kCommitOs
              : letter == 3 ? StepKind::kFlush
              : letter == 4 ? StepKind::kCompact
              : letter == 5 ? StepKind::kReopen
                            : StepKind::kCommitSync;
  if (letter > 2) return step;
  ModelOp op;
  op.table = 1;
  const std::vector<EdgeId> live = model.LiveIds(1);
  if (letter == 2 && live.size() >= 2) {
    op.kind = OpKind::kUpdate;
    op.ids = {live.front()};
    op.rows = {BatchRow(50 + at).Key("updated")};
    step.batch.ops.push_back(op);
    op.kind = OpKind::kDelete;
    op.ids = {live.back()};
    op.rows.clear();
  } else {
    op.rows = {BatchRow(at).Member("ann", "author").Key("key" + std::to_string(at)),
               BatchRow(90 - at).Label("label").SetText(2, "text")};
    const std::vector<BatchNode> nodes = {uint64_t{at}, 7};
    for (size_t i = 0; i < nodes.size(); ++i) op.rows[i].Member(nodes[i]);
  }
  step.batch.ops.push_back(op);
  return step;
}

}  // namespace

OpenOptions SmallOptions(FileSystem* files, Clock* clock) {
  OpenOptions options;
  options.files = files;
  options.clock = clock;
  options.background = false;
  options.memtable_records_max = 20;
  options.log_allocate_bytes = 2048;
  options.segment_records_max = 16;
  return options;
}

std::vector<Step> CrashScript::Random(uint64_t seed) {
  BatchGenerator generator(seed, {.schema_chance = 0.2, .clock_start = kClockStart});
  hypergraph::Random& random = generator.random();
  Model model;
  std::vector<Step> steps;
  const uint64_t count = 6 + random.Below(14);
  bool has_backup = false;
  for (uint64_t i = 0; i < count; ++i) {
    Step step;
    const uint64_t dice = random.Below(22);
    step.kind = i == 0 || dice < 8                        ? StepKind::kCommitSync
                : dice < 11                               ? StepKind::kCommitOs
                : dice < 14                               ? StepKind::kFlush
                : dice < 15                               ? StepKind::kMerge
                : dice < 18                               ? StepKind::kCompact
                : dice < 19 || (dice < 20 && !has_backup) ? StepKind::kBackup
                : dice < 20                               ? StepKind::kRestore
                                                          : StepKind::kReopen;
    has_backup |= step.kind == StepKind::kBackup;
    if (step.kind == StepKind::kCommitSync || step.kind == StepKind::kCommitOs) {
      step.batch = i == 0 ? BatchGenerator::FirstTables() : generator.Next(model);
      CommitReceipt ignored;
      (void)model.Apply(step.batch, &ignored);
    }
    steps.push_back(std::move(step));
  }
  return steps;
}

std::vector<Step> CrashScript::Small(const std::vector<uint32_t>& letters) {
  Model model;
  std::vector<Step> steps(1);
  steps[0].batch = BatchGenerator::FirstTables();
  CommitReceipt ignored;
  (void)model.Apply(steps[0].batch, &ignored);
  for (const uint32_t letter : letters) {
    steps.push_back(LetterStep(letter, model, static_cast<uint32_t>(steps.size())));
    (void)model.Apply(steps.back().batch, &ignored);
  }
  return steps;
}

void ScriptWorks::Add(const ScriptWorks& more) {
  commits += more.commits;
  flushes += more.flushes;
  merges += more.merges;
  backups += more.backups;
  restores += more.restores;
  reopenings += more.reopenings;
}

CrashScript::CrashScript(std::string name, std::vector<Step> steps)
    : name_(std::move(name)), steps_(std::move(steps)) {
  Open();
  for (const Step& step : steps_) {
    began_.push_back(files_.operation_count());
    Run(step);
  }
  Close();
  now_ = clock_.last() + 1;
  CHECK_EQ(files_.operation_count(), files_.record_size());
}

std::string CrashScript::Describe() const {
  constexpr const char* kNames[] = {"commit (sync)", "commit (os)", "flush",   "merge",
                                    "compact",       "backup",      "restore", "reopen"};
  std::string text = name_ + ":";
  for (size_t i = 0; i < steps_.size(); ++i) {
    text += "\n  " + std::to_string(began_[i]) + " " + kNames[static_cast<int>(steps_[i].kind)];
  }
  return text;
}

void CrashScript::Open() {
  CHECK_OK(Database::Open(kDatabasePath, SmallOptions(&files_, &clock_), &database_));
}

void CrashScript::Close() {
  DatabaseStats stats;
  CHECK_OK(database_->Stats(&stats));
  works_.commits += static_cast<uint32_t>(stats.commits);
  works_.flushes += static_cast<uint32_t>(stats.flushes);
  works_.merges += static_cast<uint32_t>(stats.merges);
  works_.backups = static_cast<uint32_t>(backups_.size());
  works_.restores = static_cast<uint32_t>(restored_.size());
  CHECK_OK(database_->Close());
  NoteDurable();
  database_.reset();
}

void CrashScript::Run(const Step& step) {
  switch (step.kind) {
    case StepKind::kCommitSync:
    case StepKind::kCommitOs:
      return RunCommit(step);
    case StepKind::kFlush:
      CHECK_OK(database_->Flush());
      return NoteDurable();
    case StepKind::kMerge: {
      bool merged;
      CHECK_OK(database_->RunOneMerge(&merged));
      return;
    }
    case StepKind::kCompact:
      CHECK_OK(database_->Compact());
      return NoteDurable();
    case StepKind::kBackup: {
      ScriptCopy& backup = backups_.emplace_back();
      backup.path = kBackupPath;
      backup.begun_at = files_.operation_count();
      BackupReport report;
      CHECK_OK(database_->Backup(kBackupPath, &report));
      backup.done_at = files_.operation_count();
      backup.seq = report.seq;
      CHECK_EQ(report.seq, model_.last_seq());
      return NoteDurable();
    }
    case StepKind::kRestore:
      return RunRestore();
    case StepKind::kReopen: {
      Close();
      Open();
      ++works_.reopenings;
      std::vector<std::string> lines;
      std::shared_ptr<const Snapshot> snapshot;
      CHECK_OK(database_->Read(&snapshot));
      CHECK_OK(DumpSnapshot(*snapshot, "", &lines));
      const ModelCommit& newest = model_.commits().back();
      CHECK_EQ(FirstDifference(lines, DumpModel(model_, newest, newest.seq, snapshot->now)), "");
    }
  }
}

void CrashScript::RunCommit(const Step& step) {
  CommitReceipt expected, receipt;
  const std::vector<uint8_t> bytes = EncodeBatch(step.batch, model_.schema());
  const size_t count = model_.commits().size();
  const Code code = model_.Apply(step.batch, &expected);
  ScriptCommit commit;
  commit.attempted_at = files_.operation_count();
  const bool is_durable = step.kind == StepKind::kCommitSync;
  const Status status =
      database_->Commit(bytes, is_durable ? Durability::kSync : Durability::kOs, &receipt);
  CHECK_CODE(status, code);
  if (code != Code::kOk) return;
  CHECK_EQ(receipt.seq, expected.seq);
  CHECK_EQ(receipt.duplicates, expected.duplicates);
  if (model_.commits().size() == count) return;
  model_.SetInstant(receipt.committed_at);
  commit.acknowledged_at = files_.operation_count();
  commit.commit_count = model_.commits().size();
  commit.step = began_.size() - 1;
  commits_.push_back(commit);
  if (is_durable) NoteDurable();
}

void CrashScript::RunRestore() {
  ScriptCopy& copy = restored_.emplace_back();
  copy.path = "/restored-" + std::to_string(restored_.size());
  copy.seq = backups_.back().seq;
  copy.begun_at = files_.operation_count();
  CheckReport report;
  CHECK_OK(RestoreDatabase(files_, kBackupPath, copy.path, &report));
  copy.done_at = files_.operation_count();
}

void CrashScript::NoteDurable() {
  durable_.emplace_back(files_.operation_count(), model_.commits().size());
}

size_t CrashScript::Required(size_t point, bool only_the_process) const {
  size_t required = 1;
  for (const auto& [from, durable] : durable_) {
    if (from <= point) required = std::max(required, durable);
  }
  for (const ScriptCommit& commit : commits_) {
    const bool survives = only_the_process && commit.acknowledged_at <= point;
    if (survives) required = std::max(required, commit.commit_count);
  }
  return required;
}

size_t CrashScript::Attempted(size_t point) const {
  size_t attempted = 1;
  for (const ScriptCommit& commit : commits_) {
    if (commit.attempted_at < point) attempted = std::max(attempted, commit.commit_count);
  }
  return attempted;
}

const std::vector<std::string>& CrashScript::Dump(size_t count, size_t at) const {
  std::vector<std::string>& lines = dumps_[{count, at}];
  if (lines.empty()) {
    lines = DumpModel(model_, model_.commits()[count - 1], model_.commits()[at].seq, now_);
  }
  return lines;
}

bool CrashScript::MayBeGone(size_t count, size_t at) const {
  Micros history = kMicrosMax;
  for (size_t i = 0; i < count; ++i) {
    for (const auto& [id, table] : model_.commits()[i].schema->tables) {
      history = std::min(history, table->history);
    }
  }
  if (history == kMicrosMax) return false;
  return model_.commits()[at].seq < model_.LastAtOrBefore(now_ - history).seq;
}

}  // namespace hypergraph::test

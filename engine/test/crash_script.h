// A database's life on a file system that records every operation, noting what was acknowledged
// when.
//
// Threads: one at a time.
#ifndef HYPERGRAPH_TEST_CRASH_SCRIPT_H_
#define HYPERGRAPH_TEST_CRASH_SCRIPT_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/platform/crash_states.h"
#include "test/model.h"

namespace hypergraph::test {

// One microsecond a look.
class StepClock : public Clock {
 public:
  explicit StepClock(Micros start) : now_(start) {}
  Micros Now() override { return ++now_; }
  Micros last() const { return now_; }

 private:
  Micros now_;
};

// So that what a reader sees does not depend on how often the clock was looked at.
class FixedClock : public Clock {
 public:
  explicit FixedClock(Micros now) : now_(now) {}
  Micros Now() override { return now_; }

 private:
  const Micros now_;
};

// Small enough that a few commits fill everything once.
OpenOptions SmallOptions(FileSystem* files, Clock* clock);

enum class StepKind : uint8_t {
  kCommitSync,
  kCommitOs,
  kFlush,
  kMerge,
  kCompact,
  kBackup,   // Into the earlier one, if there is one.
  kRestore,  // Of the last backup, to a new place.
  kReopen,
};

struct Step {
  StepKind kind = StepKind::kCommitSync;
  ModelBatch batch;
};

inline const std::string kDatabasePath = "/db";
inline const std::string kBackupPath = "/backup";

struct ScriptCommit {
  size_t attempted_at = 0, acknowledged_at = 0;  // In operations done before.
  size_t commit_count = 0;                       // Of the model, with this one.
  size_t step = 0;
};
struct ScriptCopy {  // A backup or a restored one.
  size_t begun_at = 0, done_at = 0;
  Seq seq = 0;
  std::string path;
};

// What was done in scripts.
struct ScriptWorks {
  uint32_t commits = 0, flushes = 0, merges = 0, backups = 0, restores = 0, reopenings = 0;
  void Add(const ScriptWorks& more);
};

class CrashScript {
 public:
  static constexpr Micros kClockStart = 1'000'000;

  // Runs the steps. Fails the test when the engine and the model disagree without any crash.
  CrashScript(std::string name, std::vector<Step> steps);

  // A random script, or the steps of a small one, numbered.
  static std::vector<Step> Random(uint64_t seed);
  static constexpr uint32_t kAlphabet = 6;
  static std::vector<Step> Small(const std::vector<uint32_t>& letters);

  // To tell one failure from another.
  const std::string& name() const { return name_; }
  std::string Describe() const;
  const ScriptWorks& works() const { return works_; }
  const MemoryFileSystem& files() const { return files_; }
  const Model& model() const { return model_; }
  // What replays have for a clock: later than the script's.
  Micros now() const { return now_; }
  // The number of the operation after which step `index` began.
  size_t PointBefore(size_t index) const { return began_[index]; }
  const std::vector<ScriptCopy>& backups() const { return backups_; }
  const std::vector<ScriptCopy>& restored() const { return restored_; }

  // How many of the model's commits must be there after a crash behind operation `point`: those
  // acknowledged as durable or, when the process alone ended, all that were acknowledged. And how
  // many may be.
  size_t Required(size_t point, bool only_the_process) const;
  size_t Attempted(size_t point) const;
  // The batch of the model's commit `at`.
  const ModelBatch& BatchOf(size_t at) const { return steps_[commits_[at - 1].step].batch; }
  // What a reader at commit `at` sees when the first `count` commits are there.
  const std::vector<std::string>& Dump(size_t count, size_t at) const;
  // Whether history may no longer reach back to commit `at`.
  bool MayBeGone(size_t count, size_t at) const;

 private:
  void Run(const Step& step);
  void RunCommit(const Step& step);
  void RunRestore();
  void NoteDurable();
  void Open();
  void Close();

  const std::string name_;
  std::vector<Step> steps_;
  ScriptWorks works_;
  MemoryFileSystem files_;
  StepClock clock_{kClockStart};
  Micros now_ = 0;
  std::unique_ptr<Database> database_;
  Model model_;
  std::vector<ScriptCommit> commits_;
  std::vector<std::pair<size_t, size_t>> durable_;  // From this operation on, so many commits.
  std::vector<ScriptCopy> backups_, restored_;
  std::vector<size_t> began_;
  mutable std::map<std::pair<size_t, size_t>, std::vector<std::string>> dumps_;
};

}  // namespace hypergraph::test

#endif  // HYPERGRAPH_TEST_CRASH_SCRIPT_H_

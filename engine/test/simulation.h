// A long random life of a database on a file system that fails: errors of input and output, a full
// disk, short writes, failing syncs, power failures, bits that flip at rest. Beside it the plain
// model, with which snapshots of many moments and answers to all kinds of queries are compared.
//
// Threads: one at a time.
#ifndef HYPERGRAPH_TEST_SIMULATION_H_
#define HYPERGRAPH_TEST_SIMULATION_H_

#include <deque>
#include <memory>
#include <string>

#include "core/platform/crash_states.h"
#include "test/model_generator.h"
#include "test/simulation_queries.h"

namespace hypergraph::test {

struct SimulationCounts {
  uint64_t steps = 0, commits = 0, refused = 0, queries = 0, snapshots = 0, faults = 0;
  uint64_t poisoned = 0, full = 0, power_failures = 0, flips = 0, flips_detected = 0;
  uint64_t flips_torn = 0;  // Of the log's end, cut off and said so.
  void Add(const SimulationCounts& more);
};

// So slow that times to live end within a life, one after the other.
class SlowClock : public Clock {
 public:
  Micros Now() override { return 1'000'000 + looks_++ / 16; }

 private:
  Micros looks_ = 0;
};

class Simulation {
 public:
  Simulation(uint64_t seed, uint64_t steps);
  SimulationCounts Run();

 private:
  struct Held {
    std::shared_ptr<const Snapshot> snapshot;
    ModelView view;
  };

  void Step();
  void Commit();
  void Maintain();
  void ArmFault();
  void NotePoison();
  void Recover();  // Closes, then opens without faults.
  void PowerFailure();
  void FlipBit();
  void Open();
  void TakeCommit(const ModelBatch& batch, Micros committed_at);
  size_t CountAfterOpening();

  void CompareNewest();
  void ComparePast();
  void CompareHeld();
  void CompareFlipped(MemoryFileSystem* files, const std::string& path);
  std::string CompareSnapshot(const Snapshot& snapshot, const ModelView& view, Status* status);
  ModelView ViewNow(const Snapshot& snapshot) const;
  bool MayBeGone(size_t at, Micros now) const;

  void Note(const std::string& what);
  void Must(const Status& status, const char* what) const;
  [[noreturn]] void Fail(const std::string& what) const;

  const uint64_t seed_;
  const uint64_t steps_;
  BatchGenerator generator_;
  Random& random_;
  SlowClock clock_;
  std::vector<std::unique_ptr<MemoryFileSystem>> disks_;  // The last is in use.
  std::unique_ptr<Database> database_;
  Model model_;
  std::deque<Held> held_;
  size_t durable_count_ = 1;  // Of the model's commits.
  bool had_fault_ = false;    // Since the last opening.
  bool armed_ = false;        // And it may go on.
  bool poisoned_ = false;
  // The commit whose failure poisoned the database: there after the next opening, or not.
  std::unique_ptr<ModelBatch> uncertain_;
  SimulationCounts counts_;
  std::string trace_;  // The last steps.
};

}  // namespace hypergraph::test

#endif  // HYPERGRAPH_TEST_SIMULATION_H_

// Every crash of a script, replayed: power failures in its life, in the recovery from one, in the
// life after a process was killed, and in a repair of its log.
//
// Threads: one at a time; different scripts in different threads.
#ifndef HYPERGRAPH_TEST_CRASH_REPLAYS_H_
#define HYPERGRAPH_TEST_CRASH_REPLAYS_H_

#include <unordered_map>
#include <unordered_set>

#include "test/crash_check.h"

namespace hypergraph::test {

struct ReplayCounts {
  uint64_t replays = 0;   // States made, also ones that had been before.
  uint64_t distinct = 0;  // Different ones, reopened: of all of these kinds.
  uint64_t life = 0, recovery = 0, killed = 0, repair = 0;
  uint64_t points = 0;
  void Add(const ReplayCounts& more);
};

struct ReplayOptions {
  size_t first_point = 0;
  uint64_t each_max = 6;        // Variants of a kind at a point.
  uint64_t second_one_of = 16;  // Every so many states and points get a second crash.
  uint64_t seed = 0;
};

class CrashReplays {
 public:
  CrashReplays(const CrashScript& script, const ReplayOptions& options)
      : script_(script), options_(options) {}
  ReplayCounts Run();

 private:
  using Check = std::function<void(const CrashPlace&, std::unique_ptr<MemoryFileSystem>)>;
  // Calls `check` for each distinct state of the life's points from `first` on. The same state is
  // one more when more is required of it: `required` of a place.
  void EachState(const char* what, const MemoryFileSystem& life, size_t first, uint64_t each_max,
                 const CrashPlace* before, uint64_t* count,
                 const std::function<uint64_t(const CrashPlace&)>& required, const Check& check);
  void ReplayLife();
  void ReplayRecovery(const CrashPlace& before, const MemoryFileSystem& files);
  void ReplayKilled(size_t point);
  void ReplayRepair();
  Expected ExpectedAt(size_t point, const CrashVariant& variant) const;
  uint64_t CopiesAt(size_t point) const;

  const CrashScript& script_;
  const ReplayOptions options_;
  ReplayCounts counts_;
  std::unordered_set<uint64_t> states_;   // By hash.
  std::unordered_set<uint64_t> checked_;  // By hash and what was required.
};

}  // namespace hypergraph::test

#endif  // HYPERGRAPH_TEST_CRASH_REPLAYS_H_

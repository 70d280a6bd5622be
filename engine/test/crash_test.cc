// Every crash of many small lives. CRASH_REPLAYS is how many distinct states to reopen at least (a
// few in the ordinary run), CRASH_SCRIPTS how many random scripts to take at least, CRASH_SMALL the
// length of the small scripts gone through one by one, CRASH_THREADS how many run at once.
#include <atomic>
#include <cstdio>
#include <mutex>
#include <thread>

#include "core/base/random.h"
#include "test/crash_replays.h"
#include "test/test.h"

namespace hypergraph::test {
namespace {

void Report(const ReplayCounts& total, uint64_t scripts) {
  const auto number = [](uint64_t value) { return static_cast<unsigned long long>(value); };
  std::printf("crash replays: %llu distinct over %llu scripts, %llu points (seed %llu)\n",
              number(total.distinct), number(scripts), number(total.points), number(Seed()));
  std::printf(
      "  of %llu states: %llu of power failures, %llu of others while recovering, %llu after a "
      "kill, %llu while repairing\n",
      number(total.replays), number(total.life), number(total.recovery), number(total.killed),
      number(total.repair));
  std::fflush(stdout);
}

TEST(Any_crash_of_a_random_life_leaves_a_prefix_with_all_that_was_durable) {
  const uint64_t replays_wanted = Setting("CRASH_REPLAYS", 2000);
  const uint64_t scripts_wanted = Setting("CRASH_SCRIPTS", 1);
  const uint64_t thread_count =
      Setting("CRASH_THREADS", std::max(1u, std::thread::hardware_concurrency()));
  std::mutex mutex;
  ReplayCounts total;
  ScriptWorks works;
  std::atomic<uint64_t> begun{0}, distinct{0};
  const auto run = [&] {
    while (distinct < replays_wanted || begun < scripts_wanted) {
      const uint64_t number = begun++;
      const uint64_t seed = Random(Random(Seed()).Next() + number).Next();
      const CrashScript script(
          "random script " + std::to_string(number) + " of SEED=" + std::to_string(Seed()),
          CrashScript::Random(seed));
      const ReplayCounts counts = CrashReplays(script, {.each_max = 10, .seed = seed}).Run();
      distinct += counts.distinct;
      const std::lock_guard<std::mutex> lock(mutex);
      total.Add(counts);
      works.Add(script.works());
    }
  };
  std::vector<std::thread> threads;
  for (uint64_t i = 0; i < thread_count; ++i) threads.emplace_back(run);
  for (std::thread& thread : threads) thread.join();
  Report(total, begun);
  std::printf(
      "  in the scripts: %u commits, %u flushes, %u merges, %u backups, %u restores, %u "
      "reopenings\n",
      works.commits, works.flushes, works.merges, works.backups, works.restores, works.reopenings);
}

TEST(Any_crash_of_every_small_life_leaves_a_prefix_with_all_that_was_durable) {
  const uint64_t length_max = Setting("CRASH_SMALL", 1);
  ReplayCounts total;
  uint64_t scripts = 0;
  for (uint64_t length = 0; length <= length_max; ++length) {
    std::vector<uint32_t> letters(length, 0);
    for (bool more = true; more;) {
      const CrashScript script("small script " + Show(letters), CrashScript::Small(letters));
      // What comes before the last step is another script's end.
      const size_t first = length == 0 ? 0 : script.PointBefore(length) + 1;
      total.Add(CrashReplays(script, {.first_point = first, .each_max = 4}).Run());
      ++scripts;
      more = false;
      for (uint32_t& letter : letters) {
        if (++letter < CrashScript::kAlphabet) {
          more = true;
          break;
        }
        letter = 0;
      }
    }
  }
  Report(total, scripts);
}

}  // namespace
}  // namespace hypergraph::test

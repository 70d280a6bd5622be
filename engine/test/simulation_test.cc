// SIMULATIONS is how many lives to go through (a few in the ordinary run), SIMULATION_STEPS how
// long each is, SIMULATION_SEED the seed of a single one.
#include "test/simulation.h"

#include <cstdio>

#include "test/test.h"

namespace hypergraph::test {
namespace {

void Report(const SimulationCounts& total, uint64_t lives) {
  const auto number = [](uint64_t value) { return static_cast<unsigned long long>(value); };
  std::printf(
      "simulation: %llu lives of %llu steps in all: %llu commits (%llu refused), %llu snapshots "
      "and %llu queries compared (seed %llu)\n",
      number(lives), number(total.steps), number(total.commits), number(total.refused),
      number(total.snapshots), number(total.queries), number(Seed()));
  std::printf(
      "  %llu faults (%llu poisoned, %llu times full), %llu power failures, %llu bits flipped "
      "(%llu detected, %llu at the log's end)\n",
      number(total.faults), number(total.poisoned), number(total.full),
      number(total.power_failures), number(total.flips), number(total.flips_detected),
      number(total.flips_torn));
  std::fflush(stdout);
}

TEST(A_database_answers_as_the_plain_model_whatever_fails_beneath_it) {
  const uint64_t single = Setting("SIMULATION_SEED", 0);
  const uint64_t lives = single != 0 ? 1 : Setting("SIMULATIONS", 6);
  const uint64_t steps = Setting("SIMULATION_STEPS", 300);
  SimulationCounts total;
  for (uint64_t life = 0; life < lives; ++life) {
    const uint64_t seed = single != 0 ? single : Random(Random(Seed()).Next() + life).Next();
    total.Add(Simulation(seed, steps).Run());
  }
  Report(total, lives);
}

}  // namespace
}  // namespace hypergraph::test

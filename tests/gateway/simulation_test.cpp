#include "gateway/simulation.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <string>

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

std::uint64_t number_in(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// SLUICE_SEED: the first of SLUICE_SEEDS runs of SLUICE_MINUTES each.
TEST(Simulation, keeps_every_promise_whatever_providers_and_clients_do) {
  const std::uint64_t first = number_in("SLUICE_SEED", 1);
  const std::uint64_t seeds = number_in("SLUICE_SEEDS", 10);
  const auto length = std::chrono::minutes(number_in("SLUICE_MINUTES", 10));
  SimulationReport all;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    const SimulationReport report = simulate(seed, length);
    ASSERT_EQ(report.trouble, "");
    ASSERT_GT(report.done, 0u) << "seed " << seed;
    all.requests += report.requests;
    all.attempts += report.attempts;
    all.done += report.done;
    all.failed += report.failed;
    all.gone += report.gone;
    all.repetitions += report.repetitions;
    all.probes += report.probes;
    all.events += report.events;
  }
  EXPECT_GT(all.failed, 0u);
  EXPECT_GT(all.gone, 0u);
  EXPECT_GT(all.repetitions, 0u);
  EXPECT_GT(all.probes, 0u);
  std::cout << "simulated: seeds " << first << ".." << first + seeds - 1 << ", minutes each " << length.count()
            << ", requests " << all.requests << ", attempts " << all.attempts << ", done " << all.done << ", failed "
            << all.failed << ", left " << all.gone << ", repetitions " << all.repetitions << ", probes " << all.probes
            << ", events " << all.events << '\n';
}

TEST(Simulation, keeps_its_promises_where_it_once_did_not) {
  for (const std::uint64_t seed : {1010}) EXPECT_EQ(simulate(seed, 10min).trouble, "");
}

TEST(Simulation, goes_the_same_way_for_the_same_seed) {
  const SimulationReport once = simulate(42, 5min);
  const SimulationReport again = simulate(42, 5min);
  EXPECT_EQ(once.events, again.events);
  EXPECT_EQ(once.attempts, again.attempts);
  EXPECT_EQ(once.done, again.done);
}

}  // namespace
}  // namespace sluice::test

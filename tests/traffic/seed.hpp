#pragma once

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

namespace sluice::traffic {

// Long random tests take as many steps as this.
inline constexpr int steps = 1'000'000;

// The same random numbers in every run, or others with SLUICE_SEED; either way it is said how to repeat the run.
inline std::mt19937_64 seeded() {
  const char* given = std::getenv("SLUICE_SEED");
  const std::uint64_t seed = given == nullptr ? 20'260'101 : std::stoull(given);
  std::cout << "SLUICE_SEED=" << seed << '\n';
  return std::mt19937_64(seed);
}

}  // namespace sluice::traffic

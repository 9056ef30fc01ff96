#pragma once

#include <cstdint>
#include <string>

#include <sluice/base/clock.hpp>

namespace sluice::test {

// What one run of the simulation came to.
struct SimulationReport {
  std::string trouble;  // the first invariant that was broken, and when; empty: none was
  std::uint64_t requests = 0;
  std::uint64_t attempts = 0;
  std::uint64_t done = 0;
  std::uint64_t failed = 0;  // with an error, or an error event in the stream
  std::uint64_t gone = 0;    // the client left
  std::uint64_t repetitions = 0;
  std::uint64_t probes = 0;
  std::uint64_t events = 0;
};

// 200 clients and five providers that fail, slow down, limit rates and recover, over `length` of virtual time, in one
// thread and without waiting: rules, plans, itineraries, breakers, queues and affinity are the real ones. After every
// event it is checked that each request ends in exactly one way, that a lane has at most one probe, that nobody is
// asked whom a rule forbids or who wished to be left alone, and that limits hold; and at the end that nothing is left
// behind. The same seed gives the same run.
SimulationReport simulate(std::uint64_t seed, Duration length);

}  // namespace sluice::test

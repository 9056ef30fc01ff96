#pragma once

#include <chrono>

namespace sluice {

using TimePoint = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;
using UtcTime = std::chrono::system_clock::time_point;

// The only way the program learns the time. Logic takes a TimePoint; only shells hold a Clock.
class Clock {
 public:
  virtual ~Clock() = default;
  // Never goes backwards; for deadlines and durations.
  virtual TimePoint now() const = 0;
  // The wall clock; for logs and calendar windows only.
  virtual UtcTime utc() const = 0;
};

// The machine's own clocks. Stateless; safe from any thread.
const Clock& system_clock();

}  // namespace sluice

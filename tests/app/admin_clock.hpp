#pragma once

#include <chrono>

#include <sluice/base/clock.hpp>

namespace sluice::app::testing {

// Stands still until it is told otherwise.
class StillClock final : public Clock {
 public:
  TimePoint now() const override { return now_; }
  UtcTime utc() const override { return {}; }
  void advance(Duration by) { now_ += by; }

 private:
  TimePoint now_{std::chrono::hours(1)};
};

}  // namespace sluice::app::testing

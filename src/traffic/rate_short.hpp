#pragma once

#include <sluice/base/clock.hpp>
#include <sluice/traffic/health.hpp>

namespace sluice::traffic {

// Whether a quota is nearly used up: nothing is left, or less than a twentieth. The newest word counts, for as long as
// it says, a minute at most. Not thread-safe.
class RateShort {
 public:
  void note(Remaining told, TimePoint now);
  bool is_short(TimePoint now) const { return now < until_; }

 private:
  TimePoint until_ = TimePoint::min();
};

}  // namespace sluice::traffic

#pragma once

#include <cstdint>

#include <sluice/base/clock.hpp>
#include <sluice/traffic/health.hpp>

#include "traffic/failure_window.hpp"

namespace sluice::traffic {

// Keeps attempts away from who fails all the time. Closed, it counts failures in a row and opens after so many; open,
// it lets nobody through until its cool-down is over; then it is half open and lets one probe through at a time. A
// probe that succeeds closes it, one that fails opens it again for twice as long. Attempts that began before it opened
// and end while it is not closed move nothing. Not thread-safe.
class Breaker {
 public:
  explicit Breaker(const BreakerRules& rules);
  // The rules from now on. A cool-down under way is not changed, unless the breaker is never to be open.
  void follow(const BreakerRules& rules);

  BreakerState state(TimePoint now) const;
  // Half open, and the one probe is under way.
  bool is_probing(TimePoint now) const { return state(now) == BreakerState::half_open && probing_; }
  // When it is half open at the earliest; of no meaning while it is closed.
  TimePoint opens_at() const { return opens_at_; }
  bool is_shaky(TimePoint now) const { return window_.is_shaky(now); }
  // It opened, if it did, for a row of failures among many more answers: chance alone makes such rows.
  bool is_mostly_well(TimePoint now) const { return window_.is_mostly_well(now); }

  enum class Admission : std::uint8_t { refused, usual, probe };
  // A probe's turn is taken, and ends with one of the three below.
  Admission enter(TimePoint now);
  void succeeded(bool probe, TimePoint now);
  void failed(bool probe, TimePoint now);
  // The attempt told nothing.
  void given_up(bool probe);

 private:
  void open(TimePoint now);

  BreakerRules rules_;
  Duration cooldown_;  // of the next opening
  bool closed_ = true;
  bool probing_ = false;   // somebody has the probe's turn
  unsigned failures_ = 0;  // in a row, while closed
  TimePoint opens_at_{};
  FailureWindow window_;
};

}  // namespace sluice::traffic

#pragma once

#include <cstdint>

#include <sluice/base/clock.hpp>
#include <sluice/ledger/book.hpp>

#include "ledger/wide.hpp"

namespace sluice::ledger {

Duration duration_of(Limit::Per per);

// So many units in a period, as a generic cell rate algorithm (ATM Forum, Traffic Management 4.0, §4.4.2) with a burst
// of the whole amount. What was taken is a debt that is paid off at the limit's rate; something passes while the debt
// stays within the burst. The debt is kept in parts of a nanosecond (one unit costs `period`, one nanosecond repays
// `amount`), so that no rate is rounded and nothing drifts. A `now` before the latest counts for that. Not thread-safe.
class Gcra {
 public:
  // Amounts beyond 2^48 count for that.
  Gcra(std::uint64_t amount, Duration period);
  // The debt of another limit of the same period, in proportion: what was half used up still is.
  void inherit(const Gcra& before);

  // How long it takes until `units` more may pass; zero: they may now. Duration::max(): never, they are more than the
  // whole limit. While more is owed than the burst allows, nothing passes, not even nothing.
  Duration could(std::uint64_t units, TimePoint now) const;
  // Whether there is room or not.
  void take(std::uint64_t units, TimePoint now);
  // Takes more for something that has passed; counts from the latest time that something was taken at.
  void take_late(std::uint64_t units);
  void give_back(std::uint64_t units);
  Standing standing(TimePoint now) const;
  // Whether less than a tenth would be left behind so many units.
  bool is_scarce(std::uint64_t units, TimePoint now) const;

  // In the parts of a debt: the price of units, the most that may be owed, and what is paid off.
  Wide price_of(std::uint64_t units) const { return static_cast<Wide>(units) * period_; }
  Wide burst() const { return static_cast<Wide>(amount_) * period_; }
  Wide paid_off_between(TimePoint earlier, TimePoint later) const;  // `later` is not before `earlier`
  Duration time_for(Wide debt) const;

 private:
  Wide debt_at(TimePoint now) const;
  void owe(Wide debt);

  std::uint64_t amount_;
  std::uint64_t period_;  // nanoseconds
  Wide debt_ = 0;         // at the time `at_`
  TimePoint at_ = TimePoint::min();
};

}  // namespace sluice::ledger

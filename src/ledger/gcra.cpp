#include "ledger/gcra.hpp"

#include <algorithm>
#include <chrono>

namespace sluice::ledger {
namespace {

constexpr std::uint64_t most_units = std::uint64_t{1} << 48;
// No debt takes longer than this to pay off (73 years), so that it is a Duration and all products fit.
constexpr std::uint64_t longest_debt = std::uint64_t{1} << 61;

std::uint64_t count_of(Duration duration) {
  return static_cast<std::uint64_t>(std::chrono::nanoseconds(duration).count());
}

// Of times that may lie further apart than a Duration reaches; `later` is not before `earlier`.
std::uint64_t nanoseconds_between(TimePoint earlier, TimePoint later) {
  return count_of(later.time_since_epoch()) - count_of(earlier.time_since_epoch());
}

}  // namespace

Duration duration_of(Limit::Per per) {
  switch (per) {
    case Limit::Per::second:
      return std::chrono::seconds(1);
    case Limit::Per::minute:
      return std::chrono::minutes(1);
    case Limit::Per::hour:
      return std::chrono::hours(1);
    case Limit::Per::day:
      return std::chrono::hours(24);
  }
  return std::chrono::hours(24);
}

Gcra::Gcra(std::uint64_t amount, Duration period)
    : amount_(std::clamp<std::uint64_t>(amount, 1, most_units)), period_(count_of(period)) {}

void Gcra::inherit(const Gcra& before) {
  const Wide whole = before.debt_ / before.amount_ * amount_;
  debt_ = 0;
  owe(whole + before.debt_ % before.amount_ * amount_ / before.amount_);
  at_ = before.at_;
}

Duration Gcra::could(std::uint64_t units, TimePoint now) const {
  if (units > amount_) return Duration::max();
  const Wide then = debt_at(now) + price_of(units);
  return then <= burst() ? Duration::zero() : time_for(then - burst());
}

void Gcra::take(std::uint64_t units, TimePoint now) {
  debt_ = debt_at(now);
  at_ = std::max(at_, now);
  owe(price_of(units));
}

void Gcra::take_late(std::uint64_t units) { owe(price_of(units)); }

// What is paid off since does not matter: both come off the debt, which stops at zero.
void Gcra::give_back(std::uint64_t units) { debt_ -= std::min(debt_, price_of(units)); }

Standing Gcra::standing(TimePoint now) const {
  const Wide debt = debt_at(now);
  const Wide left = debt < burst() ? (burst() - debt) / period_ : 0;
  return {.limit = amount_, .left = static_cast<std::uint64_t>(left), .reset = time_for(debt)};
}

Wide Gcra::debt_at(TimePoint now) const {
  if (debt_ == 0 || now <= at_) return debt_;
  const Wide paid_off = paid_off_between(at_, now);
  return debt_ > paid_off ? debt_ - paid_off : 0;
}

bool Gcra::is_scarce(std::uint64_t units, TimePoint now) const {
  return (debt_at(now) + price_of(units)) * 10 > burst() * 9;
}

Wide Gcra::paid_off_between(TimePoint earlier, TimePoint later) const {
  return static_cast<Wide>(nanoseconds_between(earlier, later)) * amount_;
}

void Gcra::owe(Wide debt) { debt_ = std::min(debt_ + debt, static_cast<Wide>(amount_) * longest_debt); }

Duration Gcra::time_for(Wide debt) const {
  return std::chrono::nanoseconds(static_cast<std::int64_t>((debt + amount_ - 1) / amount_));
}

}  // namespace sluice::ledger

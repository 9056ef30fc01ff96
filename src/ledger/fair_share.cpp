#include "ledger/fair_share.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

namespace sluice::ledger {
namespace {

constexpr std::chrono::seconds turn_time{10};
constexpr std::array all_pers{Limit::Per::second, Limit::Per::minute, Limit::Per::hour, Limit::Per::day};

Wide price_in(Limit::Per per, std::uint64_t units) {
  return static_cast<Wide>(units) * static_cast<std::uint64_t>(std::chrono::nanoseconds(duration_of(per)).count());
}

}  // namespace

std::size_t FairShare::kind_of(const Limit& limit) {
  return static_cast<std::size_t>(limit.what) * pers + static_cast<std::size_t>(limit.per);
}

Wide FairShare::debt_at(const Part& part, const Gcra& whole, std::uint32_t sharers, TimePoint now) {
  // More is forgotten: who had all of it while it was alone waits no longer than the limit's time for a share.
  const Wide debt = std::min(part.debt, 2 * whole.burst() / sharers);
  if (debt == 0 || now <= part.at) return debt;
  const Wide paid_off = whole.paid_off_between(part.at, now) / sharers;
  return debt > paid_off ? debt - paid_off : 0;
}

Duration FairShare::could(const Limit& limit, const Gcra& whole, std::uint64_t units, std::uint32_t sharers,
                          TimePoint now) const {
  const Wide owed = debt_at(parts_[kind_of(limit)], whole, sharers, now);
  const Wide share = whole.burst() / sharers;
  const Wide price = whole.price_of(units);
  const Wide may_owe = price < share ? share - price : 0;
  if (owed <= may_owe) return Duration::zero();
  const Wide wait = static_cast<Wide>(whole.time_for(owed - may_owe).count()) * sharers;
  return Duration(
      static_cast<std::int64_t>(std::min<Wide>(wait, static_cast<Wide>(std::numeric_limits<std::int64_t>::max() / 2))));
}

void FairShare::take(const Limit& limit, const Gcra& whole, std::uint64_t units, std::uint32_t sharers, TimePoint now) {
  Part& part = parts_[kind_of(limit)];
  part.debt = debt_at(part, whole, sharers, now) + whole.price_of(units);
  part.at = std::max(part.at, now);
}

void FairShare::take_late(Limit::What what, std::uint64_t units) {
  for (const Limit::Per per : all_pers) parts_[kind_of({what, per})].debt += price_in(per, units);
}

void FairShare::give_back(Limit::What what, std::uint64_t units) {
  for (const Limit::Per per : all_pers) {
    Wide& debt = parts_[kind_of({what, per})].debt;
    debt -= std::min(debt, price_in(per, units));
  }
}

std::uint32_t Sharers::ask(FairShare& key, TimePoint now) {
  const std::int64_t turn = std::max(turn_, now.time_since_epoch() / turn_time);
  if (turn != turn_) {
    in_the_one_before_ = turn == turn_ + 1 ? in_turn_ : 0;
    in_turn_ = 0;
    turn_ = turn;
  }
  if (key.asked_in_ != turn) {
    key.asked_in_ = turn;
    ++in_turn_;
  }
  return std::max(in_turn_, in_the_one_before_);
}

}  // namespace sluice::ledger

#include "ledger/account.hpp"

#include <algorithm>
#include <chrono>
#include <mutex>

namespace sluice::ledger {
namespace {

// Nobody knows when a place is free; whoever wants one may ask again after this.
constexpr Duration until_a_place_is_free = std::chrono::seconds(1);

std::uint64_t all_tokens(const Demand& demand) {
  const std::uint64_t sum = demand.input_tokens + demand.output_tokens;
  return sum < demand.input_tokens ? UINT64_MAX : sum;
}

// What of a demand a limit counts, once the request is in.
std::uint64_t tokens_for(Limit::What what, const Demand& demand) {
  switch (what) {
    case Limit::What::requests:
      return 0;
    case Limit::What::input_tokens:
      return demand.input_tokens;
    case Limit::What::output_tokens:
      return demand.output_tokens;
    case Limit::What::tokens:
      return all_tokens(demand);
  }
  return 0;
}

std::uint64_t units_for(Limit::What what, const Demand& demand) {
  return what == Limit::What::requests ? 1 : tokens_for(what, demand);
}

// The one with less left in proportion; of equals the one with less left.
void add_standing(std::optional<Standing>& tightest, const Standing& standing) {
  if (tightest) {
    const Wide here = static_cast<Wide>(standing.left) * tightest->limit;
    const Wide there = static_cast<Wide>(tightest->left) * standing.limit;
    if (there < here || (there == here && tightest->left <= standing.left)) return;
  }
  tightest = standing;
}

}  // namespace

void Account::follow(const Terms& terms, const Book::History& history, Now now) {
  if (terms == terms_) return;
  NanoUsd spent_before = 0;
  {
    const std::lock_guard lock(lock_);
    spent_before = spent_;
  }
  std::vector<Metered> limits = limits_of(terms);
  std::vector<bool> fresh;
  std::vector<BudgetWindow> budgets = budgets_of(terms, history, now.wall, fresh);
  {
    const std::lock_guard lock(lock_);
    ++changes_;
    inherit(limits);
    inherit(budgets, fresh, spent_ - spent_before);
    limits_.swap(limits);
    budgets_.swap(budgets);
    concurrent_ = terms.concurrent;
    is_shared_.store(terms.fair_share, std::memory_order_relaxed);
  }
  terms_ = terms;
}

std::vector<Account::Metered> Account::limits_of(const Terms& terms) const {
  std::vector<Metered> limits;
  limits.reserve(terms.limits.size());
  for (const Limit& limit : terms.limits) {
    limits.push_back({limit, Gcra(limit.amount, duration_of(limit.per)), changes_ + 1});
  }
  return limits;
}

std::vector<BudgetWindow> Account::budgets_of(const Terms& terms, const Book::History& history, UtcTime now,
                                              std::vector<bool>& fresh) const {
  std::vector<BudgetWindow> budgets;
  budgets.reserve(terms.budgets.size());
  for (const Budget& budget : terms.budgets) {
    BudgetWindow& window = budgets.emplace_back(budget, now);
    fresh.push_back(budget_like(budget) == nullptr);
    if (fresh.back()) window.remember(history, level_, name_);
  }
  return budgets;
}

void Account::inherit(std::vector<Metered>& limits) const {
  for (Metered& limit : limits) {
    for (const Metered& before : limits_) {
      if (before.limit.what != limit.limit.what || before.limit.per != limit.limit.per) continue;
      limit.rate.inherit(before.rate);
      limit.since = before.since;
      break;
    }
  }
}

// What was paid while the history was asked may be in it or not: rather twice than not at all.
void Account::inherit(std::vector<BudgetWindow>& budgets, const std::vector<bool>& fresh,
                      NanoUsd spent_meanwhile) const {
  for (std::size_t i = 0; i < budgets.size(); ++i) {
    if (fresh[i]) {
      budgets[i].spend(spent_meanwhile);
    } else {
      budgets[i].inherit(*budget_like(budgets[i].terms()));
    }
  }
}

const BudgetWindow* Account::budget_like(const Budget& terms) const {
  for (const BudgetWindow& budget : budgets_) {
    if (budget.is_same_window(terms)) return &budget;
  }
  return nullptr;
}

void Account::look(const Demand& demand, Now now, std::optional<Block>& worst) {
  for (const Metered& metered : limits_) {
    const Duration wait = metered.rate.could(units_for(metered.limit.what, demand), now.steady);
    if (wait == Duration::zero()) continue;
    Block block{.account = this, .why = Refusal::Why::limit, .limit = metered.limit, .retry_after = wait};
    block.hopeless = wait == Duration::max();
    add(worst, block);
  }
  if (concurrent_ != 0 && open_ >= concurrent_) {
    add(worst, {.account = this, .why = Refusal::Why::concurrency, .retry_after = until_a_place_is_free});
  }
  // The least there is must be left.
  demand.beyond_budget&& is_callers() ? move_to(now.wall) : look(NanoUsd{1}, now.wall, worst);
}

void Account::move_to(UtcTime now) {
  for (BudgetWindow& budget : budgets_) budget.move_to(now);
}

void Account::look(NanoUsd bound, UtcTime now, std::optional<Block>& worst) {
  for (BudgetWindow& budget : budgets_) {
    budget.move_to(now);
    if (!budget.has(bound, reserved())) add(worst, blocked_by(budget, bound));
  }
}

Block Account::blocked_by(const BudgetWindow& budget, NanoUsd more) const {
  Block block{.account = this, .why = Refusal::Why::budget, .window = budget.terms().window};
  block.retry_after = budget.wait_for(more, reserved());
  block.resets = budget.resets(more);
  block.budget = budget.limit();
  block.left = rest_of(rest_of(budget.limit(), budget.spent()), reserved());
  block.hopeless = more > budget.limit();
  return block;
}

bool Account::has(NanoUsd more) const {
  for (const BudgetWindow& budget : budgets_) {
    if (!budget.has(more, reserved())) return false;
  }
  return true;
}

std::uint32_t Account::enter(const Demand& demand, TimePoint now) {
  ++open_;
  for (Metered& metered : limits_) metered.rate.take(units_for(metered.limit.what, demand), now);
  return changes_;
}

void Account::begin_sharing() {
  {
    const std::lock_guard lock(lock_);
    if (share_ != nullptr) return;
  }
  std::unique_ptr<FairShare> fresh = std::make_unique<FairShare>();
  const std::lock_guard lock(lock_);
  if (share_ == nullptr) share_ = std::move(fresh);
}

void Account::look_at_share(Account& key, const Demand& demand, TimePoint now, std::optional<Block>& worst) {
  sharing_ = sharers_.ask(*key.share_, now);
  if (sharing_ < 2) return;
  for (const Metered& metered : limits_) {
    const std::uint64_t units = units_for(metered.limit.what, demand);
    if (!metered.rate.is_scarce(units, now)) continue;
    const Duration wait = key.share_->could(metered.limit, metered.rate, units, sharing_, now);
    if (wait == Duration::zero()) continue;
    add(worst, {.account = this, .limit = metered.limit, .retry_after = wait, .of_share = true});
  }
  const bool few_places = concurrent_ != 0 && (open_ + std::uint64_t{1}) * 10 > std::uint64_t{concurrent_} * 9;
  if (few_places && key.open_ >= std::max(concurrent_ / sharing_, 1U)) {
    add(worst,
        {.account = this, .why = Refusal::Why::concurrency, .retry_after = until_a_place_is_free, .of_share = true});
  }
}

void Account::enter_share(Account& key, const Demand& demand, TimePoint now) const {
  for (const Metered& metered : limits_)
    key.share_->take(metered.limit, metered.rate, units_for(metered.limit.what, demand), sharing_, now);
}

void Account::correct_share(const Demand& held, const Demand& used) {
  for (const Limit::What what : {Limit::What::tokens, Limit::What::input_tokens, Limit::What::output_tokens}) {
    const std::uint64_t before = tokens_for(what, held);
    const std::uint64_t after = tokens_for(what, used);
    if (after < before) share_->give_back(what, before - after);
    if (before < after) share_->take_late(what, after - before);
  }
}

void Account::correct(std::uint32_t entered, const Demand& held, const Demand& used) {
  for (Metered& metered : limits_) {
    if (metered.since > entered) continue;
    const std::uint64_t before = tokens_for(metered.limit.what, held);
    const std::uint64_t after = tokens_for(metered.limit.what, used);
    if (after < before) metered.rate.give_back(before - after);
    if (before < after) metered.rate.take_late(after - before);
  }
}

bool Account::settle(NanoUsd reserved, NanoUsd cost) {
  reserved_ -= std::min(reserved_, static_cast<Wide>(reserved));
  if (cost == 0) return false;
  spent_ = sum_of(spent_, cost);
  bool due = false;
  for (BudgetWindow& budget : budgets_) {
    budget.spend(cost);
    due = due || budget.due().has_value();
  }
  return due;
}

std::optional<Alert> Account::next_alert() {
  for (BudgetWindow& budget : budgets_) {
    const std::optional<std::uint8_t> percent = budget.due();
    if (!percent) continue;
    budget.told(*percent);
    return Alert{.standing = standing_of(budget), .percent = *percent};
  }
  return std::nullopt;
}

void Account::add_standings(TimePoint now, Standings& standings) const {
  for (const Metered& metered : limits_) {
    auto& tightest = metered.limit.what == Limit::What::requests ? standings.requests : standings.tokens;
    add_standing(tightest, metered.rate.standing(now));
  }
}

BudgetStanding Account::budget_standing(std::size_t number, UtcTime now) {
  BudgetWindow& budget = budgets_[number];
  budget.move_to(now);
  return standing_of(budget);
}

BudgetStanding Account::standing_of(const BudgetWindow& budget) const {
  BudgetStanding standing;
  standing.level = level_;
  standing.window = budget.terms().window;
  standing.limit = budget.limit();
  standing.spent = budget.spent();
  standing.reserved = reserved();
  standing.resets = budget.resets(0);
  return standing;
}

bool Account::is_blank(Now now) {
  if (open_ != 0 || reserved_ != 0) return false;
  for (const Metered& metered : limits_) {
    if (metered.rate.standing(now.steady).reset != Duration::zero()) return false;
  }
  for (BudgetWindow& budget : budgets_) {
    budget.move_to(now.wall);
    if (budget.spent() != 0) return false;
  }
  return true;
}

}  // namespace sluice::ledger

#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sluice/ledger/book.hpp>
#include <sluice/ledger/terms.hpp>

#include "ledger/budget_window.hpp"
#include "ledger/fair_share.hpp"
#include "ledger/gcra.hpp"
#include "ledger/spin_lock.hpp"

namespace sluice::ledger {

class Account;

// Why an account may not, in numbers: a Refusal without the words, which nobody builds while others wait.
struct Block {
  const Account* account = nullptr;
  Refusal::Why why = Refusal::Why::limit;
  std::optional<Limit> limit{};
  std::optional<Budget::Window> window{};
  Duration retry_after{};
  std::optional<UtcTime> resets{};
  NanoUsd budget = 0;
  NanoUsd left = 0;
  bool hopeless = false;
  bool of_share = false;
};
Refusal refusal_of(const Block& block);
// The one that lasts longer; of two that last equally long, the one of the wider level.
void add(std::optional<Block>& worst, const Block& block);

// One who is held to terms, and what was used and spent so far. Money that is set aside weighs on all its budgets
// alike, whenever they were made; tokens and places are counted in any case, so that terms which are new find them.
class Account {
 public:
  Account(Level level, std::string name) : level_(level), name_(std::move(name)) {}

  Level level() const { return level_; }
  const std::string& name() const { return name_; }

  // Replaces the terms. A limit of the same kind and time keeps its debt in proportion, a budget of the same window
  // keeps what was spent; another asks the history. One thread at a time, without the lock: it takes that for the
  // moment of the change.
  void follow(const Terms& terms, const Book::History& history, Now now);

  // Guards all that stands below. Never held while anything is allocated, built or called. Whoever holds several takes
  // them by rising address.
  SpinLock& lock() const { return lock_; }

  // Why it may not, added to what is in the way already; budgets move on to their current windows.
  void look(const Demand& demand, Now now, std::optional<Block>& worst);
  void look(NanoUsd bound, UtcTime now, std::optional<Block>& worst);
  // The caller's own: a key's or a team's.
  bool is_callers() const { return level_ == Level::key || level_ == Level::team; }
  // Into the windows of that time.
  void move_to(UtcTime now);
  // Whether all its budgets have so much more, as far as is known of the time.
  bool has(NanoUsd more) const;

  // A request comes in. What is said of its tokens later is said with the number it gets here.
  std::uint32_t enter(const Demand& demand, TimePoint now);
  void leave() { --open_; }

  // A team whose keys share its limits fairly. Needs no lock.
  bool is_shared() const { return is_shared_.load(std::memory_order_relaxed); }
  // Makes a key ready to share, once; takes the lock itself. From then on it stays so.
  void begin_sharing();
  // One of this team's keys, which has begun to share, asks; both are locked. Adds to `worst` what is not its share.
  // Then, if it is let in, what it takes of the team.
  void look_at_share(Account& key, const Demand& demand, TimePoint now, std::optional<Block>& worst);
  void enter_share(Account& key, const Demand& demand, TimePoint now) const;
  // The key's own side of correct().
  void correct_share(const Demand& held, const Demand& used);

  // What it held turns out to be something else. Limits that are younger than the request never heard of it.
  void correct(std::uint32_t entered, const Demand& held, const Demand& used);

  void set_aside(NanoUsd amount) { reserved_ += static_cast<Wide>(amount); }
  // Ends what was set aside with what it cost. True: there is an alert to tell.
  bool settle(NanoUsd reserved, NanoUsd cost);
  // The next threshold to tell, which counts as told now; without the account's name.
  std::optional<Alert> next_alert();

  bool has_budget() const { return !budgets_.empty(); }
  void add_standings(TimePoint now, Standings& standings) const;
  std::size_t budgets() const { return budgets_.size(); }
  // Of the budget of that number, without the account's name.
  BudgetStanding budget_standing(std::size_t number, UtcTime now);
  // Nobody would notice if it was made anew.
  bool is_blank(Now now);

 private:
  struct Metered {
    Limit limit;
    Gcra rate;
    std::uint32_t since;  // the change of terms that brought it
  };
  std::vector<Metered> limits_of(const Terms& terms) const;
  std::vector<BudgetWindow> budgets_of(const Terms& terms, const Book::History& history, UtcTime now,
                                       std::vector<bool>& fresh) const;
  void inherit(std::vector<Metered>& limits) const;
  void inherit(std::vector<BudgetWindow>& budgets, const std::vector<bool>& fresh, NanoUsd spent_meanwhile) const;
  NanoUsd reserved() const { return static_cast<NanoUsd>(std::min(reserved_, static_cast<Wide>(most_money))); }
  const BudgetWindow* budget_like(const Budget& terms) const;
  Block blocked_by(const BudgetWindow& budget, NanoUsd more) const;
  BudgetStanding standing_of(const BudgetWindow& budget) const;

  const Level level_;
  const std::string name_;
  Terms terms_;  // the newest; follow()'s own
  mutable SpinLock lock_;
  std::vector<Metered> limits_;
  std::vector<BudgetWindow> budgets_;
  std::uint32_t concurrent_ = 0;
  std::uint32_t changes_ = 0;  // of terms
  std::uint32_t open_ = 0;     // requests
  std::atomic<bool> is_shared_ = false;
  std::uint32_t sharing_ = 0;         // keys, when one of them last asked
  Sharers sharers_;                   // a team's
  std::unique_ptr<FairShare> share_;  // a key's of its team; null: it never had to share
  // Exact, though several bounds without a budget to keep them small may be more than the largest amount.
  Wide reserved_ = 0;
  NanoUsd spent_ = 0;  // ever
};

}  // namespace sluice::ledger

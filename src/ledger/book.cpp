#include <sluice/ledger/book.hpp>

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "ledger/account.hpp"
#include "ledger/held.hpp"

namespace sluice::ledger {
namespace {

class SharedBook final : public Book {
 public:
  SharedBook(History history, AlertSink alerts) : history_(std::move(history)), alerts_(std::move(alerts)) {}

  std::shared_ptr<Account> account(Level level, std::string_view name, const Terms& terms, Now now) override {
    // Taken before the other one, which is not held while the history is asked.
    const std::lock_guard changing(changing_);
    std::shared_ptr<Account> account = find(level, name, now);
    account->follow(terms, history_, now);
    return account;
  }

  void dismiss(Level level, std::string_view name, Now now) override {
    const std::lock_guard changing(changing_);
    const std::shared_ptr<Account> account = known(level, name);
    if (account != nullptr) account->follow(Terms(), history_, now);
  }

  std::optional<Refusal> open(std::span<Account* const> accounts, const Demand& demand, Now now,
                              std::optional<Tab>& tab) override {
    return Held::open(accounts, demand, now, alerts_, tab);
  }

  Standings standings(std::span<Account* const> accounts, Now now) const override {
    Standings standings;
    for (Account* const account : accounts) {
      if (account == nullptr) continue;
      const std::lock_guard lock(account->lock());
      account->add_standings(now.steady, standings);
    }
    return standings;
  }

  std::vector<BudgetStanding> budgets(Now now) const override {
    std::vector<BudgetStanding> standings;
    for (const std::shared_ptr<Account>& account : all()) add_standings(*account, now, standings);
    return standings;
  }

 private:
  using Name = std::pair<Level, std::string>;

  std::shared_ptr<Account> find(Level level, std::string_view name, Now now) {
    const std::lock_guard lock(mutex_);
    if (accounts_.size() >= sweep_at_) sweep(now);
    std::shared_ptr<Account>& place = accounts_[Name(level, name)];
    if (place == nullptr) place = std::make_shared<Account>(level, std::string(name));
    return place;
  }

  std::shared_ptr<Account> known(Level level, std::string_view name) const {
    const std::lock_guard lock(mutex_);
    const auto found = accounts_.find(Name(level, name));
    return found == accounts_.end() ? nullptr : found->second;
  }

  // When there are twice as many accounts as after the last time. Under the mutex, so that nobody can take hold of an
  // account while it goes. Whoever let go of it before was done with it; requests that still count on it keep it from
  // being blank.
  void sweep(Now now) {
    std::erase_if(accounts_, [&](const auto& item) {
      if (item.second.use_count() > 1) return false;
      const std::lock_guard lock(item.second->lock());
      return item.second->is_blank(now);
    });
    sweep_at_ = std::max<std::size_t>(64, accounts_.size() * 2);
  }

  std::vector<std::shared_ptr<Account>> all() const {
    std::vector<std::shared_ptr<Account>> all;
    const std::lock_guard lock(mutex_);
    all.reserve(accounts_.size());
    for (const auto& [name, account] : accounts_) all.push_back(account);
    return all;
  }

  static void add_standings(Account& account, Now now, std::vector<BudgetStanding>& standings) {
    for (std::size_t number = 0;; ++number) {
      std::optional<BudgetStanding> standing;
      {
        const std::lock_guard lock(account.lock());
        if (number < account.budgets()) standing = account.budget_standing(number, now.wall);
      }
      if (!standing) return;
      standing->name = account.name();
      standings.push_back(*std::move(standing));
    }
  }

  const History history_;
  const AlertSink alerts_;
  std::mutex changing_;
  mutable std::mutex mutex_;
  std::map<Name, std::shared_ptr<Account>> accounts_;
  std::size_t sweep_at_ = 64;
};

}  // namespace

std::unique_ptr<Book> Book::make(History history, AlertSink alerts) {
  return std::make_unique<SharedBook>(std::move(history), std::move(alerts));
}

}  // namespace sluice::ledger

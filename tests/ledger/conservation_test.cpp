#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ledger/shared_book.hpp"
#include "traffic/seed.hpp"

// Many requests at once over accounts that they share, against books kept in the simplest way there is.
namespace sluice::ledger::conservation_test {
namespace {

using Names = std::array<std::string, 4>;  // organisation, team, key, model
constexpr std::array levels = {Level::organisation, Level::team, Level::key, Level::model};

struct Sums {
  NanoUsd limit = 0;
  NanoUsd spent = 0;
  NanoUsd reserved = 0;
};

struct Paying {
  std::optional<Permit> permit;
  NanoUsd reserved = 0;
  NanoUsd metered = 0;
};

struct Request {
  Names names;
  std::optional<Tab> tab;
  std::vector<std::unique_ptr<Paying>> permits;
  NanoUsd owed = 0;  // by permits that are gone
};

using Requests = std::vector<std::unique_ptr<Request>>;

class Conservation : public BookTest {
 protected:
  Conservation() {
    const std::array<std::vector<std::string>, 4> all = {{{"o"}, {"t1", "t2"}, {"k1", "k2", "k3", "k4"}, {"m1", "m2"}}};
    const std::array<NanoUsd, 4> limits = {40'000'000, 25'000'000, 12'000'000, 28'000'000};
    for (std::size_t level = 0; level < all.size(); ++level) {
      for (const std::string& name : all[level]) {
        const NanoUsd most = limits[level] + static_cast<NanoUsd>(random_() % 1'000'000);
        accounts_[name] = account(levels[level], name, terms({}, {budget(most, Budget::Window::total)}));
        sums_[name].limit = most;
      }
    }
  }

  Names some_names() {
    const std::uint64_t key = 1 + random_() % 4;
    return {"o", key < 3 ? "t1" : "t2", 'k' + std::to_string(key), 'm' + std::to_string(1 + random_() % 2)};
  }
  bool all_have(const Names& names, NanoUsd more) {
    return std::ranges::all_of(names, [&](const std::string& name) {
      const Sums& sums = sums_[name];
      return sums.spent + sums.reserved + more <= sums.limit;
    });
  }
  void reserve_for(const Names& names, NanoUsd amount) {
    for (const std::string& name : names) sums_[name].reserved += amount;
  }

  void come(Requests& requests) {
    auto request = std::make_unique<Request>();
    request->names = some_names();
    std::vector<std::shared_ptr<Account>> accounts;
    for (const std::string& name : request->names) accounts.push_back(accounts_[name]);
    std::shuffle(accounts.begin(), accounts.end(), random_);
    const bool refused = open(accounts, {}, request->tab).has_value();
    ASSERT_EQ(refused, !all_have(request->names, 1));
    if (!refused) requests.push_back(std::move(request));
  }
  void reserve(Request& request) {
    const auto bound = static_cast<NanoUsd>(random_() % 200'000);
    auto paying = std::make_unique<Paying>();
    const bool refused = request.tab->reserve(bound, now_, paying->permit).has_value();
    ASSERT_EQ(refused, !all_have(request.names, bound));
    if (refused) return;
    reserve_for(request.names, bound);
    paying->reserved = bound;
    request.permits.push_back(std::move(paying));
  }
  // Within what it set aside, or beyond: then what it takes is the one or the other amount.
  void meter(Request& request, Paying& paying, bool within) {
    const NanoUsd most = within ? paying.reserved : paying.reserved + paying.reserved / 2 + 1'000;
    const NanoUsd metered = std::max(paying.metered, static_cast<NanoUsd>(random_() % static_cast<unsigned>(most + 1)));
    const NanoUsd missing = metered - paying.reserved;
    paying.metered = metered;
    const bool goes_on = paying.permit->meter(metered);
    if (missing > 0) {
      ASSERT_EQ(goes_on, all_have(request.names, missing));
      const NanoUsd generous = std::max(missing, paying.reserved / 4);
      const NanoUsd more = !goes_on ? 0 : all_have(request.names, generous) ? generous : missing;
      reserve_for(request.names, more);
      paying.reserved += more;
    }
    ASSERT_EQ(paying.permit->reserved(), paying.reserved);
    if (!goes_on) end(request, paying, false);
  }
  void end(Request& request, Paying& paying, bool says_what_it_cost) {
    NanoUsd cost = paying.metered;
    if (says_what_it_cost) {
      cost = static_cast<NanoUsd>(random_() % static_cast<unsigned>(paying.reserved + 1));
      paying.permit->pay(cost);
    }
    paying.permit.reset();
    reserve_for(request.names, -paying.reserved);
    for (const std::string& name : request.names) sums_[name].spent += cost;
    request.owed += cost;
    paid_ += cost;
    std::erase_if(request.permits, [&](const auto& other) { return other.get() == &paying; });
  }
  void go(Requests& requests, std::size_t place) {
    Request& request = *requests[place];
    NanoUsd owed = request.owed;
    for (const auto& paying : request.permits) owed += paying->metered;
    ASSERT_EQ(request.tab->spent(), owed);
    while (!request.permits.empty()) end(request, *request.permits.back(), random_() % 2 == 0);
    std::swap(requests[place], requests.back());
    requests.pop_back();
  }

  void step(Requests& requests, bool within) {
    const std::uint64_t what = random_() % 16;
    if (requests.empty() || (what < 2 && requests.size() < 60)) return come(requests);
    const std::size_t place = random_() % requests.size();
    Request& request = *requests[place];
    if (what == 2) return go(requests, place);
    if (request.permits.empty() || (what < 7 && request.permits.size() < 4)) return reserve(request);
    Paying& paying = *request.permits[random_() % request.permits.size()];
    if (what < 12) return meter(request, paying, within);
    end(request, paying, what < 14);
  }
  void compare(bool within) {
    for (const BudgetStanding& standing : book_->budgets(now_)) {
      const Sums& sums = sums_[standing.name];
      ASSERT_EQ(standing.spent, sums.spent) << standing.name;
      ASSERT_EQ(standing.reserved, sums.reserved) << standing.name;
      if (within) {
        ASSERT_LE(standing.spent + standing.reserved, standing.limit) << standing.name;
      }
    }
  }
  // More money for those who have none left, so that the next round has something to do.
  void raise() {
    for (auto& [name, account] : accounts_) {
      Sums& sums = sums_[name];
      if (sums.limit - sums.spent > 3'000'000) continue;
      sums.limit += 20'000'000;
      for (const Level level : levels) {
        if (name[0] == to_string(level)[0]) {
          this->account(level, name, terms({}, {budget(sums.limit, Budget::Window::total)}));
        }
      }
    }
  }
  void run(bool within) {
    Requests requests;
    for (int i = 0; i < traffic::steps; ++i) {
      step(requests, within);
      if (HasFatalFailure()) FAIL() << "in step " << i;
      if (i % 500 == 0) compare(within);
      if (i % 5'000 == 0) raise();
    }
    while (!requests.empty()) go(requests, requests.size() - 1);
    compare(within);
    NanoUsd spent = 0;
    for (const BudgetStanding& standing : book_->budgets(now_)) {
      EXPECT_EQ(standing.reserved, 0) << standing.name;
      spent += standing.spent;
    }
    EXPECT_EQ(spent, paid_ * 4) << "on four levels";
    EXPECT_GT(paid_, 1'000'000'000);
  }

  std::mt19937_64 random_ = traffic::seeded();
  std::map<std::string, std::shared_ptr<Account>> accounts_;
  std::map<std::string, Sums> sums_;
  NanoUsd paid_ = 0;
};

TEST_F(Conservation, of_money_and_of_budgets_while_nobody_goes_beyond_his_bound) { run(true); }

TEST_F(Conservation, of_money_while_meters_pass_what_was_set_aside) { run(false); }

}  // namespace
}  // namespace sluice::ledger::conservation_test

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <random>
#include <thread>
#include <vector>

#include "ledger/shared_book.hpp"

namespace sluice::ledger::threads_test {
namespace {

using namespace std::chrono_literals;
using What = Limit::What;
constexpr int rounds = 20'000;

// The same work on four threads, which are numbered.
void on_four_threads(const std::function<void(unsigned)>& work) {
  std::array<std::thread, 4> threads;
  for (unsigned i = 0; i < threads.size(); ++i) threads[i] = std::thread(work, i);
  for (std::thread& thread : threads) thread.join();
}

class BookThreads : public BookTest {
 protected:
  Now now_ = BookTest::now_;
  std::atomic<NanoUsd> told_{0};
  std::unique_ptr<Book> shared_ = Book::make({}, [this](const Alert&) { ++told_; });
  std::shared_ptr<Account> account(Level level, const std::string& name, const Terms& terms) {
    return shared_->account(level, name, terms, now_);
  }
  NanoUsd spent_by(const std::string& name) {
    for (const BudgetStanding& standing : shared_->budgets(now_)) {
      if (standing.name != name) continue;
      EXPECT_EQ(standing.reserved, 0) << name;
      return standing.spent;
    }
    return -1;
  }
};

TEST_F(BookThreads, lose_no_money_and_spend_none_twice) {
  Budget most = budget(200'000'000, Budget::Window::total);
  most.alerts = {10, 20, 30, 40, 50};
  const auto organisation = account(Level::organisation, "o", terms({}, {most}));
  const auto model = account(Level::model, "m", terms({}, {budget(1'000'000'000'000, Budget::Window::total)}));
  std::vector<std::shared_ptr<Account>> keys;
  for (int i = 0; i < 3; ++i) {
    keys.push_back(
        account(Level::key, 'k' + std::to_string(i), terms({}, {budget(90'000'000, Budget::Window::total)})));
  }
  std::array<std::atomic<NanoUsd>, 3> paid{};
  on_four_threads([&](unsigned thread) {
    std::mt19937_64 random(thread);
    for (int i = 0; i < rounds; ++i) {
      const std::size_t key = random() % keys.size();
      // In any order, which must not matter.
      std::array<Account*, 3> accounts = {organisation.get(), model.get(), keys[key].get()};
      std::swap(accounts[random() % 3], accounts[random() % 3]);
      std::optional<Tab> tab;
      if (shared_->open(accounts, {}, now_, tab)) continue;
      for (int attempt = 0; attempt < 2; ++attempt) {
        std::optional<Permit> permit;
        const auto bound = static_cast<NanoUsd>(random() % 10'000);
        if (tab->reserve(bound, now_, permit)) continue;
        permit->meter(static_cast<NanoUsd>(random() % 12'000));
        if (random() % 2 == 0) permit->pay(static_cast<NanoUsd>(random() % static_cast<unsigned>(bound + 1)));
        permit.reset();
      }
      paid[key] += tab->spent();
    }
  });
  NanoUsd all = 0;
  for (std::size_t key = 0; key < keys.size(); ++key) {
    EXPECT_EQ(spent_by('k' + std::to_string(key)), paid[key]);
    all += paid[key];
  }
  EXPECT_EQ(spent_by("o"), all);
  EXPECT_EQ(spent_by("m"), all);
  EXPECT_GT(all, 100'000'000);
  EXPECT_EQ(told_, 5) << "each threshold once";
}

TEST_F(BookThreads, share_fairly_whoever_asks_from_wherever) {
  Terms shared = terms({limit(What::requests, 1'000)});
  shared.fair_share = true;
  const auto team = account(Level::team, "t", shared);
  std::vector<std::shared_ptr<Account>> keys;
  for (int i = 0; i < 4; ++i) keys.push_back(account(Level::key, 'k' + std::to_string(i), {}));
  std::array<std::atomic<int>, 4> let_in{};
  on_four_threads([&](unsigned thread) {
    for (int i = 0; i < rounds; ++i) {
      const std::size_t key = (thread + static_cast<unsigned>(i)) % keys.size();
      const std::array<Account*, 2> accounts = {team.get(), keys[key].get()};
      std::optional<Tab> tab;
      if (shared_->open(accounts, {}, now_, tab)) continue;
      ++let_in[key];
      tab->used(1, 1);
    }
  });
  int all = 0;
  for (const std::atomic<int>& one : let_in) {
    EXPECT_GE(one, 25) << "a quarter of the last tenth is everybody's";
    all += one;
  }
  EXPECT_EQ(all, 1'000) << "no time passes";
}

TEST_F(BookThreads, never_spend_more_than_there_is) {
  const auto team = account(Level::team, "t", terms({}, {budget(5'000'000, Budget::Window::total)}));
  std::atomic<int> refused{0};
  std::atomic<int> too_much{0};
  on_four_threads([&](unsigned thread) {
    std::mt19937_64 random(thread);
    Account* const accounts[] = {team.get()};
    for (int i = 0; i < rounds; ++i) {
      std::optional<Tab> tab;
      std::optional<Permit> permit;
      const auto bound = static_cast<NanoUsd>(1 + random() % 1'000);
      if (shared_->open(accounts, {}, now_, tab) || tab->reserve(bound, now_, permit)) {
        ++refused;
        continue;
      }
      if (i % 64 == 0) {
        const BudgetStanding standing = shared_->budgets(now_).at(0);
        if (standing.spent + standing.reserved > standing.limit) ++too_much;
      }
      permit->pay(bound);
    }
  });
  EXPECT_EQ(too_much, 0);
  EXPECT_GT(refused, 0);
  EXPECT_LE(spent_by("t"), 5'000'000);
  EXPECT_GE(spent_by("t"), 5'000'000 - 1'000);
}

TEST_F(BookThreads, admit_exactly_as_many_as_limits_allow) {
  const auto team = account(Level::team, "t", terms({limit(What::requests, 10'000, Limit::Per::day)}, {}, 3));
  const auto key = account(Level::key, "k", terms({limit(What::tokens, 70'000, Limit::Per::day)}));
  std::atomic<int> admitted{0};
  std::atomic<int> inside{0};
  std::atomic<int> too_many{0};
  on_four_threads([&](unsigned thread) {
    Account* const accounts[] = {thread % 2 == 0 ? team.get() : key.get(), thread % 2 == 0 ? key.get() : team.get()};
    for (int i = 0; i < rounds; ++i) {
      std::optional<Tab> tab;
      if (shared_->open(accounts, {5, 5}, now_, tab)) continue;
      if (++inside > 3) ++too_many;
      ++admitted;
      tab->used(5, 2);
      --inside;
    }
  });
  EXPECT_EQ(too_many, 0);
  EXPECT_LE(admitted, 10'000);
  EXPECT_GE(admitted, 9'997) << "the last few may have been refused for tokens that others gave back";
}

TEST_F(BookThreads, find_new_terms_under_way) {
  const auto key = account(Level::key, "k", {});
  std::atomic<NanoUsd> paid{0};
  std::atomic<bool> begun{false};
  on_four_threads([&](unsigned thread) {
    Account* const accounts[] = {key.get()};
    // There is a budget before anybody pays, however the threads are scheduled.
    while (thread != 0 && !begun) std::this_thread::yield();
    for (int i = 0; i < rounds / 4; ++i) {
      if (thread == 0) {
        account(Level::tag, std::to_string(i), terms({limit(What::requests, 5)}));
        account(Level::key, "k",
                terms({limit(What::tokens, 1'000'000'000 + static_cast<unsigned>(i % 5))},
                      {budget(1'000'000'000 + i, Budget::Window::total)}));
        begun = true;
        continue;
      }
      std::optional<Tab> tab;
      if (shared_->open(accounts, {3, 4}, now_, tab)) continue;
      std::optional<Permit> permit;
      if (tab->reserve(100, now_, permit)) continue;
      permit->pay(7);
      tab->used(1, 1);
      tab->standings(now_);
      paid += 7;
    }
  });
  account(Level::key, "k", terms({}, {budget(1, Budget::Window::total)}));
  // What was paid before there was a budget is the history's business, and this book has none.
  EXPECT_LE(spent_by("k"), paid);
  EXPECT_GT(spent_by("k"), 0);
}

}  // namespace
}  // namespace sluice::ledger::threads_test

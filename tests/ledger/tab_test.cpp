#include <gtest/gtest.h>

#include <chrono>
#include <limits>

#include "ledger/shared_book.hpp"
#include "telemetry/counting_new.hpp"

namespace sluice::ledger::tab_test {
namespace {

using namespace std::chrono_literals;
using What = Limit::What;

class Tabs : public BookTest {
 protected:
  void SetUp() override { ASSERT_FALSE(open({team_, key_}, {10, 20}, tab_)); }
  std::shared_ptr<Account> team_ = account(Level::team, "t", terms({limit(What::tokens, 100)}, {budget(1'000)}));
  std::shared_ptr<Account> key_ = account(Level::key, "k", terms({}, {budget(500)}));
  std::optional<Tab> tab_;
  std::optional<Permit> permit_;
};

TEST_F(Tabs, set_money_aside_on_every_level) {
  ASSERT_FALSE(tab_->reserve(400, now_, permit_));
  EXPECT_EQ(permit_->reserved(), 400);
  EXPECT_EQ(standing("t").reserved, 400);
  EXPECT_EQ(standing("k").reserved, 400);
  permit_->pay(300);
  for (const char* name : {"t", "k"}) {
    EXPECT_EQ(standing(name).reserved, 0);
    EXPECT_EQ(standing(name).spent, 300);
  }
  EXPECT_EQ(tab_->spent(), 300);
}

TEST_F(Tabs, set_it_aside_on_every_level_or_on_none) {
  std::optional<Permit> other;
  ASSERT_FALSE(tab_->reserve(400, now_, permit_));
  const auto refusal = tab_->reserve(101, now_, other);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->level, Level::key);
  EXPECT_EQ(refusal->left, 100);
  EXPECT_EQ(refusal->retry_after, 1s) << "what is under way may cost less";
  EXPECT_FALSE(other);
  EXPECT_EQ(standing("t").reserved, 400);
  EXPECT_FALSE(tab_->reserve(100, now_, other));
}

TEST_F(Tabs, refuse_for_ever_what_is_more_than_a_whole_budget) {
  const auto refusal = tab_->reserve(501, now_, permit_);
  EXPECT_TRUE(refusal->hopeless);
  EXPECT_EQ(refusal->retry_after, Duration::max());
  EXPECT_EQ(refusal->resets, at("2026-05-06T00:00:00"));
}

TEST_F(Tabs, let_through_what_costs_nothing) {
  ASSERT_FALSE(tab_->reserve(500, now_, permit_));
  permit_->pay(500);
  std::optional<Permit> free;
  EXPECT_FALSE(tab_->reserve(0, now_, free));
  EXPECT_FALSE(tab_->reserve(-5, now_, free));
  EXPECT_EQ(free->reserved(), 0);
}

TEST_F(Tabs, meter_within_what_is_set_aside_without_asking_anybody) {
  ASSERT_FALSE(tab_->reserve(100, now_, permit_));
  EXPECT_TRUE(permit_->meter(60));
  EXPECT_TRUE(permit_->meter(40)) << "only ever more";
  EXPECT_EQ(tab_->spent(), 60);
  EXPECT_EQ(permit_->reserved(), 100);
  permit_.reset();
  EXPECT_EQ(standing("k").spent, 60);
  EXPECT_EQ(standing("k").reserved, 0);
  EXPECT_EQ(tab_->spent(), 60);
}

TEST_F(Tabs, set_more_aside_when_the_meter_passes_it) {
  ASSERT_FALSE(tab_->reserve(100, now_, permit_));
  EXPECT_TRUE(permit_->meter(101));
  EXPECT_EQ(permit_->reserved(), 125) << "a quarter more";
  EXPECT_TRUE(permit_->meter(300));
  EXPECT_EQ(permit_->reserved(), 300) << "or what is missing";
  EXPECT_EQ(standing("k").reserved, 300);
  EXPECT_EQ(standing("t").reserved, 300);
  permit_->pay(290);
  EXPECT_EQ(standing("t").spent, 290) << "who knows better than the meter is right";
}

TEST_F(Tabs, set_just_enough_aside_when_there_is_no_more) {
  ASSERT_FALSE(tab_->reserve(440, now_, permit_));
  EXPECT_TRUE(permit_->meter(450));
  EXPECT_EQ(permit_->reserved(), 450);
  EXPECT_TRUE(permit_->meter(500));
  EXPECT_FALSE(permit_->meter(501));
  EXPECT_EQ(permit_->reserved(), 500);
  EXPECT_EQ(tab_->spent(), 501);
  permit_.reset();
  EXPECT_EQ(standing("k").spent, 501) << "what was metered is owed all the same";
  EXPECT_EQ(standing("t").spent, 501);
  EXPECT_EQ(standing("k").reserved, 0);
}

TEST_F(Tabs, pay_once) {
  ASSERT_FALSE(tab_->reserve(100, now_, permit_));
  permit_->pay(70);
  permit_->pay(30);
  EXPECT_FALSE(permit_->meter(90));
  permit_.reset();
  EXPECT_EQ(standing("k").spent, 70);
  EXPECT_EQ(tab_->spent(), 70);
}

TEST_F(Tabs, may_be_moved_with_their_permits) {
  ASSERT_FALSE(tab_->reserve(100, now_, permit_));
  Tab moved(std::move(*tab_));
  tab_.reset();
  Permit also(std::move(*permit_));
  permit_.reset();
  EXPECT_EQ(standing("k").reserved, 100);
  EXPECT_TRUE(also.meter(110));
  also.pay(105);
  EXPECT_EQ(standing("k").spent, 105);
  EXPECT_EQ(standing("k").reserved, 0);
  EXPECT_EQ(moved.spent(), 105);
}

TEST_F(Tabs, never_make_money) {
  ASSERT_FALSE(tab_->reserve(100, now_, permit_));
  permit_->pay(-50);
  EXPECT_EQ(standing("k").spent, 0);
  constexpr NanoUsd most = std::numeric_limits<NanoUsd>::max();
  ASSERT_FALSE(tab_->reserve(100, now_, permit_));
  permit_->pay(most);
  std::optional<Permit> free;
  ASSERT_TRUE(tab_->reserve(0, now_, free)) << "over its budget";
  EXPECT_EQ(standing("k").spent, most);
  EXPECT_EQ(tab_->spent(), most);
}

TEST_F(Tabs, count_bounds_without_a_budget_exactly) {
  constexpr NanoUsd most = std::numeric_limits<NanoUsd>::max();
  const auto free = account(Level::key, "free", {});
  std::optional<Tab> tab;
  std::optional<Permit> one;
  std::optional<Permit> two;
  ASSERT_FALSE(open({free}, {}, tab));
  ASSERT_FALSE(tab->reserve(most, now_, one));
  ASSERT_FALSE(tab->reserve(most, now_, two));
  one->pay(1);
  account(Level::key, "free", terms({}, {budget(100)}));
  EXPECT_EQ(standing("free").reserved, most);
  two->pay(1);
  EXPECT_EQ(standing("free").reserved, 0);
}

TEST_F(Tabs, settle_in_the_window_that_is_current_what_began_in_the_last) {
  wait(11h + 59min);
  ASSERT_FALSE(tab_->reserve(400, now_, permit_));
  wait(2min);
  EXPECT_EQ(standing("k").reserved, 400) << "it weighs on the new day from its beginning";
  EXPECT_EQ(standing("k").spent, 0);
  std::optional<Permit> other;
  EXPECT_TRUE(tab_->reserve(101, now_, other));
  EXPECT_TRUE(permit_->meter(450));
  permit_->pay(420);
  EXPECT_EQ(standing("k").spent, 420);
  EXPECT_EQ(standing("k").reserved, 0);
}

TEST_F(Tabs, give_back_the_tokens_that_were_not_used) {
  EXPECT_EQ(tab_->standings(now_).tokens->left, 70u);
  tab_->used(10, 5);
  EXPECT_EQ(tab_->standings(now_).tokens->left, 85u);
  tab_->used(10, 100);
  EXPECT_EQ(tab_->standings(now_).tokens->left, 0u);
  EXPECT_EQ(tab_->standings(now_).tokens->reset, 66s) << "more than was held counts too";
  tab_->used(1, 1);
  EXPECT_EQ(tab_->standings(now_).tokens->left, 98u) << "the last word counts";
}

TEST_F(Tabs, beyond_a_budget_are_charged_and_not_refused) {
  Account* const accounts[] = {team_.get(), key_.get()};
  std::optional<Tab> tab;
  ASSERT_FALSE(book_->open(accounts, {0, 0, true}, now_, tab));
  std::optional<Permit> permit;
  EXPECT_FALSE(tab->reserve(one_usd * 1'000'000, now_, permit));
  EXPECT_TRUE(permit->meter(one_usd * 2'000'000));
  permit->pay(one_usd * 2'000'000);
  tab.reset();
  EXPECT_TRUE(book_->open(accounts, {0, 0}, now_, tab)) << "the next one within it finds nothing left";
}

TEST_F(Tabs, count_everything_that_was_held_when_nobody_says_what_was_used) {
  tab_.reset();
  std::optional<Tab> next;
  ASSERT_FALSE(open({team_}, {0, 0}, next));
  EXPECT_EQ(next->standings(now_).tokens->left, 70u);
}

TEST_F(Tabs, cost_no_memory_once_there_was_one) {
  Account* const accounts[] = {team_.get(), key_.get()};
  std::optional<Tab> tab;
  ASSERT_FALSE(book_->open(accounts, {1, 1}, now_, tab));
  tab.reset();
  const std::uint64_t before = allocations_of_this_thread();
  const bool refused = book_->open(accounts, {1, 1}, now_, tab).has_value();
  const std::uint64_t opened = allocations_of_this_thread();
  std::optional<Permit> permit;
  const bool poor = tab->reserve(10, now_, permit).has_value();
  permit->meter(15);
  permit->pay(12);
  tab->used(1, 0);
  tab.reset();
  EXPECT_EQ(opened - before, 0u);
  EXPECT_EQ(allocations_of_this_thread() - opened, 0u);
  EXPECT_FALSE(refused || poor);
}

}  // namespace
}  // namespace sluice::ledger::tab_test

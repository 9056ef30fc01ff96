#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "ledger/shared_book.hpp"

namespace sluice::ledger::book_test {
namespace {

using namespace std::chrono_literals;
using What = Limit::What;
using Why = Refusal::Why;

using Books = BookTest;

TEST_F(Books, let_in_whoever_has_no_terms) {
  std::optional<Tab> tab;
  EXPECT_FALSE(open({}, {1'000, 1'000}, tab));
  EXPECT_TRUE(tab);
  EXPECT_FALSE(open({account(Level::key, "k", {}), nullptr}, {1'000, 1'000}, tab));
  EXPECT_FALSE(tab->has_budget());
  EXPECT_FALSE(tab->standings(now_).requests);
  EXPECT_FALSE(tab->standings(now_).tokens);
}

TEST_F(Books, say_who_is_in_the_way) {
  const auto key = account(Level::key, "k", terms({limit(What::requests, 2), limit(What::tokens, 100)}));
  std::optional<Tab> tab;
  EXPECT_FALSE(open({key}, {30, 40}, tab));
  const auto refusal = open({key}, {30, 40}, tab);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->why, Why::limit);
  EXPECT_EQ(refusal->level, Level::key);
  EXPECT_EQ(refusal->name, "k");
  EXPECT_EQ(refusal->what, "tpm");
  EXPECT_EQ(refusal->retry_after, 24s);
  EXPECT_FALSE(refusal->hopeless);
  wait(24s);
  EXPECT_FALSE(open({key}, {30, 40}, tab));
}

TEST_F(Books, name_the_one_who_is_in_the_way_for_longest) {
  const auto organisation = account(Level::organisation, "o", terms({limit(What::requests, 1)}));
  const auto team = account(Level::team, "t", terms({limit(What::requests, 1, Limit::Per::hour)}));
  const auto key = account(Level::key, "k", terms({limit(What::requests, 1, Limit::Per::second)}, {budget(0)}));
  std::optional<Tab> tab;
  EXPECT_FALSE(open({organisation, team}, {}, tab));
  EXPECT_EQ(open({organisation, team}, {}, tab)->name, "t");
  const auto never = open({key, organisation, team}, {}, tab);
  EXPECT_EQ(never->name, "k");
  EXPECT_EQ(never->what, "budget per day");
  EXPECT_EQ(never->retry_after, Duration::max());
  EXPECT_TRUE(never->hopeless);
  const auto twin = account(Level::team, "u", terms({limit(What::requests, 1)}));
  EXPECT_FALSE(open({twin}, {}, tab));
  EXPECT_EQ(open({twin, organisation}, {}, tab)->level, Level::organisation) << "of two alike the wider";
}

TEST_F(Books, use_nothing_up_for_a_request_they_refuse) {
  const auto roomy = account(Level::team, "t", terms({limit(What::requests, 5), limit(What::tokens, 100)}, {}, 1));
  const auto full = account(Level::key, "k", terms({}, {budget(0)}));
  std::optional<Tab> tab;
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(open({roomy, full}, {10, 10}, tab));
  EXPECT_FALSE(open({roomy}, {50, 50}, tab));
  EXPECT_EQ(tab->standings(now_).requests->left, 4u);
}

TEST_F(Books, count_nobody_twice) {
  const auto tag = account(Level::tag, "a", terms({limit(What::requests, 10)}));
  std::optional<Tab> tab;
  EXPECT_FALSE(open({tag, tag, nullptr, tag}, {}, tab));
  EXPECT_EQ(tab->standings(now_).requests->left, 9u);
}

TEST_F(Books, hold_as_many_as_there_are) {
  std::vector<std::shared_ptr<Account>> tags;
  for (int i = 0; i < 40; ++i) tags.push_back(account(Level::tag, std::to_string(i), terms({}, {budget(100)}, 1)));
  std::optional<Tab> tab;
  tags.insert(tags.end(), tags.begin(), tags.end());
  ASSERT_FALSE(open(tags, {}, tab));
  std::optional<Permit> permit;
  EXPECT_FALSE(tab->reserve(60, now_, permit));
  for (const BudgetStanding& standing : book_->budgets(now_)) EXPECT_EQ(standing.reserved, 60);
  std::optional<Tab> other;
  EXPECT_TRUE(open({tags[17]}, {}, other));
}

TEST_F(Books, give_out_so_many_places) {
  const auto key = account(Level::key, "k", terms({}, {}, 2));
  std::optional<Tab> one;
  std::optional<Tab> two;
  std::optional<Tab> three;
  EXPECT_FALSE(open({key}, {}, one));
  EXPECT_FALSE(open({key}, {}, two));
  const auto refusal = open({key}, {}, three);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->why, Why::concurrency);
  EXPECT_EQ(refusal->what, "concurrent");
  EXPECT_EQ(refusal->retry_after, 1s);
  EXPECT_FALSE(three);
  std::optional<Tab> moved(std::move(*one));
  one.reset();
  EXPECT_TRUE(open({key}, {}, three)) << "a tab that was moved still has its place";
  moved.reset();
  EXPECT_FALSE(open({key}, {}, three));
}

TEST_F(Books, refuse_when_a_budget_has_nothing_left_at_all) {
  const auto key = account(Level::key, "k", terms({}, {budget(100), budget(1'000, Budget::Window::total)}));
  std::optional<Tab> tab;
  std::optional<Permit> permit;
  ASSERT_FALSE(open({key}, {}, tab));
  EXPECT_TRUE(tab->has_budget());
  ASSERT_FALSE(tab->reserve(99, now_, permit));
  permit->pay(99);
  EXPECT_FALSE(open({key}, {}, tab));
  ASSERT_FALSE(tab->reserve(1, now_, permit));
  permit->pay(1);
  const auto refusal = open({key}, {}, tab);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->why, Why::budget);
  EXPECT_EQ(refusal->what, "budget per day");
  EXPECT_EQ(refusal->retry_after, 12h);
  EXPECT_EQ(refusal->resets, at("2026-05-06T00:00:00"));
  EXPECT_EQ(refusal->budget, 100);
  EXPECT_EQ(refusal->left, 0);
  EXPECT_FALSE(refusal->hopeless);
  wait(12h);
  EXPECT_FALSE(open({key}, {}, tab));
}

TEST_F(Books, tell_the_tightest_limits) {
  const auto team = account(Level::team, "t", terms({limit(What::requests, 100), limit(What::output_tokens, 1'000)}));
  const auto key = account(Level::key, "k",
                           terms({limit(What::requests, 10, Limit::Per::hour), limit(What::input_tokens, 500),
                                  limit(What::tokens, 10'000)}));
  std::optional<Tab> tab;
  ASSERT_FALSE(open({team, key}, {100, 900}, tab));
  const Standings standings = tab->standings(now_);
  EXPECT_EQ(standings.requests->limit, 10u);
  EXPECT_EQ(standings.requests->left, 9u);
  EXPECT_EQ(standings.requests->reset, 6min);
  EXPECT_EQ(standings.tokens->limit, 1'000u);
  EXPECT_EQ(standings.tokens->left, 100u);
  EXPECT_EQ(standings.tokens->reset, 54s);
}

TEST_F(Books, keep_what_was_used_when_terms_change) {
  const auto key = account(Level::key, "k", terms({limit(What::requests, 10), limit(What::tokens, 1'000)}));
  std::optional<Tab> tab;
  for (int i = 0; i < 5; ++i) ASSERT_FALSE(open({key}, {100, 0}, tab));
  EXPECT_EQ(account(Level::key, "k", terms({limit(What::requests, 100)})), key);
  ASSERT_FALSE(open({key}, {}, tab));
  EXPECT_EQ(tab->standings(now_).requests->left, 49u) << "half of it was used up";
  EXPECT_FALSE(tab->standings(now_).tokens);
  account(Level::key, "k", terms({limit(What::requests, 100), limit(What::tokens, 1'000)}));
  tab->used(0, 0);
  EXPECT_EQ(tab->standings(now_).tokens->left, 1'000u) << "a new limit is not charged for what it never saw";
}

TEST_F(Books, give_nothing_back_to_a_limit_that_is_younger) {
  const auto key = account(Level::key, "k", {});
  std::optional<Tab> early;
  ASSERT_FALSE(open({key}, {500, 0}, early));
  account(Level::key, "k", terms({limit(What::tokens, 1'000)}));
  std::optional<Tab> late;
  ASSERT_FALSE(open({key}, {600, 0}, late));
  early->used(0, 0);
  EXPECT_EQ(late->standings(now_).tokens->left, 400u);
  late->used(100, 0);
  EXPECT_EQ(late->standings(now_).tokens->left, 900u);
}

TEST_F(Books, keep_money_and_places_when_terms_change) {
  const auto key = account(Level::key, "k", terms({}, {budget(100)}));
  std::optional<Tab> tab;
  std::optional<Permit> paid;
  std::optional<Permit> open_one;
  ASSERT_FALSE(open({key}, {}, tab));
  ASSERT_FALSE(tab->reserve(30, now_, paid));
  paid->pay(30);
  ASSERT_FALSE(tab->reserve(20, now_, open_one));
  history_ = 1'000;
  account(Level::key, "k", terms({}, {budget(200), budget(5'000, Budget::Window::month)}, 1));
  const auto standings = book_->budgets(now_);
  ASSERT_EQ(standings.size(), 2u);
  EXPECT_EQ(standings[0].spent, 30);
  EXPECT_EQ(standings[0].limit, 200);
  EXPECT_EQ(standings[1].spent, 1'000) << "as the history says";
  for (const BudgetStanding& standing : standings) EXPECT_EQ(standing.reserved, 20);
  std::optional<Tab> other;
  EXPECT_TRUE(open({key}, {}, other)) << "the one place is taken";
  open_one->pay(15);
  for (const BudgetStanding& standing : book_->budgets(now_)) EXPECT_EQ(standing.reserved, 0);
  EXPECT_EQ(book_->budgets(now_)[0].spent, 45);
  EXPECT_EQ(book_->budgets(now_)[1].spent, 1'015);
  tab.reset();
  EXPECT_FALSE(open({key}, {}, other));
}

TEST_F(Books, lose_nothing_that_is_paid_while_the_history_is_asked) {
  const auto key = account(Level::key, "k", {});
  std::optional<Tab> tab;
  std::optional<Permit> permit;
  ASSERT_FALSE(open({key}, {}, tab));
  const auto asking = Book::make(
      [&](Level, std::string_view, Span) {
        EXPECT_FALSE(tab->reserve(5, now_, permit));
        permit->pay(5);
        return NanoUsd{100};
      },
      {});
  const auto own = asking->account(Level::key, "own", {}, now_);
  Account* const plain[] = {own.get()};
  ASSERT_FALSE(asking->open(plain, {}, now_, tab));
  asking->account(Level::key, "own", terms({}, {budget(1'000)}), now_);
  EXPECT_EQ(asking->budgets(now_).at(0).spent, 105);
  permit.reset();
  tab.reset();
}

TEST_F(Books, report_budgets_by_level_and_name) {
  std::vector<std::shared_ptr<Account>> held;
  for (const auto& [level, name] : {std::pair{Level::tag, "a"}, std::pair{Level::key, "b"}, std::pair{Level::key, "a"},
                                    std::pair{Level::organisation, "z"}}) {
    held.push_back(account(level, name, terms({}, {budget(100)})));
  }
  std::string order;
  for (const BudgetStanding& standing : book_->budgets(now_)) {
    order += std::string(to_string(standing.level)) + ' ' + standing.name + ' ';
    EXPECT_EQ(standing.resets, at("2026-05-06T00:00:00"));
  }
  EXPECT_EQ(order, "organisation z key a key b tag a ");
}

TEST_F(Books, tell_alerts_on_every_level_once) {
  Budget with_alerts = budget(100);
  with_alerts.alerts = {50, 90};
  const auto team = account(Level::team, "t", terms({}, {with_alerts}));
  const auto key = account(Level::key, "k", terms({}, {with_alerts}));
  std::optional<Tab> tab;
  std::optional<Permit> permit;
  ASSERT_FALSE(open({team, key}, {}, tab));
  ASSERT_FALSE(tab->reserve(95, now_, permit));
  EXPECT_TRUE(alerts_.empty()) << "setting aside is not spending";
  permit->pay(60);
  ASSERT_EQ(alerts_.size(), 2u);
  EXPECT_NE(alerts_[0].standing.name, alerts_[1].standing.name);
  EXPECT_EQ(alerts_[0].percent, 50);
  EXPECT_EQ(alerts_[0].standing.spent, 60);
  EXPECT_EQ(alerts_[0].standing.reserved, 0);
  ASSERT_FALSE(tab->reserve(40, now_, permit));
  permit->pay(20);
  EXPECT_EQ(alerts_.size(), 2u);
}

TEST_F(Books, forget_those_nobody_holds_and_nothing_is_known_of) {
  const auto held = account(Level::key, "held", terms({}, {budget(100)}));
  {
    const auto spender = account(Level::tag, "spender", terms({}, {budget(100)}));
    std::optional<Tab> tab;
    std::optional<Permit> permit;
    ASSERT_FALSE(open({spender}, {}, tab));
    ASSERT_FALSE(tab->reserve(10, now_, permit));
    permit->pay(10);
  }
  std::optional<Tab> under_way;
  { ASSERT_FALSE(open({account(Level::tag, "under way", terms({}, {budget(100)}))}, {}, under_way)); }
  for (int i = 0; i < 10'000; ++i) account(Level::tag, std::to_string(i), terms({}, {budget(100)}));
  EXPECT_LE(book_->budgets(now_).size(), 64u);
  EXPECT_EQ(standing("held").spent, 0);
  EXPECT_EQ(standing("spender").spent, 10);
  EXPECT_EQ(standing("under way").spent, 0);
  under_way.reset();
  wait(24h);
  for (int i = 0; i < 100; ++i) account(Level::tag, std::to_string(i), terms({}, {budget(100)}));
  std::string names;
  for (const BudgetStanding& left : book_->budgets(now_)) names += left.name + ' ';
  EXPECT_EQ(names.find("spender"), std::string::npos);
  EXPECT_EQ(names.find("under way"), std::string::npos);
}

TEST_F(Books, hold_those_who_were_dismissed_to_nothing) {
  const Terms all = terms({limit(What::requests, 1)}, {budget(100, Budget::Window::total)}, 1);
  auto leaver = account(Level::key, "leaver", all);
  book_->dismiss(Level::team, "leaver", now_);
  book_->dismiss(Level::key, "nobody", now_);
  std::optional<Tab> under_way;
  std::optional<Permit> permit;
  ASSERT_FALSE(open({leaver}, {}, under_way));
  ASSERT_FALSE(under_way->reserve(100, now_, permit));
  std::optional<Tab> next;
  EXPECT_TRUE(open({leaver}, {}, next)) << "others of that name, or level, are somebody else";
  book_->dismiss(Level::key, "leaver", now_);
  EXPECT_FALSE(open({leaver}, {}, next));
  EXPECT_TRUE(book_->budgets(now_).empty());
  permit->pay(100);
  next.reset();
  under_way.reset();
  const std::weak_ptr<Account> gone = leaver;
  leaver.reset();
  for (int i = 0; i < 100; ++i) account(Level::tag, std::to_string(i), {});
  EXPECT_TRUE(gone.expired()) << "also what it spent in a window that never ends";
  history_ = 60;
  account(Level::key, "leaver", all);
  EXPECT_EQ(standing("leaver").spent, 60);
}

}  // namespace
}  // namespace sluice::ledger::book_test

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ledger/shared_book.hpp"

namespace sluice::ledger::fair_share_test {
namespace {

using namespace std::chrono_literals;
using What = Limit::What;
using Why = Refusal::Why;

Terms shared(std::vector<Limit> limits, std::uint32_t concurrent = 0) {
  Terms shared = terms(std::move(limits), {}, concurrent);
  shared.fair_share = true;
  return shared;
}

// A key that asks again and again.
struct Asker {
  std::shared_ptr<Account> key;
  Duration every;
  Demand demand{};
  Duration from{};
  std::uint64_t asked = 0;
  std::uint64_t let_in = 0;
};

class FairShares : public BookTest {
 protected:
  Asker asker(const std::string& name, Duration every, Demand demand = {}, Duration from = 0s) {
    return {account(Level::key, name, {}), every, demand, from};
  }
  // For so long, in steps of a millisecond; each request ends as soon as it was let in, with all it held used.
  void run(const std::shared_ptr<Account>& team, std::vector<Asker*> askers, Duration time) {
    for (Duration passed{}; passed < time; passed += 1ms, wait(1ms)) {
      for (Asker* const one : askers) {
        if (passed < one->from || (passed - one->from) % one->every != 0ns) continue;
        std::optional<Tab> tab;
        ++one->asked;
        one->let_in += open({team, one->key}, one->demand, tab) ? 0 : 1;
      }
    }
  }
};

TEST_F(FairShares, leave_all_of_it_to_a_key_that_asks_alone) {
  const auto team = account(Level::team, "t", shared({limit(What::requests, 600)}));
  Asker alone = asker("a", 10ms);
  run(team, {&alone}, 60s);
  EXPECT_GE(alone.let_in, 1'199u) << "a minute's burst, and what a minute pays off";
}

TEST_F(FairShares, let_in_a_key_that_wants_little_whatever_another_asks_for) {
  const auto team = account(Level::team, "t", shared({limit(What::requests, 600)}));
  Asker little = asker("little", 500ms);
  Asker greedy = asker("greedy", 10ms);
  run(team, {&little, &greedy}, 180s);
  EXPECT_EQ(little.let_in, little.asked);
  EXPECT_GE(little.let_in + greedy.let_in, 600u + 1'800u - 61u) << "but for the last tenth, none is left unused";
}

TEST_F(FairShares, do_not_help_where_nobody_asked_for_them) {
  const auto team = account(Level::team, "t", terms({limit(What::requests, 600)}));
  Asker little = asker("little", 500ms, {}, 1ms);
  Asker greedy = asker("greedy", 10ms);
  run(team, {&little, &greedy}, 180s);
  EXPECT_LT(little.let_in, little.asked / 2);
}

TEST_F(FairShares, are_equal_among_keys_that_want_all) {
  const auto team = account(Level::team, "t", shared({limit(What::requests, 600)}));
  Asker first = asker("a", 7ms);
  Asker second = asker("b", 11ms);
  Asker third = asker("c", 13ms);
  run(team, {&first, &second, &third}, 60s);
  first.let_in = second.let_in = third.let_in = 0;
  run(team, {&first, &second, &third}, 120s);
  for (const Asker* const one : {&first, &second, &third}) {
    EXPECT_NEAR(static_cast<double>(one->let_in), 400.0, 20.0) << "a third of 1,200";
  }
}

TEST_F(FairShares, are_there_at_once_for_a_key_that_comes_later) {
  const auto team = account(Level::team, "t", shared({limit(What::requests, 600)}));
  Asker greedy = asker("greedy", 3ms);
  run(team, {&greedy}, 120s);
  Asker late = asker("late", 200ms);
  run(team, {&greedy, &late}, 60s);
  EXPECT_GE(late.let_in, late.asked - 1) << "all was used up when it came, and the first may have to wait for a tenth";
}

TEST_F(FairShares, come_back_to_who_had_all_within_the_limits_time) {
  const auto team = account(Level::team, "t", shared({limit(What::requests, 600)}));
  Asker first = asker("first", 10ms);
  run(team, {&first}, 300s);
  std::vector<Asker> others;
  for (int i = 0; i < 9; ++i) others.push_back(asker("o" + std::to_string(i), 10ms));
  std::vector<Asker*> all{&first};
  for (Asker& other : others) all.push_back(&other);
  run(team, all, 75s);
  first.let_in = 0;
  run(team, all, 60s);
  EXPECT_NEAR(static_cast<double>(first.let_in), 60.0, 8.0) << "a tenth of 600";
}

TEST_F(FairShares, hold_for_tokens_by_what_was_used_in_the_end) {
  const auto team = account(Level::team, "t", shared({limit(What::tokens, 60'000)}));
  Asker greedy = asker("greedy", 50ms, {500, 500});
  const auto modest = account(Level::key, "modest", {});
  std::uint64_t refused = 0;
  for (int second = 0; second < 120; ++second) {
    run(team, {&greedy}, 1s);
    std::optional<Tab> tab;
    // Holds as much as it may come to, and uses a tenth of it: less than half of what a second pays off.
    refused += open({team, modest}, {100, 3'900}, tab) ? 1 : 0;
    if (tab) tab->used(100, 300);
  }
  EXPECT_LE(refused, 2u) << "until it is seen how little it uses";
}

TEST_F(FairShares, let_in_a_request_larger_than_a_share_when_nothing_else_was_taken) {
  const auto team = account(Level::team, "t", shared({limit(What::tokens, 1'000)}));
  const auto one = account(Level::key, "one", {});
  const auto other = account(Level::key, "other", {});
  std::optional<Tab> tab;
  EXPECT_FALSE(open({team, one}, {10, 0}, tab));
  EXPECT_FALSE(open({team, other}, {950, 0}, tab));
  const auto refusal = open({team, other}, {10, 0}, tab);
  ASSERT_TRUE(refusal);
  EXPECT_TRUE(refusal->of_share);
}

TEST_F(FairShares, say_until_when_it_takes) {
  const auto team = account(Level::team, "t", shared({limit(What::requests, 10)}));
  const auto greedy = account(Level::key, "greedy", {});
  const auto other = account(Level::key, "other", {});
  std::optional<Tab> tab;
  EXPECT_FALSE(open({team, other}, {}, tab));
  for (int i = 0; i < 8; ++i) EXPECT_FALSE(open({team, greedy}, {}, tab)) << i;
  const auto refusal = open({team, greedy}, {}, tab);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->level, Level::team);
  EXPECT_EQ(refusal->what, "rpm");
  EXPECT_TRUE(refusal->of_share);
  EXPECT_EQ(refusal->retry_after, 48s) << "eight owed, four allowed before the next, five paid off in a minute";
  EXPECT_FALSE(open({team, other}, {}, tab)) << "the last of the ten is the other's";
  EXPECT_FALSE(open({team, other}, {}, tab)->of_share) << "now nothing is left of the whole";
}

TEST_F(FairShares, are_of_places_too) {
  const auto team = account(Level::team, "t", shared({}, 10));
  const auto greedy = account(Level::key, "greedy", {});
  const auto other = account(Level::key, "other", {});
  std::vector<std::optional<Tab>> tabs(12);
  EXPECT_FALSE(open({team, other}, {}, tabs[0]));
  for (std::size_t i = 1; i < 9; ++i) EXPECT_FALSE(open({team, greedy}, {}, tabs[i])) << i;
  const auto refusal = open({team, greedy}, {}, tabs[9]);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->why, Why::concurrency);
  EXPECT_TRUE(refusal->of_share);
  EXPECT_FALSE(open({team, other}, {}, tabs[9]));
  tabs[1].reset();
  EXPECT_TRUE(open({team, greedy}, {}, tabs[10])) << "eight of ten are more than half";
  for (std::size_t i = 2; i < 6; ++i) tabs[i].reset();
  EXPECT_FALSE(open({team, greedy}, {}, tabs[10]));
}

TEST_F(FairShares, end_with_the_terms) {
  const auto team = account(Level::team, "t", shared({limit(What::requests, 10)}));
  const auto greedy = account(Level::key, "greedy", {});
  const auto other = account(Level::key, "other", {});
  std::optional<Tab> tab;
  EXPECT_FALSE(open({team, other}, {}, tab));
  for (int i = 0; i < 8; ++i) EXPECT_FALSE(open({team, greedy}, {}, tab));
  EXPECT_TRUE(open({team, greedy}, {}, tab));
  account(Level::team, "t", terms({limit(What::requests, 10)}));
  EXPECT_FALSE(open({team, greedy}, {}, tab));
}

}  // namespace
}  // namespace sluice::ledger::fair_share_test

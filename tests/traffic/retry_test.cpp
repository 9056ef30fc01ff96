#include <sluice/traffic/retry.hpp>

#include <gtest/gtest.h>

#include <algorithm>

#include "traffic/seed.hpp"

namespace sluice::traffic {
namespace {

using namespace std::chrono_literals;

TEST(Backoff, draws_from_a_range_that_doubles) {
  constexpr Duration bounds[] = {200ms, 400ms, 800ms, 1600ms, 3200ms, 5s, 5s};
  Random random({1, 2, 3, 4});
  unsigned repetition = 0;
  for (const Duration bound : bounds) {
    ++repetition;
    Duration shortest = 1h;
    Duration longest{};
    for (int i = 0; i < 10'000; ++i) {
      const Duration wait = backoff(repetition, random);
      shortest = std::min(shortest, wait);
      longest = std::max(longest, wait);
    }
    EXPECT_GE(shortest, 0ms);
    EXPECT_LT(shortest, bound / 100);
    EXPECT_LE(longest, bound);
    EXPECT_GT(longest, bound * 99 / 100);
  }
}

TEST(Backoff, has_a_bound_for_any_repetition) {
  Random random({1, 2, 3, 4});
  EXPECT_LE(backoff(0, random), 200ms);
  EXPECT_LE(backoff(UINT32_MAX, random), 5s);
}

TEST(RetryBudget, allows_three_at_first_and_then_one_in_five) {
  RetryBudget budget;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(budget.withdraw()) << i;
  EXPECT_FALSE(budget.withdraw());
  for (int i = 0; i < 4; ++i) budget.deposit();
  EXPECT_FALSE(budget.withdraw());
  budget.deposit();
  EXPECT_TRUE(budget.withdraw());
  EXPECT_EQ(budget.balance(), 0u);
}

TEST(RetryBudget, keeps_a_hundred_at_most) {
  RetryBudget budget;
  for (int i = 0; i < 10'000; ++i) budget.deposit();
  EXPECT_EQ(budget.balance(), RetryBudget::most * 5);
  int repetitions = 0;
  while (budget.withdraw()) ++repetitions;
  EXPECT_EQ(repetitions, 100);
}

TEST(RetryBudget, never_gives_more_than_was_paid_in) {
  std::mt19937_64 random = seeded();
  RetryBudget budget;
  std::uint64_t deposits = 0;
  std::uint64_t withdrawals = 0;
  std::uint32_t of_ten = 5;
  for (int i = 0; i < steps; ++i) {
    if (random() % 5'000 == 0) of_ten = static_cast<std::uint32_t>(random() % 11);
    const std::uint32_t before = budget.balance();
    if (random() % 10 < of_ten) {
      const bool allowed = budget.withdraw();
      withdrawals += allowed ? 1 : 0;
      ASSERT_EQ(allowed, before >= 5);
      ASSERT_EQ(budget.balance(), allowed ? before - 5 : before);
    } else {
      budget.deposit();
      ++deposits;
      ASSERT_EQ(budget.balance(), std::min(before + 1, 500u));
    }
    ASSERT_LE(withdrawals, 3 + deposits / 5);
  }
  EXPECT_GT(withdrawals, 1000u);
}

}  // namespace
}  // namespace sluice::traffic

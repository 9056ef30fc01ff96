#include "ledger/gcra.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "traffic/seed.hpp"

namespace sluice::ledger::gcra_test {
namespace {

using namespace std::chrono_literals;
constexpr TimePoint start{1h};
__extension__ using Signed = __int128;

bool take(Gcra& limit, std::uint64_t units, TimePoint now) {
  if (limit.could(units, now) != 0ns) return false;
  limit.take(units, now);
  return true;
}

TEST(Gcra, lets_a_burst_through_and_then_one_after_the_other) {
  Gcra limit(10, 1min);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(take(limit, 1, start));
  EXPECT_EQ(limit.could(1, start), 6s);
  EXPECT_EQ(limit.could(2, start), 12s);
  EXPECT_FALSE(take(limit, 1, start + 6s - 1ns));
  EXPECT_TRUE(take(limit, 1, start + 6s));
  EXPECT_FALSE(take(limit, 1, start + 6s));
}

TEST(Gcra, knows_what_can_never_pass) {
  Gcra limit(10, 1min);
  EXPECT_EQ(limit.could(11, start), Duration::max());
  EXPECT_EQ(limit.could(UINT64_MAX, start), Duration::max());
  EXPECT_EQ(limit.could(10, start), 0ns);
}

TEST(Gcra, does_not_drift_when_a_rate_does_not_divide) {
  Gcra limit(7, 1s);
  ASSERT_TRUE(take(limit, 7, start));
  EXPECT_EQ(limit.could(1, start), 142'857'143ns) << "rounded up: not a nanosecond too early";
  std::uint64_t passed = 0;
  for (int ms = 1; ms <= 1'000'000; ++ms) {
    while (take(limit, 1, start + std::chrono::milliseconds(ms))) ++passed;
  }
  EXPECT_EQ(passed, 7'000u);
}

TEST(Gcra, says_truly_when_to_come_back) {
  std::mt19937_64 random = traffic::seeded();
  for (int i = 0; i < traffic::steps / 10; ++i) {
    Gcra limit(1 + random() % 1'000, i % 2 == 0 ? Duration(1s) : Duration(24h));
    limit.take(random() % 2'000, start);
    const std::uint64_t units = random() % 1'000;
    const Duration wait = limit.could(units, start);
    if (wait == Duration::max() || wait == 0ns) continue;
    ASSERT_EQ(limit.could(units, start + wait), 0ns);
    ASSERT_EQ(limit.could(units, start + wait - 1ns), 1ns);
  }
}

TEST(Gcra, gives_back_what_was_not_used_and_no_more) {
  Gcra limit(100, 1min);
  ASSERT_TRUE(take(limit, 100, start));
  limit.give_back(30);
  EXPECT_EQ(limit.standing(start).left, 30u);
  limit.give_back(1'000);
  EXPECT_EQ(limit.standing(start).left, 100u);
  EXPECT_EQ(limit.could(101, start), Duration::max());
}

TEST(Gcra, gives_back_late_what_time_has_given_already) {
  Gcra limit(60, 1min);
  ASSERT_TRUE(take(limit, 60, start));
  EXPECT_EQ(limit.standing(start + 30s).left, 30u);
  limit.give_back(60);
  EXPECT_EQ(limit.standing(start + 30s).left, 60u);
}

TEST(Gcra, stands_in_debt_for_what_was_used_beyond_what_was_held) {
  Gcra limit(60, 1min);
  ASSERT_TRUE(take(limit, 50, start));
  limit.take_late(40);
  const Standing standing = limit.standing(start);
  EXPECT_EQ(standing.limit, 60u);
  EXPECT_EQ(standing.left, 0u);
  EXPECT_EQ(standing.reset, 90s);
  EXPECT_EQ(limit.could(1, start), 31s);
  EXPECT_EQ(limit.could(0, start), 30s) << "who owes gets nothing, not even nothing";
  EXPECT_EQ(limit.could(0, start + 30s), 0ns);
}

TEST(Gcra, is_not_confused_by_times_that_come_late) {
  Gcra limit(10, 1min);
  limit.take(5, start + 1s);
  EXPECT_EQ(limit.standing(start).left, 5u);
  limit.take(5, start);
  EXPECT_EQ(limit.could(1, start), 6s) << "as of the latest time";
  EXPECT_EQ(limit.could(1, start + 7s), 0ns);
}

TEST(Gcra, survives_any_number) {
  Gcra limit(UINT64_MAX, 24h);
  limit.take(UINT64_MAX, TimePoint::min());
  for (int i = 0; i < 1'000; ++i) limit.take_late(UINT64_MAX);
  EXPECT_GT(limit.could(1, TimePoint::min()), 0ns);
  EXPECT_LT(limit.could(1, TimePoint::min()), Duration::max());
  EXPECT_EQ(limit.could(1, TimePoint::max()), 0ns);
  Gcra one(1, 24h);
  for (int i = 0; i < 1'000; ++i) one.take_late(UINT64_MAX);
  EXPECT_LT(one.could(1, start), Duration::max());
  Gcra larger(UINT64_MAX, 24h);
  larger.inherit(one);
  EXPECT_LT(larger.could(1, start), Duration::max());
}

TEST(Gcra, stays_as_far_used_up_when_the_amount_changes) {
  Gcra before(100, 1min);
  ASSERT_TRUE(take(before, 75, start));
  Gcra more(1'000, 1min);
  more.inherit(before);
  EXPECT_EQ(more.standing(start).left, 250u);
  EXPECT_EQ(more.standing(start).reset, before.standing(start).reset);
  Gcra less(4, 1min);
  less.inherit(before);
  EXPECT_EQ(less.standing(start).left, 1u);
  EXPECT_EQ(less.standing(start + 15s).left, 2u);
}

// Takes down what was admitted and compares, at each admission, all windows that end there: amount + rate * W at most.
class Witness {
 public:
  Witness(std::uint64_t amount, Duration period) : amount_(amount), period_(period.count()) {}
  // Whether no window that ends with this one has too much in it.
  bool admit(std::uint64_t units, TimePoint now) {
    const Signed refilled = Signed{amount_} * now.time_since_epoch().count();
    least_ = first_ ? sum_ * period_ - refilled : std::min(least_, sum_ * period_ - refilled);
    first_ = false;
    sum_ += units;
    return sum_ * period_ - refilled - least_ <= Signed{amount_} * period_;
  }
  Signed sum() const { return sum_; }

 private:
  Signed amount_;
  Signed period_;
  Signed sum_ = 0;
  Signed least_ = 0;
  bool first_ = true;
};

TEST(Gcra, admits_in_no_window_more_than_a_burst_and_the_rate) {
  std::mt19937_64 random = traffic::seeded();
  const Duration periods[] = {1s, 1min, 1h, 24h};
  for (int round = 0; round < 100; ++round) {
    const std::uint64_t amount = 1 + random() % (round % 2 == 0 ? 20 : 1'000'000);
    const Duration period = periods[round % 4];
    Gcra limit(amount, period);
    Witness witness(amount, period);
    TimePoint now = start;
    const std::uint64_t pace = 1 + static_cast<std::uint64_t>(period.count()) / amount * (1 + random() % 4);
    for (int i = 0; i < traffic::steps / 100; ++i) {
      now += std::chrono::nanoseconds(random() % 100 == 0 ? random() % 100 * pace : random() % pace);
      const std::uint64_t units = random() % 3 == 0 ? 1 + random() % amount : 1;
      if (take(limit, units, now)) {
        ASSERT_TRUE(witness.admit(units, now)) << round << ' ' << i;
      }
    }
  }
}

TEST(Gcra, admits_all_that_is_due_while_somebody_is_waiting) {
  std::mt19937_64 random = traffic::seeded();
  const Duration periods[] = {1s, 1min, 1h, 24h};
  for (int round = 0; round < 100; ++round) {
    const std::uint64_t amount = 2 + random() % 500;
    const Duration period = periods[round % 4];
    Gcra limit(amount, period);
    Signed admitted = 0;
    TimePoint now = start;
    const std::uint64_t pace =
        static_cast<std::uint64_t>(period.count()) / amount * 2;  // never so long that it is full
    for (int i = 0; i < traffic::steps / 100; ++i) {
      while (take(limit, 1, now)) ++admitted;
      const Signed due = Signed{amount} * period.count() + Signed{amount} * (now - start).count();
      ASSERT_LE(admitted * period.count(), due);
      ASSERT_GT((admitted + 1) * period.count(), due) << round << ' ' << i;
      now += std::chrono::nanoseconds(random() % pace);
    }
  }
}

}  // namespace
}  // namespace sluice::ledger::gcra_test

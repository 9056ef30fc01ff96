#include "traffic/cooldown.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "traffic/doubling.hpp"
#include "traffic/seed.hpp"

namespace sluice::traffic::cooldown_test {
namespace {

using namespace std::chrono_literals;
constexpr TimePoint start{1h};

TEST(RateCooldown, waits_as_long_as_told_but_a_minute_at_most) {
  struct Case {
    Duration told;
    Duration waits;
  };
  for (const auto& [told, waits] : {Case{1ms, 1ms}, {20s, 20s}, {60s, 60s}, {61s, 60s}, {10'000h, 60s}}) {
    Random random({1, 2, 3, 4});
    RateCooldown cooldown;
    cooldown.limited(told, start, random);
    EXPECT_EQ(cooldown.until(), start + waits);
  }
}

TEST(RateCooldown, is_never_shortened) {
  Random random({1, 2, 3, 4});
  RateCooldown cooldown;
  cooldown.limited(30s, start, random);
  cooldown.limited(1s, start + 1s, random);
  cooldown.limited(std::nullopt, start + 2s, random);
  cooldown.succeeded();
  EXPECT_EQ(cooldown.until(), start + 30s);
  cooldown.limited(30s, start + 3s, random);
  EXPECT_EQ(cooldown.until(), start + 33s);
}

// The longest and the shortest of many draws for the n-th 429 in a row that tells no time.
std::pair<Duration, Duration> range_of(unsigned in_a_row) {
  Random random({1, 2, 3, 4});
  Duration shortest = 1h;
  Duration longest{};
  for (int i = 0; i < 10'000; ++i) {
    RateCooldown cooldown;
    TimePoint now = start;
    Duration pause{};
    for (unsigned n = 0; n < in_a_row; ++n, now = cooldown.until()) {
      cooldown.limited(std::nullopt, now, random);
      pause = cooldown.until() - now;
    }
    shortest = std::min(shortest, pause);
    longest = std::max(longest, pause);
  }
  return {shortest, longest};
}

TEST(RateCooldown, draws_from_a_range_that_doubles_when_nothing_is_told) {
  constexpr Duration bounds[] = {1s, 2s, 4s, 8s, 16s, 30s, 30s, 30s};
  unsigned in_a_row = 0;
  for (const Duration bound : bounds) {
    const auto [shortest, longest] = range_of(++in_a_row);
    EXPECT_EQ(shortest, 100ms) << in_a_row;
    EXPECT_LE(longest, bound) << in_a_row;
    EXPECT_GT(longest, bound * 99 / 100) << in_a_row;
  }
}

TEST(RateCooldown, starts_anew_after_a_success) {
  Random random({1, 2, 3, 4});
  RateCooldown cooldown;
  TimePoint now = start;
  for (int i = 0; i < 10'000; ++i) {
    cooldown.limited(std::nullopt, now, random);
    ASSERT_LE(cooldown.until() - now, 1s);
    cooldown.succeeded();
    now = cooldown.until();
  }
}

TEST(RateCooldown, does_not_grow_by_what_began_before_it) {
  Random random({1, 2, 3, 4});
  for (int i = 0; i < 1'000; ++i) {
    RateCooldown cooldown;
    for (int n = 0; n < 100; ++n) cooldown.limited(std::nullopt, start, random);
    ASSERT_LE(cooldown.until() - start, 1s);
  }
}

TEST(RateCooldown, stays_within_its_bounds_and_never_moves_back) {
  std::mt19937_64 numbers = seeded();
  Random random({numbers(), numbers(), numbers(), numbers()});
  RateCooldown cooldown;
  TimePoint now = start;
  for (int i = 0; i < steps; ++i) {
    const TimePoint before = cooldown.until();
    const bool told = numbers() % 2 == 0;
    const Duration wait = std::chrono::milliseconds(numbers() % 100'000);
    if (numbers() % 4 == 0) cooldown.succeeded();
    cooldown.limited(told ? std::optional(wait) : std::nullopt, now, random);
    ASSERT_GE(cooldown.until(), before);
    ASSERT_GT(cooldown.until(), now);
    ASSERT_LE(cooldown.until(), std::max(before, now + (told && wait > 0ms ? 60s : 30s)));
    now += std::chrono::milliseconds(numbers() % 10'000);
  }
}

TEST(KeyCooldown, waits_twice_as_long_for_every_refusal_in_a_row) {
  KeyCooldown cooldown;
  TimePoint now = start;
  std::vector<Duration> pauses;
  for (int i = 0; i < 6; ++i) {
    cooldown.refused(now);
    pauses.push_back(cooldown.refused_until() - now);
    now = cooldown.refused_until();
  }
  EXPECT_EQ(pauses, (std::vector<Duration>{1min, 2min, 4min, 8min, 10min, 10min}));
  cooldown.succeeded();
  EXPECT_LE(cooldown.refused_until(), now) << "it is accepted again";
  cooldown.refused(now);
  EXPECT_EQ(cooldown.refused_until(), now + 1min);
}

TEST(KeyCooldown, does_not_grow_by_what_began_before_it) {
  KeyCooldown cooldown;
  for (int i = 0; i < 100; ++i) cooldown.refused(start + i * 10ms);
  EXPECT_EQ(cooldown.refused_until(), start + 99 * 10ms + 1min);
}

TEST(KeyCooldown, waits_ten_minutes_for_a_quota) {
  KeyCooldown cooldown;
  cooldown.exhausted(start);
  EXPECT_EQ(cooldown.exhausted_until(), start + 10min);
  cooldown.exhausted(start - 1min);
  cooldown.succeeded();
  EXPECT_EQ(cooldown.exhausted_until(), start + 10min);
  EXPECT_LT(cooldown.refused_until(), start) << "that is another reason";
}

TEST(Doubled, stops_at_the_longest_and_does_not_overflow) {
  EXPECT_EQ(doubled(1s, 0, 30s), 1s);
  EXPECT_EQ(doubled(1s, 4, 30s), 16s);
  EXPECT_EQ(doubled(1s, 5, 30s), 30s);
  EXPECT_EQ(doubled(1s, 4'000'000'000u, 30s), 30s);
  EXPECT_EQ(doubled(40s, 0, 30s), 30s);
}

}  // namespace
}  // namespace sluice::traffic::cooldown_test

#include "traffic/rate_short.hpp"

#include <gtest/gtest.h>

namespace sluice::traffic {
namespace {

using namespace std::chrono_literals;
constexpr TimePoint start{1h};

bool is_short(std::uint64_t limit, std::uint64_t left) {
  RateShort quota;
  quota.note({.limit = limit, .left = left, .until_reset = 10s}, start);
  return quota.is_short(start);
}

TEST(RateShort, is_short_below_a_twentieth) {
  EXPECT_TRUE(is_short(100, 4));
  EXPECT_FALSE(is_short(100, 5));
  EXPECT_TRUE(is_short(101, 5));
  EXPECT_FALSE(is_short(101, 6));
  EXPECT_TRUE(is_short(1, 0));
  EXPECT_FALSE(is_short(1, 1));
  EXPECT_TRUE(is_short(UINT64_MAX, UINT64_MAX / 20));
  EXPECT_FALSE(is_short(UINT64_MAX, UINT64_MAX / 20 + 1));
}

TEST(RateShort, is_short_when_nothing_is_left_of_an_unknown_limit) {
  EXPECT_TRUE(is_short(0, 0));
  EXPECT_FALSE(is_short(0, 1));
}

TEST(RateShort, lasts_as_long_as_told_a_minute_at_most) {
  struct Case {
    Duration told;
    Duration lasts;
  };
  for (const auto& [told, lasts] :
       {Case{10s, 10s}, {60s, 60s}, {61s, 60s}, {Duration::max(), 60s}, {0s, 1s}, {-5s, 1s}}) {
    RateShort quota;
    EXPECT_FALSE(quota.is_short(start));
    quota.note({.limit = 100, .left = 0, .until_reset = told}, start);
    EXPECT_TRUE(quota.is_short(start + lasts - 1ns));
    EXPECT_FALSE(quota.is_short(start + lasts));
  }
}

TEST(RateShort, ends_with_an_answer_that_has_enough_left) {
  RateShort quota;
  quota.note({.limit = 100, .left = 1, .until_reset = 60s}, start);
  quota.note({.limit = 100, .left = 50, .until_reset = 60s}, start + 1s);
  EXPECT_FALSE(quota.is_short(start + 1s));
}

}  // namespace
}  // namespace sluice::traffic

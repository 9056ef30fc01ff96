#include "traffic/ewma.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "traffic/seed.hpp"

namespace sluice::traffic {
namespace {

TEST(Ewma, knows_nothing_before_the_first_value_and_then_that) {
  Ewma average;
  EXPECT_FALSE(average.value());
  average.add(1000);
  EXPECT_EQ(average.value(), 1000);
}

TEST(Ewma, moves_by_a_fifth_of_the_difference) {
  Ewma average;
  average.add(1000);
  average.add(2000);
  EXPECT_EQ(average.value(), 1200);
  average.add(200);
  EXPECT_EQ(average.value(), 1000);
}

TEST(Ewma, takes_what_is_below_zero_for_zero) {
  Ewma average;
  average.add(-5);
  EXPECT_EQ(average.value(), 0);
}

TEST(Ewma, stays_between_the_smallest_and_the_largest_value) {
  std::mt19937_64 random = seeded();
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  Ewma average;
  std::int64_t smallest = most;
  std::int64_t largest = 0;
  for (int i = 0; i < steps; ++i) {
    if (random() % 50 == 0) {
      average = {};
      smallest = most;
      largest = 0;
    }
    const auto value = static_cast<std::int64_t>(random() >> (1 + random() % 63));
    average.add(value);
    smallest = std::min(smallest, value);
    largest = std::max(largest, value);
    ASSERT_GE(*average.value(), smallest);
    ASSERT_LE(*average.value(), largest);
  }
}

}  // namespace
}  // namespace sluice::traffic

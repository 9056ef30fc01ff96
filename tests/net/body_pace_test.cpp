#include "net/body_pace.hpp"

#include <gtest/gtest.h>

namespace sluice::net::body_pace_test {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{1h};

TEST(BodyPace, lets_a_body_begin_as_slowly_as_it_likes) {
  const BodyPace pace(start);
  EXPECT_FALSE(pace.is_too_slow(0, start));
  EXPECT_FALSE(pace.is_too_slow(0, start + 10s));
  EXPECT_EQ(pace.next_look(start + 3s), start + 10s);
}

TEST(BodyPace, wants_a_kilobyte_a_second_from_then_on) {
  const BodyPace pace(start);
  EXPECT_TRUE(pace.is_too_slow(10 * 1024 - 1, start + 10s + 1ns));
  EXPECT_FALSE(pace.is_too_slow(10 * 1024, start + 10s + 1ns));
  EXPECT_FALSE(pace.is_too_slow(10 * 1024, start + 11s - 1ns)) << "whole seconds count";
  EXPECT_TRUE(pace.is_too_slow(11 * 1024 - 1, start + 11s));
  EXPECT_TRUE(pace.is_too_slow(1 << 20, start + 1h)) << "a fast beginning is used up";
  EXPECT_EQ(pace.next_look(start + 11s), start + 12s);
}

}  // namespace
}  // namespace sluice::net::body_pace_test

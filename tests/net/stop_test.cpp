#include <sluice/net/stop.hpp>

#include <gtest/gtest.h>

namespace sluice::net {
namespace {

class Sleeper final : public Stop::Waiting {
 public:
  void stop_requested() override { ++woken; }
  int woken = 0;
};

TEST(Stop, wakes_whoever_waits_once) {
  Stop stop;
  Sleeper sleeper;
  stop.enter(sleeper);
  stop.request(StopReason::client_left);
  stop.request(StopReason::draining);
  EXPECT_EQ(sleeper.woken, 1);
  EXPECT_EQ(stop.reason(), StopReason::client_left);
}

TEST(Stop, wakes_nobody_who_left) {
  Stop stop;
  Sleeper sleeper;
  stop.enter(sleeper);
  stop.leave();
  stop.request(StopReason::draining);
  EXPECT_EQ(sleeper.woken, 0);
}

TEST(Stop, says_why_in_its_error) {
  Stop left;
  left.request(StopReason::client_left);
  EXPECT_EQ(left.error().fault(), Fault::client_left);
  EXPECT_FALSE(left.error().retryable());
  Stop draining;
  draining.request(StopReason::draining);
  EXPECT_EQ(draining.error().fault(), Fault::unavailable);
  EXPECT_EQ(draining.error().blame(), Blame::gateway);
}

TEST(Stop, serves_the_next_exchange_after_a_reset) {
  Stop stop;
  stop.request(StopReason::client_left);
  stop.reset();
  EXPECT_FALSE(stop.requested());
}

}  // namespace
}  // namespace sluice::net

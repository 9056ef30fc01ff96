#include <sluice/net/pause.hpp>

#include <gtest/gtest.h>

#include "net/on_loop.hpp"

namespace sluice::net {
namespace {

using namespace std::chrono_literals;

TEST(Pause, ends_at_its_time) {
  Loop loop(system_clock());
  Stop stop;
  const TimePoint before = system_clock().now();
  EXPECT_TRUE(run_on(loop, pause(loop, before + 30ms, stop)));
  EXPECT_GE(system_clock().now() - before, 30ms);
}

TEST(Pause, does_not_begin_in_the_past) {
  Loop loop(system_clock());
  Stop stop;
  EXPECT_TRUE(run_on(loop, pause(loop, TimePoint(), stop)));
}

TEST(Pause, ends_early_when_a_stop_is_requested) {
  Loop loop(system_clock());
  Stop stop;
  loop.post_at(system_clock().now() + 20ms, [&stop] { stop.request(StopReason::client_left); });
  const Result<> paused = run_on(loop, pause(loop, system_clock().now() + 1h, stop));
  ASSERT_FALSE(paused);
  EXPECT_EQ(paused.error().fault(), Fault::client_left);
}

TEST(Pause, does_not_begin_after_a_stop) {
  Loop loop(system_clock());
  Stop stop;
  stop.request(StopReason::draining);
  EXPECT_FALSE(run_on(loop, pause(loop, system_clock().now() + 1h, stop)));
}

}  // namespace
}  // namespace sluice::net

#include "gateway/failures.hpp"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using namespace std::chrono_literals;
using traffic::Closed;

const TimePoint now{1h};

Error limited(std::optional<std::chrono::milliseconds> wait = std::nullopt) {
  return Error(Fault::rate_limited, Blame::upstream, "rate_limit_exceeded", "Slow down.")
      .with_outcome(Outcome::rate_limited)
      .with_retry_after(wait)
      .worth_retrying();
}
Error broken() {
  return Error(Fault::upstream_failed, Blame::upstream, "upstream_error", "Failed.")
      .with_outcome(Outcome::server_error)
      .worth_retrying();
}
traffic::LaneView lane(Closed why, Duration wait) {
  traffic::LaneView view;
  view.closed = why;
  view.opens_at = now + wait;
  return view;
}

TEST(Failures, amount_to_the_last_ones_class) {
  Failures failures;
  failures.add(limited(5s));
  failures.add(broken());
  EXPECT_EQ(failures.verdict().fault(), Fault::upstream_failed);
}

TEST(Failures, are_429_only_if_all_were_with_the_smallest_wait) {
  Failures failures;
  failures.add(limited(9s));
  failures.add(lane(Closed::rate_limited, 4s), now);
  failures.add(limited(7s));
  EXPECT_EQ(failures.verdict().fault(), Fault::rate_limited);
  EXPECT_EQ(failures.verdict().retry_after(), 4s);
  failures.add(lane(Closed::broken, 2s), now);
  EXPECT_EQ(failures.verdict().fault(), Fault::unavailable);
  EXPECT_EQ(failures.verdict().code(), "no_healthy_deployment");
  EXPECT_EQ(failures.verdict().retry_after(), 2s);
}

TEST(Failures, of_targets_nobody_asked_say_when_one_may_be_asked_again) {
  Failures limits;
  limits.add(lane(Closed::rate_limited, 30s), now);
  limits.add(lane(Closed::no_quota, 20s), now);
  EXPECT_EQ(limits.verdict().fault(), Fault::rate_limited);
  EXPECT_EQ(limits.verdict().retry_after(), 20s);
  Failures breakers;
  breakers.add(lane(Closed::broken, 3s), now);
  breakers.add(lane(Closed::rate_limited, 1500ms), now);
  EXPECT_EQ(breakers.verdict().fault(), Fault::unavailable);
  EXPECT_EQ(breakers.verdict().retry_after(), 1500ms);
}

TEST(Failures, stay_our_own_keys_while_all_keys_are_refused) {
  Failures failures;
  failures.add(lane(Closed::key_refused, 60s), now);
  EXPECT_EQ(failures.verdict().code(), "upstream_auth");
  EXPECT_EQ(failures.verdict().fault(), Fault::upstream_failed);
}

TEST(Failures, of_full_targets_are_overload) {
  Failures failures;
  EXPECT_TRUE(failures.empty());
  failures.add_full();
  EXPECT_FALSE(failures.empty());
  EXPECT_EQ(failures.verdict().code(), "overloaded");
  EXPECT_EQ(failures.verdict().blame(), Blame::gateway);
}

}  // namespace
}  // namespace sluice

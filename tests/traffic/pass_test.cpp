#include <sluice/traffic/health.hpp>

#include <gtest/gtest.h>

#include <utility>

#include "telemetry/counting_new.hpp"
#include "traffic/lanes.hpp"

namespace sluice::traffic {
namespace {

using PassTest = LanesTest;

TEST_F(PassTest, counts_what_is_in_flight_over_all_keys) {
  auto one = lane_->enter(start);
  auto two = other_key_->enter(start);
  auto three = other_model_->enter(start);
  EXPECT_EQ(lane_->look(start).in_flight, 2u);
  EXPECT_EQ(other_key_->look(start).in_flight, 2u);
  EXPECT_EQ(other_model_->look(start).in_flight, 1u);
  one->succeeded(1s, start);
  two->failed(broken(), start);
  three.reset();
  EXPECT_EQ(lane_->look(start).in_flight, 0u);
  EXPECT_EQ(other_model_->look(start).in_flight, 0u);
  one->failed(broken(), start);
  EXPECT_EQ(lane_->look(start).in_flight, 0u) << "only the first verdict counts";
}

TEST_F(PassTest, counts_a_pass_that_moves_once) {
  auto first = lane_->enter(start);
  Pass moved(std::move(*first));
  first.reset();
  EXPECT_EQ(lane_->look(start).in_flight, 1u);
  auto second = lane_->enter(start);
  moved = std::move(*second);
  EXPECT_EQ(lane_->look(start).in_flight, 1u);
  moved.succeeded(std::nullopt, start);
  EXPECT_EQ(lane_->look(start).in_flight, 0u);
}

TEST_F(PassTest, learns_how_fast_a_deployment_is_and_how_much_comes_from_its_cache) {
  auto first = lane_->enter(start);
  first->cached(300, 1000);
  first->succeeded(100ms, start);
  auto second = other_key_->enter(start);
  second->cached(800, 1000);
  second->succeeded(200ms, start);
  const LaneView view = lane_->look(start);
  EXPECT_EQ(view.first_token, 120ms);
  EXPECT_EQ(view.cached_permille, 400u);
  EXPECT_FALSE(other_model_->look(start).first_token);
}

TEST_F(PassTest, is_not_misled_by_impossible_numbers_of_tokens) {
  auto pass = lane_->enter(start);
  pass->cached(5, 0);
  pass->cached(UINT64_MAX, UINT64_MAX);
  EXPECT_EQ(lane_->look(start).cached_permille, 0u);
  pass->cached(2000, 1000);
  EXPECT_EQ(lane_->look(start).cached_permille, 1000u);
  pass->succeeded(-1s, start);
  EXPECT_EQ(lane_->look(start).first_token, 0s);
}

TEST_F(PassTest, a_probe_ends_with_the_first_of_its_answer_and_is_in_flight_until_its_end) {
  fail(*lane_, broken(), start, 3);
  const TimePoint later = start + 5s;
  auto probe = lane_->enter(later);
  ASSERT_TRUE(probe);
  EXPECT_TRUE(probe->is_probe());
  EXPECT_EQ(closed(lane_, later), Closed::probing);
  probe->answers(later);
  EXPECT_EQ(closed(lane_, later), Closed::no) << "the others need not wait for the end of a long stream";
  EXPECT_FALSE(probe->is_probe());
  EXPECT_EQ(lane_->look(later).in_flight, 1u);
  probe->failed(broken(), later + 1s);
  EXPECT_EQ(lane_->look(later).in_flight, 0u);
  EXPECT_EQ(closed(lane_, later + 1s), Closed::no) << "one failure as any other";
}

TEST_F(PassTest, asks_for_no_memory_per_attempt) {
  const Error failure = broken();
  const Error limit = limited(std::nullopt);
  const std::uint64_t before = allocations_of_this_thread();
  TimePoint now = start;
  for (int i = 0; i < 1000; ++i, now += 1s) {
    static_cast<void>(lane_->look(now));
    auto pass = lane_->enter(now);
    if (!pass) continue;
    lane_->note_remaining({.limit = 100, .left = 1}, now);
    pass->cached(1, 2);
    if (i % 3 == 0) pass->succeeded(1ms, now);
    if (i % 3 == 1) pass->failed(failure, now);
    if (i % 30 == 2) pass->failed(limit, now);
  }
  EXPECT_EQ(allocations_of_this_thread(), before);
}

}  // namespace
}  // namespace sluice::traffic

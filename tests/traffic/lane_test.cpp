#include "traffic/lane.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "traffic/lanes.hpp"

namespace sluice::traffic {
namespace {

using LaneTest = LanesTest;

TEST_F(LaneTest, blames_a_deployment_behind_a_key_alone_for_its_failures) {
  for (const Error& error : {broken(), too_slow(), upstream(Fault::unavailable, "", Outcome::server_error)}) {
    const auto fresh =
        lane("of " + std::string(to_string(error.outcome())) + std::to_string(status_of(error.fault())), "k");
    fail(*fresh, error, start, 3);
    const LaneView view = fresh->look(start);
    EXPECT_EQ(view.closed, Closed::broken);
    EXPECT_EQ(view.breaker, BreakerState::open);
    EXPECT_EQ(view.opens_at, start + 5s);
    EXPECT_FALSE(fresh->enter(start + 5s - 1ns));
  }
  for (const auto& other : {lane_, other_key_, other_model_, elsewhere_}) EXPECT_EQ(closed(other, start), Closed::no);
}

TEST_F(LaneTest, blames_the_whole_provider_when_it_cannot_be_reached) {
  fail(*lane_, unreached(), start);
  fail(*other_key_, unreached(), start);
  fail(*other_model_, unreached(), start);
  for (const auto& all : {lane_, other_key_, other_model_}) EXPECT_EQ(closed(all, start), Closed::broken);
  EXPECT_EQ(closed(elsewhere_, start), Closed::no);
}

TEST_F(LaneTest, takes_a_failure_for_a_sign_that_the_provider_is_there) {
  fail(*lane_, unreached(), start, 2);
  fail(*lane_, broken(), start);
  fail(*lane_, unreached(), start, 2);
  EXPECT_EQ(closed(other_model_, start), Closed::no);
}

TEST_F(LaneTest, closes_a_provider_again_by_a_probe_of_any_lane) {
  fail(*lane_, unreached(), start, 3);
  const LaneView view = other_model_->look(start + 5s);
  EXPECT_EQ(view.closed, Closed::no);
  EXPECT_TRUE(view.is_probe);
  EXPECT_EQ(view.breaker, BreakerState::half_open);
  auto probe = other_model_->enter(start + 5s);
  ASSERT_TRUE(probe);
  EXPECT_TRUE(probe->is_probe());
  EXPECT_EQ(closed(lane_, start + 5s), Closed::probing);
  EXPECT_GT(lane_->look(start + 5s).opens_at, start + 5s);
  EXPECT_FALSE(lane_->enter(start + 5s));
  probe->failed(broken(), start + 6s);
  EXPECT_EQ(closed(lane_, start + 6s), Closed::no) << "it failed, but it was reached";
  EXPECT_FALSE(lane_->look(start + 6s).is_probe);
}

TEST_F(LaneTest, keeps_the_probes_of_a_lane_and_of_its_provider_apart) {
  std::vector<Pass> early;
  for (int i = 0; i < 3; ++i) early.push_back(*other_model_->enter(start));
  fail(*lane_, broken(), start, 3);
  auto probe = lane_->enter(start + 5s);
  ASSERT_TRUE(probe && probe->is_probe());
  for (Pass& pass : early) pass.failed(unreached(), start + 5s);
  EXPECT_EQ(closed(other_model_, start + 5s), Closed::broken);
  probe->succeeded(std::nullopt, start + 6s);
  EXPECT_EQ(closed(other_model_, start + 6s), Closed::broken) << "it was the lane's probe, not the provider's";
  EXPECT_EQ(lane_->look(start + 10s).breaker, BreakerState::half_open);
  auto next = lane_->enter(start + 10s);
  ASSERT_TRUE(next && next->is_probe());
  next->succeeded(std::nullopt, start + 11s);
  EXPECT_EQ(lane_->look(start + 11s).breaker, BreakerState::closed);
}

TEST_F(LaneTest, lets_a_provider_be_asked_whether_it_is_there) {
  ASSERT_EQ(lane_->begin_check(start), false) << "while all is well that is no probe";
  lane_->end_check(false, true, start);
  for (int i = 0; i < 3; ++i) lane_->end_check(*lane_->begin_check(start), false, start);
  for (const auto& all : {lane_, other_key_, other_model_}) EXPECT_EQ(closed(all, start), Closed::broken);
  EXPECT_EQ(closed(elsewhere_, start), Closed::no);
  EXPECT_EQ(lane_->begin_check(start + 1s), std::nullopt) << "it is left alone";

  ASSERT_EQ(lane_->begin_check(start + 5s), true);
  EXPECT_EQ(closed(other_model_, start + 5s), Closed::probing) << "there is one probe at a time, whosever it is";
  EXPECT_FALSE(other_key_->begin_check(start + 5s));
  lane_->end_check(true, std::nullopt, start + 5s);
  ASSERT_EQ(lane_->begin_check(start + 5s), true) << "nothing was learned: the turn is free again";
  lane_->end_check(true, true, start + 6s);
  for (const auto& all : {lane_, other_key_, other_model_}) EXPECT_EQ(closed(all, start + 6s), Closed::no);
}

TEST_F(LaneTest, a_provider_that_is_there_does_not_vouch_for_a_deployment) {
  fail(*lane_, broken(), start, 3);
  lane_->end_check(*lane_->begin_check(start), true, start);
  EXPECT_EQ(closed(lane_, start), Closed::broken);
}

TEST_F(LaneTest, frees_a_probes_turn_when_nothing_was_learned) {
  fail(*lane_, broken(), start, 3);
  TimePoint now = start + 5s;
  { ASSERT_TRUE(lane_->enter(now)->is_probe()); }
  for (const Error& error : {client_left(), key_refused(), Error(Fault::unavailable, Blame::gateway, "", "")}) {
    auto probe = lane_->enter(now);
    ASSERT_TRUE(probe && probe->is_probe());
    EXPECT_FALSE(lane_->enter(now));
    probe->failed(error, now);
    now += 10min;
    EXPECT_TRUE(lane_->look(now).is_probe) << error.code();
  }
}

TEST_F(LaneTest, takes_a_refusal_that_is_the_callers_fault_for_an_answer) {
  fail(*lane_, broken(), start, 2);
  fail(*lane_, refusal(), start);
  fail(*lane_, broken(), start, 2);
  EXPECT_EQ(closed(lane_, start), Closed::no);
  fail(*lane_, broken(), start);
  auto probe = lane_->enter(start + 5s);
  probe->failed(refusal(Fault::not_found, "model_not_found"), start + 5s);
  EXPECT_EQ(lane_->look(start + 5s).breaker, BreakerState::closed);
}

TEST_F(LaneTest, leaves_alone_the_lane_that_was_limited) {
  fail(*lane_, limited(20s), start);
  EXPECT_EQ(closed(lane_, start), Closed::rate_limited);
  EXPECT_EQ(lane_->look(start).opens_at, start + 20s);
  EXPECT_FALSE(lane_->enter(start + 20s - 1ns));
  EXPECT_TRUE(lane_->enter(start + 20s));
  EXPECT_EQ(lane_->look(start).breaker, BreakerState::closed);
  for (const auto& other : {other_key_, other_model_, elsewhere_}) EXPECT_EQ(closed(other, start), Closed::no);
}

TEST_F(LaneTest, never_breaks_a_lane_for_its_limits) {
  TimePoint now = start;
  for (int i = 0; i < 20; ++i, now = lane_->look(now).opens_at) fail(*lane_, limited(std::nullopt), now);
  EXPECT_EQ(lane_->look(now).breaker, BreakerState::closed);
}

TEST_F(LaneTest, forgets_the_row_of_limits_after_a_success) {
  TimePoint now = start;
  for (int i = 0; i < 100; ++i) {
    fail(*lane_, limited(std::nullopt), now);
    EXPECT_LE(lane_->look(now).opens_at - now, 1s);
    now = lane_->look(now).opens_at;
    succeed(*lane_, now);
  }
}

TEST_F(LaneTest, leaves_all_deployments_behind_a_key_alone_that_was_refused) {
  fail(*lane_, key_refused(), start);
  for (const auto& same : {lane_, other_model_}) {
    EXPECT_EQ(closed(same, start), Closed::key_refused);
    EXPECT_EQ(same->look(start).opens_at, start + 60s);
  }
  for (const auto& other : {other_key_, elsewhere_}) EXPECT_EQ(closed(other, start), Closed::no);
  fail(*other_model_, key_refused(), start + 60s);
  EXPECT_EQ(lane_->look(start + 60s).opens_at, start + 180s);
  succeed(*lane_, start + 180s);
  fail(*lane_, key_refused(), start + 180s);
  EXPECT_EQ(lane_->look(start + 180s).opens_at, start + 240s);
}

TEST_F(LaneTest, leaves_a_key_without_quota_alone_for_ten_minutes) {
  fail(*lane_, no_quota(), start);
  EXPECT_EQ(closed(other_model_, start), Closed::no_quota);
  EXPECT_EQ(other_model_->look(start).opens_at, start + 10min);
  EXPECT_EQ(closed(other_key_, start), Closed::no);
}

TEST_F(LaneTest, names_the_reason_that_holds_longest) {
  auto slow = lane_->enter(start);
  auto late = lane_->enter(start);
  fail(*lane_, broken(), start, 3);
  slow->failed(limited(4s), start);
  EXPECT_EQ(closed(lane_, start), Closed::broken);
  EXPECT_EQ(lane_->look(start).opens_at, start + 5s);
  late->failed(limited(6s), start);
  EXPECT_EQ(closed(lane_, start), Closed::rate_limited);
  EXPECT_EQ(lane_->look(start).opens_at, start + 6s);
}

TEST_F(LaneTest, does_not_exclude_a_lane_for_being_shaky) {
  for (int i = 0; i < 20; ++i) i % 2 == 0 ? fail(*lane_, broken(), start) : succeed(*lane_, start);
  const LaneView view = lane_->look(start);
  EXPECT_TRUE(view.is_shaky);
  EXPECT_EQ(view.closed, Closed::no);
  EXPECT_FALSE(other_model_->look(start).is_shaky);
  EXPECT_FALSE(lane_->look(start + 10s).is_shaky);
  for (int i = 0; i < 20; ++i) i % 2 == 0 ? fail(*lane_, unreached(), start + 20s) : succeed(*lane_, start + 20s);
  EXPECT_TRUE(other_model_->look(start + 20s).is_shaky) << "their provider is";
}

TEST_F(LaneTest, lets_who_insists_past_a_breaker_that_chance_has_opened) {
  for (int i = 0; i < 30; ++i) succeed(*lane_, start);
  fail(*lane_, broken(), start, 3);
  EXPECT_EQ(closed(lane_, start), Closed::broken);
  EXPECT_FALSE(lane_->enter(start));
  EXPECT_TRUE(lane_->look(start).is_mostly_well);
  auto pass = lane_->insist(start);
  ASSERT_TRUE(pass);
  EXPECT_FALSE(pass->is_probe());
  pass->succeeded(std::nullopt, start);
  EXPECT_EQ(closed(lane_, start), Closed::broken) << "what is no probe closes no breaker";
  for (int i = 0; i < 40; ++i) {
    if (auto next = lane_->insist(start)) next->failed(broken(), start);
  }
  EXPECT_FALSE(lane_->insist(start)) << "once most attempts fail it is left alone";
}

TEST_F(LaneTest, lets_nobody_past_a_breaker_whose_provider_is_down) {
  fail(*lane_, broken(), start, 3);
  EXPECT_FALSE(lane_->look(start).is_mostly_well);
  EXPECT_FALSE(lane_->insist(start));
}

TEST_F(LaneTest, knows_whose_quota_runs_short) {
  lane_->note_remaining({.limit = 100, .left = 4, .until_reset = 10s}, start);
  EXPECT_TRUE(lane_->look(start).is_short);
  EXPECT_EQ(closed(lane_, start), Closed::no);
  EXPECT_FALSE(other_key_->look(start).is_short);
  EXPECT_FALSE(lane_->look(start + 10s).is_short);
}

}  // namespace
}  // namespace sluice::traffic

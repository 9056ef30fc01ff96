#include <sluice/traffic/health.hpp>

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "telemetry/counting_new.hpp"
#include "traffic/errors.hpp"

namespace sluice::traffic {
namespace {

using namespace std::chrono_literals;
constexpr TimePoint start{1h};
constexpr BreakerRules rules{.failures = 3, .cooldown = 5s, .longest = 60s};

// Two deployments of a provider behind two keys, and another provider.
class HealthTest : public testing::Test {
 protected:
  std::shared_ptr<Lane> lane(const std::string& deployment, const std::string& key, const std::string& provider = "p") {
    return health_->lane({provider, "https://a.example", deployment, key}, rules);
  }
  static void fail(Lane& lane, const Error& error, TimePoint now, int times = 1) {
    for (int i = 0; i < times; ++i) {
      auto pass = lane.enter(now);
      ASSERT_TRUE(pass);
      pass->failed(error, now);
    }
  }
  static void succeed(Lane& lane, TimePoint now) {
    auto pass = lane.enter(now);
    ASSERT_TRUE(pass);
    pass->succeeded(std::nullopt, now);
  }
  static Closed closed(const std::shared_ptr<Lane>& lane, TimePoint now) { return lane->look(now).closed; }

  std::unique_ptr<Health> health_ = make_health(Random({1, 2, 3, 4}));
  std::shared_ptr<Lane> lane_ = lane("m", "k");
  std::shared_ptr<Lane> other_key_ = lane("m", "k2");
  std::shared_ptr<Lane> other_model_ = lane("m2", "k");
  std::shared_ptr<Lane> elsewhere_ = lane("m", "k", "p2");
};

TEST_F(HealthTest, knows_nothing_of_a_new_lane) {
  const LaneView view = lane_->look(start);
  EXPECT_EQ(view.closed, Closed::no);
  EXPECT_FALSE(view.is_probe || view.is_shaky || view.is_short);
  EXPECT_EQ(view.in_flight, 0u);
  EXPECT_FALSE(view.first_token);
  EXPECT_EQ(view.cached_permille, 0u);
  EXPECT_EQ(view.breaker, BreakerState::closed);
}

TEST_F(HealthTest, keeps_a_lane_for_those_who_hold_it) {
  EXPECT_EQ(lane("m", "k"), lane_);
  const std::uint64_t id = lane_->id();
  EXPECT_NE(other_key_->id(), id);
  fail(*lane_, broken(), start, 3);
  lane_.reset();
  lane_ = lane("m", "k");
  EXPECT_NE(lane_->id(), id) << "an id is never used again";
  EXPECT_EQ(closed(lane_, start), Closed::no) << "nobody held it, so it was forgotten";
}

TEST_F(HealthTest, keeps_what_is_shared_when_a_lane_is_forgotten) {
  fail(*lane_, key_refused(), start);
  lane_.reset();
  lane_ = lane("m", "k");
  EXPECT_EQ(closed(lane_, start), Closed::key_refused) << "the other deployment holds the key's part";
}

TEST_F(HealthTest, forgets_thousands_of_lanes_that_nobody_holds) {
  for (int i = 0; i < 10'000; ++i) static_cast<void>(lane("m" + std::to_string(i), "k"));
  EXPECT_EQ(health_->report(start).size(), 4u);
}

TEST_F(HealthTest, blames_a_deployment_behind_a_key_alone_for_its_failures) {
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

TEST_F(HealthTest, blames_the_whole_provider_when_it_cannot_be_reached) {
  fail(*lane_, unreached(), start);
  fail(*other_key_, unreached(), start);
  fail(*other_model_, unreached(), start);
  for (const auto& all : {lane_, other_key_, other_model_}) EXPECT_EQ(closed(all, start), Closed::broken);
  EXPECT_EQ(closed(elsewhere_, start), Closed::no);
}

TEST_F(HealthTest, does_not_hold_another_place_of_the_same_name_responsible) {
  fail(*lane_, unreached(), start, 3);
  const auto moved = health_->lane({"p", "https://b.example", "m", "k"}, rules);
  EXPECT_EQ(closed(moved, start), Closed::no);
}

TEST_F(HealthTest, takes_a_failure_for_a_sign_that_the_provider_is_there) {
  fail(*lane_, unreached(), start, 2);
  fail(*lane_, broken(), start);
  fail(*lane_, unreached(), start, 2);
  EXPECT_EQ(closed(other_model_, start), Closed::no);
}

TEST_F(HealthTest, closes_a_provider_again_by_a_probe_of_any_lane) {
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

TEST_F(HealthTest, keeps_the_probes_of_a_lane_and_of_its_provider_apart) {
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

TEST_F(HealthTest, frees_a_probes_turn_when_nothing_was_learned) {
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

TEST_F(HealthTest, takes_a_refusal_that_is_the_callers_fault_for_an_answer) {
  fail(*lane_, broken(), start, 2);
  fail(*lane_, refusal(), start);
  fail(*lane_, broken(), start, 2);
  EXPECT_EQ(closed(lane_, start), Closed::no);
  fail(*lane_, broken(), start);
  auto probe = lane_->enter(start + 5s);
  probe->failed(refusal(Fault::not_found, "model_not_found"), start + 5s);
  EXPECT_EQ(lane_->look(start + 5s).breaker, BreakerState::closed);
}

TEST_F(HealthTest, leaves_alone_the_lane_that_was_limited) {
  fail(*lane_, limited(20s), start);
  EXPECT_EQ(closed(lane_, start), Closed::rate_limited);
  EXPECT_EQ(lane_->look(start).opens_at, start + 20s);
  EXPECT_FALSE(lane_->enter(start + 20s - 1ns));
  EXPECT_TRUE(lane_->enter(start + 20s));
  EXPECT_EQ(lane_->look(start).breaker, BreakerState::closed);
  for (const auto& other : {other_key_, other_model_, elsewhere_}) EXPECT_EQ(closed(other, start), Closed::no);
}

TEST_F(HealthTest, never_breaks_a_lane_for_its_limits) {
  TimePoint now = start;
  for (int i = 0; i < 20; ++i, now = lane_->look(now).opens_at) fail(*lane_, limited(std::nullopt), now);
  EXPECT_EQ(lane_->look(now).breaker, BreakerState::closed);
}

TEST_F(HealthTest, forgets_the_row_of_limits_after_a_success) {
  TimePoint now = start;
  for (int i = 0; i < 100; ++i) {
    fail(*lane_, limited(std::nullopt), now);
    EXPECT_LE(lane_->look(now).opens_at - now, 1s);
    now = lane_->look(now).opens_at;
    succeed(*lane_, now);
  }
}

TEST_F(HealthTest, leaves_all_deployments_behind_a_key_alone_that_was_refused) {
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

TEST_F(HealthTest, leaves_a_key_without_quota_alone_for_ten_minutes) {
  fail(*lane_, no_quota(), start);
  EXPECT_EQ(closed(other_model_, start), Closed::no_quota);
  EXPECT_EQ(other_model_->look(start).opens_at, start + 10min);
  EXPECT_EQ(closed(other_key_, start), Closed::no);
}

TEST_F(HealthTest, names_the_reason_that_holds_longest) {
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

TEST_F(HealthTest, does_not_exclude_a_lane_for_being_shaky) {
  for (int i = 0; i < 20; ++i) i % 2 == 0 ? fail(*lane_, broken(), start) : succeed(*lane_, start);
  const LaneView view = lane_->look(start);
  EXPECT_TRUE(view.is_shaky);
  EXPECT_EQ(view.closed, Closed::no);
  EXPECT_FALSE(other_model_->look(start).is_shaky);
  EXPECT_FALSE(lane_->look(start + 10s).is_shaky);
  for (int i = 0; i < 20; ++i) i % 2 == 0 ? fail(*lane_, unreached(), start + 20s) : succeed(*lane_, start + 20s);
  EXPECT_TRUE(other_model_->look(start + 20s).is_shaky) << "their provider is";
}

TEST_F(HealthTest, counts_what_is_in_flight_over_all_keys) {
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

TEST_F(HealthTest, counts_a_pass_that_moves_once) {
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

TEST_F(HealthTest, learns_how_fast_a_deployment_is_and_how_much_comes_from_its_cache) {
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

TEST_F(HealthTest, is_not_misled_by_impossible_numbers_of_tokens) {
  auto pass = lane_->enter(start);
  pass->cached(5, 0);
  pass->cached(UINT64_MAX, UINT64_MAX);
  EXPECT_EQ(lane_->look(start).cached_permille, 0u);
  pass->cached(2000, 1000);
  EXPECT_EQ(lane_->look(start).cached_permille, 1000u);
  pass->succeeded(-1s, start);
  EXPECT_EQ(lane_->look(start).first_token, 0s);
}

TEST_F(HealthTest, knows_whose_quota_runs_short) {
  lane_->note_remaining({.limit = 100, .left = 4, .until_reset = 10s}, start);
  EXPECT_TRUE(lane_->look(start).is_short);
  EXPECT_EQ(closed(lane_, start), Closed::no);
  EXPECT_FALSE(other_key_->look(start).is_short);
  EXPECT_FALSE(lane_->look(start + 10s).is_short);
}

TEST_F(HealthTest, shares_a_queue_by_deployment_and_a_budget_by_provider) {
  EXPECT_EQ(&lane_->waiting_room(), &other_key_->waiting_room());
  EXPECT_NE(&lane_->waiting_room(), &other_model_->waiting_room());
  EXPECT_EQ(&lane_->retry_budget(), &other_model_->retry_budget());
  EXPECT_NE(&lane_->retry_budget(), &elsewhere_->retry_budget());
}

TEST_F(HealthTest, follows_the_rules_of_the_latest_call) {
  static_cast<void>(health_->lane({"p", "https://a.example", "m", "k"}, {.failures = 1, .cooldown = 1s}));
  fail(*lane_, broken(), start);
  EXPECT_EQ(lane_->look(start).opens_at, start + 1s);
  fail(*other_model_, unreached(), start);
  EXPECT_EQ(closed(other_model_, start), Closed::broken) << "the provider's are the same";
}

TEST_F(HealthTest, reports_in_the_order_of_names) {
  fail(*other_key_, limited(20s), start);
  std::vector<std::string> names;
  for (const LaneReport& report : health_->report(start)) {
    names.push_back(report.name.provider + '/' + report.name.deployment + '/' + report.name.key + ' ' +
                    std::string(to_string(report.view.closed)));
  }
  EXPECT_EQ(names, (std::vector<std::string>{"p/m/k no", "p/m/k2 rate_limited", "p/m2/k no", "p2/m/k no"}));
}

TEST_F(HealthTest, asks_for_no_memory_per_attempt) {
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

TEST(Closed, has_words) {
  EXPECT_EQ(to_string(Closed::no), "no");
  EXPECT_EQ(to_string(Closed::probing), "probing");
  EXPECT_EQ(to_string(Closed::key_refused), "key_refused");
}

}  // namespace
}  // namespace sluice::traffic

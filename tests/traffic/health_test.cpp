#include <sluice/traffic/health.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "traffic/lanes.hpp"

namespace sluice::traffic {
namespace {

using HealthTest = LanesTest;

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

TEST_F(HealthTest, does_not_hold_another_place_of_the_same_name_responsible) {
  fail(*lane_, unreached(), start, 3);
  const auto moved = health_->lane({"p", "https://b.example", "m", "k"}, rules);
  EXPECT_EQ(closed(moved, start), Closed::no);
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

TEST(Closed, has_words) {
  EXPECT_EQ(to_string(Closed::no), "no");
  EXPECT_EQ(to_string(Closed::probing), "probing");
  EXPECT_EQ(to_string(Closed::key_refused), "key_refused");
}

}  // namespace
}  // namespace sluice::traffic

#include <sluice/credential/jwks_schedule.hpp>

#include <gtest/gtest.h>

namespace sluice::credential::jwks_schedule_test {
namespace {

using namespace std::chrono_literals;

const TimePoint start{std::chrono::hours(1000)};

TEST(JwksSchedule, begins_at_once) {
  EXPECT_LE(JwksSchedule(0.5).due(), start);
  EXPECT_FALSE(JwksSchedule(0.5).last_fetched());
}

TEST(JwksSchedule, fetches_again_after_five_minutes_or_as_the_answer_says) {
  const auto next = [](std::optional<std::chrono::seconds> max_age) {
    JwksSchedule schedule(0);
    schedule.began(start);
    schedule.fetched(start + 1s, max_age);
    EXPECT_EQ(schedule.last_fetched(), start + 1s);
    return schedule.due() - (start + 1s);
  };
  EXPECT_EQ(next(std::nullopt), 5min);
  EXPECT_EQ(next(0s), 1min);
  EXPECT_EQ(next(10min), 10min);
  EXPECT_EQ(next(24h), 1h);
}

TEST(JwksSchedule, tries_again_after_pauses_that_double_up_to_a_minute) {
  JwksSchedule schedule(0);
  TimePoint now = start;
  std::vector<Duration> pauses;
  for (int i = 0; i < 9; ++i) {
    schedule.began(now);
    schedule.failed(now);
    pauses.push_back(schedule.due() - now);
    now = schedule.due();
  }
  EXPECT_EQ(pauses, (std::vector<Duration>{1s, 2s, 4s, 8s, 16s, 32s, 1min, 1min, 1min}));
  schedule.fetched(now, std::nullopt);
  schedule.failed(now);
  EXPECT_EQ(schedule.due() - now, Duration(1s)) << "a success begins anew";
}

TEST(JwksSchedule, a_wish_is_heard_ten_seconds_after_the_last_fetch_began) {
  JwksSchedule schedule(0);
  schedule.wanted(start);
  EXPECT_LE(schedule.due(), start);
  schedule.began(start);
  schedule.fetched(start + 1s, std::nullopt);
  schedule.wanted(start + 3s);
  EXPECT_EQ(schedule.due(), start + 10s);
  schedule.wanted(start + 4s);
  EXPECT_EQ(schedule.due(), start + 10s);
  schedule.began(start + 10s);
  schedule.fetched(start + 10s, std::nullopt);
  schedule.wanted(start + 2min);
  EXPECT_EQ(schedule.due(), start + 2min);
}

TEST(JwksSchedule, a_wish_never_makes_anybody_wait_longer) {
  JwksSchedule schedule(0);
  schedule.began(start);
  schedule.failed(start);
  schedule.wanted(start);
  EXPECT_EQ(schedule.due(), start + 1s);
}

TEST(JwksSchedule, spreads_those_that_began_together) {
  JwksSchedule schedule(0.5);
  schedule.fetched(start, 20min);
  EXPECT_EQ(schedule.due() - start, Duration(19min));
}

TEST(MaxAge, is_read_from_cache_control) {
  EXPECT_EQ(max_age_in(""), std::nullopt);
  EXPECT_EQ(max_age_in("public"), std::nullopt);
  EXPECT_EQ(max_age_in("public, max-age=600, must-revalidate"), 600s);
  EXPECT_EQ(max_age_in("Max-Age=600"), 600s);
  EXPECT_EQ(max_age_in("s-maxage=600"), std::nullopt);
  EXPECT_EQ(max_age_in("max-age=soon"), std::nullopt);
  EXPECT_EQ(max_age_in("max-age=-1"), std::nullopt);
  EXPECT_EQ(max_age_in("max-age=600, no-store"), 0s);
  EXPECT_EQ(max_age_in("no-cache"), 0s);
  EXPECT_GT(max_age_in("max-age=18446744073709551615"), 24h);
}

}  // namespace
}  // namespace sluice::credential::jwks_schedule_test

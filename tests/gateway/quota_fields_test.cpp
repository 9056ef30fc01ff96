#include "gateway/quota_fields.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace sluice {
namespace {

using namespace std::chrono_literals;
using Fields = std::vector<http::Field>;

const UtcTime noon = UtcTime(std::chrono::seconds(1'790'000'000));

std::optional<traffic::Remaining> told_by(const Fields& fields) { return remaining_of(fields, noon); }

TEST(QuotaFields, say_how_much_is_left_with_the_property_first) {
  const auto told = told_by({{"X-RateLimit-Limit-Requests", "500"},
                             {"x-ratelimit-remaining-requests", "12"},
                             {"x-ratelimit-reset-requests", "1m30s"}});
  ASSERT_TRUE(told);
  EXPECT_EQ(told->limit, 500u);
  EXPECT_EQ(told->left, 12u);
  EXPECT_EQ(told->until_reset, 90s);
}

TEST(QuotaFields, say_how_much_is_left_with_the_property_last) {
  const auto told = told_by({{"vendor-ratelimit-input-tokens-limit", "40000"},
                             {"vendor-ratelimit-input-tokens-remaining", "39000"},
                             {"vendor-ratelimit-input-tokens-reset", "2026-09-21T14:13:40Z"}});
  ASSERT_TRUE(told);
  EXPECT_EQ(told->limit, 40'000u);
  EXPECT_EQ(told->left, 39'000u);
  EXPECT_EQ(told->until_reset, 20s);
}

TEST(QuotaFields, of_several_quotas_the_one_nearest_to_its_end_counts) {
  const auto told = told_by({{"x-ratelimit-limit-requests", "100"},
                             {"x-ratelimit-remaining-requests", "50"},
                             {"x-ratelimit-limit-tokens", "1000000"},
                             {"x-ratelimit-remaining-tokens", "2000"},
                             {"x-ratelimit-reset-tokens", "250ms"}});
  ASSERT_TRUE(told);
  EXPECT_EQ(told->left, 2'000u);
  EXPECT_EQ(told->until_reset, 250ms);
}

TEST(QuotaFields, that_cannot_be_read_say_nothing) {
  EXPECT_FALSE(told_by({}));
  EXPECT_FALSE(told_by({{"content-type", "application/json"}, {"r", "1"}, {"ratelimit-", "2"}}));
  EXPECT_FALSE(told_by({{"x-ratelimit-remaining-requests", "many"}}));
  EXPECT_FALSE(told_by({{"x-ratelimit-remaining-requests", "-1"}}));
  EXPECT_FALSE(told_by({{"x-ratelimit-limit-requests", "5"}})) << "a limit alone tells nothing";
}

TEST(QuotaFields, a_reset_that_is_past_or_garbled_is_not_told) {
  for (const std::string_view reset : {"", "-1", "soon", "1x", "2020-01-01T00:00:00Z", "9999999999999999999999e99"}) {
    const auto told = told_by({{"x-ratelimit-remaining-requests", "1"}, {"x-ratelimit-reset-requests", reset}});
    ASSERT_TRUE(told) << reset;
    EXPECT_EQ(told->until_reset, Duration::zero()) << reset;
  }
}

TEST(QuotaFields, a_reset_is_a_number_of_seconds_too) {
  const auto told = told_by({{"x-ratelimit-remaining-tokens", "1"}, {"x-ratelimit-reset-tokens", "7.5"}});
  ASSERT_TRUE(told);
  EXPECT_EQ(told->until_reset, 7500ms);
}

}  // namespace
}  // namespace sluice

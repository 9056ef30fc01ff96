#include "app/key_words.hpp"

#include <sluice/base/utc_text.hpp>

#include <gtest/gtest.h>

namespace sluice::app::key_words_test {
namespace {

using namespace std::chrono_literals;

TEST(KeyWords, durations_are_read_as_in_the_configuration) {
  EXPECT_EQ(duration_in("250ms"), 250ms);
  EXPECT_EQ(duration_in("2s"), 2000ms);
  EXPECT_EQ(duration_in("5m"), 300'000ms);
  EXPECT_EQ(duration_in("1h"), 3'600'000ms);
  EXPECT_EQ(duration_in("30d"), 2'592'000'000ms);
  for (const char* const text : {"", "s", "1", "-1s", "1.5h", "1 h", "1y", "99999999999999999999s", "9999999999999d"})
    EXPECT_FALSE(duration_in(text)) << text;
}

TEST(KeyWords, an_expiry_is_a_time_or_a_while) {
  const UtcTime now = *parse_utc("2030-01-31T12:00:00Z");
  EXPECT_EQ(*expiry_in("2s", now), now + 2s);
  EXPECT_EQ(utc_text(*expiry_in("2031-01-01T00:00:00Z", now)), "2031-01-01T00:00:00Z");
  EXPECT_EQ(expiry_in("soon", now).error().code(), "invalid_expiry");
  EXPECT_FALSE(expiry_in("360000d", now)) << "beyond what clocks count";
}

TEST(KeyWords, lists_have_commas_between_their_items) {
  EXPECT_EQ(items_in("a,b"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(items_in(" a , b "), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(items_in("a,,b"), (std::vector<std::string>{"a", "", "b"})) << "what is empty is seen, and refused later";
  EXPECT_EQ(items_in(""), std::vector<std::string>{""});
}

TEST(KeyWords, a_key_has_to_fit_into_the_configuration) {
  Principals principals;
  principals.keys.push_back({"app", "", {}});
  principals.teams.emplace_back().name = "support";
  EXPECT_TRUE(
      fits_configuration({.name = "bot", .team = "support", .endpoints = {{"chat", "embeddings"}}}, principals));
  EXPECT_EQ(fits_configuration({.name = "app"}, principals).error().code(), "key_exists");
  EXPECT_FALSE(fits_configuration({.name = "bot", .team = "none"}, principals));
  principals.models = {"small", "big"};
  principals.teams.back().models = {"s*"};
  EXPECT_TRUE(fits_configuration({.name = "bot", .team = "support", .exhausted = "small"}, principals));
  EXPECT_TRUE(fits_configuration({.name = "bot", .exhausted = ""}, principals));
  EXPECT_FALSE(fits_configuration({.name = "bot", .exhausted = "none"}, principals));
  EXPECT_FALSE(fits_configuration({.name = "bot", .team = "support", .exhausted = "big"}, principals));
  EXPECT_FALSE(fits_configuration({.name = "bot", .models = {{"b*"}}, .exhausted = "small"}, principals));
  const auto endpoint = fits_configuration({.name = "bot", .endpoints = {{"none"}}}, principals);
  ASSERT_FALSE(endpoint);
  EXPECT_NE(endpoint.error().message().find("embeddings"), std::string::npos);
}

}  // namespace
}  // namespace sluice::app::key_words_test

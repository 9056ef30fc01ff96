#include "app/usage.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include <sluice/base/utc_text.hpp>

namespace sluice::app::usage_test {
namespace {

using namespace std::chrono_literals;

const UtcTime noon = *parse_utc("2026-11-28T12:00:00Z");

TEST(PointInTime, is_a_time_a_date_or_how_long_ago) {
  EXPECT_EQ(point_in_time("2026-11-01T06:30:00Z", noon), *parse_utc("2026-11-01T06:30:00Z"));
  EXPECT_EQ(point_in_time("2026-11-01", noon), *parse_utc("2026-11-01T00:00:00Z"));
  EXPECT_EQ(point_in_time("90s", noon), noon - 90s);
  EXPECT_EQ(point_in_time("24h", noon), noon - 24h);
  EXPECT_EQ(point_in_time("7d", noon), noon - 7 * 24h);
  for (const char* text : {"", "d", "7", "7w", "-7d", "1.5h", "yesterday", "99999999999d", "200000d"}) {
    EXPECT_EQ(point_in_time(text, noon), std::nullopt) << text;
  }
}

TEST(UsageQuery, names_what_makes_no_sense) {
  EXPECT_EQ(usage_query({.by = {"team", "tag.project", "team"}}, noon)->by,
            (std::vector<std::string>{"team", "tag.project"}));
  EXPECT_EQ(usage_query({.team = "support"}, noon)->team, "support");
  EXPECT_EQ(usage_query({}, noon)->team, std::nullopt);
  EXPECT_NE(usage_query({.by = {"teem"}}, noon).error().message().find("\"teem\" is no dimension"), std::string::npos);
  EXPECT_NE(usage_query({.since = "later"}, noon).error().message().find("--since"), std::string::npos);
  const std::string focused = usage_query({.by = {"team"}, .format = "focus"}, noon).error().message();
  EXPECT_NE(focused.find("only tag.NAME may be added"), std::string::npos) << focused;
  EXPECT_NE(usage_query({.until = "later"}, noon).error().message().find("--until"), std::string::npos);
}

TEST(Usage, without_a_database_says_who_makes_one) {
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(usage({}, "/nowhere/sluice.db", noon, out, err), 66);
  EXPECT_EQ(out.str(), "");
  EXPECT_NE(err.str().find("/nowhere/sluice.db"), std::string::npos);
}

}  // namespace
}  // namespace sluice::app::usage_test

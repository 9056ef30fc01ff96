#include "app/usage.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include <nlohmann/json.hpp>
#include <sluice/base/utc_text.hpp>

namespace sluice::app::usage_test {
namespace {

using namespace std::chrono_literals;

const UtcTime noon = *parse_utc("2026-11-28T12:00:00Z");

ledger::UsageReport report() {
  ledger::UsageRow row;
  row.group = {"support", std::nullopt};
  row.requests = 3;
  row.attempts = 4;
  row.errors = 1;
  row.input_tokens = 100;
  row.output_tokens = 20;
  row.cost = 1'234'567'891;
  return {{row}};
}

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
  EXPECT_NE(usage_query({.by = {"teem"}}, noon).error().message().find("\"teem\" is no dimension"), std::string::npos);
  EXPECT_NE(usage_query({.since = "later"}, noon).error().message().find("--since"), std::string::npos);
  EXPECT_NE(usage_query({.until = "later"}, noon).error().message().find("--until"), std::string::npos);
}

TEST(UsageJson, is_as_the_contract_has_it) {
  const auto json = nlohmann::json::parse(usage_json(report(), {"team", "tag.project"}));
  const auto& row = json["rows"][0];
  EXPECT_EQ(row["team"], "support");
  EXPECT_TRUE(row["tag.project"].is_null());
  EXPECT_EQ(row["requests"], 3);
  EXPECT_EQ(row["attempts"], 4);
  EXPECT_EQ(row["errors"], 1);
  EXPECT_EQ(row["input_tokens"], 100);
  EXPECT_EQ(row["output_tokens"], 20);
  for (const char* name : {"cache_read_tokens", "cache_write_tokens", "reasoning_tokens"}) EXPECT_EQ(row[name], 0);
  EXPECT_EQ(row["cost_nano_usd"], 1'234'567'891);
}

TEST(UsageCsv, quotes_what_has_to_be_and_disarms_formulas) {
  ledger::UsageReport told = report();
  told.rows[0].group = {"a,\"b\"", "=1+1"};
  std::ostringstream out;
  write_usage_csv(told, {"team", "tag.project"}, out);
  EXPECT_EQ(out.str().substr(0, 26), "team,tag.project,requests,");
  EXPECT_NE(out.str().find("\r\n\"a,\"\"b\"\"\",'=1+1,3,4,1,100,20,"), std::string::npos) << out.str();
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

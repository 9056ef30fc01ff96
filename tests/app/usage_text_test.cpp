#include "app/usage_text.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include <nlohmann/json.hpp>

namespace sluice::app::usage_text_test {
namespace {

ledger::UsageReport report() {
  ledger::UsageRow row;
  row.group = {"support", std::nullopt};
  row.requests = 3;
  row.attempts = 4;
  row.errors = 1;
  row.input_tokens = 100;
  row.output_tokens = 20;
  row.cost = 1'234'567'891;
  row.cache_savings = -7;
  return {{row}};
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
  EXPECT_EQ(row["cache_savings_nano_usd"], -7);
  EXPECT_FALSE(row.contains("repriced_nano_usd"));
}

TEST(UsageJson, tells_other_prices_where_they_were_asked_for) {
  ledger::UsageReport told = report();
  told.is_repriced = true;
  told.rows[0].repriced = 2;
  told.rows[0].unpriced_attempts = 1;
  const auto json = nlohmann::json::parse(usage_json(told, {"team", "tag.project"}));
  EXPECT_EQ(json["rows"][0]["repriced_nano_usd"], 2);
  EXPECT_EQ(json["rows"][0]["unpriced_attempts"], 1);
  std::ostringstream table;
  write_usage_table(told, {"team", "tag.project"}, table);
  EXPECT_NE(table.str().find("1.234567      0.000000\n"), std::string::npos) << table.str();
}

TEST(UsageCsv, quotes_what_has_to_be_and_disarms_formulas) {
  ledger::UsageReport told = report();
  told.rows[0].group = {"a,\"b\"", "=1+1"};
  std::ostringstream out;
  write_usage_csv(told, {"team", "tag.project"}, out);
  EXPECT_EQ(out.str().substr(0, 26), "team,tag.project,requests,");
  EXPECT_NE(out.str().find("\r\n\"a,\"\"b\"\"\",'=1+1,3,4,1,100,20,"), std::string::npos) << out.str();
}

std::vector<std::vector<std::string>> cells_of(const std::string& csv) {
  std::vector<std::vector<std::string>> lines(1);
  std::string cell;
  bool quoted = false;
  for (std::size_t at = 0; at < csv.size(); ++at) {
    const char letter = csv[at];
    if (letter == '"' && quoted && csv.substr(at + 1, 1) == "\"") {
      cell += csv[++at];
    } else if (letter == '"') {
      quoted = !quoted;
    } else if (quoted || (letter != ',' && letter != '\r' && letter != '\n')) {
      cell += letter;
    } else if (letter != '\n') {
      lines.back().push_back(std::exchange(cell, ""));
      if (letter == '\r') lines.emplace_back();
    }
  }
  lines.pop_back();
  return lines;
}

TEST(UsageFocus, is_a_charge_for_each_key_day_and_model) {
  const std::vector<std::string> by = focus_dimensions({"tag.project", "tag.step"});
  ledger::UsageRow row;
  row.group = {"2026-12-31", "acme", "support", "bot", "one", "assistant", "apollo, 11", std::nullopt};
  row.requests = 3;
  row.input_tokens = 100;
  row.output_tokens = 20;
  row.cost = 1'234'567'891;
  ledger::UsageRow refused;
  refused.group = {"2026-12-31", std::nullopt, std::nullopt, "bot",
                   std::nullopt, "assistant",  std::nullopt, std::nullopt};
  std::ostringstream out;
  write_usage_focus({.rows = {row, refused}}, by, out);
  const auto lines = cells_of(out.str());
  ASSERT_EQ(lines.size(), 2u) << "what was refused is no charge: " << out.str();
  ASSERT_EQ(lines[0].size(), lines[1].size());
  const auto cell = [&](const std::string& column) {
    const auto place = std::find(lines[0].begin(), lines[0].end(), column);
    EXPECT_NE(place, lines[0].end()) << column;
    return lines[1][static_cast<std::size_t>(place - lines[0].begin())];
  };
  for (const char* column : {"BilledCost", "EffectiveCost", "ListCost", "ContractedCost"}) {
    EXPECT_EQ(cell(column), "1.234567891") << column;
  }
  EXPECT_EQ(cell("BillingCurrency"), "USD");
  EXPECT_EQ(cell("BillingAccountId"), "acme");
  EXPECT_EQ(cell("SubAccountId"), "support");
  EXPECT_EQ(cell("ResourceId"), "bot");
  EXPECT_EQ(cell("ProviderName"), "one");
  EXPECT_EQ(cell("SkuId"), "one/assistant");
  EXPECT_EQ(cell("ConsumedQuantity"), "120");
  EXPECT_EQ(cell("ConsumedUnit"), "Tokens");
  EXPECT_EQ(cell("ChargePeriodStart"), "2026-12-31T00:00:00Z");
  EXPECT_EQ(cell("ChargePeriodEnd"), "2027-01-01T00:00:00Z");
  EXPECT_EQ(cell("BillingPeriodStart"), "2026-12-01T00:00:00Z");
  EXPECT_EQ(cell("BillingPeriodEnd"), "2027-01-01T00:00:00Z");
  EXPECT_EQ(cell("ChargeCategory"), "Usage");
  EXPECT_EQ(cell("Tags"), R"({"project":"apollo, 11"})");
  EXPECT_TRUE(std::is_sorted(lines[0].begin(), lines[0].end()));
}

}  // namespace
}  // namespace sluice::app::usage_text_test

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <ostream>

#include <nlohmann/json.hpp>
#include <sluice/base/utc_text.hpp>
#include <sluice/ledger/money.hpp>

#include "app/usage_text.hpp"

namespace sluice::app {
namespace {

// The places of focus_dimensions(); tags are behind them.
enum FocusPlace : std::size_t { day, organisation, team, key, provider, model, first_tag };
constexpr std::array<const char*, first_tag> focus_places{"day", "organisation", "team", "key", "provider", "model"};
constexpr std::string_view tag_dimension = "tag.";
constexpr const char* not_known = "unknown";

// In the specification's order, which is the alphabet's.
constexpr std::array focus_columns{"BilledCost",
                                   "BillingAccountId",
                                   "BillingAccountName",
                                   "BillingCurrency",
                                   "BillingPeriodEnd",
                                   "BillingPeriodStart",
                                   "ChargeCategory",
                                   "ChargeClass",
                                   "ChargeDescription",
                                   "ChargeFrequency",
                                   "ChargePeriodEnd",
                                   "ChargePeriodStart",
                                   "ConsumedQuantity",
                                   "ConsumedUnit",
                                   "ContractedCost",
                                   "EffectiveCost",
                                   "InvoiceIssuerName",
                                   "ListCost",
                                   "PricingQuantity",
                                   "PricingUnit",
                                   "ProviderName",
                                   "PublisherName",
                                   "ResourceId",
                                   "ResourceName",
                                   "ResourceType",
                                   "ServiceCategory",
                                   "ServiceName",
                                   "ServiceSubcategory",
                                   "SkuId",
                                   "SubAccountId",
                                   "SubAccountName",
                                   "Tags"};

std::string midnight_of(std::chrono::year_month_day date) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT00:00:00Z", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return text.data();
}

// When a charge was made, and when it is billed. Ends are the first instant that no longer belongs to it.
struct Periods {
  std::string day_start, day_end, month_start, month_end;
};

Periods periods_of(const std::string& text) {
  using namespace std::chrono;
  const UtcTime begin = parse_utc(text + "T00:00:00Z").value_or(UtcTime());
  const auto start = floor<days>(begin);
  const year_month_day date(start);
  const year_month month = date.year() / date.month();
  return {midnight_of(date), midnight_of(start + days(1)), midnight_of(month / 1),
          midnight_of((month + months(1)) / 1)};
}

std::string tags_json(const ledger::UsageRow& row, const std::vector<std::string>& by) {
  nlohmann::ordered_json tags = nlohmann::ordered_json::object();
  for (std::size_t at = first_tag; at < by.size(); ++at) {
    if (row.group[at]) tags[by[at].substr(tag_dimension.size())] = *row.group[at];
  }
  return tags.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::vector<std::string> charge_of_row(const ledger::UsageRow& row, const std::vector<std::string>& by) {
  const auto named = [&row](FocusPlace place) { return row.group[place].value_or(""); };
  const std::string account = row.group[organisation].value_or("default");
  const std::string provider_name = row.group[provider].value_or(not_known);
  const std::string model_name = row.group[model].value_or(not_known);
  const Periods at = periods_of(named(day));
  const std::string cost = ledger::usd(row.cost);
  const std::string tokens = std::to_string(row.input_tokens + row.output_tokens);
  const std::string what = model_name + " at " + provider_name + ": " + std::to_string(row.requests) + " requests, " +
                           std::to_string(row.input_tokens) + " tokens in, " + std::to_string(row.output_tokens) +
                           " out";
  return {cost,
          account,
          account,
          "USD",
          at.month_end,
          at.month_start,
          "Usage",
          "",
          what,
          "Usage-Based",
          at.day_end,
          at.day_start,
          tokens,
          "Tokens",
          cost,
          cost,
          provider_name,
          cost,
          tokens,
          "Tokens",
          provider_name,
          provider_name,
          named(key),
          named(key),
          "API Key",
          "AI and Machine Learning",
          provider_name,
          "Generative AI",
          provider_name + "/" + model_name,
          named(team),
          named(team),
          tags_json(row, by)};
}

}  // namespace

std::vector<std::string> focus_dimensions(const std::vector<std::string>& tags) {
  std::vector<std::string> by(focus_places.begin(), focus_places.end());
  by.insert(by.end(), tags.begin(), tags.end());
  return by;
}

void write_usage_focus(const ledger::UsageReport& report, const std::vector<std::string>& by, std::ostream& out) {
  for (std::size_t at = 0; at < focus_columns.size(); ++at) out << (at == 0 ? "" : ",") << focus_columns[at];
  out << "\r\n";
  for (const ledger::UsageRow& row : report.rows) {
    if (!row.group[provider] && row.cost == 0) continue;
    const std::vector<std::string> charge = charge_of_row(row, by);
    for (std::size_t at = 0; at < charge.size(); ++at) out << (at == 0 ? "" : ",") << csv_cell(charge[at]);
    out << "\r\n";
  }
}

}  // namespace sluice::app

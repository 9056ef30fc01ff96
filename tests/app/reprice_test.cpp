#include "app/reprice.hpp"

#include <gtest/gtest.h>

namespace sluice::app::reprice_test {
namespace {

ledger::AttemptRecord attempt_at(const std::string& provider, const std::string& model) {
  ledger::AttemptRecord attempt;
  attempt.provider = provider;
  attempt.model = model;
  attempt.counts.input = 1'000'000;
  attempt.cost = 1;
  return attempt;
}

TEST(PricesOf, a_configuration_are_its_own_and_those_of_the_table) {
  config::Config config;
  config.providers.emplace_back().name = "cheap";
  config.providers.back().kind = "openai-compatible";
  config.prices.push_back({"house", {.rates = {.input = 5 * ledger::one_usd, .output = 0}}});
  config.prices.push_back({"cheap/house", {.rates = {.input = ledger::one_usd, .output = 0}}});
  PricesOf prices(config);
  EXPECT_EQ(prices(attempt_at("cheap", "house")), ledger::one_usd);
  EXPECT_EQ(prices(attempt_at("gone", "house")), 5 * ledger::one_usd);
  EXPECT_EQ(prices(attempt_at("gone", "nobody-knows-it")), std::nullopt);
  EXPECT_EQ(prices(attempt_at("gone", "house")), 5 * ledger::one_usd) << "the second time too";
}

TEST(PricesOf, a_provider_that_is_not_named_any_more_are_those_of_its_kind) {
  PricesOf prices{config::Config()};
  const auto price = prices(attempt_at("mistral", "mistral-large-latest"));
  ASSERT_TRUE(price);
  EXPECT_GT(*price, 0);
}

TEST(PricesOf, nothing_known_are_not_assumed) {
  config::Config config;
  config.unknown_price = {config::UnknownPrice::Policy::assume, {.rates = {.input = 7, .output = 7}}};
  PricesOf prices(config);
  EXPECT_EQ(prices(attempt_at("gone", "nobody-knows-it")), std::nullopt);
}

}  // namespace
}  // namespace sluice::app::reprice_test

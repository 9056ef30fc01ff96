#include <gtest/gtest.h>

#include "config/cases.hpp"
#include "config/sections.hpp"

namespace sluice::config::price_section_test {
namespace {

using ledger::Price;
using ledger::Rates;
using testing::Case;
using testing::surroundings;

const std::string models =
    "providers: {demo: {}, house: {kind: demo}}\n"
    "models: {m: {targets: [{provider: demo, model: x}]}, \"w-*\": {targets: [{provider: house}]}}\n";

class PriceSection : public testing::Complains {};
TEST_P(PriceSection, complains) { check(); }

INSTANTIATE_TEST_SUITE_P(
    Load, PriceSection,
    ::testing::Values(
        Case{"no_value",
             models + "prices: {x: }\n",
             {"f:3:10: prices.x: has no value; write {input: AMOUNT, output: AMOUNT} in USD per million tokens"}},
        Case{"half_a_price",
             models + "prices: {x: {input: 1}}\n",
             {"f:3:10: prices.x.output: is missing; write USD per million tokens; 0 where nothing is to pay"}},
        Case{"unknown_rate",
             models + "prices: {x: {input: 1, output: 1, cached: 1}}\n",
             {"f:3:35: prices.x.cached: unknown key \"cached\"; known here: input, output, cache_read, cache_write, "
              "cache_write_1h, reasoning, audio_input, audio_output, image, request, above"}},
        Case{"no_money",
             models + "prices: {x: {input: -1, output: 1.5e3}}\n",
             {"f:3:21: prices.x.input: found \"-1\"; an amount cannot be less than 0",
              "f:3:33: prices.x.output: found \"1.5e3\"; write USD as digits, with a point where it needs one: 20, or "
              "0.5"}},
        Case{"nothing_asks_for_it",
             models + "prices: {y: {input: 1, output: 1}, house/x: {input: 1, output: 1}}\n",
             {"warning f:3:13: prices.y: no target's model is called \"y\"; it prices nothing; write MODEL or "
              "PROVIDER/MODEL as targets name them",
              "warning f:3:45: prices.house/x: no target's model is called \"house/x\"; it prices nothing; write MODEL "
              "or PROVIDER/MODEL as targets name them"}},
        Case{"no_model",
             models + "prices: {\"a b\": {input: 1, output: 1}}\n",
             {"f:3:10: prices[\"a b\"]: no usable name of a model; 1 to 256 characters without spaces"}},
        Case{"tiers",
             models + "prices: {x: {input: 1, output: 1, above: [{}, {tokens: 10}, {tokens: 0, input: 2}, {tokens: 20, "
                      "input: 2}, {tokens: 20, input: 3}]}}\n",
             {"f:3:43: prices.x.above[0].tokens: is missing; write the length of prompts above which these rates hold",
              "f:3:43: prices.x.above[0]: says no rate; write input or output, or what else costs something else there",
              "f:3:47: prices.x.above[1]: says no rate; write input or output, or what else costs something else there",
              "f:3:70: prices.x.above[2].tokens: found \"0\"; use a whole number between 1 and 1000000000",
              "f:3:117: prices.x.above[4].tokens: no more than the bound before it, 20; write the tiers by rising "
              "bounds"}},
        Case{"falling_rates",
             models + "prices: {x: {input: 2, output: 1, above: [{tokens: 10, input: 1}]}}\n",
             {"warning f:3:43: prices.x.above[0]: something is cheaper here than below; longer prompts rarely are; "
              "check "
              "the rates"}},
        Case{"unknown_prices",
             models + "unknown_price: allow\n",
             {"f:3:16: unknown_price: found \"allow\"; write deny, allow-and-flag or {assume: AMOUNT}"}},
        Case{"nothing_to_assume",
             models + "unknown_price: {}\n",
             {"f:3:1: unknown_price.assume: is missing; write assume: AMOUNT, in USD per million tokens"}},
        Case{"something_strange_to_assume",
             models + "unknown_price: {assume: lots}\n",
             {"f:3:25: unknown_price.assume: found \"lots\"; write USD as digits, with a point where it needs one: 20, "
              "or 0.5"}}),
    testing::name_of);

Config config_of(const std::string& yaml) {
  const Loaded loaded = load(models + yaml, surroundings());
  for (const Complaint& complaint : loaded.complaints) ADD_FAILURE() << complaint.text("f");
  return loaded.config;
}

TEST(PriceSection, reads_every_rate) {
  const Config config = config_of(
      "prices: {x: {input: 1.0, output: 4.0, cache_read: 0.1, cache_write: 1.25, cache_write_1h: 2.0, reasoning: 5.0,\n"
      "             audio_input: 6, audio_output: 7, image: 0.04, request: 0.001,\n"
      "             above: [{tokens: 200000, input: 2.0, output: 8.0}]}}\n");
  ASSERT_EQ(config.prices.size(), 1u);
  EXPECT_EQ(config.prices[0].name, "x");
  const Price& price = config.prices[0].price;
  const Rates rates{1'000'000'000, 4'000'000'000, 100'000'000,   1'250'000'000,
                    2'000'000'000, 5'000'000'000, 6'000'000'000, 7'000'000'000};
  EXPECT_EQ(price.rates, rates);
  EXPECT_EQ(price.image, 40'000'000);
  EXPECT_EQ(price.request, 1'000'000);
  ASSERT_EQ(price.above.size(), 1u);
  EXPECT_EQ(price.above[0].tokens, 200'000u);
  Rates above = rates;
  above.input = 2'000'000'000;
  above.output = 8'000'000'000;
  EXPECT_EQ(price.above[0].rates, above) << "what a tier does not say is as in the price itself";
}

TEST(PriceSection, leaves_rates_out_that_are_as_others) {
  const Price price =
      config_of("prices: {x: {input: 1, output: 2, above: [{tokens: 9, input: 3}]}}\n").prices.at(0).price;
  EXPECT_EQ(price.rates, (Rates{1'000'000'000, 2'000'000'000, {}, {}, {}, {}, {}, {}}));
  EXPECT_EQ(price.above.at(0).rates, (Rates{3'000'000'000, 2'000'000'000, {}, {}, {}, {}, {}, {}}));
}

TEST(PriceSection, takes_patterns_and_providers) {
  const Config config = config_of(
      "prices: {\"w-*\": {input: 1, output: 1}, house/w-1: {input: 2, output: 2}, demo/x: {input: 3, output: 3}, "
      "\"*\": "
      "{input: 4, output: 4}}\n");
  ASSERT_EQ(config.prices.size(), 4u);
  EXPECT_EQ(config.prices[1].name, "house/w-1");
}

TEST(UnknownPrice, is_a_policy) {
  using Policy = UnknownPrice::Policy;
  EXPECT_EQ(config_of("").unknown_price.policy, Policy::by_budget);
  EXPECT_EQ(config_of("unknown_price: deny\n").unknown_price.policy, Policy::deny);
  EXPECT_EQ(config_of("unknown_price: allow-and-flag\n").unknown_price.policy, Policy::allow_and_flag);
  const UnknownPrice assumed = config_of("unknown_price: {assume: 3.5}\n").unknown_price;
  EXPECT_EQ(assumed.policy, Policy::assume);
  EXPECT_EQ(assumed.assumed.rates, (Rates{3'500'000'000, 3'500'000'000, {}, {}, {}, {}, {}, {}}));
  EXPECT_EQ(config_of("unknown_price:\n  assume: 3\n").unknown_price.policy, Policy::assume);
}

}  // namespace
}  // namespace sluice::config::price_section_test

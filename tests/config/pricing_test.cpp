#include <sluice/config/pricing.hpp>

#include <gtest/gtest.h>

#include "config/catalogue.hpp"

namespace sluice::config::pricing_test {
namespace {

using ledger::Price;
using ledger::Rates;

NamedPrice priced(std::string name, std::int64_t input) {
  Price price;
  price.rates.input = input;
  return {std::move(name), price};
}

// The input rate of what is found, with who says it.
std::string found(const Config& config, std::string_view provider, std::string_view kind, std::string_view model) {
  const auto price = find_price(config, provider, kind, model);
  if (!price) return "nothing";
  return std::to_string(price->price.rates.input) + ' ' + price->version + (price->assumed ? " assumed" : "");
}

TEST(FindPrice, asks_the_file_first) {
  Config config;
  config.prices = {priced("*", 1),       priced("gpt-*", 2),      priced("house/*", 3),
                   priced("gpt-5-*", 4), priced("gpt-5-mini", 5), priced("house/gpt-5-mini", 6),
                   priced("o*", 7),      priced("q*", 8)};
  EXPECT_EQ(found(config, "house", "openai", "gpt-5-mini"), "6 file");
  EXPECT_EQ(found(config, "other", "openai", "gpt-5-mini"), "5 file");
  EXPECT_EQ(found(config, "other", "openai", "gpt-5-nano"), "4 file") << "the pattern that says most";
  EXPECT_EQ(found(config, "house", "openai", "gpt-4"), "3 file");
  EXPECT_EQ(found(config, "other", "openai", "gpt-4"), "2 file");
  EXPECT_EQ(found(config, "other", "openai", "else"), "1 file");
  EXPECT_EQ(found(config, "vendor", "openai", "house/gpt-5-mini"), "6 file") << "a model's name may have a slash";
  EXPECT_EQ(found(config, "other", "openai", "o3"), "7 file");
}

TEST(FindPrice, takes_the_first_of_two_patterns_that_say_as_much) {
  Config config;
  config.prices = {priced("a*", 1), priced("*b", 2)};
  EXPECT_EQ(found(config, "p", "openai", "ab"), "1 file");
}

TEST(FindPrice, knows_that_servers_of_ones_own_cost_nothing) {
  const Config config;
  for (const char* kind : {"demo", "ollama", "vllm", "lmstudio", "llamacpp", "tgi", "localai", "sglang"})
    EXPECT_EQ(found(config, "x", kind, "anything"), "0 catalogue") << kind;
  Config priced_by_hand;
  priced_by_hand.prices = {priced("x/*", 9)};
  EXPECT_EQ(found(priced_by_hand, "x", "vllm", "anything"), "9 file");
}

TEST(FindPrice, asks_the_table_and_then_nobody) {
  const Config config;
  EXPECT_EQ(found(config, "x", "openai", "gpt-5-mini"), "250000000 " + std::string(model_table_date()));
  EXPECT_EQ(found(config, "x", "openai", "gpt-0"), "nothing");
  EXPECT_EQ(found(config, "x", "openai-compatible", "gpt-5-mini"), "nothing") << "who knows what that server takes";
  EXPECT_EQ(found(config, "x", "no-kind", "gpt-5-mini"), "nothing");
}

TEST(FindPrice, assumes_what_the_file_says_only_where_nobody_knows) {
  Config config;
  config.unknown_price.policy = UnknownPrice::Policy::assume;
  config.unknown_price.assumed.rates.input = 7;
  EXPECT_EQ(found(config, "x", "openai", "gpt-0"), "7 file assumed");
  EXPECT_EQ(found(config, "x", "vllm", "gpt-0"), "0 catalogue");
  EXPECT_EQ(found(config, "x", "openai", "gpt-5-mini"), "250000000 " + std::string(model_table_date()));
}

TEST(FindPrice, tells_of_which_day_the_table_is) {
  const std::string date(model_table_date());
  ASSERT_EQ(date.size(), 10u);
  EXPECT_EQ(date[4], '-');
  EXPECT_NE(model_table_version().find(date), std::string_view::npos);
}

// The price of a model of which the table says so much.
template <class Fill>
std::optional<Price> price_where(Fill fill) {
  ModelFacts facts;
  fill(facts.prices);
  return price_of(facts);
}

TEST(PriceOf, is_not_known_when_half_of_it_is_not) {
  ModelFacts facts;
  EXPECT_FALSE(price_of(facts));
  facts.prices.input = 5;
  EXPECT_FALSE(price_of(facts));
  facts.prices.request = 3;
  EXPECT_FALSE(price_of(facts));
  facts.prices.output = 0;
  EXPECT_TRUE(price_of(facts)) << "answers without tokens";
  facts.prices.input.reset();
  EXPECT_FALSE(price_of(facts));
}

TEST(PriceOf, has_everything_that_is_known) {
  const auto price = price_where([](KnownPrices& known) {
    known.input = 1;
    known.output = 2;
    known.cache_read = 3;
    known.cache_write = 4;
    known.cache_write_1h = 5;
    known.reasoning = 6;
    known.audio_input = 7;
    known.audio_output = 8;
    known.image = 9;
    known.request = 10;
  });
  ASSERT_TRUE(price);
  EXPECT_EQ(price->rates, (Rates{1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(price->image, 9);
  EXPECT_EQ(price->request, 10);
  EXPECT_TRUE(price->above.empty());
}

TEST(PriceOf, may_be_for_images_alone) {
  const auto price = price_where([](KnownPrices& known) { known.image = 40'000'000; });
  ASSERT_TRUE(price);
  EXPECT_EQ(price->image, 40'000'000);
  EXPECT_EQ(price->rates, Rates{});
}

// 3 and 15 USD, from 200,000 tokens on 6 and 22.50: a cache's rates follow the input's, thinking's the output's.
TEST(PriceOf, has_a_tier_for_long_prompts) {
  const auto price = price_where([](KnownPrices& known) {
    known.input = 3'000'000'000;
    known.output = 15'000'000'000;
    known.cache_read = 300'000'000;
    known.cache_write = 3'750'000'000;
    known.cache_write_1h = 6'000'000'000;
    known.input_above_200k = 6'000'000'000;
    known.output_above_200k = 22'500'000'000;
  });
  ASSERT_TRUE(price);
  ASSERT_EQ(price->above.size(), 1u);
  EXPECT_EQ(price->above[0].tokens, 200'000u);
  EXPECT_EQ(price->above[0].rates,
            (Rates{6'000'000'000, 22'500'000'000, 600'000'000, 7'500'000'000, 12'000'000'000, {}, {}, {}}));
}

TEST(PriceOf, leaves_alone_in_a_tier_what_nobody_says_of_long_prompts) {
  const auto price = price_where([](KnownPrices& known) {
    known.input = 0;
    known.output = 2;
    known.cache_read = 1;
    known.reasoning = 3;
    known.input_above_200k = 5;
  });
  ASSERT_TRUE(price);
  EXPECT_EQ(price->above.at(0).rates, (Rates{5, 2, 1, {}, {}, 3, {}, {}}));
}

// What the table is for: nothing in it is taken for free that is not.
TEST(ShippedPrices, are_no_silent_zeros) {
  const Config config;
  EXPECT_FALSE(find_price(config, "x", "openrouter", "openrouter/auto")) << "whoever is chosen takes money";
  const auto ranks = find_price(config, "x", "cohere", "rerank-v3.5");
  ASSERT_TRUE(ranks);
  EXPECT_EQ(ranks->price.request, 2'000'000);
  const auto vectors = find_price(config, "x", "openai", "text-embedding-3-small");
  ASSERT_TRUE(vectors);
  EXPECT_EQ(vectors->price.rates.input, 20'000'000);
  EXPECT_EQ(vectors->price.rates.output, 0);
  const auto judgement = find_price(config, "x", "openai", "omni-moderation-latest");
  ASSERT_TRUE(judgement) << "known to be free";
  EXPECT_EQ(judgement->price, Price{});
}

}  // namespace
}  // namespace sluice::config::pricing_test

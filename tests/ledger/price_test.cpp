#include <sluice/ledger/price.hpp>

#include <gtest/gtest.h>

#include <limits>

#include "traffic/seed.hpp"

namespace sluice::ledger::price_test {
namespace {

constexpr NanoUsd most = std::numeric_limits<NanoUsd>::max();
constexpr std::int64_t dollar_per_million = one_usd;

TEST(CostOf, is_the_sum_of_what_was_used) {
  const Price price{.rates = {.input = 3 * dollar_per_million,
                              .output = 15 * dollar_per_million,
                              .cache_read = 300'000'000,
                              .cache_write = 3'750'000'000,
                              .cache_write_1h = 6 * dollar_per_million,
                              .reasoning = 20 * dollar_per_million,
                              .audio_input = 40 * dollar_per_million,
                              .audio_output = 80 * dollar_per_million},
                    .above = {},
                    .request = 7,
                    .image = 40'000'000};
  EXPECT_EQ(cost_of(price, {}), 7);
  EXPECT_EQ(cost_of(price, {.input = 1'000'000}), 3 * one_usd + 7);
  EXPECT_EQ(cost_of(price, {.cache_read = 1'000'000}), 300'000'000 + 7);
  EXPECT_EQ(cost_of(price, {.cache_write = 1'000'000}), 3'750'000'000 + 7);
  EXPECT_EQ(cost_of(price, {.cache_write = 1'000'000, .cache_write_1h = 400'000}), 4'650'000'007);
  EXPECT_EQ(cost_of(price, {.output = 1'000'000}), 15 * one_usd + 7);
  EXPECT_EQ(cost_of(price, {.reasoning = 1'000'000}), 20 * one_usd + 7);
  EXPECT_EQ(cost_of(price, {.audio_input = 1'000'000}), 40 * one_usd + 7);
  EXPECT_EQ(cost_of(price, {.audio_output = 1'000'000}), 80 * one_usd + 7);
  EXPECT_EQ(cost_of(price, {.images = 3}), 120'000'000 + 7);
  EXPECT_EQ(cost_of(price, {.input = 1, .cache_read = 1, .output = 1, .images = 1}),
            3'000 + 300 + 15'000 + 40'000'000 + 7);
}

TEST(CostOf, takes_plain_rates_where_there_are_no_others) {
  const Price price{.rates = {.input = 2'000'000, .output = 5'000'000}, .above = {}};
  EXPECT_EQ(cost_of(price, {.cache_read = 1, .cache_write = 2, .cache_write_1h = 1, .audio_input = 1}), 8);
  EXPECT_EQ(cost_of(price, {.reasoning = 1, .audio_output = 1}), 10);
  Price writes = price;
  writes.rates.cache_write = 3'000'000;
  EXPECT_EQ(cost_of(writes, {.cache_write = 2, .cache_write_1h = 1}), 6) << "an hour costs what five minutes do";
}

TEST(CostOf, rounds_up_once_at_the_end) {
  const Price price{.rates = {.input = 37'500'000, .output = 500'000, .cache_read = 1}, .above = {}};
  EXPECT_EQ(cost_of(price, {.input = 1}), 38);
  EXPECT_EQ(cost_of(price, {.input = 2}), 75);
  EXPECT_EQ(cost_of(price, {.input = 1, .output = 1}), 38) << "37.5 and 0.5 are 38";
  EXPECT_EQ(cost_of(price, {.input = 1, .cache_read = 1, .output = 1}), 39);
  EXPECT_EQ(cost_of(price, {.cache_read = 1}), 1);
  EXPECT_EQ(cost_of(price, {.cache_read = 1'000'000}), 1);
}

TEST(CostOf, takes_the_rates_of_the_tier_the_whole_prompt_is_in) {
  const Price price{.rates = {.input = 1'000'000, .output = 10'000'000},
                    .above = {{.tokens = 100, .rates = {.input = 2'000'000, .output = 20'000'000}},
                              {.tokens = 200, .rates = {.input = 4'000'000, .output = 40'000'000}}}};
  EXPECT_EQ(cost_of(price, {.input = 100, .output = 1}), 110);
  EXPECT_EQ(cost_of(price, {.input = 101, .output = 1}), 222);
  EXPECT_EQ(cost_of(price, {.input = 1, .cache_read = 50, .cache_write = 40, .audio_input = 10}), 202);
  EXPECT_EQ(cost_of(price, {.input = 100, .output = 1'000, .reasoning = 1'000}), 20'100) << "answers are no prompt";
  EXPECT_EQ(cost_of(price, {.input = 201}), 804);
}

TEST(CostOf, stops_at_the_largest_amount) {
  const std::uint64_t all = UINT64_MAX;
  const Price price{.rates = {.input = most, .output = most, .cache_read = most, .reasoning = most},
                    .above = {},
                    .request = most,
                    .image = most};
  const Counts counts{all, all, all, all, all, all, all, all, all};
  EXPECT_EQ(cost_of(price, counts), most);
  EXPECT_EQ(cost_of(price, {}), most);
  EXPECT_EQ(bound_of(price, all, all, all), most);
  const Price tokens{.rates = {.input = 1'000'000}, .above = {}};
  EXPECT_EQ(cost_of(tokens, {.input = static_cast<std::uint64_t>(most)}), most);
  EXPECT_EQ(cost_of(tokens, {.input = static_cast<std::uint64_t>(most) - 1}), most - 1) << "exact up to there";
  EXPECT_EQ(cost_of(tokens, {.input = static_cast<std::uint64_t>(most) + 1}), most);
}

TEST(CostOf, sees_tiers_though_counts_are_absurd) {
  const Price price{.rates = {}, .above = {{.tokens = 10, .rates = {.input = 1'000'000}}}};
  EXPECT_EQ(cost_of(price, {.input = 5, .cache_read = UINT64_MAX, .audio_input = 1}), most);
}

std::int64_t some_rate(std::mt19937_64& random) { return static_cast<std::int64_t>(random() % 50'000'000); }

std::optional<std::int64_t> perhaps_a_rate(std::mt19937_64& random) {
  if (random() % 2 == 0) return std::nullopt;
  return some_rate(random);
}

Rates some_rates(std::mt19937_64& random) {
  Rates rates{.input = some_rate(random), .output = some_rate(random)};
  for (auto* rate : {&rates.cache_read, &rates.cache_write, &rates.cache_write_1h, &rates.reasoning, &rates.audio_input,
                     &rates.audio_output}) {
    *rate = perhaps_a_rate(random);
  }
  return rates;
}

Price some_price(std::mt19937_64& random) {
  Price price{.rates = some_rates(random), .above = {}};
  price.request = some_rate(random);
  price.image = some_rate(random);
  std::uint64_t tokens = 0;
  for (std::uint64_t tiers = random() % 4; tiers > 0; --tiers) {
    tokens += random() % 2'000;
    price.above.push_back({tokens, some_rates(random)});
  }
  return price;
}

std::uint64_t up_to(std::uint64_t& left, std::mt19937_64& random) {
  const std::uint64_t part = random() % 3 == 0 ? left : random() % (left + 1);
  left -= part;
  return part;
}

TEST(SavingOf, is_what_the_same_would_have_cost_without_a_cache) {
  const Price price{.rates = {.input = 3 * dollar_per_million,
                              .output = 15 * dollar_per_million,
                              .cache_read = 300'000'000,
                              .cache_write = 3'750'000'000},
                    .above = {},
                    .request = 7};
  EXPECT_EQ(saving_of(price, {.input = 100, .output = 100}), 0);
  EXPECT_EQ(saving_of(price, {.input = 100, .cache_read = 1'000'000, .output = 100}), 2'700'000'000);
  EXPECT_EQ(saving_of(price, {.cache_write = 1'000'000}), -750'000'000) << "writing costs more than reading anew";
  EXPECT_EQ(saving_of(price, {.cache_read = 1'000'000, .cache_write = 1'000'000}), 1'950'000'000);
}

TEST(BoundOf, is_never_below_what_it_costs) {
  std::mt19937_64 random = traffic::seeded();
  int met = 0;
  for (int i = 0; i < 200'000; ++i) {
    const Price price = some_price(random);
    const std::uint64_t input = random() % 5'000;
    const std::uint64_t output = random() % 5'000;
    const std::uint64_t images = random() % 3;
    std::uint64_t heard = input;
    std::uint64_t said = output;
    Counts counts;
    counts.cache_write = up_to(heard, random);
    counts.cache_write_1h = random() % (counts.cache_write + 1);
    counts.cache_read = up_to(heard, random);
    counts.audio_input = up_to(heard, random);
    counts.input = up_to(heard, random);
    counts.reasoning = up_to(said, random);
    counts.audio_output = up_to(said, random);
    counts.output = up_to(said, random);
    counts.images = random() % (images + 1);
    const NanoUsd bound = bound_of(price, input, output, images);
    const NanoUsd cost = cost_of(price, counts);
    ASSERT_GE(bound, cost) << i;
    met += bound == cost ? 1 : 0;
  }
  EXPECT_GT(met, 100) << "and no higher than it must be";
}

TEST(BoundOf, minds_tiers_that_are_cheaper) {
  const Price price{.rates = {.input = 10'000'000}, .above = {{.tokens = 100, .rates = {.input = 1'000'000}}}};
  EXPECT_EQ(bound_of(price, 100, 0, 0), 1'000);
  EXPECT_EQ(bound_of(price, 500, 0, 0), 1'000) << "a hundred tokens cost more than five hundred";
  EXPECT_EQ(bound_of(price, 2'000, 0, 0), 2'000);
}

}  // namespace
}  // namespace sluice::ledger::price_test

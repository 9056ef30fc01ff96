#include <sluice/ledger/price.hpp>

#include <algorithm>

#include "ledger/wide.hpp"

namespace sluice::ledger {
namespace {

constexpr Wide per_million = 1'000'000;
constexpr Wide too_much =
    static_cast<Wide>(most_money) * per_million + 1;  // in rates' units: rounds up to more than fits

// Stops growing where it is too much anyway, so that a few of these can be added up.
Wide product(std::uint64_t count, std::int64_t rate) {
  if (rate <= 0) return 0;
  return std::min(static_cast<Wide>(count) * static_cast<std::uint64_t>(rate), too_much);
}

NanoUsd rounded_up(Wide millionths) {
  const Wide whole = (millionths + per_million - 1) / per_million;
  return whole > static_cast<Wide>(most_money) ? most_money : static_cast<NanoUsd>(whole);
}

Wide prompt_of(const Counts& counts) {
  return Wide{counts.input} + counts.cache_read + counts.cache_write + counts.audio_input;
}

const Rates& rates_for(const Price& price, Wide prompt) {
  const Rates* rates = &price.rates;
  for (const Price::Tier& tier : price.above) {
    if (prompt > tier.tokens) rates = &tier.rates;
  }
  return *rates;
}

Wide tokens_cost(const Rates& rates, const Counts& counts) {
  const std::int64_t write = rates.cache_write.value_or(rates.input);
  const std::uint64_t for_an_hour = std::min(counts.cache_write_1h, counts.cache_write);
  Wide sum = product(counts.input, rates.input);
  sum += product(counts.cache_read, rates.cache_read.value_or(rates.input));
  sum += product(counts.cache_write - for_an_hour, write);
  sum += product(for_an_hour, rates.cache_write_1h.value_or(write));
  sum += product(counts.output, rates.output);
  sum += product(counts.reasoning, rates.reasoning.value_or(rates.output));
  sum += product(counts.audio_input, rates.audio_input.value_or(rates.input));
  sum += product(counts.audio_output, rates.audio_output.value_or(rates.output));
  return sum;
}

Wide rest_cost(const Price& price, std::uint64_t images) {
  return product(1'000'000, price.request) + std::min(product(images, price.image) * per_million, too_much);
}

std::int64_t dearest_input(const Rates& rates) {
  return std::max({rates.input, rates.cache_read.value_or(0), rates.cache_write.value_or(0),
                   rates.cache_write_1h.value_or(0), rates.audio_input.value_or(0)});
}

std::int64_t dearest_output(const Rates& rates) {
  return std::max({rates.output, rates.reasoning.value_or(0), rates.audio_output.value_or(0)});
}

Wide dearest(const Rates& rates, std::uint64_t input, std::uint64_t output) {
  return product(input, dearest_input(rates)) + product(output, dearest_output(rates));
}

}  // namespace

NanoUsd cost_of(const Price& price, const Counts& counts) {
  const Rates& rates = rates_for(price, prompt_of(counts));
  return rounded_up(tokens_cost(rates, counts) + rest_cost(price, counts.images));
}

NanoUsd saving_of(const Price& price, const Counts& counts) {
  if (counts.cache_read == 0 && counts.cache_write == 0) return 0;
  Counts anew = counts;
  anew.input += counts.cache_read + counts.cache_write;
  anew.cache_read = anew.cache_write = anew.cache_write_1h = 0;
  return cost_of(price, anew) - cost_of(price, counts);
}

NanoUsd bound_of(const Price& price, std::uint64_t input, std::uint64_t output, std::uint64_t images) {
  // A prompt may turn out shorter and end in a tier before the one of its bound.
  Wide most = 0;
  const Rates* rates = &price.rates;
  for (const Price::Tier& tier : price.above) {
    if (input <= tier.tokens) break;
    most = std::max(most, dearest(*rates, tier.tokens, output));
    rates = &tier.rates;
  }
  most = std::max(most, dearest(*rates, input, output));
  return rounded_up(most + rest_cost(price, images));
}

}  // namespace sluice::ledger

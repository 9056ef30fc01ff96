#include <sluice/config/pricing.hpp>

#include <algorithm>
#include <set>
#include <tuple>

#include <sluice/base/text.hpp>

#include "config/catalogue.hpp"
#include "config/units.hpp"

namespace sluice::config {
namespace {

constexpr std::uint64_t long_prompt = 200'000;  // tokens; of the table's prices "above"

using Rate = std::optional<std::int64_t>;

// A rate that is `rate` where another is `from`, where that one is `to`.
Rate in_proportion(Rate rate, std::int64_t from, std::int64_t to) {
  if (!rate || from <= 0) return rate;
  __extension__ using Wide = __int128;
  return static_cast<std::int64_t>((Wide{*rate} * to + from - 1) / from);
}

// The table says of long prompts only what prompts and answers cost. Providers price what goes through their caches and
// is heard as so much of a prompt's price, and what is thought and said as so much of an answer's.
ledger::Rates rates_of_long_prompts(const ledger::Rates& rates, const KnownPrices& known) {
  ledger::Rates out;
  out.input = known.input_above_200k.value_or(rates.input);
  out.output = known.output_above_200k.value_or(rates.output);
  out.cache_read = in_proportion(rates.cache_read, rates.input, out.input);
  out.cache_write = in_proportion(rates.cache_write, rates.input, out.input);
  out.cache_write_1h = in_proportion(rates.cache_write_1h, rates.input, out.input);
  out.audio_input = in_proportion(rates.audio_input, rates.input, out.input);
  out.reasoning = in_proportion(rates.reasoning, rates.output, out.output);
  out.audio_output = in_proportion(rates.audio_output, rates.output, out.output);
  return out;
}

const NamedPrice* written_exactly(const Config& config, std::string_view name) {
  const auto found = std::find_if(config.prices.begin(), config.prices.end(),
                                  [&](const NamedPrice& price) { return price.name == name; });
  return found == config.prices.end() ? nullptr : &*found;
}

std::size_t letters_of(std::string_view pattern) {
  return pattern.size() - static_cast<std::size_t>(std::count(pattern.begin(), pattern.end(), '*'));
}

const NamedPrice* written_as_a_pattern(const Config& config, std::string_view full_name, std::string_view model) {
  const NamedPrice* best = nullptr;
  for (const NamedPrice& price : config.prices) {
    if (!is_pattern(price.name) || (best != nullptr && letters_of(price.name) <= letters_of(best->name))) continue;
    // A pattern of models says nothing of providers.
    const bool names_provider = price.name.find('/') != std::string::npos;
    if (glob_matches(price.name, model) || (names_provider && glob_matches(price.name, full_name))) best = &price;
  }
  return best;
}

const NamedPrice* written_price(const Config& config, std::string_view provider, std::string_view model) {
  if (config.prices.empty()) return nullptr;
  const std::string full_name = std::string(provider) + '/' + std::string(model);
  if (const NamedPrice* price = written_exactly(config, full_name)) return price;
  if (const NamedPrice* price = written_exactly(config, model)) return price;
  return written_as_a_pattern(config, full_name, model);
}

bool costs_nothing(std::string_view kind) {
  static const auto free_kinds = [] {
    std::set<std::string, std::less<>> names;
    for (Kind& known : shipped_catalogue().kinds) {
      if (known.free) names.insert(std::move(known.name));
    }
    return names;
  }();
  return free_kinds.contains(kind);
}

}  // namespace

std::optional<ledger::Price> price_of(const ModelFacts& facts) {
  const KnownPrices& known = facts.prices;
  // Those who make images may take money for nothing else.
  if (!known.image && (!known.input || !known.output)) return std::nullopt;
  ledger::Price price;
  price.rates = {known.input.value_or(0), known.output.value_or(0), known.cache_read,  known.cache_write,
                 known.cache_write_1h,    known.reasoning,          known.audio_input, known.audio_output};
  price.image = known.image.value_or(0);
  price.request = known.request.value_or(0);
  if (known.input_above_200k || known.output_above_200k)
    price.above.push_back({long_prompt, rates_of_long_prompts(price.rates, known)});
  return price;
}

std::optional<PriceFound> find_price(const Config& config, std::string_view provider, std::string_view kind,
                                     std::string_view model) {
  if (const NamedPrice* written = written_price(config, provider, model)) return PriceFound{written->price, "file"};
  if (costs_nothing(kind)) return PriceFound{{}, "catalogue"};
  if (const ModelFacts* facts = facts_of(kind, model)) {
    if (auto price = price_of(*facts)) return PriceFound{std::move(*price), std::string(model_table_date())};
  }
  if (config.unknown_price.policy != UnknownPrice::Policy::assume) return std::nullopt;
  return PriceFound{config.unknown_price.assumed, "file", true};
}

}  // namespace sluice::config

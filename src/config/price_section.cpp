#include <algorithm>
#include <utility>

#include "config/lists.hpp"
#include "config/money.hpp"
#include "config/sections.hpp"
#include "config/units.hpp"

namespace sluice::config {
namespace {

using ledger::Price;
using ledger::Rates;

constexpr std::size_t most_tiers = 16;

const Names& rate_keys() {
  static const Names all{"input",          "output",    "cache_read",  "cache_write",
                         "cache_write_1h", "reasoning", "audio_input", "audio_output"};
  return all;
}

Names with_rate_keys(Names more) {
  more.insert(more.begin(), rate_keys().begin(), rate_keys().end());
  return more;
}

// What is not written stays as it is.
void read_rates(const Value& value, Rates& rates) {
  const auto read = [&](std::string_view key, auto& rate) {
    if (const auto amount = read_money(value[key])) rate = *amount;
  };
  read("input", rates.input);
  read("output", rates.output);
  read("cache_read", rates.cache_read);
  read("cache_write", rates.cache_write);
  read("cache_write_1h", rates.cache_write_1h);
  read("reasoning", rates.reasoning);
  read("audio_input", rates.audio_input);
  read("audio_output", rates.audio_output);
}

bool has_rates(const Value& value) {
  return std::any_of(rate_keys().begin(), rate_keys().end(),
                     [&](std::string_view key) { return value[key].written(); });
}

// Whether something costs less in `above` than in `below`.
bool falls(const Rates& below, const Rates& above) {
  const auto less = [](const std::optional<std::int64_t>& left, std::int64_t left_otherwise,
                       const std::optional<std::int64_t>& right, std::int64_t right_otherwise) {
    return left.value_or(left_otherwise) < right.value_or(right_otherwise);
  };
  const auto write_of = [](const Rates& rates) { return rates.cache_write.value_or(rates.input); };
  return above.input < below.input || above.output < below.output ||
         less(above.cache_read, above.input, below.cache_read, below.input) || write_of(above) < write_of(below) ||
         less(above.cache_write_1h, write_of(above), below.cache_write_1h, write_of(below)) ||
         less(above.reasoning, above.output, below.reasoning, below.output) ||
         less(above.audio_input, above.input, below.audio_input, below.input) ||
         less(above.audio_output, above.output, below.audio_output, below.output);
}

// What a tier does not say is as the price itself says.
void read_tier(const Value& value, Price& price) {
  const Section section(value, with_rate_keys({"tokens"}));
  if (value.empty()) value.wrong("has no value", "write {tokens: NUMBER, input: AMOUNT, output: AMOUNT}");
  if (value.shape() != Shape::mapping) return;
  Price::Tier tier{0, price.rates};
  const Value tokens = section["tokens"];
  if (!tokens.written()) tokens.wrong("is missing", "write the length of prompts above which these rates hold");
  read_number(tokens, 1, most_tokens, tier.tokens);
  if (!has_rates(value)) value.wrong("says no rate", "write input or output, or what else costs something else there");
  read_rates(value, tier.rates);
  const Rates& below = price.above.empty() ? price.rates : price.above.back().rates;
  if (tier.tokens == 0) return;
  if (!price.above.empty() && tier.tokens <= price.above.back().tokens)
    return tokens.wrong("no more than the bound before it, " + std::to_string(price.above.back().tokens),
                        "write the tiers by rising bounds");
  if (falls(below, tier.rates))
    value.doubtful("something is cheaper here than below", "longer prompts rarely are; check the rates");
  price.above.push_back(std::move(tier));
}

void read_tiers(const Value& value, Price& price) {
  if (value.written() && value.empty()) value.wrong("has no value", "list tiers, or remove the key");
  const auto items = value.items();
  if (items.size() > most_tiers)
    return value.wrong("more tiers than a price can have", "write " + std::to_string(most_tiers) + " at most");
  for (const Value& item : items) read_tier(item, price);
}

Price read_price(const Value& value) {
  const Section section(value, with_rate_keys({"image", "request", "above"}));
  Price price;
  if (value.empty()) value.wrong("has no value", "write {input: AMOUNT, output: AMOUNT} in USD per million tokens");
  if (value.shape() != Shape::mapping) return price;
  for (const std::string_view name : {"input", "output"}) {
    const Value rate = section[name];
    if (!rate.written()) rate.wrong("is missing", "write USD per million tokens; 0 where nothing is to pay");
  }
  read_rates(value, price.rates);
  price.image = read_money(section["image"]).value_or(0);
  price.request = read_money(section["request"]).value_or(0);
  read_tiers(section["above"], price);
  return price;
}

// Whether some request could have this price.
bool prices_anything(std::string_view name, const std::vector<Model>& models) {
  const bool names_provider = name.find('/') != std::string_view::npos;
  for (const Model& model : models) {
    for (const Target& target : model.targets) {
      const std::string& asked = target.model.empty() ? model.name : target.model;
      if (patterns_overlap(name, asked)) return true;
      if (names_provider && patterns_overlap(name, target.provider + '/' + asked)) return true;
    }
  }
  return false;
}

}  // namespace

void read_prices(const Value& value, const std::vector<Model>& models, std::vector<NamedPrice>& prices) {
  for (const Member& member : members(value)) {
    if (!is_model_name(member.name)) {
      member.value.wrong_key("no usable name of a model", "1 to 256 characters without spaces");
    } else if (!prices_anything(member.name, models)) {
      member.value.doubtful("no target's model is called " + in_quotes(member.name),
                            "it prices nothing; write MODEL or PROVIDER/MODEL as targets name them");
    }
    prices.push_back({member.name, read_price(member.value)});
  }
}

void read_unknown_price(const Value& value, UnknownPrice& unknown) {
  if (!value.written()) return;
  using Policy = UnknownPrice::Policy;
  if (value.shape() == Shape::mapping) {
    const Section section(value, {"assume"});
    const Value assume = section["assume"];
    if (!assume.written()) return assume.wrong("is missing", "write assume: AMOUNT, in USD per million tokens");
    const auto rate = read_money(assume);
    if (!rate) return;
    unknown.policy = Policy::assume;
    unknown.assumed.rates.input = unknown.assumed.rates.output = *rate;
    return;
  }
  const auto text = value.text();
  if (!text) return;
  if (*text == "deny") {
    unknown.policy = Policy::deny;
  } else if (*text == "allow-and-flag") {
    unknown.policy = Policy::allow_and_flag;
  } else {
    value.wrong("found " + in_quotes(value.raw()), "write deny, allow-and-flag or {assume: AMOUNT}");
  }
}

}  // namespace sluice::config

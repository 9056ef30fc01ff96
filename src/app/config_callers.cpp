#include <sluice/base/utc_text.hpp>
#include <sluice/ledger/money.hpp>

#include "app/config_sections.hpp"
#include "app/terms_json.hpp"

namespace sluice::app {
namespace {

// Exact, which a number of JSON is not for everybody who reads it.
ConfigJson money(ledger::NanoUsd amount) { return ledger::usd(amount); }
ConfigJson money_or_null(const std::optional<std::int64_t>& amount) {
  return amount ? money(*amount) : ConfigJson(nullptr);
}

void add_rates(ConfigJson& out, const ledger::Rates& rates) {
  out["input"] = money(rates.input);
  out["output"] = money(rates.output);
  out["cache_read"] = money_or_null(rates.cache_read);
  out["cache_write"] = money_or_null(rates.cache_write);
  out["cache_write_1h"] = money_or_null(rates.cache_write_1h);
  out["reasoning"] = money_or_null(rates.reasoning);
  out["audio_input"] = money_or_null(rates.audio_input);
  out["audio_output"] = money_or_null(rates.audio_output);
}

ConfigJson price_json(const ledger::Price& price) {
  ConfigJson out = ConfigJson::object();
  add_rates(out, price.rates);
  out["image"] = money(price.image);
  out["request"] = money(price.request);
  out["above"] = ConfigJson::array();
  for (const ledger::Price::Tier& tier : price.above) {
    ConfigJson above = {{"tokens", tier.tokens}};
    add_rates(above, tier.rates);
    out["above"].push_back(std::move(above));
  }
  return out;
}

ConfigJson key_json(const config::Key& key) {
  ConfigJson out;
  out["name"] = key.name;
  out["secret"] = !key.secret.empty();
  out["team"] = text_or_null(key.team);
  out["models"] = value_or_null(key.models);
  out["endpoints"] = value_or_null(key.endpoints);
  out["cidrs"] = nullptr;
  if (key.networks) {
    out["cidrs"] = ConfigJson::array();
    for (const Network& network : *key.networks) out["cidrs"].push_back(network.text());
  }
  out["expires"] = key.expires ? ConfigJson(utc_text(*key.expires)) : ConfigJson(nullptr);
  add_terms(key.terms, out);
  out["on_exhausted"] = key.exhausted ? exhausted_json(key.exhausted->downgrade) : ConfigJson(nullptr);
  return out;
}

const char* priority_name(traffic::Priority priority) {
  switch (priority) {
    case traffic::Priority::low:
      return "low";
    case traffic::Priority::normal:
      break;
    case traffic::Priority::high:
      return "high";
  }
  return "normal";
}

}  // namespace

ConfigJson organisation_section(const config::Config& config) {
  if (config.organisation.name.empty()) return nullptr;
  ConfigJson out = {{"name", config.organisation.name}};
  add_terms(config.organisation.terms, out);
  return out;
}

ConfigJson teams_section(const config::Config& config) {
  ConfigJson out = ConfigJson::array();
  for (const config::Team& team : config.teams) {
    ConfigJson one;
    one["name"] = team.name;
    one["priority"] = priority_name(team.priority);
    one["models"] = value_or_null(team.models);
    add_terms(team.terms, one);
    one["on_exhausted"] = exhausted_json(team.exhausted.downgrade);
    out.push_back(std::move(one));
  }
  return out;
}

ConfigJson keys_section(const config::Config& config) {
  ConfigJson out = ConfigJson::array();
  for (const config::Key& key : config.keys) out.push_back(key_json(key));
  return out;
}

ConfigJson jwt_section(const config::Config& config) {
  if (!config.jwt) return nullptr;
  const credential::TokenRules& rules = config.jwt->rules;
  const config::Peer& from = config.jwt->jwks;
  ConfigJson out;
  const auto page = config::parse_page_url(from.url);
  out["jwks"] = page ? origin_json(page->url) : ConfigJson("file");
  out["issuer"] = rules.issuer;
  out["audience"] = rules.audience;
  out["claims"] = {{"team", text_or_null(rules.team)}, {"tags", ConfigJson::object()}};
  for (const auto& tag : rules.tags) out["claims"]["tags"][tag.tag] = tag.claim;
  out["allow_private"] = from.allow_private;
  out["tls"] = {{"ca", !from.ca_file.empty()}};
  return out;
}

ConfigJson alerts_section(const config::Config& config) {
  if (!config.alerts) return nullptr;
  const config::Peer& to = config.alerts->webhook;
  ConfigJson out;
  const auto page = config::parse_page_url(to.url);
  out["webhook"] = page ? origin_json(page->url) : ConfigJson(nullptr);
  out["secret"] = !config.alerts->secret.empty();
  out["allow_private"] = to.allow_private;
  out["tls"] = {{"ca", !to.ca_file.empty()}};
  return out;
}

ConfigJson tags_section(const config::Config& config) {
  ConfigJson out = ConfigJson::array();
  for (const config::Tag& tag : config.tags) {
    ConfigJson one = {{"name", tag.name}, {"value", tag.value}};
    add_terms(tag.terms, one);
    out.push_back(std::move(one));
  }
  return out;
}

ConfigJson prices_section(const config::Config& config) {
  ConfigJson out = ConfigJson::array();
  for (const config::NamedPrice& named : config.prices) {
    out.push_back({{"name", named.name}, {"price", price_json(named.price)}});
  }
  return out;
}

ConfigJson unknown_price_section(const config::Config& config) {
  using Policy = config::UnknownPrice::Policy;
  switch (config.unknown_price.policy) {
    case Policy::by_budget:
      return nullptr;
    case Policy::deny:
      return "deny";
    case Policy::allow_and_flag:
      return "allow-and-flag";
    case Policy::assume:
      break;
  }
  return {{"assume", price_json(config.unknown_price.assumed)}};
}

}  // namespace sluice::app

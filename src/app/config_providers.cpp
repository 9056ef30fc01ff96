#include <array>
#include <string_view>
#include <utility>
#include <variant>

#include "app/config_sections.hpp"
#include "app/terms_json.hpp"

namespace sluice::app {
namespace {

// What kind of credential it is, and nothing in it.
struct SourceName {
  const char* operator()(const credential::StaticKeys&) const { return "keys"; }
  const char* operator()(const credential::ContainerKeys&) const { return "container"; }
  const char* operator()(const credential::InstanceKeys&) const { return "instance"; }
  const char* operator()(const credential::ServiceAccountToken&) const { return "service_account"; }
  const char* operator()(const credential::ClientToken&) const { return "client"; }
};

ConfigJson provider_json(const config::Provider& provider) {
  ConfigJson out;
  out["name"] = provider.name;
  out["kind"] = provider.kind;
  out["dialect"] = provider.dialect;
  out["door"] = text_or_null(provider.door);
  out["also"] = ConfigJson::array();
  for (const config::Provider::Voice& voice : provider.also) out["also"].push_back(voice.dialect);
  out["base_url"] = origin_json(config::parse_url(provider.base_url));
  out["built_in"] = provider.built_in;
  out["api_keys"] = (provider.api_key.empty() ? 0 : 1) + provider.more_keys.size();
  out["credential"] = provider.credential ? ConfigJson(std::visit(SourceName{}, provider.credential->source)) : nullptr;
  out["allow_private"] = provider.allow_private;
  out["tls"] = {{"ca", !provider.ca_file.empty()}};
  out["residency"] = text_or_null(provider.residency);
  out["retention"] = text_or_null(provider.retention);
  out["breaker"] = {{"failures", provider.breaker.failures},
                    {"cooldown_ms", provider.breaker.cooldown.count()},
                    {"max_ms", provider.breaker.max.count()}};
  out["health_check"] = nullptr;
  if (provider.health_check) out["health_check"]["every_ms"] = provider.health_check->every.count();
  return out;
}

ConfigJson names_of(const std::vector<config::Capability>& capabilities) {
  ConfigJson out = ConfigJson::array();
  for (const config::Capability one : capabilities) out.push_back(config::to_string(one));
  return out;
}

ConfigJson target_json(const config::Target& target) {
  ConfigJson out;
  out["provider"] = target.provider;
  out["model"] = text_or_null(target.model);
  out["weight"] = target.weight;
  out["concurrent"] = nullptr;
  if (target.concurrency.limit > 0) {
    out["concurrent"] = {{"limit", target.concurrency.limit},
                         {"queue", target.concurrency.queue},
                         {"wait_ms", target.concurrency.wait.count()}};
  }
  out["capabilities"] = target.capabilities ? names_of(*target.capabilities) : ConfigJson(nullptr);
  out["context"] = value_or_null(target.context);
  return out;
}

ConfigJson classes_json(traffic::FailureClasses classes) {
  using traffic::FailureClass;
  constexpr std::array all{FailureClass::connection,      FailureClass::timeout,        FailureClass::rate_limited,
                           FailureClass::overloaded,      FailureClass::server_error,   FailureClass::context_length,
                           FailureClass::model_not_found, FailureClass::content_refusal};
  ConfigJson out = ConfigJson::array();
  for (const FailureClass one : all)
    if (classes.has(one)) out.push_back(traffic::to_string(one));
  return out;
}

ConfigJson model_json(const config::Model& model) {
  ConfigJson out;
  out["name"] = model.name;
  out["strategy"] = model.strategy;
  out["affinity"] = model.affinity ? "auto" : "off";
  out["targets"] = ConfigJson::array();
  for (const config::Target& target : model.targets) out["targets"].push_back(target_json(target));
  out["retry"] = {{"attempts", model.attempts}, {"on", classes_json(model.retry_on)}};
  out["fallback"] = model.fallback;
  out["context_fallback"] = model.context_fallback;
  out["strict"] = model.strict;
  out["timeouts"] = {{"connect_ms", model.timeouts.connect.count()},
                     {"first_byte_ms", model.timeouts.first_byte.count()},
                     {"idle_ms", model.timeouts.idle.count()},
                     {"total_ms", model.timeouts.total.count()}};
  add_terms(model.terms, out);
  return out;
}

std::string hour_text(std::uint16_t minutes) {
  const auto two = [](int number) { return (number < 10 ? "0" : "") + std::to_string(number); };
  return two(minutes / 60) + ":" + two(minutes % 60);
}

ConfigJson hours_json(const config::Route::When::Hours& hours) {
  constexpr std::array<const char*, 7> names{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  ConfigJson out = {{"from", hour_text(hours.from)}, {"to", hour_text(hours.to)}, {"days", ConfigJson::array()}};
  for (std::size_t day = 0; day < names.size(); ++day)
    if ((hours.days >> day & 1) != 0) out["days"].push_back(names[day]);
  out["zone_minutes"] = hours.zone;
  return out;
}

// Only what is written.
ConfigJson when_json(const config::Route::When& when) {
  ConfigJson out = ConfigJson::object();
  const std::pair<const char*, const std::vector<std::string>&> lists[] = {
      {"key", when.keys}, {"team", when.teams}, {"model", when.models}, {"endpoint", when.endpoints}};
  for (const auto& [name, list] : lists)
    if (!list.empty()) out[name] = list;
  for (const auto& tag : when.tags) out["tags"][tag.name] = tag.patterns;
  for (const auto& header : when.headers) out["headers"].push_back(header.name);
  if (when.prompt_tokens) {
    out["prompt_tokens"]["min"] = when.prompt_tokens->min;
    if (when.prompt_tokens->max != UINT64_MAX) out["prompt_tokens"]["max"] = when.prompt_tokens->max;
  }
  const std::pair<const char*, std::optional<bool>> flags[] = {
      {"tools", when.tools}, {"images", when.images}, {"json_schema", when.json_schema}, {"stream", when.stream}};
  for (const auto& [name, flag] : flags)
    if (flag) out[name] = *flag;
  if (when.time) out["time"] = hours_json(*when.time);
  if (when.share) {
    out["share"] = {{"permille", when.share->permille}, {"by", when.share->by_key ? "key" : "conversation"}};
  }
  return out;
}

ConfigJson require_json(const config::Route::Require& require) {
  ConfigJson out = ConfigJson::object();
  if (!require.residency.empty()) out["residency"] = require.residency;
  if (!require.retention.empty()) out["retention"] = require.retention;
  if (!require.providers.empty()) out["provider"] = require.providers;
  if (!require.capabilities.empty()) out["capability"] = names_of(require.capabilities);
  return out;
}

}  // namespace

ConfigJson origin_json(const std::optional<config::Url>& url) {
  if (!url) return nullptr;
  return (url->tls ? "https://" : "http://") + config::host_of(*url);
}

ConfigJson providers_section(const config::Config& config) {
  ConfigJson out = ConfigJson::array();
  for (const config::Provider& provider : config.providers) out.push_back(provider_json(provider));
  return out;
}

ConfigJson models_section(const config::Config& config) {
  ConfigJson out = ConfigJson::array();
  for (const config::Model& model : config.models) out.push_back(model_json(model));
  return out;
}

ConfigJson routes_section(const config::Config& config) {
  ConfigJson out = ConfigJson::array();
  for (const config::Route& route : config.routes) {
    out.push_back({{"name", route.name},
                   {"when", when_json(route.when)},
                   {"require", require_json(route.require)},
                   {"use", text_or_null(route.use)}});
  }
  return out;
}

}  // namespace sluice::app

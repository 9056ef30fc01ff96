#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>
#include <sluice/config/config.hpp>
#include <sluice/config/load.hpp>

// The sections of a configuration as JSON, for config_json(). Members are called as in the file, durations with _ms
// behind their name.
namespace sluice::app {

using ConfigJson = nlohmann::ordered_json;

// null for what is not set.
inline ConfigJson text_or_null(const std::string& text) {
  return text.empty() ? ConfigJson(nullptr) : ConfigJson(text);
}
template <class Value>
ConfigJson value_or_null(const std::optional<Value>& value) {
  return value ? ConfigJson(*value) : ConfigJson(nullptr);
}

// "https://api.example:8443"; whatever stands behind that may be known to few.
ConfigJson origin_json(const std::optional<config::Url>& url);

ConfigJson providers_section(const config::Config& config);
ConfigJson models_section(const config::Config& config);
ConfigJson routes_section(const config::Config& config);

ConfigJson organisation_section(const config::Config& config);
ConfigJson teams_section(const config::Config& config);
ConfigJson keys_section(const config::Config& config);
ConfigJson jwt_section(const config::Config& config);
ConfigJson alerts_section(const config::Config& config);
ConfigJson tags_section(const config::Config& config);
ConfigJson prices_section(const config::Config& config);
ConfigJson unknown_price_section(const config::Config& config);

}  // namespace sluice::app

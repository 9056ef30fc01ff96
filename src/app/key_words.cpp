#include "app/key_words.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include <nlohmann/json.hpp>
#include <sluice/base/text.hpp>
#include <sluice/base/utc_text.hpp>

#include "app/key_rules.hpp"

namespace sluice::app {
namespace {

using namespace std::chrono;
using Json = nlohmann::ordered_json;

constexpr std::uint64_t longest_duration = std::uint64_t{1000} * 86'400'000 * 366;  // a thousand years: no overflow

Json texts_or_null(const std::optional<std::vector<std::string>>& texts) {
  return texts ? Json(*texts) : Json(nullptr);
}
Json time_or_null(const std::optional<UtcTime>& time) { return time ? Json(utc_text(*time)) : Json(nullptr); }

Error unfit(std::string message) {
  return Error(Fault::bad_request, Blame::client, "invalid_key_request", std::move(message));
}

bool allows(const std::optional<std::vector<std::string>>& patterns, const std::string& model) {
  return !patterns || std::any_of(patterns->begin(), patterns->end(),
                                  [&](const std::string& pattern) { return glob_matches(pattern, model); });
}

// The model that is asked instead must be there, and one that may be asked for.
Result<> downgrade_fits(const ledger::NewKey& wanted, const Principals& principals) {
  const std::string& model = *wanted.exhausted;
  if (std::find(principals.models.begin(), principals.models.end(), model) == principals.models.end())
    return unfit("no model of the configuration is called \"" + model + "\"");
  if (!allows(wanted.models, model)) return unfit("the key may not ask for \"" + model + "\"; add it to its models");
  for (const config::Team& team : principals.teams) {
    if (team.name == wanted.team && !allows(team.models, model))
      return unfit("the key's team may not ask for \"" + model + "\"; add it to the team's models");
  }
  return Ok{};
}

Json json_of(const Principals::WrittenKey& key) {
  Json json;
  json["id"] = nullptr;
  json["name"] = key.name;
  json["team"] = key.team.empty() ? Json(nullptr) : Json(key.team);
  json["source"] = "file";
  json["state"] = "live";
  json["models"] = texts_or_null(key.models);
  tell_terms(key.terms, key.exhausted, json);
  return json;
}

Json json_of(const ledger::StoredKey& key, UtcTime now) {
  Json json;
  json["id"] = key.id;
  json["name"] = key.name;
  json["team"] = key.team.empty() ? Json(nullptr) : Json(key.team);
  json["source"] = "store";
  json["state"] = state_of(key, now);
  json["models"] = texts_or_null(key.models);
  json["endpoints"] = texts_or_null(key.endpoints);
  json["cidrs"] = key.cidrs;
  tell_terms(key.terms, key.exhausted, json);
  json["created_at"] = utc_text(key.created_at);
  json["expires_at"] = time_or_null(key.expires_at);
  json["revoked_at"] = time_or_null(key.revoked_at);
  return json;
}

}  // namespace

std::optional<milliseconds> duration_in(std::string_view text) {
  struct Unit {
    std::string_view name;
    std::uint64_t milliseconds;
  };
  constexpr std::array<Unit, 5> units{{{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
  const std::size_t end = text.find_first_not_of("0123456789");
  if (end == std::string_view::npos) return std::nullopt;
  const auto number = parse_decimal(text.substr(0, end));
  for (const Unit& unit : units) {
    if (unit.name != text.substr(end)) continue;
    if (!number || *number > longest_duration / unit.milliseconds) return std::nullopt;
    return milliseconds(*number * unit.milliseconds);
  }
  return std::nullopt;
}

Result<UtcTime> expiry_in(std::string_view text, UtcTime now) {
  if (const auto time = parse_utc(text)) return *time;
  const auto span = duration_in(text);
  if (span && *span < floor<milliseconds>(UtcTime::max() - now)) return now + *span;
  return Error(Fault::bad_request, Blame::client, "invalid_expiry",
               "\"" + std::string(text) + "\" is no time: write how long from now, such as 30d, or a time such as " +
                   "2030-01-31T12:00:00Z");
}

std::vector<std::string> items_in(std::string_view list) {
  std::vector<std::string> items;
  while (true) {
    const std::size_t comma = std::min(list.find(','), list.size());
    items.emplace_back(trimmed(list.substr(0, comma)));
    if (comma == list.size()) return items;
    list.remove_prefix(comma + 1);
  }
}

std::string_view state_of(const ledger::StoredKey& key, UtcTime now) {
  if (key.revoked_at) return "revoked";
  return key.live(now) ? "live" : "expired";
}

Principals Principals::of(const config::Config& config) {
  Principals principals;
  for (const config::Key& key : config.keys) {
    principals.keys.push_back({key.name, key.team, key.models, key.terms, std::nullopt});
    if (key.exhausted) principals.keys.back().exhausted = key.exhausted->downgrade;
  }
  principals.teams = config.teams;
  for (const config::Model& model : config.models) {
    if (model.name.find('*') == std::string::npos) principals.models.push_back(model.name);
  }
  return principals;
}

bool Principals::has_key(std::string_view name) const {
  return std::any_of(keys.begin(), keys.end(), [name](const WrittenKey& key) { return key.name == name; });
}

bool Principals::has_team(std::string_view name) const {
  return std::any_of(teams.begin(), teams.end(), [name](const config::Team& team) { return team.name == name; });
}

Result<> fits_configuration(const ledger::NewKey& wanted, const Principals& principals) {
  if (principals.has_key(wanted.name)) {
    return Error(Fault::bad_request, Blame::client, "key_exists",
                 "the key \"" + wanted.name + "\" is written in the configuration file; take another name");
  }
  if (!wanted.team.empty() && !principals.has_team(wanted.team)) {
    return unfit("no team of the configuration is called \"" + wanted.team + "\"");
  }
  return rules_fit(wanted, principals);
}

Result<> rules_fit(const ledger::NewKey& wanted, const Principals& principals) {
  const auto known = config::endpoint_names();
  for (const std::string& endpoint : wanted.endpoints.value_or(std::vector<std::string>())) {
    if (std::find(known.begin(), known.end(), endpoint) != known.end()) continue;
    std::string names;
    for (const std::string_view name : known) names += (names.empty() ? "" : ", ") + std::string(name);
    return unfit("no endpoint is called \"" + endpoint + "\"; there are " + names);
  }
  return wanted.exhausted.value_or("").empty() ? Ok{} : downgrade_fits(wanted, principals);
}

std::string key_json(const ledger::StoredKey& key, UtcTime now) { return json_of(key, now).dump(); }

std::string keys_json(const Principals& principals, const ledger::StoredKeys& stored, UtcTime now) {
  Json keys = Json::array();
  for (const Principals::WrittenKey& key : principals.keys) keys.push_back(json_of(key));
  for (const ledger::StoredKey& key : stored.keys) keys.push_back(json_of(key, now));
  Json json;
  json["keys"] = std::move(keys);
  return json.dump();
}

std::string teams_json(const Principals& principals) {
  Json json;
  json["teams"] = Json::array();
  for (const config::Team& team : principals.teams) {
    json["teams"].push_back({{"name", team.name}, {"models", texts_or_null(team.models)}});
  }
  return json.dump();
}

std::string handed_out_json(const ledger::HandedOut& key) {
  const Json json = {{"id", key.id}, {"name", key.name}, {"secret", std::string(key.secret.reveal())}};
  return json.dump();
}

}  // namespace sluice::app

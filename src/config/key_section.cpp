#include <algorithm>
#include <map>
#include <utility>

#include "config/allowance.hpp"
#include "config/exhausted.hpp"
#include "config/instants.hpp"
#include "config/lists.hpp"
#include "config/planned.hpp"
#include "config/sections.hpp"
#include "config/units.hpp"

namespace sluice::config {
namespace {

constexpr std::size_t shortest_secret = 8;
constexpr std::string_view name_rule = "1 to 64 letters, digits, dots, dashes and underscores";

bool leads_to_a_model(std::string_view pattern, const std::vector<std::string>& askable) {
  return std::any_of(askable.begin(), askable.end(),
                     [&](const std::string& name) { return patterns_overlap(pattern, name); });
}

void read_allowed_models(const Value& value, const std::vector<std::string>& askable,
                         std::optional<std::vector<std::string>>& out) {
  if (!value.written()) return;
  out.emplace();
  if (value.empty())
    return value.wrong("has no value", "list names or patterns of models, or remove the key to allow all");
  for (const Value& item : value.items()) {
    std::string pattern;
    read_text(item, pattern);
    if (pattern.empty()) continue;
    if (!leads_to_a_model(pattern, askable))
      item.doubtful("no model is called " + in_quotes(item.raw()), "it allows nothing; check its spelling");
    out->push_back(std::move(pattern));
  }
}

std::optional<std::vector<std::string>> read_allowed_endpoints(const Value& value) {
  if (!value.written()) return std::nullopt;
  if (!value.empty()) return read_endpoints(value);
  value.wrong("has no value", "list names of endpoints, or remove the key to allow all");
  return std::nullopt;
}

// No network at all would let nobody in.
std::optional<std::vector<Network>> read_networks(const Value& value) {
  if (!value.written()) return std::nullopt;
  std::vector<Network> out;
  if (value.empty()) {
    value.wrong("has no value", "list networks, or remove the key to allow all addresses");
    return out;
  }
  for (const Value& item : one_or_more(value)) {
    const auto text = item.text();
    if (!text) continue;
    const auto around = Network::around(*text);
    if (const auto network = Network::parse(*text)) {
      out.push_back(*network);
    } else if (around) {
      item.wrong(in_quotes(item.raw()) + " has bits set behind its prefix", "write " + around->text());
    } else {
      item.wrong("found " + in_quotes(item.raw()), "write a network like 10.0.0.0/8 or 2001:db8::/32, or one address");
    }
  }
  return out;
}

void read_team_of(const Value& value, const Register& teams, std::string& name) {
  read_text(value, name);
  if (!name.empty()) check_reference(value, name, teams);
}

void read_priority(const Value& value, traffic::Priority& priority) {
  std::string name = "normal";
  read_choice(value, {"high", "normal", "low"}, name);
  if (name == "high") priority = traffic::Priority::high;
  if (name == "low") priority = traffic::Priority::low;
}

void read_key_secret(const Value& value, Secret& secret) {
  if (!value.written()) return value.wrong("is missing", "write secret: \"${NAME}\"");
  read_secret(value, secret);
  if (!secret.empty() && secret.reveal().size() < shortest_secret)
    value.wrong("the secret is shorter than 8 characters", "use a long random one");
}

const Team* team_of(const Key& key, const std::vector<Team>& teams) {
  const auto found = std::find_if(teams.begin(), teams.end(), [&](const Team& team) { return team.name == key.team; });
  return found == teams.end() ? nullptr : &*found;
}

// A model that a key is to be content with must be one it may ask for, by its team's list too.
void read_key_exhausted(const Value& value, const std::vector<Model>& models, const std::vector<Team>& teams,
                        Key& key) {
  const Value written = value["on_exhausted"];
  key.exhausted = read_exhausted(written, models, key.models);
  const Team* const team = team_of(key, teams);
  if (team == nullptr) return;
  if (key.exhausted && !is_allowed(team->models, key.exhausted->downgrade) && !key.exhausted->downgrade.empty())
    written["downgrade"].wrong("the key's team may not ask for " + in_quotes(key.exhausted->downgrade),
                               "add it to the team's models");
  const std::string& inherited = team->exhausted.downgrade;
  if (!written.written() && !inherited.empty() && !is_allowed(key.models, inherited))
    value["models"].wrong("lacks " + in_quotes(inherited) + ", to which its team downgrades",
                          "add it, or write on_exhausted for this key");
}

Key read_key(const Value& value, const std::vector<Model>& models, const std::vector<Team>& teams,
             const std::vector<std::string>& askable) {
  Key key;
  const Section section(
      value, {"name", "team", "secret", "models", "endpoints", "expires", "cidrs", "limits", "budget", "on_exhausted"});
  if (value.empty()) value.wrong("a key is missing here", "write {name: NAME, secret: \"${NAME}\"}");
  if (value.shape() != Shape::mapping) return key;
  const Value name = section["name"];
  if (!name.written()) name.wrong("is missing", "give the key a name, for logs and metrics");
  read_text(name, key.name);
  if (!key.name.empty() && !is_name(key.name)) name.wrong("no usable name", std::string(name_rule));
  read_team_of(section["team"], register_of("team", "teams", teams), key.team);
  read_key_secret(section["secret"], key.secret);
  read_allowed_models(section["models"], askable, key.models);
  key.endpoints = read_allowed_endpoints(section["endpoints"]);
  key.expires = read_instant(section["expires"]);
  key.networks = read_networks(section["cidrs"]);
  key.terms = read_allowance(value);
  read_key_exhausted(value, models, teams, key);
  return key;
}

// Two keys of one name could not be told apart in logs, two of one secret not at the door.
void check_twins(const std::vector<Value>& values, const std::vector<Key>& keys) {
  std::map<std::string_view, const Key*> names;
  std::map<std::string_view, const Key*> secrets;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const Key& key = keys[i];
    if (!key.name.empty() && !names.emplace(key.name, &key).second)
      values[i]["name"].wrong("another key is called " + in_quotes(key.name), "give each key its own name");
    if (key.secret.empty()) continue;
    const auto [twin, is_new] = secrets.emplace(key.secret.reveal(), &key);
    if (!is_new)
      values[i]["secret"].wrong("the same secret as key " + in_quotes(twin->second->name),
                                "give each key its own secret");
  }
}

}  // namespace

void read_teams(const Value& value, const std::vector<Model>& models, const std::vector<std::string>& askable,
                std::vector<Team>& teams) {
  for (const Member& member : members(value)) {
    if (!is_name(member.name)) member.value.wrong_key("no usable name", std::string(name_rule));
    const Section section(member.value, {"models", "priority", "limits", "budget", "on_exhausted"},
                          planned_keys("teams.*"));
    Team team;
    team.name = member.name;
    read_allowed_models(section["models"], askable, team.models);
    read_priority(section["priority"], team.priority);
    team.terms = read_allowance(member.value, Owner::team);
    team.exhausted = read_exhausted(section["on_exhausted"], models, team.models).value_or(Exhausted{});
    teams.push_back(std::move(team));
  }
}

void read_keys(const Value& value, const std::vector<Model>& models, const std::vector<Team>& teams,
               const std::vector<std::string>& askable, std::vector<Key>& keys) {
  const std::vector<Value> items = value.items();
  for (const Value& item : items) keys.push_back(read_key(item, models, teams, askable));
  check_twins(items, keys);
}

}  // namespace sluice::config

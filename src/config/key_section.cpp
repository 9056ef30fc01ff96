#include <algorithm>
#include <map>
#include <utility>

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

Key read_key(const Value& value, const Register& teams, const std::vector<std::string>& askable) {
  Key key;
  const Section section(value, {"name", "team", "secret", "models"}, planned_keys("keys"));
  if (value.empty()) value.wrong("a key is missing here", "write {name: NAME, secret: \"${NAME}\"}");
  if (value.shape() != Shape::mapping) return key;
  const Value name = section["name"];
  if (!name.written()) name.wrong("is missing", "give the key a name, for logs and metrics");
  read_text(name, key.name);
  if (!key.name.empty() && !is_name(key.name)) name.wrong("no usable name", std::string(name_rule));
  read_team_of(section["team"], teams, key.team);
  read_key_secret(section["secret"], key.secret);
  read_allowed_models(section["models"], askable, key.models);
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

void read_teams(const Value& value, const std::vector<std::string>& askable, std::vector<Team>& teams) {
  for (const Member& member : members(value)) {
    if (!is_name(member.name)) member.value.wrong_key("no usable name", std::string(name_rule));
    const Section section(member.value, {"models", "priority"}, planned_keys("teams.*"));
    Team team;
    team.name = member.name;
    read_allowed_models(section["models"], askable, team.models);
    read_priority(section["priority"], team.priority);
    teams.push_back(std::move(team));
  }
}

void read_keys(const Value& value, const std::vector<Team>& teams, const std::vector<std::string>& askable,
               std::vector<Key>& keys) {
  const std::vector<Value> items = value.items();
  const Register known = register_of("team", "teams", teams);
  for (const Value& item : items) keys.push_back(read_key(item, known, askable));
  check_twins(items, keys);
}

}  // namespace sluice::config

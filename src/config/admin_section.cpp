#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "config/lists.hpp"
#include "config/sections.hpp"
#include "config/units.hpp"

namespace sluice::config {
namespace {

constexpr std::size_t shortest_token = 16;

constexpr std::array<std::pair<std::string_view, Role>, 4> role_names{{
    {"viewer", Role::viewer},
    {"operator", Role::team_keeper},
    {"billing", Role::billing},
    {"admin", Role::admin},
}};

// What the audit trail calls others by: the holder of admin.token, the process itself, and whoever showed a wrong
// token.
constexpr std::array<std::string_view, 3> taken_names{"admin", "daemon", "unknown"};

void read_token(const Value& value, Secret& token) {
  read_secret(value, token);
  if (!token.empty() && token.reveal().size() < shortest_token)
    value.wrong("the token is shorter than 16 characters",
                "use a long random one, such as `openssl rand -hex 32` makes");
}

void read_operator_name(const Value& value, std::string& name) {
  if (!value.written()) value.wrong("is missing", "give the operator a name, for the audit trail");
  read_text(value, name);
  if (name.empty()) return;
  if (!is_name(name)) value.wrong("no usable name", "1 to 64 letters, digits, dots, dashes and underscores");
  if (std::find(taken_names.begin(), taken_names.end(), name) != taken_names.end())
    value.wrong("the audit trail means somebody else by " + in_quotes(name), "take another name");
}

// Nothing after complaining.
std::optional<Role> read_role(const Value& value) {
  Names names;
  for (const auto& [name, role] : role_names) names.push_back(name);
  if (!value.written()) value.wrong("is missing", "use one of " + listed(names));
  std::string name;
  read_choice(value, names, name);
  return role_named(name);
}

void read_own_team(const Value& value, Role role, const Register& teams, std::string& name) {
  if (role == Role::team_keeper) {
    if (!value.written()) value.wrong("is missing", "name the team whose keys this operator looks after");
    read_text(value, name);
    if (!name.empty()) check_reference(value, name, teams);
  } else if (value.written()) {
    value.wrong("only an operator of role \"operator\" has a team", "remove it, or write role: operator");
  }
}

Operator read_operator(const Value& value, const Register& teams) {
  Operator out;
  const Section section(value, {"name", "role", "team", "token"});
  if (value.empty()) value.wrong("an operator is missing here", "write {name: NAME, role: ROLE, token: \"${NAME}\"}");
  if (value.shape() != Shape::mapping) return out;
  read_operator_name(section["name"], out.name);
  if (const auto role = read_role(section["role"])) {
    out.role = *role;
    read_own_team(section["team"], *role, teams, out.team);
  }
  const Value token = section["token"];
  if (!token.written()) token.wrong("is missing", "write token: \"${NAME}\"");
  read_token(token, out.token);
  return out;
}

// Whom each secret belongs to, in words.
using Owners = std::map<std::string_view, std::string>;

void check_owner(const Value& value, const Secret& token, const std::string& owner, Owners& owners) {
  if (token.empty()) return;
  const auto [twin, is_new] = owners.emplace(token.reveal(), owner);
  if (!is_new) value.wrong("the same secret as " + twin->second, "give each its own");
}

// Two operators of one name could not be told apart in the audit trail, two of one token not at the door. A caller's
// key opens nothing here.
void check_operators(const Value& admin, const std::vector<Value>& values, const Config& config) {
  Owners owners;
  for (const Key& key : config.keys) {
    if (!key.secret.empty()) owners.emplace(key.secret.reveal(), "key " + in_quotes(key.name));
  }
  check_owner(admin["token"], config.admin.token, "admin.token", owners);
  std::map<std::string_view, bool> names;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Operator& one = config.admin.operators[i];
    check_owner(values[i]["token"], one.token, "operator " + in_quotes(one.name), owners);
    if (!one.name.empty() && !names.emplace(one.name, true).second)
      values[i]["name"].wrong("another operator is called " + in_quotes(one.name), "give each operator their own name");
  }
}

}  // namespace

std::string_view to_string(Role role) {
  for (const auto& [name, named] : role_names)
    if (named == role) return name;
  return "";
}

std::optional<Role> role_named(std::string_view name) {
  for (const auto& [known, role] : role_names)
    if (known == name) return role;
  return std::nullopt;
}

void read_admin(const Value& value, Admin& admin) {
  const Section section(value, {"listen", "token", "operators"});
  read_listen(section["listen"], admin.listen);
  read_token(section["token"], admin.token);
}

void read_operators(const Value& value, Config& config) {
  const Value written = value["operators"];
  if (written.written() && written.empty()) written.wrong("has no value", "list operators, or remove the key");
  const std::vector<Value> values = written.items();
  const Register teams = register_of("team", "teams", config.teams);
  for (const Value& one : values) config.admin.operators.push_back(read_operator(one, teams));
  check_operators(value, values, config);
}

}  // namespace sluice::config

#include <algorithm>
#include <map>
#include <utility>

#include <sluice/base/text.hpp>

#include "config/capability.hpp"
#include "config/route_proof.hpp"
#include "config/route_reach.hpp"
#include "config/route_when.hpp"
#include "config/sections.hpp"
#include "config/units.hpp"

namespace sluice::config {
namespace {

constexpr std::size_t most_routes = 1'000;  // each may be compared with each, and with every request
constexpr std::string_view name_rule = "1 to 64 letters, digits, dots, dashes and underscores";

RouteNames names_in(const Config& config) {
  RouteNames names{register_of("provider", "providers", config.providers),
                   register_of("model", "models", config.models),
                   register_of("team", "teams", config.teams),
                   register_of("key", "keys", config.keys),
                   {},
                   {}};
  for (const Provider& provider : config.providers) {
    names.residencies.push_back(provider.residency);
    names.retentions.push_back(provider.retention);
  }
  auto& models = names.models.names;
  models.erase(std::remove_if(models.begin(), models.end(), is_pattern), models.end());
  return names;
}

// Words of providers. One that none of them has is more likely misspelt than meant.
std::vector<std::string> read_words(const Value& value, const Names& had) {
  std::vector<std::string> out;
  for (const Value& item : one_or_more(value)) {
    std::string word;
    read_word(item, word);
    if (word.empty()) continue;
    if (std::find(had.begin(), had.end(), word) == had.end())
      item.doubtful("no provider of this file has it", "check its spelling");
    out.push_back(std::move(word));
  }
  return out;
}

std::vector<Capability> read_demanded(const Value& value) {
  std::vector<Capability> out;
  for (const Value& item : one_or_more(value)) {
    std::string name;
    read_choice(item, capability_names(), name);
    if (const auto capability = capability_named(name)) out.push_back(*capability);
  }
  return out;
}

Route::Require read_require(const Value& value, const RouteNames& names) {
  const Section section(value, {"residency", "provider", "capability", "retention"});
  Route::Require require;
  if (value.shape() != Shape::mapping) return require;
  require.residency = read_words(section["residency"], names.residencies);
  require.retention = read_words(section["retention"], names.retentions);
  require.providers = read_references(section["provider"], names.providers);
  require.capabilities = read_demanded(section["capability"]);
  return require;
}

// A name that nothing is called by is kept: that there is one counts for what else is said of the route.
void read_use(const Value& value, const RouteNames& names, std::string& use) {
  read_text(value, use);
  if (use.empty()) return;
  if (is_pattern(use)) return value.wrong("a pattern names no model", "write the whole name of a model of this file");
  check_reference(value, use, names.models);
}

Route read_route(const Value& value, const RouteNames& names) {
  Route route;
  const Section section(value, {"name", "when", "require", "use"});
  if (value.empty()) value.wrong("a route is missing here", "write {name: NAME, when: {…}, use: MODEL}");
  if (value.shape() != Shape::mapping) return route;
  const Value name = section["name"];
  if (!name.written()) name.wrong("is missing", "give the route a name, for logs, metrics and x-sluice-route");
  read_text(name, route.name);
  if (!route.name.empty() && !is_name(route.name)) name.wrong("no usable name", std::string(name_rule));
  route.when = read_when(section["when"], names);
  route.require = read_require(section["require"], names);
  read_use(section["use"], names, route.use);
  const Value require = section["require"];
  const bool demands = require.written() && (require.shape() != Shape::mapping || !require.node()->entries.empty());
  if (!section["use"].written() && !demands)
    value.wrong("has neither use nor require", "write the model it leads to, or what a target must have");
  return route;
}

std::vector<Route> read_all(const Value& value, const Config& config) {
  const RouteNames names = names_in(config);
  std::vector<Route> routes;
  for (const Value& item : value.items()) routes.push_back(read_route(item, names));
  return routes;
}

void check_names(const std::vector<Value>& values, const std::vector<Route>& routes) {
  std::map<std::string_view, bool> seen;
  for (std::size_t i = 0; i < routes.size(); ++i) {
    if (routes[i].name.empty() || seen.emplace(routes[i].name, true).second) continue;
    values[i]["name"].wrong("another route is called " + in_quotes(routes[i].name), "give each route its own name");
  }
}

void check_shadows(const std::vector<Value>& values, const Config& config) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t before = 0; before < i; ++before) {
      const Route& earlier = config.routes[before];
      if (earlier.use.empty() || !covers(earlier.when, config.routes[i].when, config)) continue;
      values[i].doubtful("never counts: route " + in_quotes(earlier.name) + " before it matches all that it matches",
                         "put it before that one, or remove it");
      break;
    }
  }
}

// Of a route that names what is not there nothing else can be said.
bool is_whole(const Route& route, const RouteNames& names) {
  const auto all_there = [](const std::vector<std::string>& named, const Names& there) {
    return std::all_of(named.begin(), named.end(),
                       [&](const auto& name) { return std::find(there.begin(), there.end(), name) != there.end(); });
  };
  return all_there(route.when.keys, names.keys.names) && all_there(route.when.teams, names.teams.names) &&
         all_there(route.require.providers, names.providers.names);
}

}  // namespace

std::vector<Route> draft_routes(const Value& value, const Config& config) {
  Complaints ignored;  // they are made when the routes are read in earnest
  const Desk desk{value.desk().surroundings, ignored};
  return read_all(Value(value.node(), value.key(), value.path(), desk), config);
}

void read_routes(const Value& value, Config& config) {
  config.routes = read_all(value, config);
  if (value.shape() != Shape::sequence) return;
  if (config.routes.size() > most_routes)
    return value.wrong("there are more than 1000 routes", "let patterns and lists say what several routes say");
  const std::vector<Value> values = value.items();
  check_names(values, config.routes);
  check_shadows(values, config);
  const RouteNames names = names_in(config);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Route& route = config.routes[i];
    if (!route.require.empty() && is_whole(route, names)) prove_route(i, values[i]["require"], config);
  }
}

}  // namespace sluice::config

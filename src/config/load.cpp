#include <sluice/config/load.hpp>

#include <algorithm>
#include <utility>

#include "config/catalogue.hpp"
#include "config/planned.hpp"
#include "config/reader.hpp"
#include "config/sections.hpp"
#include "config/units.hpp"

namespace sluice::config {
namespace {

void listen_instead(Server& server, Admin& admin, const Listeners& instead) {
  const auto in_full = [](const std::string& text) {
    const auto endpoint = parse_endpoint(text);
    return endpoint ? write_endpoint(*endpoint) : text;
  };
  if (instead.data_plane) server.listen = in_full(*instead.data_plane);
  if (instead.admin_plane) admin.listen = in_full(*instead.admin_plane);
}

std::string strangers_at(const Config& config) {
  return "no key is defined, so whoever reaches " + config.server.listen + " could call";
}

constexpr std::string_view against_strangers = "define keys, listen on 127.0.0.1, or write \"auth: none\"";

// Whether anybody may call, and from where.
void check_callers(const Value& root, const Config& config, const Listeners& instead) {
  if (config.auth_none && !config.keys.empty())
    root["keys"].doubtful("keys have no effect with \"auth: none\"", "remove the keys, or write \"auth: keys\"");
  if (config.auth_none && config.jwt)
    root["jwt"].doubtful("tokens have no effect with \"auth: none\"", "remove jwt, or write \"auth: keys\"");
  if (!open_to_strangers(config)) return;
  // An address from elsewhere has no place in the text; what the text lacks is keys.
  const Value at = instead.data_plane ? root["keys"] : root["server"]["listen"];
  at.wrong(strangers_at(config), std::string(against_strangers));
}

void check_listeners(const Value& root, const Config& config) {
  const auto data = parse_endpoint(config.server.listen);
  const auto control = parse_endpoint(config.admin.listen);
  if (!data || !control || !collide(*data, *control)) return;
  const Value admin = root["admin"]["listen"];
  const std::string remedy = "give server.listen and admin.listen different ports";
  if (admin.written()) {
    admin.wrong("the port of server.listen, " + config.server.listen, remedy);
  } else {
    root["server"]["listen"].wrong("the port of admin.listen, " + config.admin.listen, remedy);
  }
}

// What callers may ask for: models, and names that routes make something of.
std::vector<std::string> askable_names(const std::vector<Model>& models, const std::vector<Route>& routes) {
  std::vector<std::string> out;
  out.reserve(models.size());
  for (const Model& model : models) out.push_back(model.name);
  for (const Route& route : routes) {
    if (!route.use.empty()) out.insert(out.end(), route.when.models.begin(), route.when.models.end());
  }
  return out;
}

// The sections are read in the order in which they need each other; complaints are sorted later.
void read_root(const Value& root, const Catalogue& catalogue, const Listeners& instead, Config& config) {
  const Section section(root,
                        {"auth", "server", "admin", "storage", "ledger", "providers", "models", "routes",
                         "organisation", "teams", "keys", "jwt", "tags", "alerts", "prices", "unknown_price", "log"},
                        planned_keys(""));
  if (root.shape() != Shape::mapping) return;
  std::string auth;
  read_choice(section["auth"], {"keys", "none"}, auth);
  config.auth_none = auth == "none";
  read_server(section["server"], config.server);
  read_admin(section["admin"], config.admin);
  read_storage(section["storage"], config.storage.database);
  read_ledger(section["ledger"], config.storage);
  read_log(section["log"], config.log);
  read_providers(section["providers"], catalogue, config.providers);
  read_models(section["models"], config.providers, config.models);
  const auto askable = askable_names(config.models, draft_routes(section["routes"], config));
  read_organisation(section["organisation"], config.organisation);
  read_teams(section["teams"], config.models, askable, config.teams);
  read_keys(section["keys"], config.models, config.teams, askable, config.keys);
  read_operators(section["admin"], config);
  read_jwt(section["jwt"], config.teams, config.jwt);
  read_tags(section["tags"], config.tags);
  read_alerts(section["alerts"], config.alerts);
  read_prices(section["prices"], config.models, config.prices);
  read_unknown_price(section["unknown_price"], config.unknown_price);
  read_routes(section["routes"], config);
  listen_instead(config.server, config.admin, instead);
  // An `auth` that could not be read has its complaint, and says nothing about callers.
  if (!auth.empty() || !section["auth"].written()) check_callers(root, config, instead);
  check_listeners(root, config);
}

// Surroundings without a function have nothing in them.
Surroundings completed(Surroundings surroundings) {
  const auto nothing = [](const std::string&) -> std::optional<std::string> { return std::nullopt; };
  if (!surroundings.environment) surroundings.environment = nothing;
  if (!surroundings.file) surroundings.file = nothing;
  return surroundings;
}

// What the environment says, if it says anything.
std::optional<std::string> variable(const Surroundings& surroundings, const std::string& name) {
  if (name.empty() || !surroundings.environment) return std::nullopt;
  auto value = surroundings.environment(name);
  if (value && value->empty()) value.reset();
  return value;
}

Model model_of(std::string name, const std::string& provider, std::string upstream_name) {
  Model model;
  model.name = std::move(name);
  Target target;
  target.provider = provider;
  target.model = std::move(upstream_name);
  model.targets.push_back(std::move(target));
  return model;
}

// Offers a kind's models as NAME/MODEL and under the names everybody knows them by.
void offer(const Kind& kind, std::string api_key, Config& config) {
  Provider provider = provider_of(kind);
  provider.api_key = Secret(std::move(api_key));
  config.models.push_back(model_of(kind.name + "/*", kind.name, "*"));
  for (const std::string& pattern : kind.models) config.models.push_back(model_of(pattern, kind.name, ""));
  config.providers.push_back(std::move(provider));
}

}  // namespace

Loaded load(std::string_view text, const Surroundings& surroundings, const Listeners& instead) {
  Loaded loaded;
  Complaints complaints;
  const Document document = parse_yaml(text, complaints);
  if (document.root != nullptr) {
    const Surroundings around = completed(surroundings);
    const Desk desk{around, complaints};
    read_root(Value(document.root, document.root->at, "", desk), shipped_catalogue(), instead, loaded.config);
  }
  loaded.complaints = std::move(complaints).in_order();
  return loaded;
}

Loaded embedded_default(const Surroundings& surroundings, bool probe_answered, const Listeners& instead) {
  Loaded loaded;
  Complaints complaints;
  for (const Kind& kind : shipped_catalogue().kinds) {
    if (kind.built_in) {
      loaded.config.providers.push_back(provider_of(kind));
      loaded.config.models.push_back(model_of(kind.name, kind.name, ""));
    } else if (auto key = variable(surroundings, kind.key_variable)) {
      if (is_credential(*key)) {
        offer(kind, std::move(*key), loaded.config);
      } else {
        complaints.warning({}, kind.key_variable, "holds spaces, control characters or letters outside ASCII",
                           "it is not used; check for a line break or quotes");
      }
    } else if (kind.probe && probe_answered) {
      offer(kind, "", loaded.config);
    }
  }
  listen_instead(loaded.config.server, loaded.config.admin, instead);
  if (open_to_strangers(loaded.config))
    complaints.error({}, "keys", strangers_at(loaded.config), std::string(against_strangers));
  loaded.complaints = std::move(complaints).in_order();
  return loaded;
}

bool open_to_strangers(const Config& config) {
  const auto endpoint = parse_endpoint(config.server.listen);
  return !config.auth_none && config.keys.empty() && !config.jwt && !(endpoint && endpoint->loopback);
}

std::vector<std::string> unused_keys(const Surroundings& surroundings) {
  std::vector<std::string> out;
  for (std::string& name : shipped_catalogue().other_variables)
    if (variable(surroundings, name)) out.push_back(std::move(name));
  return out;
}

std::vector<std::string> known_kinds() {
  std::vector<std::string> out;
  for (Kind& kind : shipped_catalogue().kinds) out.push_back(std::move(kind.name));
  return out;
}

}  // namespace sluice::config

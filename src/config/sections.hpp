#pragma once

#include "config/catalogue.hpp"
#include "config/reader.hpp"

// The sections of a configuration, one function each. Every function complains at `value`'s desk and leaves
// defaults where it does. Complaints are sorted later, so the functions are called in the order in which they
// need each other: a model looks for its providers, a key for its team and models.
namespace sluice::config {

void read_server(const Value& value, Server& server);
// ADDRESS:PORT.
void read_listen(const Value& value, std::string& listen);
// Without the operators, who need teams.
void read_admin(const Value& value, Admin& admin);
void read_log(const Value& value, Logging& log);
// Providers have to be named even when something is wrong with them, so that targets find them.
void read_providers(const Value& value, const Catalogue& catalogue, std::vector<Provider>& providers);
void read_models(const Value& value, const std::vector<Provider>& providers, std::vector<Model>& models);
// `askable` is all that callers may ask for: names and patterns.
void read_teams(const Value& value, const std::vector<Model>& models, const std::vector<std::string>& askable,
                std::vector<Team>& teams);
void read_keys(const Value& value, const std::vector<Model>& models, const std::vector<Team>& teams,
               const std::vector<std::string>& askable, std::vector<Key>& keys);
// Of the section `admin`. Needs teams, and keys, which open nothing there.
void read_operators(const Value& value, Config& config);
void read_jwt(const Value& value, const std::vector<Team>& teams, std::optional<Jwt>& jwt);
void read_organisation(const Value& value, Organisation& organisation);
void read_alerts(const Value& value, std::optional<Alerts>& alerts);
void read_tags(const Value& value, std::vector<Tag>& tags);
void read_prices(const Value& value, const std::vector<Model>& models, std::vector<NamedPrice>& prices);
void read_unknown_price(const Value& value, UnknownPrice& unknown);
void read_storage(const Value& value, std::string& database);
void read_ledger(const Value& value, Storage& storage);
// Routes name teams and keys, and those name what only a route understands: so routes are read twice, first without
// complaints.
std::vector<Route> draft_routes(const Value& value, const Config& config);
void read_routes(const Value& value, Config& config);

// What a kind says of a provider nobody has written anything about.
Provider provider_of(const Kind& kind);

}  // namespace sluice::config

#include "config/route_reach.hpp"

#include <algorithm>
#include <utility>

#include <sluice/base/text.hpp>

#include "config/units.hpp"

namespace sluice::config {
namespace {

using When = Route::When;
using Texts = std::vector<std::string>;

// Some callers that a route is for, by what they may ask for. Null: anything.
struct Askers {
  const Texts* of_team = nullptr;
  const Texts* of_key = nullptr;
};

const Texts* list_of(const std::optional<Texts>& models) { return models ? &*models : nullptr; }

template <class Things>
auto* named(const Things& things, std::string_view name) {
  const auto found = std::find_if(things.begin(), things.end(), [&](const auto& thing) { return thing.name == name; });
  return found == things.end() ? nullptr : &*found;
}

bool is_listed(const Texts& texts, std::string_view text) {
  return texts.empty() || std::find(texts.begin(), texts.end(), text) != texts.end();
}

// Keys that are made later are in a team as well, so that of a team its own list counts and not its keys'.
std::vector<Askers> askers_of(const When& when, const Config& config) {
  std::vector<Askers> out;
  if (when.keys.empty() && when.teams.empty()) return {Askers{}};
  for (const std::string& name : when.keys) {
    const Key* key = named(config.keys, name);
    if (key == nullptr || !is_listed(when.teams, key->team)) continue;
    const Team* team = named(config.teams, key->team);
    out.push_back({team == nullptr ? nullptr : list_of(team->models), list_of(key->models)});
  }
  if (!when.keys.empty()) return out;
  for (const std::string& name : when.teams) {
    if (const Team* team = named(config.teams, name)) out.push_back({list_of(team->models), nullptr});
  }
  return out;
}

bool allows(const Texts* patterns, std::string_view asked) {
  return patterns == nullptr || std::any_of(patterns->begin(), patterns->end(), [&](const std::string& pattern) {
           return patterns_overlap(pattern, asked);
         });
}

// Whether anybody the route is for may ask for such a name.
bool may_be_asked(std::string_view asked, const std::vector<Askers>& askers) {
  return std::any_of(askers.begin(), askers.end(),
                     [&](const Askers& some) { return allows(some.of_team, asked) && allows(some.of_key, asked); });
}

bool is_decided(const When& when, std::span<const Route> earlier, const Config& config, bool with_use) {
  return std::any_of(earlier.begin(), earlier.end(), [&](const Route& route) {
    return (!with_use || !route.use.empty()) && covers(route.when, when, config);
  });
}

// Whether some name that the pattern stands for is no model.
bool may_be_no_model(std::string_view pattern, const Config& config) {
  return std::none_of(config.models.begin(), config.models.end(),
                      [&](const Model& model) { return glob_matches(model.name, pattern); });
}

// Whether callers of a route can ask for this model by its own name.
bool is_asked_for(const Model& model, std::size_t at, const Config& config) {
  When one;
  one.models = {model.name};
  const auto both = joint(config.routes[at].when, one);
  if (!both) return false;
  const auto askers = askers_of(*both, config);
  const bool may = std::any_of(both->models.begin(), both->models.end(), [&](const auto& asked) {
    return may_be_asked(asked, askers) && may_be_asked(model.name, askers);
  });
  return may && !is_decided(*both, std::span(config.routes).first(at), config, false);
}

// Whether a later route can name the model for those whom this one sends nowhere.
bool is_reached_through(std::size_t later, std::size_t at, const Config& config) {
  const auto both = joint(config.routes[at].when, config.routes[later].when);
  if (!both) return false;
  const auto askers = askers_of(*both, config);
  const Texts any{"*"};
  const Texts& asked = both->models.empty() ? any : both->models;
  const bool may = std::any_of(asked.begin(), asked.end(), [&](const std::string& pattern) {
    return may_be_no_model(pattern, config) && may_be_asked(pattern, askers);
  });
  const std::span routes(config.routes);
  return may && !is_decided(*both, routes.first(at), config, false) &&
         !is_decided(*both, routes.subspan(at + 1, later - at - 1), config, true);
}

}  // namespace

std::vector<Reached> reach_of(std::size_t at, const Config& config) {
  const Route& route = config.routes[at];
  std::vector<Reached> out;
  if (!route.use.empty()) {
    if (const Model* model = named(config.models, route.use)) out.push_back({model, nullptr});
    return out;
  }
  for (const Model& model : config.models) {
    if (is_asked_for(model, at, config)) out.push_back({&model, nullptr});
  }
  for (std::size_t later = at + 1; later < config.routes.size(); ++later) {
    const Route& other = config.routes[later];
    const Model* model = named(config.models, other.use);
    const auto is_same = [&](const Reached& reached) {
      return reached.model == model && (reached.through == nullptr ? other.require.empty() : reached.through == &other);
    };
    if (model == nullptr || !is_reached_through(later, at, config)) continue;
    if (std::none_of(out.begin(), out.end(), is_same)) out.push_back({model, &other});
  }
  return out;
}

}  // namespace sluice::config

#include "config/route_proof.hpp"

#include <algorithm>
#include <utility>

#include <sluice/config/model_table.hpp>

#include "config/route_reach.hpp"
#include "config/units.hpp"

namespace sluice::config {
namespace {

using Texts = std::vector<std::string>;

bool contains(const auto& list, const auto& item) { return std::find(list.begin(), list.end(), item) != list.end(); }

// What the provider calls the model, or nothing where only a request will tell.
std::string_view deployment_of(const Target& target, const Model& model) {
  const std::string_view name = target.model.empty() ? std::string_view(model.name) : std::string_view(target.model);
  return is_pattern(name) ? std::string_view() : name;
}

// "residency "us"", "no residency"
void miss_property(std::string_view property, const Texts& demanded, const std::string& has, Texts& missing) {
  if (demanded.empty() || contains(demanded, has)) return;
  missing.push_back(has.empty() ? "no " + std::string(property) : std::string(property) + ' ' + in_quotes(has));
}

void miss_capabilities(const std::vector<Capability>& demanded, const Target& target, const ModelFacts* facts,
                       Texts& missing) {
  for (const Capability capability : demanded) {
    const std::string name(to_string(capability));
    if (target.capabilities) {
      if (!contains(*target.capabilities, capability)) missing.push_back("no " + name);
    } else if (facts == nullptr || !contains(facts->can, capability)) {
      const bool lacks = facts != nullptr && contains(facts->cannot, capability);
      missing.push_back(lacks ? "no " + name : name + " not known");
    }
  }
}

// What keeps a target from being eligible.
void miss(const Route::Require& require, const Model& model, const Target& target, const Provider& provider,
          Texts& missing) {
  miss_property("residency", require.residency, provider.residency, missing);
  miss_property("retention", require.retention, provider.retention, missing);
  if (!require.providers.empty() && !contains(require.providers, provider.name)) missing.push_back("another provider");
  if (require.capabilities.empty()) return;
  const std::string_view deployment = deployment_of(target, model);
  const ModelFacts* facts = deployment.empty() ? nullptr : facts_of(provider.kind, deployment);
  miss_capabilities(require.capabilities, target, facts, missing);
}

std::string name_of(const Target& target) {
  return target.model.empty() ? target.provider : target.provider + '/' + target.model;
}

// What is wrong with each target of a model; empty when one of them is eligible, or when none can be judged.
std::string refusals(const Reached& reached, const Route::Require& require, const Config& config) {
  Texts all;
  for (const Target& target : reached.model->targets) {
    const auto provider = std::find_if(config.providers.begin(), config.providers.end(),
                                       [&](const Provider& some) { return some.name == target.provider; });
    if (provider == config.providers.end()) return {};  // it has a complaint of its own
    Texts missing;
    miss(require, *reached.model, target, *provider, missing);
    if (reached.through != nullptr) miss(reached.through->require, *reached.model, target, *provider, missing);
    if (missing.empty()) return {};
    all.push_back(name_of(target) + " (" + listed(missing) + ')');
  }
  return listed(all);
}

}  // namespace

void prove_route(std::size_t route, const Value& require, const Config& config) {
  const auto reach = reach_of(route, config);
  if (reach.empty() && config.routes[route].use.empty())
    require.doubtful("this route leads to no model",
                     "check the names in its when, and what its teams and keys may use");
  for (const Reached& reached : reach) {
    const std::string why = refusals(reached, config.routes[route].require, config);
    if (why.empty()) continue;
    std::string what = "model " + in_quotes(reached.model->name);
    if (reached.through != nullptr) what += ", which route " + in_quotes(reached.through->name) + " names,";
    what.append(" has no target for it: ").append(why);
    require.wrong(std::move(what), "add one, tell what its provider has, or narrow the route's when");
  }
}

}  // namespace sluice::config

#include "app/lane_gauges.hpp"

#include <array>
#include <chrono>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

namespace sluice::app {
namespace {

using Json = nlohmann::ordered_json;

double seconds_left(const traffic::LaneView& view, TimePoint now) {
  if (view.closed == traffic::Closed::no || view.opens_at <= now) return 0;
  return std::chrono::duration<double>(view.opens_at - now).count();
}

std::string deployment_of(const Target& target, const Model& model) {
  return target.model_json.empty() ? model.name : target.model;
}

// Every lane once, in the configuration's order.
template <class Visit>
void visit_lanes(const Snapshot& world, TimePoint now, Visit visit) {
  std::set<std::uint64_t> seen;
  for (const Model& model : world.models()) {
    for (const Target& target : model.targets) {
      for (unsigned key = 0; key < target.lanes.size(); ++key) {
        const traffic::Lane& lane = *target.lanes[key];
        if (seen.insert(lane.id()).second)
          visit(*target.provider, deployment_of(target, model), key + 1, lane.look(now));
      }
    }
  }
}

std::string_view word_of(traffic::BreakerState state) {
  constexpr std::array<std::string_view, 3> words{"closed", "half_open", "open"};
  return words[static_cast<std::size_t>(state)];
}

Json json_of(const std::string& deployment, unsigned key, const traffic::LaneView& view, TimePoint now) {
  Json lane;
  lane["deployment"] = deployment;
  lane["key"] = key;
  lane["breaker"] = word_of(view.breaker);
  lane["closed"] = view.closed == traffic::Closed::no ? Json(nullptr) : Json(to_string(view.closed));
  lane["seconds_left"] = seconds_left(view, now);
  lane["shaky"] = view.is_shaky;
  lane["short_of_quota"] = view.is_short;
  lane["in_flight"] = view.in_flight;
  lane["first_token_ms"] =
      view.first_token ? Json(std::chrono::duration<double, std::milli>(*view.first_token).count()) : Json(nullptr);
  lane["cached_permille"] = view.cached_permille;
  return lane;
}

}  // namespace

std::vector<Gauges::Lane> lane_gauges(const Snapshot& world, TimePoint now) {
  std::vector<Gauges::Lane> gauges;
  visit_lanes(
      world, now,
      [&](const Provider& provider, const std::string& deployment, unsigned key, const traffic::LaneView& view) {
        gauges.push_back(
            {provider.name, deployment, key, static_cast<int>(view.breaker), seconds_left(view, now), view.in_flight});
      });
  return gauges;
}

std::string providers_json(const Snapshot& world, TimePoint now) {
  Json providers = Json::array();
  for (const Provider& provider : world.providers()) {
    Json item;
    item["name"] = provider.name;
    item["kind"] = provider.kind;
    item["residency"] = provider.residency.empty() ? Json(nullptr) : Json(provider.residency);
    item["retention"] = provider.retention.empty() ? Json(nullptr) : Json(provider.retention);
    item["keys"] = provider.keys.size();
    item["deployments"] = Json::array();
    providers.push_back(std::move(item));
  }
  visit_lanes(
      world, now,
      [&](const Provider& provider, const std::string& deployment, unsigned key, const traffic::LaneView& view) {
        const auto index = static_cast<std::size_t>(&provider - world.providers().data());
        providers[index]["deployments"].push_back(json_of(deployment, key, view, now));
      });
  return Json{{"providers", std::move(providers)}}.dump() + '\n';
}

}  // namespace sluice::app

#include "app/health_checks.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <sluice/traffic/health.hpp>

namespace sluice::app {

struct HealthChecks::Check {
  std::shared_ptr<const Snapshot> world;  // whose the provider is
  const Provider& provider;
  std::shared_ptr<traffic::Lane> lane;  // any of its lanes
  bool was_there = true;
};

namespace {

// Null: no model has a target there, and nobody wants to know.
std::shared_ptr<traffic::Lane> lane_to(const Snapshot& world, const Provider& provider) {
  for (const Model& model : world.models()) {
    for (const Target& target : model.targets) {
      if (target.provider == &provider && !target.lanes.empty()) return target.lanes.front();
    }
  }
  return nullptr;
}

Errand errand_to(const Provider& provider) {
  Errand errand;
  errand.origin = provider.origin;
  errand.head = "GET " + provider.voices.front().path_prefix + provider.health_check->path + " HTTP/1.1\r\n";
  errand.head.append(provider.keys.front().lines.reveal()).append("\r\n");
  errand.largest_answer = 1u << 20;
  return errand;
}

}  // namespace

void HealthChecks::use(std::shared_ptr<const Snapshot> world) {
  errands_.post([this, world = std::move(world)] { begin(world); });
}

void HealthChecks::begin(const std::shared_ptr<const Snapshot>& world) {
  checks_.clear();  // what is under way is still told
  for (const Provider& provider : world->providers()) {
    if (!provider.health_check) continue;
    auto lane = lane_to(*world, provider);
    if (lane == nullptr) continue;
    checks_.push_back(std::make_shared<Check>(Check{world, provider, std::move(lane)}));
    look(checks_.back());
  }
}

void HealthChecks::look(const std::shared_ptr<Check>& check) {
  const std::optional<bool> probe = check->lane->begin_check(clock_.now());
  if (!probe) return again(check);
  errands_.run(errand_to(check->provider),
               [this, check, is_probe = *probe](const Result<ErrandAnswer>& answer) { told(check, is_probe, answer); });
}

void HealthChecks::told(const std::shared_ptr<Check>& check, bool probe, const Result<ErrandAnswer>& answer) {
  constexpr int failing = 500;
  const bool is_there = answer && answer->status < failing;
  check->lane->end_check(probe, is_there, clock_.now());
  if (std::exchange(check->was_there, is_there) != is_there) {
    const std::string why = answer ? "status " + std::to_string(answer->status) : answer.error().message();
    if (is_there) {
      log_.info("a provider is well again", {{"provider", check->provider.name}});
    } else {
      log_.warn("a provider is not well", {{"provider", check->provider.name}, {"reason", why}});
    }
  }
  again(check);
}

void HealthChecks::again(const std::shared_ptr<Check>& check) {
  const std::weak_ptr<Check> next = check;
  errands_.post_at(clock_.now() + check->provider.health_check->every, [this, next] {
    if (const auto there = next.lock()) look(there);
  });
}

}  // namespace sluice::app

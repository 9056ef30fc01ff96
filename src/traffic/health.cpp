#include <sluice/traffic/health.hpp>

#include <mutex>
#include <utility>

#include "traffic/lane.hpp"
#include "traffic/parts.hpp"
#include "traffic/shelf.hpp"

namespace sluice::traffic {
namespace {

// Its mutex is held while lanes are looked up, and their own are taken below it.
class SharedHealth final : public Health {
 public:
  explicit SharedHealth(Random random) : jitter_(std::make_shared<Jitter>(random)) {}

  std::shared_ptr<Lane> lane(const LaneName& name, const BreakerRules& rules) override {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<SharedLane> lane =
        lanes_.get(name, [&] { return std::make_shared<SharedLane>(++last_id_, rules, parts_of(name, rules)); });
    lane->follow(rules);
    return lane;
  }

  std::vector<LaneReport> report(TimePoint now) const override {
    std::vector<LaneReport> reports;
    const std::lock_guard lock(mutex_);
    lanes_.each([&](const LaneName& name, const SharedLane& lane) { reports.push_back({name, lane.look(now)}); });
    return reports;
  }

 private:
  SharedLane::Parts parts_of(const LaneName& name, const BreakerRules& rules) {
    const LaneName provider{name.provider, name.place, {}, {}};
    const LaneName key{name.provider, name.place, {}, name.key};
    const LaneName deployment{name.provider, name.place, name.deployment, {}};
    return {.provider = providers_.get(provider, [&] { return std::make_shared<ProviderPart>(rules); }),
            .key = keys_.get(key, [] { return std::make_shared<KeyPart>(); }),
            .deployment = deployments_.get(deployment, [] { return std::make_shared<DeploymentPart>(); }),
            .jitter = jitter_};
  }

  const std::shared_ptr<Jitter> jitter_;
  mutable std::mutex mutex_;
  std::uint64_t last_id_ = 0;
  Shelf<ProviderPart> providers_;
  Shelf<KeyPart> keys_;
  Shelf<DeploymentPart> deployments_;
  Shelf<SharedLane> lanes_;
};

}  // namespace

std::string_view to_string(Closed why) {
  switch (why) {
    case Closed::no:
      return "no";
    case Closed::broken:
      return "broken";
    case Closed::probing:
      return "probing";
    case Closed::rate_limited:
      return "rate_limited";
    case Closed::no_quota:
      return "no_quota";
    case Closed::key_refused:
      return "key_refused";
  }
  return "no";
}

std::unique_ptr<Health> make_health(Random random) { return std::make_unique<SharedHealth>(random); }

}  // namespace sluice::traffic

#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <tuple>
#include <utility>

#include <sluice/traffic/health.hpp>

namespace sluice::traffic {

struct ByName {
  bool operator()(const LaneName& one, const LaneName& other) const {
    return std::tie(one.provider, one.place, one.deployment, one.key) <
           std::tie(other.provider, other.place, other.deployment, other.key);
  }
};

// Things by their names, kept by those who use them: what nobody holds is forgotten. Not thread-safe.
template <class Thing>
class Shelf {
 public:
  // The thing of that name; if there is none, the one that `make` makes.
  template <class Make>
  std::shared_ptr<Thing> get(const LaneName& name, Make make) {
    if (things_.size() >= sweep_at_) sweep();
    std::weak_ptr<Thing>& place = things_[name];
    std::shared_ptr<Thing> thing = place.lock();
    if (thing == nullptr) place = thing = make();
    return thing;
  }
  // In the order of names.
  template <class Use>
  void each(Use use) const {
    for (const auto& [name, place] : things_) {
      if (const std::shared_ptr<Thing> thing = place.lock()) use(name, *thing);
    }
  }
  // Names, among them some of what was forgotten just now.
  std::size_t size() const { return things_.size(); }

 private:
  // Every now and then is enough: there are never more forgotten names than used ones, or a handful.
  void sweep() {
    std::erase_if(things_, [](const auto& item) { return item.second.expired(); });
    sweep_at_ = std::max<std::size_t>(64, things_.size() * 2);
  }

  std::map<LaneName, std::weak_ptr<Thing>, ByName> things_;
  std::size_t sweep_at_ = 64;
};

}  // namespace sluice::traffic

#include <sluice/traffic/strategy.hpp>

#include <algorithm>
#include <array>

#include "traffic/strategies/orders.hpp"

namespace sluice::traffic {
namespace {

constexpr std::array all{
    Strategy{.name = "priority", .order = order_by_priority, .keeps_affinity = true, .needs_price = false},
    Strategy{.name = "weighted", .order = order_by_weight, .keeps_affinity = true, .needs_price = false},
    Strategy{.name = "round_robin", .order = order_by_turn, .keeps_affinity = false, .needs_price = false},
    Strategy{.name = "least_busy", .order = order_by_load, .keeps_affinity = true, .needs_price = false},
    Strategy{.name = "latency", .order = order_by_latency, .keeps_affinity = true, .needs_price = false},
    Strategy{.name = "cost", .order = order_by_price, .keeps_affinity = true, .needs_price = true},
};

}  // namespace

std::span<const Strategy> strategies() { return all; }

const Strategy* strategy_named(std::string_view name) {
  const auto found =
      std::find_if(all.begin(), all.end(), [=](const Strategy& strategy) { return strategy.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace sluice::traffic

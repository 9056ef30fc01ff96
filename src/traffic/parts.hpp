#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

#include <sluice/base/id.hpp>
#include <sluice/traffic/health.hpp>
#include <sluice/traffic/retry.hpp>
#include <sluice/traffic/waiting.hpp>

#include "traffic/breaker.hpp"
#include "traffic/cooldown.hpp"
#include "traffic/ewma.hpp"

// What lanes have in common. Each part has a mutex of its own for what stands below it; what stands above takes care of
// itself. Whoever needs several takes them in this order: the lane's, the key's, the provider's, the jitter's. The
// deployment's is taken alone.
namespace sluice::traffic {

struct ProviderPart {
  explicit ProviderPart(const BreakerRules& rules) : breaker(rules) {}
  RetryBudget budget;
  mutable std::mutex mutex;
  Breaker breaker;
};

struct KeyPart {
  mutable std::mutex mutex;
  KeyCooldown cooldown;
};

struct DeploymentPart {
  WaitingRoom room;
  std::atomic<std::uint32_t> in_flight{0};
  mutable std::mutex mutex;
  Ewma first_token;        // nanoseconds
  Ewma cached_millionths;  // of the prompt
};

// Where all lanes draw from.
struct Jitter {
  explicit Jitter(Random seeded) : random(seeded) {}
  std::mutex mutex;
  Random random;
};

}  // namespace sluice::traffic

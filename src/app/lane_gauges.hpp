#pragma once

#include <string>
#include <vector>

#include <sluice/base/clock.hpp>
#include <sluice/gateway/snapshot.hpp>
#include <sluice/telemetry/metrics.hpp>

namespace sluice::app {

// What is known of every deployment of a configuration behind every key, each once, for metrics.
std::vector<Gauges::Lane> lane_gauges(const Snapshot& world, TimePoint now);

// The same for people, as JSON: each provider with its deployments, and why one is left alone.
std::string providers_json(const Snapshot& world, TimePoint now);

}  // namespace sluice::app

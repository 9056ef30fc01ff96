#pragma once

#include <string>

#include <sluice/gateway/trace.hpp>
#include <sluice/telemetry/metrics.hpp>

namespace sluice::app {

// A trace for operators, as JSON. `labels` tells what its labels say.
std::string trace_json(const Trace& trace, const Metrics& labels);

}  // namespace sluice::app

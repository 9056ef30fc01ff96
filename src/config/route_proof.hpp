#pragma once

#include "config/reader.hpp"

namespace sluice::config {

// Complains at `require` of every model that this route can lead to and that has no target with what it demands.
void prove_route(std::size_t route, const Value& require, const Config& config);

}  // namespace sluice::config

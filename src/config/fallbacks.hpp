#pragma once

#include <vector>

#include "config/reader.hpp"

namespace sluice::config {

// Reads `fallback` and `context_fallback` of all models; `values` are the models' own, one for each. Their names are
// known by now, so that every model may name every other.
void read_fallbacks(const std::vector<Value>& values, std::vector<Model>& models);

}  // namespace sluice::config

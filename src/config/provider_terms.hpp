#pragma once

#include "config/reader.hpp"

namespace sluice::config {

// The keys of a provider that say on which terms it is used, whatever its kind.
const Names& term_keys();

// Reads them: residency, retention, breaker and probe.
void read_terms(const Value& value, Provider& provider);

}  // namespace sluice::config

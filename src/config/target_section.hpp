#pragma once

#include "config/lists.hpp"

namespace sluice::config {

// The targets of `model`, whose name is known already.
void read_targets(const Value& value, const Register& providers, Model& model);

// What a model can do, of a list of names; each once, in the list's order. Nothing when no key is there.
std::optional<std::vector<Capability>> read_capabilities(const Value& value);

}  // namespace sluice::config

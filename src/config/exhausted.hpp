#pragma once

#include <vector>

#include <sluice/config/config.hpp>

#include "config/reader.hpp"

namespace sluice::config {

// Reads `on_exhausted` as it is written, whether there is such a model or not. Nothing when nothing is written, and
// after complaining.
std::optional<Exhausted> read_exhausted(const Value& value);

// Reads `on_exhausted` of a team or a key. Nothing when nothing is written, and after complaining. `models` are all of
// the file; `allowed` are the patterns of those its owner may ask for, or nothing when that is all.
std::optional<Exhausted> read_exhausted(const Value& value, const std::vector<Model>& models,
                                        const std::optional<std::vector<std::string>>& allowed);

// Whether a name may be asked for.
bool is_allowed(const std::optional<std::vector<std::string>>& patterns, std::string_view name);

}  // namespace sluice::config

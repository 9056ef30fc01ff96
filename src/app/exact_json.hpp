#pragma once

#include <optional>
#include <string_view>

#include <nlohmann/json.hpp>

namespace sluice::app {

// A JSON text of operators as a tree, in which numbers that are no whole ones, or too large, are the texts they are
// written as: no amount of money ever goes through a floating-point number. Nothing for what is no JSON (RFC 8259), has
// a member twice, or nests deeper than 32 levels.
std::optional<nlohmann::ordered_json> exact_json(std::string_view text);

}  // namespace sluice::app

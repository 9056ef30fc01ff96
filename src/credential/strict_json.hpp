#pragma once

#include <optional>
#include <string_view>

#include <nlohmann/json.hpp>

namespace sluice::credential {

// The object that `text` is; nothing when it is none, or when a member is there twice anywhere in it: of two, somebody
// else may have read the other.
std::optional<nlohmann::json> read_strict_object(std::string_view text);

}  // namespace sluice::credential

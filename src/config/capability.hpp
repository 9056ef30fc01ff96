#pragma once

#include <string_view>
#include <vector>

#include <sluice/config/config.hpp>

namespace sluice::config {

// The names of all capabilities, in the order of the enumeration.
const std::vector<std::string_view>& capability_names();

}  // namespace sluice::config

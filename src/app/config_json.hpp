#pragma once

#include <string>

#include <sluice/base/clock.hpp>
#include <sluice/config/config.hpp>

#include "app/origin.hpp"

namespace sluice::app {

// A configuration for operators to read: {"file", "sha256", "loaded_at", "config"}. Each member of it is written here
// by name, so that what nobody thought of stays out. Of a secret it tells whether it is set; of an address no more than
// whom it leads to, of a header's pattern nothing, because either may have a secret in it that is not called one.
std::string config_json(const config::Config& config, const Origin& origin, UtcTime loaded);

}  // namespace sluice::app

#pragma once

#include <optional>

#include <sluice/base/clock.hpp>

#include "config/reader.hpp"

namespace sluice::config {

// A point in time (RFC 3339); nothing when nothing is written, and after complaining.
std::optional<UtcTime> read_instant(const Value& value);

}  // namespace sluice::config

#pragma once

#include <optional>
#include <span>

#include <sluice/base/clock.hpp>
#include <sluice/http/message.hpp>
#include <sluice/traffic/health.hpp>

namespace sluice {

// What an answer's head says of what is left of our quotas, of whichever is nearest to its end: fields such as
// x-ratelimit-remaining-requests, x-ratelimit-limit-tokens and x-ratelimit-reset-tokens, or with the property last, as
// in VENDOR-ratelimit-input-tokens-remaining. Resets are durations ("6m0s", "250ms"), seconds, or RFC 3339 times.
// Nothing if nothing readable is said.
std::optional<traffic::Remaining> remaining_of(std::span<const http::Field> fields, UtcTime now);

}  // namespace sluice

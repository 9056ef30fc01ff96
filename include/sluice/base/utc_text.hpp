#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <sluice/base/clock.hpp>

// Points in time as people and programs write them (RFC 3339).
namespace sluice {

// In UTC, without fractions of seconds: "2026-12-01T00:00:00Z". For years of four digits.
std::string utc_text(UtcTime time);
// A date and time with its offset; fractions of seconds count. Nothing for anything else, leap seconds among them.
std::optional<UtcTime> parse_utc(std::string_view text);

}  // namespace sluice

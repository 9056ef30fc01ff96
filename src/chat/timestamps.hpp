#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// Points in time as RFC 3339 writes them.
namespace sluice::chat {

// Seconds since 1970; fractions are cut off. 0 when it is no such time, or one before 1970.
std::int64_t read_timestamp(std::string_view text);
// In UTC, "2026-01-31T08:00:00Z". Empty for what is not between 1970 and 9999.
std::string timestamp_of(std::int64_t seconds);

}  // namespace sluice::chat

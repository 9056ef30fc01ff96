#pragma once

#include <chrono>
#include <optional>
#include <span>

#include <sluice/base/clock.hpp>
#include <sluice/http/message.hpp>

namespace sluice {

// How long a provider asks us to wait: `retry-after-ms` if it is usable, else `retry-after` in seconds, whole or with
// a fraction, or as an HTTP date (RFC 9110 §10.2.3). Zero, negative, past and garbled values count as absent; more
// than a minute counts as a minute.
std::optional<std::chrono::milliseconds> retry_after_of(std::span<const http::Field> fields, UtcTime now);

// Whether a provider says that the same request is worth sending again (`x-should-retry`); it knows
// better than its status tells.
std::optional<bool> should_retry(std::span<const http::Field> fields);

}  // namespace sluice

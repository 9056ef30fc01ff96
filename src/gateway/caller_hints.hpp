#pragma once

#include <optional>
#include <span>

#include <sluice/base/clock.hpp>
#include <sluice/http/message.hpp>

namespace sluice {

// What clients of a widespread family say of themselves: how often they have tried this request already
// (x-stainless-retry-count), and how long they wait for an answer (x-stainless-read-timeout, seconds).
struct CallerHints {
  unsigned retries = 0;
  std::optional<Duration> patience;
};

// What is garbled counts as not said; a patience of less than a millisecond or more than a day too.
CallerHints hints_of(std::span<const http::Field> fields);

}  // namespace sluice

#include "gateway/retry_after.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ctime>
#include <string>

namespace sluice {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds longest{60'000};

std::optional<milliseconds> from_number(std::string_view text, double unit_ms) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number) || number <= 0)
    return std::nullopt;
  const double wait = std::ceil(number * unit_ms);
  if (wait >= static_cast<double>(longest.count())) return longest;
  return milliseconds(static_cast<std::int64_t>(wait));
}

// The preferred format only ("Sun, 06 Nov 1994 08:49:37 GMT"); nobody sends the obsolete ones any more.
std::optional<milliseconds> from_date(std::string_view text, UtcTime now) {
  std::tm parts{};
  const std::string date(text);
  const char* end = strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  // In seconds first: the year 9999 does not fit into the clock's nanoseconds.
  const std::time_t until = timegm(&parts);
  const std::time_t current = std::chrono::system_clock::to_time_t(now);
  if (until <= current) return std::nullopt;
  if (until - current > 60) return longest;
  const milliseconds wait = std::chrono::ceil<milliseconds>(std::chrono::system_clock::from_time_t(until) - now);
  return std::min(longest, wait);
}

}  // namespace

std::optional<milliseconds> retry_after_of(std::span<const http::Field> fields, UtcTime now) {
  if (const auto value = http::find(fields, "retry-after-ms")) {
    if (const auto wait = from_number(*value, 1)) return wait;
  }
  const auto value = http::find(fields, "retry-after");
  if (!value) return std::nullopt;
  if (const auto wait = from_number(*value, 1000)) return wait;
  return from_date(*value, now);
}

std::optional<bool> should_retry(std::span<const http::Field> fields) {
  const auto value = http::find(fields, "x-should-retry");
  if (value == "true") return true;
  if (value == "false") return false;
  return std::nullopt;
}

}  // namespace sluice

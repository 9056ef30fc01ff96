#include "gateway/quota_fields.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <ctime>
#include <string>
#include <string_view>

#include <sluice/base/text.hpp>

namespace sluice {
namespace {

enum class Property : std::uint8_t { none, limit, remaining, reset };

struct Quota {
  std::string_view what;  // "requests", "input-tokens"
  std::optional<std::uint64_t> limit;
  std::optional<std::uint64_t> remaining;
  Duration reset{};
};

// A field's name taken apart: "x-ratelimit-" property "-" what, or VENDOR "-ratelimit-" what "-" property.
struct Name {
  Property property = Property::none;
  std::string_view what;
};

Property property_named(std::string_view word) {
  if (equals_ignoring_case(word, "limit")) return Property::limit;
  if (equals_ignoring_case(word, "remaining")) return Property::remaining;
  return equals_ignoring_case(word, "reset") ? Property::reset : Property::none;
}

Name take_apart(std::string_view field) {
  constexpr std::string_view mark = "ratelimit-";
  // Most fields are others': their letters are compared one by one only behind an `r`.
  std::size_t at = 0;
  const auto is_here = [&] {
    return (field[at] | 0x20) == 'r' && equals_ignoring_case(field.substr(at, mark.size()), mark);
  };
  while (at + mark.size() <= field.size() && !is_here()) ++at;
  if (at + mark.size() > field.size()) return {};
  const std::string_view rest = field.substr(at + mark.size());
  const std::size_t first = rest.find('-');
  if (first == std::string_view::npos) return {};
  if (const Property property = property_named(rest.substr(0, first)); property != Property::none) {
    return {property, rest.substr(first + 1)};
  }
  const std::size_t last = rest.rfind('-');
  return {property_named(rest.substr(last + 1)), rest.substr(0, last)};
}

std::optional<std::uint64_t> count_in(std::string_view text) {
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return count;
}

constexpr double longest_seconds = 86'400;

// "6m0s", "1h2m", "250ms", "1.5s", or a number of seconds.
std::optional<double> seconds_in(std::string_view text) {
  double seconds = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (error != std::errc() || !std::isfinite(number) || number < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const std::size_t unit_size = std::min(text.find_first_of("0123456789."), text.size());
    const std::string_view unit = text.substr(0, unit_size);
    text.remove_prefix(unit_size);
    const double scale = unit.empty() || unit == "s" ? 1
                         : unit == "ms"              ? 0.001
                         : unit == "m"               ? 60
                         : unit == "h"               ? 3600
                                                     : 0;
    if (scale == 0) return std::nullopt;
    seconds += number * scale;
  }
  return seconds;
}

std::optional<double> seconds_until(std::string_view text, UtcTime now) {
  std::tm parts{};
  const std::string date(text);
  const char* end = strptime(date.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (end == nullptr) return std::nullopt;
  return std::difftime(timegm(&parts), std::chrono::system_clock::to_time_t(now));
}

Duration reset_in(std::string_view text, UtcTime now) {
  const auto seconds = text.find('T') != std::string_view::npos ? seconds_until(text, now) : seconds_in(text);
  if (!seconds || *seconds <= 0) return {};
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(std::min(*seconds, longest_seconds)));
}

bool is_nearer(const traffic::Remaining& left, const traffic::Remaining& right) {
  // As shares of their limits; what has no limit counts by what is left alone.
  const double left_share =
      left.limit == 0 ? (left.left == 0 ? 0 : 1) : static_cast<double>(left.left) / static_cast<double>(left.limit);
  const double right_share =
      right.limit == 0 ? (right.left == 0 ? 0 : 1) : static_cast<double>(right.left) / static_cast<double>(right.limit);
  return left_share < right_share;
}

}  // namespace

std::optional<traffic::Remaining> remaining_of(std::span<const http::Field> fields, UtcTime now) {
  std::array<Quota, 8> quotas;
  std::size_t count = 0;
  for (const http::Field& field : fields) {
    const Name name = take_apart(field.name);
    if (name.property == Property::none) continue;
    std::size_t i = 0;
    while (i < count && !equals_ignoring_case(quotas[i].what, name.what)) ++i;
    if (i == quotas.size()) continue;
    if (i == count) quotas[count++].what = name.what;
    if (name.property == Property::limit) quotas[i].limit = count_in(field.value);
    if (name.property == Property::remaining) quotas[i].remaining = count_in(field.value);
    if (name.property == Property::reset) quotas[i].reset = reset_in(field.value, now);
  }
  std::optional<traffic::Remaining> nearest;
  for (const Quota& quota : std::span(quotas).first(count)) {
    if (!quota.remaining) continue;
    const traffic::Remaining told{quota.limit.value_or(0), *quota.remaining, quota.reset};
    if (!nearest || is_nearer(told, *nearest)) nearest = told;
  }
  return nearest;
}

}  // namespace sluice

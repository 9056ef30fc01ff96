#include <algorithm>
#include <array>
#include <utility>

#include <sluice/base/text.hpp>

#include "config/route_when.hpp"

namespace sluice::config {
namespace {

using Hours = Route::When::Hours;
constexpr std::array<std::string_view, 7> days{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr std::uint16_t minutes_of_a_day = 24 * 60;
constexpr std::uint16_t farthest_zone = 14 * 60;  // the easternmost one in use is 14 hours ahead

// "HH:MM" in minutes, up to 24:00.
std::optional<std::uint16_t> parse_clock(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto hours = parse_decimal(text.substr(0, 2));
  const auto minutes = parse_decimal(text.substr(3));
  if (!hours || !minutes || *minutes > 59) return std::nullopt;
  const auto all = static_cast<std::uint16_t>(*hours * 60 + *minutes);
  return all <= minutes_of_a_day ? std::optional(all) : std::nullopt;
}

// The end of a day is the beginning of the next.
void read_clock(const Value& value, std::uint16_t most, std::uint16_t& out) {
  const auto text = value.text();
  if (!text) return;
  const auto minutes = parse_clock(*text);
  if (!minutes || *minutes > most)
    return value.wrong("found " + in_quotes(value.raw()), "write a time of the day like 08:00 or 17:30");
  out = *minutes % minutes_of_a_day;
}

std::optional<std::size_t> day_named(std::string_view name) {
  const auto found = std::find(days.begin(), days.end(), name);
  if (found == days.end()) return std::nullopt;
  return static_cast<std::size_t>(found - days.begin());
}

// A day, or the first and the last of several in a row ("sat-mon"), as bits.
std::optional<std::uint8_t> parse_days(std::string_view text) {
  const std::size_t dash = std::min(text.find('-'), text.size());
  const auto first = day_named(text.substr(0, dash));
  const auto last = dash == text.size() ? first : day_named(text.substr(dash + 1));
  if (!first || !last) return std::nullopt;
  unsigned bits = 1u << *last;
  for (std::size_t day = *first; day != *last; day = (day + 1) % days.size()) bits |= 1u << day;
  return static_cast<std::uint8_t>(bits);
}

void read_days(const Value& value, std::uint8_t& out) {
  unsigned bits = 0;
  for (const Value& item : one_or_more(value)) {
    const auto text = item.text();
    if (!text) continue;
    const auto some = parse_days(*text);
    if (!some) item.wrong("found " + in_quotes(item.raw()), "use " + listed(days) + ", or a range like mon-fri");
    bits |= some.value_or(0);
  }
  if (bits != 0) out = static_cast<std::uint8_t>(bits);
}

void read_zone(const Value& value, std::int16_t& out) {
  const auto text = value.text();
  if (!text || *text == "UTC") return;
  const bool is_signed = text->starts_with('+') || text->starts_with('-');
  const auto distance = is_signed ? parse_clock(std::string_view(*text).substr(1)) : std::nullopt;
  if (!distance || *distance > farthest_zone)
    return value.wrong("found " + in_quotes(value.raw()), "write UTC, or the distance from it like +02:00 or -05:30");
  const int minutes = *distance;
  out = static_cast<std::int16_t>(text->starts_with('-') ? -minutes : minutes);
}

}  // namespace

void read_hours(const Value& value, std::optional<Hours>& out) {
  const Section section(value, {"from", "to", "days", "zone"});
  if (!value.written() || (!value.empty() && value.shape() != Shape::mapping)) return;
  if (!section["from"].written() && !section["to"].written() && !section["days"].written())
    return value.wrong("says no time", "write from, to or days");
  Hours hours;
  read_clock(section["from"], minutes_of_a_day - 1, hours.from);
  read_clock(section["to"], minutes_of_a_day, hours.to);
  read_days(section["days"], hours.days);
  read_zone(section["zone"], hours.zone);
  out = hours;
}

}  // namespace sluice::config

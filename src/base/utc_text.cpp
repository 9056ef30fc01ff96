#include <sluice/base/utc_text.hpp>

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

namespace sluice {
namespace {

using namespace std::chrono;

// So many digits at the front, taken off.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  int value = 0;
  if (text.size() < count) return std::nullopt;
  for (const char digit : text.substr(0, count)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    value = value * 10 + (digit - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<nanoseconds> take_fraction(std::string_view& text) {
  if (!take(text, ".")) return nanoseconds(0);
  nanoseconds fraction{};
  nanoseconds unit = 100ms;
  std::size_t digits = 0;
  for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; ++digits, unit /= 10) {
    fraction += unit * (text.front() - '0');
    text.remove_prefix(1);
  }
  if (digits == 0) return std::nullopt;
  return fraction;
}

// How far east of UTC the clock is.
std::optional<minutes> take_offset(std::string_view& text) {
  if (take(text, "Zz")) return minutes(0);
  const bool west = !text.empty() && text.front() == '-';
  if (!take(text, "+-")) return std::nullopt;
  const auto hour = take_digits(text, 2);
  const bool parted = take(text, ":");
  const auto minute = take_digits(text, 2);
  if (!hour || !minute || !parted || *hour > 23 || *minute > 59) return std::nullopt;
  const minutes offset = hours(*hour) + minutes(*minute);
  return west ? -offset : offset;
}

}  // namespace

std::string utc_text(UtcTime time) {
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<seconds>(time - day));
  std::array<char, 48> text;
  const int size = std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ",
                                 static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                                 static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                                 static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
  return {text.data(), static_cast<std::size_t>(size)};
}

std::optional<UtcTime> parse_utc(std::string_view text) {
  const auto year_read = take_digits(text, 4);
  if (!year_read || !take(text, "-")) return std::nullopt;
  const auto month_read = take_digits(text, 2);
  if (!month_read || !take(text, "-")) return std::nullopt;
  const auto day_read = take_digits(text, 2);
  if (!day_read || !take(text, "Tt ")) return std::nullopt;
  const auto hour = take_digits(text, 2);
  if (!hour || !take(text, ":")) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || !take(text, ":")) return std::nullopt;
  const auto second = take_digits(text, 2);
  if (!second || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  const auto fraction = take_fraction(text);
  const auto offset = take_offset(text);
  const year_month_day date{year(*year_read), month(static_cast<unsigned>(*month_read)),
                            day(static_cast<unsigned>(*day_read))};
  if (!fraction || !offset || !text.empty() || !date.ok()) return std::nullopt;
  // What the clock can hold: a little less than three centuries around 1970.
  if (*year_read < 1700 || *year_read > 2250) return std::nullopt;
  return UtcTime(sys_days(date)) + hours(*hour) + minutes(*minute) + seconds(*second) + *fraction - *offset;
}

}  // namespace sluice

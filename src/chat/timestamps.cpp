#include "chat/timestamps.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

#include <sluice/base/text.hpp>

namespace sluice::chat {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Whether the text begins like this, where each 0 stands for any digit.
bool has_form(std::string_view text, std::string_view form) {
  if (text.size() < form.size()) return false;
  for (std::size_t i = 0; i < form.size(); ++i) {
    if (form[i] == '0' ? !is_digit(text[i]) : text[i] != form[i]) return false;
  }
  return true;
}

int number_in(std::string_view text, std::size_t at, std::size_t size) {
  return static_cast<int>(parse_decimal(text.substr(at, size)).value_or(0));
}

// Seconds by which local time is ahead: "Z", "+02:00". Fractions of a second stand before it.
std::optional<int> offset_in(std::string_view text) {
  if (text.starts_with('.')) {
    const auto* const end = std::find_if_not(text.begin() + 1, text.end(), is_digit);
    text.remove_prefix(static_cast<std::size_t>(end - text.begin()));
  }
  if (text == "Z") return 0;
  if (text.size() != 6 || !(has_form(text, "+00:00") || has_form(text, "-00:00"))) return std::nullopt;
  const int seconds = number_in(text, 1, 2) * 3600 + number_in(text, 4, 2) * 60;
  return text.front() == '-' ? -seconds : seconds;
}

}  // namespace

std::int64_t read_timestamp(std::string_view text) {
  constexpr std::string_view form = "0000-00-00T00:00:00";
  if (!has_form(text, form)) return 0;
  const auto offset = offset_in(text.substr(form.size()));
  const std::chrono::year_month_day date{std::chrono::year(number_in(text, 0, 4)),
                                         std::chrono::month(static_cast<unsigned>(number_in(text, 5, 2))),
                                         std::chrono::day(static_cast<unsigned>(number_in(text, 8, 2)))};
  const int hours = number_in(text, 11, 2);
  const int minutes = number_in(text, 14, 2);
  const int seconds = number_in(text, 17, 2);
  if (!offset || !date.ok() || hours > 23 || minutes > 59 || seconds > 59) return 0;
  const auto days = std::chrono::sys_days(date).time_since_epoch();
  const std::int64_t since =
      std::chrono::duration_cast<std::chrono::seconds>(days).count() + hours * 3600 + minutes * 60 + seconds - *offset;
  return std::max<std::int64_t>(since, 0);
}

std::string timestamp_of(std::int64_t seconds) {
  constexpr std::int64_t last = 253'402'300'799;  // of the year 9999
  if (seconds <= 0 || seconds > last) return {};
  const std::chrono::sys_seconds when{std::chrono::seconds(seconds)};
  const auto day = std::chrono::floor<std::chrono::days>(when);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(when - day);
  std::string text;
  const auto add = [&](std::int64_t number, std::size_t digits, std::string_view behind) {
    const std::string spelled = std::to_string(number);
    text.append(digits > spelled.size() ? digits - spelled.size() : 0, '0') += spelled;
    text += behind;
  };
  add(static_cast<int>(date.year()), 4, "-");
  add(static_cast<unsigned>(date.month()), 2, "-");
  add(static_cast<unsigned>(date.day()), 2, "T");
  add(time.hours().count(), 2, ":");
  add(time.minutes().count(), 2, ":");
  add(time.seconds().count(), 2, "Z");
  return text;
}

}  // namespace sluice::chat

#include <sluice/ledger/terms.hpp>

#include <chrono>
#include <exception>

#include <date/date.h>
#include <date/tz.h>

namespace sluice::ledger {

// The system's table of zones is read once, by the first who asks for a zone, and stays for the life of the process.
struct Calendar::Zone {
  const date::time_zone* rules = nullptr;  // null: UTC
};

namespace {

using LocalDays = date::local_days;

UtcTime first_instant(const date::time_zone* zone, LocalDays day) {
  if (zone == nullptr) return UtcTime(day.time_since_epoch());
  // Of a midnight that comes twice the first; instead of one that is skipped, the instant behind it.
  return zone->to_sys(day, date::choose::earliest);
}

LocalDays local_day(const date::time_zone* zone, UtcTime now) {
  if (zone == nullptr) return LocalDays(date::floor<date::days>(now).time_since_epoch());
  return date::floor<date::days>(zone->to_local(now));
}

LocalDays first_day(Budget::Window window, LocalDays day) {
  if (window == Budget::Window::week) return day - (date::weekday(day) - date::Monday);
  if (window == Budget::Window::month) {
    const date::year_month_day date(day);
    return LocalDays(date.year() / date.month() / 1);
  }
  return day;
}

LocalDays next_first_day(Budget::Window window, LocalDays first) {
  if (window == Budget::Window::week) return first + date::weeks(1);
  if (window == Budget::Window::month) {
    const date::year_month_day date(first);
    return LocalDays((date.year() / date.month() + date::months(1)) / 1);
  }
  return first + date::days(1);
}

Span window_of_days(const date::time_zone* zone, Budget::Window window, UtcTime now) {
  LocalDays first = first_day(window, local_day(zone, now));
  LocalDays next = next_first_day(window, first);
  UtcTime end = first_instant(zone, next);
  // A zone may set its clocks back over midnight: the day that is over does not come again.
  while (end <= now) {
    first = next;
    next = next_first_day(window, first);
    end = first_instant(zone, next);
  }
  return {first_instant(zone, first), end};
}

// Hours are cut where a zone changes its clocks: an hour that comes twice is two windows.
Span window_of_an_hour(const date::time_zone* zone, UtcTime now) {
  using std::chrono::hours;
  if (zone == nullptr) {
    const auto begin = date::floor<hours>(now);
    return {begin, begin + hours(1)};
  }
  const date::sys_info info = zone->get_info(now);
  const UtcTime begin = date::floor<hours>(now + info.offset) - info.offset;
  Span span{begin, begin + hours(1)};
  // Compared in seconds, which is all they have: the table reaches further than a UtcTime does.
  if (info.begin > date::floor<std::chrono::seconds>(span.from)) span.from = info.begin;
  if (info.end < date::floor<std::chrono::seconds>(span.to)) span.to = info.end;
  return span;
}

}  // namespace

std::optional<Calendar> Calendar::in(const std::string& zone) {
  Zone found;
  if (!zone.empty()) {
    try {
      found.rules = date::locate_zone(zone);
      // Reads the zone's own table, which may be broken.
      found.rules->get_info(date::sys_seconds{});
    } catch (const std::exception&) {
      return std::nullopt;
    }
  }
  return Calendar(std::make_shared<const Zone>(found));
}

Span Calendar::window(Budget::Window window, UtcTime now) const {
  if (window == Budget::Window::total) return {UtcTime{}, UtcTime::max()};
  if (window == Budget::Window::hour) return window_of_an_hour(zone_->rules, now);
  return window_of_days(zone_->rules, window, now);
}

}  // namespace sluice::ledger

#pragma once

#include <chrono>
#include <cstdio>
#include <string>

#include <sluice/base/clock.hpp>

namespace sluice::ledger {

// "2026-03-29T00:59:59", in UTC.
inline UtcTime at(const std::string& text) {
  int year = 0;
  unsigned month = 0, day = 0;
  int hour = 0, minute = 0, second = 0;
  std::sscanf(text.c_str(), "%d-%u-%uT%d:%d:%d", &year, &month, &day, &hour, &minute, &second);
  const std::chrono::sys_days date(std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day));
  return date + std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second);
}

}  // namespace sluice::ledger

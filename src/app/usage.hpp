#pragma once

#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include <sluice/base/clock.hpp>
#include <sluice/base/result.hpp>
#include <sluice/ledger/usage_report.hpp>

namespace sluice::app {

struct UsageOptions {
  std::vector<std::string> by{};
  std::string since{};  // a time, a date, or how long ago: "2026-11-28T00:00:00Z", "2026-11-28", "24h"; empty: ever
  std::string until{};
  std::string team{};            // only its usage; empty: everybody's
  std::string format = "table";  // table, json, csv, focus
  // As in ledger::UsageQuery.
  std::function<std::optional<ledger::NanoUsd>(const ledger::AttemptRecord&)> price{};
};

// A point in time as it is written above. Nothing for anything else.
std::optional<UtcTime> point_in_time(const std::string& text, UtcTime now);

// The query those options mean, or what is wrong with them. A report in the columns of FOCUS has its dimensions, and
// tags.
Result<ledger::UsageQuery> usage_query(const UsageOptions& options, UtcTime now);

// Prints what was spent, out of the usage database `file`. An exit code: 0, 64 for options that make no sense, 66 when
// there is no such database, 74 when it cannot be read.
int usage(const UsageOptions& options, const std::string& file, UtcTime now, std::ostream& out, std::ostream& err);

}  // namespace sluice::app

#include "app/usage.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <ostream>
#include <utility>

#include <sluice/base/utc_text.hpp>

#include "app/exit_codes.hpp"
#include "app/key_words.hpp"
#include "app/usage_text.hpp"

namespace sluice::app {
namespace {

constexpr std::chrono::years longest_ago{100};

Error bad_time(const char* option, const std::string& text) {
  return Error(Fault::bad_request, Blame::client, "",
               std::string(option) + ": \"" + text +
                   "\" is no point in time; write 2026-11-28T00:00:00Z, 2026-11-28, or how long ago: 24h");
}

}  // namespace

std::optional<UtcTime> point_in_time(const std::string& text, UtcTime now) {
  if (const auto time = parse_utc(text)) return time;
  if (const auto day = parse_utc(text + "T00:00:00Z")) return day;
  const auto ago = duration_in(text);
  if (ago && *ago <= longest_ago) return now - *ago;
  return std::nullopt;
}

Result<ledger::UsageQuery> usage_query(const UsageOptions& options, UtcTime now) {
  ledger::UsageQuery query;
  query.price = options.price;
  for (const std::string& dimension : options.by) {
    if (!ledger::is_usage_dimension(dimension)) {
      return Error(
          Fault::bad_request, Blame::client, "",
          "--by: \"" + dimension +
              "\" is no dimension; use team, key, model, provider, route, organisation, day, hour or tag.NAME");
    }
    if (std::find(query.by.begin(), query.by.end(), dimension) != query.by.end()) continue;
    query.by.push_back(dimension);
  }
  if (options.format == "focus") {
    const auto is_tag = [](const std::string& dimension) { return dimension.starts_with("tag."); };
    if (!std::all_of(query.by.begin(), query.by.end(), is_tag)) {
      return Error(Fault::bad_request, Blame::client, "",
                   "--by: with --format focus the columns are given; only tag.NAME may be added");
    }
    query.by = focus_dimensions(query.by);
  }
  if (!options.since.empty()) {
    query.since = point_in_time(options.since, now);
    if (!query.since) return bad_time("--since", options.since);
  }
  if (!options.until.empty()) {
    query.until = point_in_time(options.until, now);
    if (!query.until) return bad_time("--until", options.until);
  }
  if (!options.team.empty()) query.team = options.team;
  return query;
}

int usage(const UsageOptions& options, const std::string& file, UtcTime now, std::ostream& out, std::ostream& err) {
  const Result<ledger::UsageQuery> query = usage_query(options, now);
  if (!query) {
    err << "sluice: " << query.error().message() << '\n';
    return exit_usage;
  }
  std::error_code code;
  if (file.empty() || !std::filesystem::exists(file, code)) {
    err << "sluice: there is no usage database" << (file.empty() ? "" : " " + file)
        << "; a daemon makes it when it serves\n";
    return exit_no_input;
  }
  const Result<ledger::UsageReport> report = ledger::read_usage(file, *query);
  if (!report) {
    err << "sluice: " << report.error().message() << '\n';
    return exit_io;
  }
  if (options.format == "json") {
    out << usage_json(*report, query->by) << '\n';
  } else if (options.format == "csv") {
    write_usage_csv(*report, query->by, out);
  } else if (options.format == "focus") {
    write_usage_focus(*report, query->by, out);
  } else {
    write_usage_table(*report, query->by, out);
  }
  return 0;
}

}  // namespace sluice::app

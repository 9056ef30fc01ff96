#include "app/usage.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <ostream>
#include <utility>

#include <nlohmann/json.hpp>
#include <sluice/base/utc_text.hpp>

#include "app/exit_codes.hpp"
#include "app/key_words.hpp"

namespace sluice::app {
namespace {

constexpr std::chrono::years longest_ago{100};

using Row = ledger::UsageRow;

// The columns behind the dimensions.
struct Column {
  const char* name;
  std::uint64_t Row::*count;
};
constexpr std::array<Column, 12> columns{{
    {"requests", &Row::requests},
    {"attempts", &Row::attempts},
    {"errors", &Row::errors},
    {"input_tokens", &Row::input_tokens},
    {"output_tokens", &Row::output_tokens},
    {"cache_read_tokens", &Row::cache_read_tokens},
    {"cache_write_tokens", &Row::cache_write_tokens},
    {"reasoning_tokens", &Row::reasoning_tokens},
    {"took_us_p50", &Row::took_us_p50},
    {"took_us_p95", &Row::took_us_p95},
    {"first_token_us_p50", &Row::first_token_us_p50},
    {"first_token_us_p95", &Row::first_token_us_p95},
}};
constexpr const char* cost_column = "cost_nano_usd";

std::string quoted_for_csv(const std::string& text) {
  // A cell that begins like a formula is one to a spreadsheet.
  const bool is_formula = !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos;
  const std::string safe = (is_formula ? "'" : "") + text;
  if (safe.find_first_of(",\"\r\n") == std::string::npos) return safe;
  std::string quoted = "\"";
  for (const char letter : safe) quoted.append(letter == '"' ? 2 : 1, letter);
  return quoted + '"';
}

std::vector<std::vector<std::string>> cells_of(const ledger::UsageReport& report, const std::vector<std::string>& by) {
  std::vector<std::vector<std::string>> lines(1, by);
  for (const Column& column : columns) lines[0].emplace_back(column.name);
  lines[0].emplace_back(cost_column);
  for (const Row& row : report.rows) {
    std::vector<std::string>& line = lines.emplace_back();
    for (const std::optional<std::string>& value : row.group) line.push_back(value.value_or(""));
    for (const Column& column : columns) line.push_back(std::to_string(row.*column.count));
    line.push_back(std::to_string(row.cost));
  }
  return lines;
}

// What people look for first: how much, of what, for how much money.
void write_table(const ledger::UsageReport& report, const std::vector<std::string>& by, std::ostream& out) {
  std::vector<std::vector<std::string>> lines(1, by);
  for (const char* name : {"requests", "errors", "input", "output", "usd"}) lines[0].emplace_back(name);
  for (const Row& row : report.rows) {
    std::vector<std::string>& line = lines.emplace_back();
    for (const std::optional<std::string>& value : row.group) line.push_back(value.value_or("-"));
    for (const std::uint64_t count : {row.requests, row.errors, row.input_tokens, row.output_tokens}) {
      line.push_back(std::to_string(count));
    }
    std::string places = std::to_string(row.cost % ledger::one_usd);
    places.insert(0, 9 - places.size(), '0');
    line.push_back(std::to_string(row.cost / ledger::one_usd) + "." + places.substr(0, 6));
  }
  std::vector<std::size_t> widths(lines[0].size());
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      const std::string fill(widths[i] - line[i].size(), ' ');
      out << (i == 0 ? "" : "  ") << (i < by.size() ? line[i] + fill : fill + line[i]);
    }
    out << '\n';
  }
}

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
  if (!options.since.empty()) {
    query.since = point_in_time(options.since, now);
    if (!query.since) return bad_time("--since", options.since);
  }
  if (!options.until.empty()) {
    query.until = point_in_time(options.until, now);
    if (!query.until) return bad_time("--until", options.until);
  }
  return query;
}

std::string usage_json(const ledger::UsageReport& report, const std::vector<std::string>& by) {
  using Json = nlohmann::ordered_json;
  Json rows = Json::array();
  for (const Row& row : report.rows) {
    Json item = Json::object();
    for (std::size_t i = 0; i < by.size(); ++i) item[by[i]] = row.group[i] ? Json(*row.group[i]) : Json(nullptr);
    for (const Column& column : columns) item[column.name] = row.*column.count;
    item[cost_column] = row.cost;
    rows.push_back(std::move(item));
  }
  Json document;
  document["rows"] = std::move(rows);
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void write_usage_csv(const ledger::UsageReport& report, const std::vector<std::string>& by, std::ostream& out) {
  for (const auto& line : cells_of(report, by)) {
    for (std::size_t i = 0; i < line.size(); ++i) out << (i == 0 ? "" : ",") << quoted_for_csv(line[i]);
    out << "\r\n";  // RFC 4180
  }
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
  } else {
    write_table(*report, query->by, out);
  }
  return 0;
}

}  // namespace sluice::app

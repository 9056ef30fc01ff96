#include "app/usage_text.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <ostream>

#include <nlohmann/json.hpp>
#include <sluice/base/utc_text.hpp>
#include <sluice/ledger/money.hpp>

namespace sluice::app {
namespace {

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

// The columns of money, behind those. The last two are there where it was asked what all of it costs by other prices.
struct MoneyColumn {
  const char* name;
  ledger::NanoUsd Row::*amount;
};
constexpr std::array<MoneyColumn, 2> money_columns{
    {{"cost_nano_usd", &Row::cost}, {"cache_savings_nano_usd", &Row::cache_savings}}};
constexpr MoneyColumn repriced_column{"repriced_nano_usd", &Row::repriced};
constexpr Column unpriced_column{"unpriced_attempts", &Row::unpriced_attempts};

std::vector<std::vector<std::string>> cells_of(const ledger::UsageReport& report, const std::vector<std::string>& by) {
  std::vector<std::vector<std::string>> lines(1, by);
  for (const Column& column : columns) lines[0].emplace_back(column.name);
  for (const MoneyColumn& column : money_columns) lines[0].emplace_back(column.name);
  if (report.is_repriced) {
    lines[0].emplace_back(repriced_column.name);
    lines[0].emplace_back(unpriced_column.name);
  }
  for (const Row& row : report.rows) {
    std::vector<std::string>& line = lines.emplace_back();
    for (const std::optional<std::string>& value : row.group) line.push_back(value.value_or(""));
    for (const Column& column : columns) line.push_back(std::to_string(row.*column.count));
    for (const MoneyColumn& column : money_columns) line.push_back(std::to_string(row.*column.amount));
    if (!report.is_repriced) continue;
    line.push_back(std::to_string(row.*repriced_column.amount));
    line.push_back(std::to_string(row.*unpriced_column.count));
  }
  return lines;
}

// To six places, for people.
std::string rounded_usd(ledger::NanoUsd amount) {
  std::string places = std::to_string(amount % ledger::one_usd);
  places.insert(0, 9 - places.size(), '0');
  return std::to_string(amount / ledger::one_usd) + "." + places.substr(0, 6);
}

}  // namespace

std::string csv_cell(const std::string& text) {
  // A cell that begins like a formula is one to a spreadsheet.
  const bool is_formula = !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos;
  const std::string safe = (is_formula ? "'" : "") + text;
  if (safe.find_first_of(",\"\r\n") == std::string::npos) return safe;
  std::string quoted = "\"";
  for (const char letter : safe) quoted.append(letter == '"' ? 2 : 1, letter);
  return quoted + '"';
}

std::string usage_json(const ledger::UsageReport& report, const std::vector<std::string>& by) {
  using Json = nlohmann::ordered_json;
  Json rows = Json::array();
  for (const Row& row : report.rows) {
    Json item = Json::object();
    for (std::size_t i = 0; i < by.size(); ++i) item[by[i]] = row.group[i] ? Json(*row.group[i]) : Json(nullptr);
    for (const Column& column : columns) item[column.name] = row.*column.count;
    for (const MoneyColumn& column : money_columns) item[column.name] = row.*column.amount;
    if (report.is_repriced) {
      item[repriced_column.name] = row.*repriced_column.amount;
      item[unpriced_column.name] = row.*unpriced_column.count;
    }
    rows.push_back(std::move(item));
  }
  Json document;
  document["rows"] = std::move(rows);
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void write_usage_csv(const ledger::UsageReport& report, const std::vector<std::string>& by, std::ostream& out) {
  for (const auto& line : cells_of(report, by)) {
    for (std::size_t i = 0; i < line.size(); ++i) out << (i == 0 ? "" : ",") << csv_cell(line[i]);
    out << "\r\n";  // RFC 4180
  }
}

void write_usage_table(const ledger::UsageReport& report, const std::vector<std::string>& by, std::ostream& out) {
  std::vector<std::vector<std::string>> lines(1, by);
  for (const char* name : {"requests", "errors", "input", "output", "usd"}) lines[0].emplace_back(name);
  if (report.is_repriced) lines[0].emplace_back("repriced usd");
  for (const Row& row : report.rows) {
    std::vector<std::string>& line = lines.emplace_back();
    for (const std::optional<std::string>& value : row.group) line.push_back(value.value_or("-"));
    for (const std::uint64_t count : {row.requests, row.errors, row.input_tokens, row.output_tokens}) {
      line.push_back(std::to_string(count));
    }
    line.push_back(rounded_usd(row.cost));
    if (report.is_repriced) line.push_back(rounded_usd(row.repriced));
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

}  // namespace sluice::app

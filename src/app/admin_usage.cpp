#include "app/admin_usage.hpp"

#include <algorithm>
#include <sstream>
#include <string_view>
#include <utility>

#include <sluice/base/percent.hpp>

#include "app/usage.hpp"

namespace sluice::app {
namespace {

// The value of a parameter of a query, decoded; empty when it is not there.
std::string value_in(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(part.size() + 1, query.size()));
    if (part.size() < name.size() + 1 || !part.starts_with(name) || part[name.size()] != '=') continue;
    return percent_decoded(part.substr(name.size() + 1));
  }
  return {};
}

std::vector<std::string> listed_in(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(item.size() + 1, text.size()));
    if (!item.empty()) items.emplace_back(item);
  }
  return items;
}

net::Page tell_usage(const std::string& file, std::string_view query, UtcTime now) {
  const std::string format = value_in(query, "format");
  const UsageOptions options{listed_in(value_in(query, "by")), value_in(query, "since"), value_in(query, "until"),
                             format.empty() ? "json" : format};
  if (options.format != "json" && options.format != "csv") {
    return admin_error(400, "invalid_request", "format is json or csv");
  }
  const Result<ledger::UsageQuery> wanted = usage_query(options, now);
  if (!wanted) return admin_error(400, "invalid_request", wanted.error().message());
  const Result<ledger::UsageReport> report = ledger::read_usage(file, *wanted);
  if (!report) {
    net::Page page = admin_error(503, "storage_unavailable", "the usage database cannot be read at the moment");
    page.fields.emplace_back("retry-after", "1");
    return page;
  }
  if (options.format == "json") return json_page(usage_json(*report, wanted->by));
  net::Page page;
  std::ostringstream text;
  write_usage_csv(*report, wanted->by, text);
  page.body = std::move(text).str();
  page.content_type = "text/csv; charset=utf-8";
  return page;
}

}  // namespace

std::vector<AdminRoute> usage_routes(const std::string& file, const Clock& clock) {
  if (file.empty()) return {};
  return {{"GET",
           "/admin/v1/usage",
           Admission::token_holders,
           "What was spent; by, since, until and format as in `sluice usage`",
           {{200, "rows, one for each group", "application/json"},
            {400, "what was wrong with the request", "application/json"},
            {503, "the database cannot be read; retry-after says when to try again", "application/json"}},
           [file, &clock](std::string_view, const net::PageRequest& request) {
             return tell_usage(file, request.query, clock.utc());
           }}};
}

}  // namespace sluice::app

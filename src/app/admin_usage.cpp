#include "app/admin_usage.hpp"

#include <sstream>
#include <string_view>
#include <utility>

#include "app/key_words.hpp"
#include "app/usage.hpp"
#include "app/usage_text.hpp"

namespace sluice::app {
namespace {

net::Page tell_usage(const std::string& file, std::string_view query, UtcTime now) {
  const auto by = query_value(query, "by");
  const UsageOptions options{by ? items_in(*by) : std::vector<std::string>(), query_value(query, "since").value_or(""),
                             query_value(query, "until").value_or(""), query_value(query, "format").value_or("json")};
  if (options.format != "json" && options.format != "csv" && options.format != "focus") {
    return admin_error(400, "invalid_request", "format is json, csv or focus");
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
  (options.format == "csv" ? write_usage_csv : write_usage_focus)(*report, wanted->by, text);
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

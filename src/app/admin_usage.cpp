#include "app/admin_usage.hpp"

#include <sstream>
#include <string_view>
#include <utility>

#include "app/key_words.hpp"
#include "app/usage.hpp"
#include "app/usage_text.hpp"

namespace sluice::app {
namespace {

// Who has a team is told of that team alone.
net::Page tell_usage(const std::string& file, const Operator& who, std::string_view query, UtcTime now) {
  if (auto wrong = query_trouble(query, {"by", "since", "until", "team", "format"})) return *std::move(wrong);
  const auto by = query_value(query, "by");
  const UsageOptions options{.by = by ? items_in(*by) : std::vector<std::string>(),
                             .since = query_value(query, "since").value_or(""),
                             .until = query_value(query, "until").value_or(""),
                             .team = query_value(query, "team").value_or(""),
                             .format = query_value(query, "format").value_or("json"),
                             .price = {}};
  if (options.format != "json" && options.format != "csv" && options.format != "focus") {
    return admin_error(400, "invalid_request", "format is json, csv or focus");
  }
  if (!options.team.empty() && !who.sees(options.team)) {
    return admin_error(403, "forbidden", "an operator of the team " + who.team + " sees usage of that team only");
  }
  Result<ledger::UsageQuery> wanted = usage_query(options, now);
  if (!wanted) return admin_error(400, "invalid_request", wanted.error().message());
  if (const auto team = who.only_team()) wanted->team = *team;
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
  AdminRoute usage("GET", "/admin/v1/usage", Permission::read_usage,
                   "What was spent; by, since, until, team and format as in `sluice usage`",
                   {{200, "rows, one for each group", "application/json"},
                    {400, "what was wrong with the request", "application/json"},
                    {503, "it cannot be read at the moment; retry-after says when to try again", "application/json"}},
                   [file, &clock](const Operator& who, std::string_view, const net::PageRequest& request) {
                     return tell_usage(file, who, request.query, clock.utc());
                   });
  return {std::move(usage).made_aside()};
}

}  // namespace sluice::app

#include "app/admin_route.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <sluice/base/percent.hpp>
#include <sluice/base/text.hpp>

namespace sluice::app {

AdminRoute::AdminRoute(std::string_view method, std::string_view path, Permission permission, std::string_view summary,
                       std::vector<AdminAnswer> answers, Make make)
    : method_(method),
      path_(path),
      permission_(permission),
      summary_(summary),
      answers_(std::move(answers)),
      make_(std::move(make)) {}

std::string_view AdminRoute::parameter() const {
  const std::size_t open = path_.find('{');
  if (open == std::string_view::npos) return {};
  return path_.substr(open + 1, path_.find('}', open) - open - 1);
}

std::optional<std::string_view> AdminRoute::match(std::string_view path) const {
  const std::size_t open = path_.find('{');
  if (open == std::string_view::npos) return path == path_ ? std::optional(std::string_view()) : std::nullopt;
  const std::string_view before = path_.substr(0, open);
  const std::string_view after = path_.substr(path_.find('}', open) + 1);
  if (path.size() <= before.size() + after.size()) return std::nullopt;
  if (!path.starts_with(before) || !path.ends_with(after)) return std::nullopt;
  const std::string_view name = path.substr(before.size(), path.size() - before.size() - after.size());
  return name.find('/') == std::string_view::npos ? std::optional(name) : std::nullopt;
}

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(part.size() + 1, query.size()));
    if (part.size() <= name.size() || !part.starts_with(name) || part[name.size()] != '=') continue;
    return percent_decoded(part.substr(name.size() + 1));
  }
  return std::nullopt;
}

std::optional<net::Page> query_trouble(std::string_view query, std::initializer_list<std::string_view> known) {
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(part.size() + 1, query.size()));
    const std::string_view name = part.substr(0, part.find('='));
    if (part.empty() || (name.size() < part.size() && std::find(known.begin(), known.end(), name) != known.end()))
      continue;
    std::string message =
        "unknown parameter, or one without a value: \"" + std::string(name.substr(0, 64)) + "\"; known are";
    for (const std::string_view one : known) message.append(one == *known.begin() ? " " : ", ").append(one);
    return admin_error(400, "invalid_request", message);
  }
  return std::nullopt;
}

net::Page json_page(std::string body) {
  net::Page page;
  page.content_type = "application/json";
  page.body = std::move(body);
  return page;
}

net::Page admin_error(int status, std::string_view code, std::string_view message) {
  std::string body = R"({"error":{"code":")";
  append_json_escaped(body, code);
  body += R"(","message":")";
  append_json_escaped(body, message);
  net::Page page = json_page(body + "\"}}");
  page.status = status;
  return page;
}

}  // namespace sluice::app

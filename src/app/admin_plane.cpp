#include "app/admin_plane.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <sluice/base/id.hpp>

#include "app/admin_description.hpp"

namespace sluice::app {
namespace {

constexpr std::string_view guarded_root = "/admin/v1";
constexpr std::string_view plain = "text/plain";
constexpr std::string_view json = "application/json";

// Whether a token is needed, whatever the table says and whether or not there is such a path.
bool is_guarded(std::string_view path) {
  return path.starts_with(guarded_root) && (path.size() == guarded_root.size() || path[guarded_root.size()] == '/');
}

net::Page plain_page(int status, std::string text) {
  net::Page page;
  page.status = status;
  page.body = std::move(text);
  return page;
}

net::Page refusal(bool guarded, int status, std::string_view code, std::string_view message) {
  return guarded ? admin_error(status, code, message) : plain_page(status, std::string(message) + "\n");
}

// "GET, HEAD, POST", in the table's order.
std::string methods_of(const std::vector<const AdminRoute*>& routes) {
  std::string text;
  for (const AdminRoute* route : routes) {
    if (!text.empty()) text += ", ";
    text += route->method();
    if (route->method() == "GET") text += ", HEAD";
  }
  return text;
}

// The source outlives the page.
AdminRoute::Make page_from(const std::function<std::string()>& source) {
  return [&source](const Operator&, std::string_view, const net::PageRequest&) { return json_page(source()); };
}

net::Page lacks_permission(const Operator& who, const AdminRoute& route) {
  return admin_error(403, "forbidden",
                     "the role " + std::string(config::to_string(who.role)) + " lacks the permission " +
                         std::string(to_string(route.permission())));
}

net::Page too_many_at_once() {
  net::Page page = admin_error(503, "busy", "too many such pages are being made at the moment");
  page.fields.emplace_back("retry-after", "1");
  return page;
}

std::string whole_seconds(Duration duration) {
  return std::to_string(std::chrono::ceil<std::chrono::seconds>(duration).count());
}

}  // namespace

AdminPlane::AdminPlane(const Clock& clock, Log& log, Sources sources, const std::vector<TokenHolder>& holders)
    : clock_(clock), log_(log), sources_(std::move(sources)), guard_(holders), routes_(open_routes()) {
  add_guarded_routes();
  description_ = admin_description(routes_);
}

std::vector<AdminRoute> AdminPlane::open_routes() const {
  const auto metrics = [this](const Operator&, std::string_view, const net::PageRequest&) {
    net::Page page = plain_page(200, sources_.metrics());
    page.content_type = "text/plain; version=0.0.4; charset=utf-8";
    return page;
  };
  const auto alive = [this](const Operator&, std::string_view, const net::PageRequest&) {
    return sources_.alive() ? plain_page(200, "ok\n") : plain_page(503, "stuck\n");
  };
  const auto ready = [this](const Operator&, std::string_view, const net::PageRequest&) {
    return sources_.ready() ? plain_page(200, "ok\n") : plain_page(503, "draining\n");
  };
  return {{"GET",
           "/metrics",
           Permission::none,
           "Everything that is counted, for Prometheus",
           {{200, "Prometheus' text format", plain}},
           metrics},
          {"GET",
           "/livez",
           Permission::none,
           "Whether every worker turns",
           {{200, "they do", plain}, {503, "one is stuck", plain}},
           alive},
          {"GET",
           "/readyz",
           Permission::none,
           "Whether new requests are welcome",
           {{200, "they are", plain}, {503, "it is draining", plain}},
           ready}};
}

void AdminPlane::add_guarded_routes() {
  routes_.push_back(
      {"GET",
       "/admin/v1/openapi.json",
       Permission::read_description,
       "This description",
       {{200, "OpenAPI 3.1", json}},
       [this](const Operator&, std::string_view, const net::PageRequest&) { return json_page(description_); }});
  if (sources_.providers) {
    routes_.push_back({"GET",
                       "/admin/v1/providers",
                       Permission::read_status,
                       "The providers and how they do",
                       {{200, "all of the configuration in force", json}},
                       page_from(sources_.providers)});
  }
  if (sources_.config) {
    routes_.push_back({"GET",
                       "/admin/v1/config",
                       Permission::read_config,
                       "The configuration in force, without anything secret",
                       {{200, "all of it, and which file it came from", json}},
                       page_from(sources_.config)});
  }
  if (sources_.request) {
    routes_.push_back({"GET",
                       "/admin/v1/requests/{id}",
                       Permission::read_status,
                       "Where a recent request went, and why",
                       {{200, "its routing trace", json}},
                       [this](const Operator&, std::string_view id, const net::PageRequest&) {
                         std::optional<std::string> trace;
                         if (is_usable_request_id(id)) trace = sources_.request(id);
                         if (!trace) return admin_error(404, "not_found", "no recent request has this id");
                         return json_page(*std::move(trace));
                       }});
  }
  routes_.insert(routes_.end(), sources_.more.begin(), sources_.more.end());
}

net::Page AdminPlane::answer(const net::PageRequest& request) {
  std::variant<net::Page, net::LongPage> begun = begin(request);
  if (const net::LongPage* const later = std::get_if<net::LongPage>(&begun)) return later->make();
  return std::get<net::Page>(std::move(begun));
}

std::variant<net::Page, net::LongPage> AdminPlane::begin(const net::PageRequest& request) {
  std::vector<const AdminRoute*> here;
  for (const AdminRoute& route : routes_)
    if (route.match(request.path)) here.push_back(&route);
  const bool guarded = is_guarded(request.path) ||
                       std::any_of(here.begin(), here.end(), [](const auto* route) { return route->is_guarded(); });
  Operator who;
  if (guarded) {
    const auto judged = guard_.judge(request.authorization, request.peer, clock_.now());
    if (judged.verdict != AdminGuard::Verdict::admitted) return refusal_of(request, judged);
    who = *judged.who;
  }
  if (here.empty()) return refusal(guarded, 404, "not_found", "not found");
  for (const AdminRoute* route : here) {
    if (route->method() != request.method) continue;
    if (!has_permission(who.role, route->permission())) return lacks_permission(who, *route);
    if (!route->is_made_aside()) return route->page(who, *route->match(request.path), request);
    const auto make = [route, who, request] { return route->page(who, *route->match(request.path), request); };
    return net::LongPage{make, too_many_at_once()};
  }
  net::Page page = refusal(guarded, 405, "method_not_allowed", "method not allowed");
  page.fields.emplace_back("allow", methods_of(here));
  return page;
}

// For whom the guard did not admit.
net::Page AdminPlane::refusal_of(const net::PageRequest& request, const AdminGuard::Judgement& judged) {
  if (sources_.wrong_token && !request.authorization.empty()) sources_.wrong_token(request.peer);
  if (judged.last_straw) {
    log_.warn("wrong tokens were shown to the admin plane; that address has to wait",
              {{"peer", std::string(request.peer)}});
  }
  if (judged.verdict == AdminGuard::Verdict::made_to_wait) {
    net::Page page = admin_error(429, "too_many_failures", "too many wrong tokens from this address");
    page.fields.emplace_back("retry-after", whole_seconds(judged.wait));
    return page;
  }
  const bool none = request.authorization.empty();
  net::Page page = admin_error(
      401, "invalid_token", none ? "a token is needed, as \"authorization: Bearer TOKEN\"" : "nobody has this token");
  page.fields.emplace_back("www-authenticate", "Bearer");
  return page;
}

}  // namespace sluice::app

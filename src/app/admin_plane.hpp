#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <sluice/base/clock.hpp>
#include <sluice/net/page_server.hpp>
#include <sluice/telemetry/log.hpp>

#include "app/admin_guard.hpp"
#include "app/admin_route.hpp"

namespace sluice::app {

// What operators may ask a running daemon, as pages: a table of routes, of which everything else follows, its own
// description included. What stands in no route, or under /admin/v1 without a token, is refused, as is whoever's role
// lacks the permission that the route names.
class AdminPlane {
 public:
  // Where the pages' content comes from. Called on the page server's thread.
  struct Sources {
    std::function<std::string()> metrics;  // Prometheus' text format
    std::function<bool()> alive;
    std::function<bool()> ready;
    // These three return JSON. A route whose source is not set is not in the table.
    std::function<std::optional<std::string>(std::string_view id)> request =
        {};  // nothing: of that one nothing is known
    std::function<std::string()> providers = {};
    std::function<std::string()> config = {};
    std::vector<AdminRoute> more = {};  // routes that others make
    // Somebody at that address showed a wrong token, or was not even heard after too many.
    std::function<void(std::string_view peer)> wrong_token = {};
  };

  // Clock and log outlive it.
  AdminPlane(const Clock& clock, Log& log, Sources sources, const std::vector<TokenHolder>& holders);

  // One thread at a time, but for what is made of a LongPage.
  std::variant<net::Page, net::LongPage> begin(const net::PageRequest& request);
  // All of it here and now.
  net::Page answer(const net::PageRequest& request);
  // Replaces all tokens. From any thread.
  void use(const std::vector<TokenHolder>& holders) { guard_.use(holders); }
  const std::vector<AdminRoute>& routes() const { return routes_; }

 private:
  std::vector<AdminRoute> open_routes() const;
  void add_guarded_routes();
  net::Page refusal_of(const net::PageRequest& request, const AdminGuard::Judgement& judged);

  const Clock& clock_;
  Log& log_;
  const Sources sources_;
  AdminGuard guard_;
  std::vector<AdminRoute> routes_;
  std::string description_;  // of routes_
};

}  // namespace sluice::app

#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/clock.hpp>
#include <sluice/base/secret.hpp>
#include <sluice/net/page_server.hpp>
#include <sluice/telemetry/log.hpp>

#include "app/admin_guard.hpp"
#include "app/admin_route.hpp"

namespace sluice::app {

// What operators may ask a running daemon, as pages: a table of routes, of which everything else follows, its own
// description included. What stands in no route, or under /admin/v1 without the token, is refused.
class AdminPlane {
 public:
  // Where the pages' content comes from. Called on the page server's thread.
  struct Sources {
    std::function<std::string()> metrics;  // Prometheus' text format
    std::function<bool()> alive;
    std::function<bool()> ready;
    // These two return JSON. A route whose source is not set is not in the table.
    std::function<std::optional<std::string>(std::string_view id)> request =
        {};  // nothing: of that one nothing is known
    std::function<std::string()> providers = {};
    std::vector<AdminRoute> more = {};  // routes that others make
    // Somebody at that address showed a wrong token, or was not even heard after too many.
    std::function<void(std::string_view peer)> wrong_token = {};
  };

  // Clock and log outlive it.
  AdminPlane(const Clock& clock, Log& log, Sources sources, const Secret& token);

  // One thread at a time.
  net::Page answer(const net::PageRequest& request);
  // Replaces the token. From any thread.
  void use(const Secret& token) { guard_.use(token); }
  const std::vector<AdminRoute>& routes() const { return routes_; }

 private:
  std::vector<AdminRoute> open_routes() const;
  void add_guarded_routes();
  std::optional<net::Page> refusal_of(const net::PageRequest& request);

  const Clock& clock_;
  Log& log_;
  const Sources sources_;
  AdminGuard guard_;
  std::vector<AdminRoute> routes_;
  std::string description_;  // of routes_
};

}  // namespace sluice::app

#pragma once

#include <string_view>
#include <vector>

namespace sluice::app::testing {

struct GoldenRoute {
  std::string_view route;
  std::string_view permission;
  std::string_view roles;  // who has it, in the order viewer, operator, billing, admin
};

// Every route there is, what it takes, and who has that. A new route without a line here fails.
inline const std::vector<GoldenRoute> golden_routes{
    {"GET /metrics", "none", "anybody"},
    {"GET /livez", "none", "anybody"},
    {"GET /readyz", "none", "anybody"},
    {"GET /admin/v1/openapi.json", "read_description", "viewer operator billing admin"},
    {"GET /admin/v1/providers", "read_status", "viewer operator admin"},
    {"GET /admin/v1/config", "read_config", "viewer admin"},
    {"GET /admin/v1/requests/{id}", "read_status", "viewer operator admin"},
    {"GET /admin/v1/keys", "read_keys", "viewer operator billing admin"},
    {"POST /admin/v1/keys", "write_keys", "operator admin"},
    {"PATCH /admin/v1/keys/{id}", "write_keys", "operator admin"},
    {"DELETE /admin/v1/keys/{id}", "write_keys", "operator admin"},
    {"POST /admin/v1/keys/{id}/rotate", "write_keys", "operator admin"},
    {"GET /admin/v1/teams", "read_teams", "viewer billing admin"},
    {"GET /admin/v1/audit", "read_audit", "admin"},
    {"GET /admin/v1/usage", "read_usage", "operator billing admin"},
};

}  // namespace sluice::app::testing

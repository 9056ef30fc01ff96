#include "app/permission.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace sluice::app {
namespace {

using config::Role;

constexpr std::array<std::pair<Permission, std::string_view>, 9> permission_names{{
    {Permission::none, "none"},
    {Permission::read_description, "read_description"},
    {Permission::read_status, "read_status"},
    {Permission::read_config, "read_config"},
    {Permission::read_teams, "read_teams"},
    {Permission::read_keys, "read_keys"},
    {Permission::write_keys, "write_keys"},
    {Permission::read_usage, "read_usage"},
    {Permission::read_audit, "read_audit"},
}};

constexpr std::array of_viewers{Permission::read_description, Permission::read_status, Permission::read_config,
                                Permission::read_teams, Permission::read_keys};
constexpr std::array of_billing{Permission::read_description, Permission::read_teams, Permission::read_keys,
                                Permission::read_usage};
// Keys and usage of their own team, which the routes see to.
constexpr std::array of_team_keepers{Permission::read_description, Permission::read_status, Permission::read_keys,
                                     Permission::write_keys, Permission::read_usage};
constexpr std::array of_admins{Permission::read_description, Permission::read_status, Permission::read_config,
                               Permission::read_teams,       Permission::read_keys,   Permission::write_keys,
                               Permission::read_usage,       Permission::read_audit};

std::span<const Permission> permissions_of(Role role) {
  switch (role) {
    case Role::viewer:
      return of_viewers;
    case Role::team_keeper:
      return of_team_keepers;
    case Role::billing:
      return of_billing;
    case Role::admin:
      return of_admins;
  }
  return {};
}

}  // namespace

std::string_view to_string(Permission permission) {
  for (const auto& [named, name] : permission_names)
    if (named == permission) return name;
  return "";
}

bool has_permission(Role role, Permission permission) {
  const auto all = permissions_of(role);
  return permission == Permission::none || std::find(all.begin(), all.end(), permission) != all.end();
}

}  // namespace sluice::app

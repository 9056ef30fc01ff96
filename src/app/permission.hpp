#pragma once

#include <cstdint>
#include <string_view>

#include <sluice/config/config.hpp>

namespace sluice::app {

// What a route of the operators' plane takes of who asks.
enum class Permission : std::uint8_t {
  none,              // nothing, not even a token
  read_description,  // of the plane itself
  read_status,       // how providers do, and where requests went
  read_config,
  read_teams,
  read_keys,
  write_keys,
  read_usage,
  read_audit,
};
// "read_status"
std::string_view to_string(Permission permission);

// Whether that role has it. The whole table of who may do what is behind this function.
bool has_permission(config::Role role, Permission permission);

}  // namespace sluice::app

#include "config/planned.hpp"

#include <map>

namespace sluice::config {

const Names& planned_keys(std::string_view section) {
  static const std::map<std::string_view, Names> table{
      {"", {"storage", "prices", "unknown_price", "jwt"}},
      {"teams.*", {"bodies", "budget", "limits", "log", "on_exhausted"}},
      {"keys", {"budget"}},
      {"log", {"bodies"}},
  };
  return table.at(section);
}

}  // namespace sluice::config

#include "config/planned.hpp"

#include <map>

namespace sluice::config {

const Names& planned_keys(std::string_view section) {
  static const std::map<std::string_view, Names> table{
      {"", {}},
      {"teams.*", {"bodies", "log"}},
      {"log", {"bodies"}},
  };
  return table.at(section);
}

}  // namespace sluice::config

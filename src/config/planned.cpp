#include "config/planned.hpp"

#include <map>

namespace sluice::config {

const Names& planned_keys(std::string_view section) {
  static const std::map<std::string_view, Names> table{
      {"", {"storage", "routes", "prices", "unknown_price", "jwt"}},
      {"providers.*", {"breaker", "residency"}},
      {"models.*", {"affinity", "context_fallback", "fallback", "strategy"}},
      {"models.*.targets", {"weight"}},
      {"models.*.retry", {"on"}},
      {"teams.*", {"bodies", "budget", "limits", "log", "on_exhausted"}},
      {"keys", {"budget"}},
      {"log", {"bodies"}},
  };
  return table.at(section);
}

}  // namespace sluice::config

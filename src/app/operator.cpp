#include "app/operator.hpp"

#include <utility>

namespace sluice::app {

Principals seen_by(const Operator& who, const Principals& all) {
  Principals seen = all;
  std::erase_if(seen.keys, [&who](const Principals::WrittenKey& key) { return !who.sees(key.team); });
  std::erase_if(seen.teams, [&who](const config::Team& team) { return !who.sees(team.name); });
  return seen;
}

ledger::StoredKeys seen_by(const Operator& who, ledger::StoredKeys all) {
  std::erase_if(all.keys, [&who](const ledger::StoredKey& key) { return !who.sees(key.team); });
  return all;
}

}  // namespace sluice::app

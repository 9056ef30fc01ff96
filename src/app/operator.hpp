#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <sluice/config/config.hpp>
#include <sluice/ledger/stored_key.hpp>

#include "app/key_words.hpp"

namespace sluice::app {

// Who is asking on the operators' plane.
struct Operator {
  std::string name;  // as the audit trail has it
  config::Role role = config::Role::viewer;
  std::string team = {};  // of a team_keeper

  // The one team whose keys and usage are theirs; nothing: everybody's.
  std::optional<std::string> only_team() const {
    return role == config::Role::team_keeper ? std::optional(team) : std::nullopt;
  }
  // Whether what belongs to that team is there for them. What belongs to none is there for those of no team only.
  bool sees(std::string_view of_team) const {
    return role != config::Role::team_keeper || (!team.empty() && team == of_team);
  }
};

// What of it is there for that operator.
Principals seen_by(const Operator& who, const Principals& all);
ledger::StoredKeys seen_by(const Operator& who, ledger::StoredKeys all);

}  // namespace sluice::app

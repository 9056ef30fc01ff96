#pragma once

#include <sluice/ledger/terms.hpp>

#include "config/reader.hpp"

// What somebody may use and spend: the keys `limits` and `budget`, wherever they stand.
namespace sluice::config {

// `owner` is the mapping that has the two keys. Only a team has keys that can share its limits fairly.
enum class Owner : std::uint8_t { team, somebody_else };
ledger::Terms read_allowance(const Value& owner, Owner kind = Owner::somebody_else);

// One budget, or a list of them.
std::vector<ledger::Budget> read_budgets(const Value& value);

}  // namespace sluice::config

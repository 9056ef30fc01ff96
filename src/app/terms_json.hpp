#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>
#include <sluice/ledger/terms.hpp>

// What somebody may use and spend as JSON, written as in a configuration; amounts of money are texts, because a number
// of JSON is not exact for everybody who reads it.
namespace sluice::app {

// Adds "limits" and "budget", a list; what a budget has not is not told.
void add_terms(const ledger::Terms& terms, nlohmann::ordered_json& owner);

// What "on_exhausted" says: a model, or, where that is empty, "refuse".
nlohmann::ordered_json exhausted_json(const std::string& downgrade);

}  // namespace sluice::app

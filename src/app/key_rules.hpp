#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>
#include <sluice/base/clock.hpp>
#include <sluice/base/result.hpp>
#include <sluice/ledger/stored_key.hpp>

// What a key may do, use and spend, as members of a JSON object.
namespace sluice::app {

// "limits", "budget" and "on_exhausted", as they are written in a configuration; amounts of money are texts.
void tell_terms(const ledger::Terms& terms, const std::optional<std::string>& exhausted, nlohmann::ordered_json& key);

// Makes of a key what a patch (RFC 7396) says of it: "models", "endpoints", "cidrs", "expires", and the three above.
// What is null is as it is by itself, of "limits" each alone, and what is not there stays; "budget" is replaced as a
// whole. "raise" adds to one of the budgets: {"usd", "until", "per"}, the last where there are several. Other members
// are not looked at. An Error says what is wrong, after which the key is of no use.
Result<> apply_rules(const nlohmann::ordered_json& patch, UtcTime now, ledger::NewKey& key);

// The text of a member, nothing when it is null or not there, or an Error that says it is no string.
Result<std::optional<std::string>> text_in(const nlohmann::ordered_json& object, const char* name);

}  // namespace sluice::app

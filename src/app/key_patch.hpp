#pragma once

#include <nlohmann/json.hpp>
#include <sluice/base/result.hpp>
#include <sluice/ledger/stored_key.hpp>

#include "app/keys.hpp"

namespace sluice::app {

// What the options of `sluice keys create` and `change` say of a key, as a patch for apply_rules(). A --limit and a
// --budget are about the one of that name or window, so the key as it is now is needed. An Error, "invalid_option", is
// about an option that cannot be read.
Result<nlohmann::ordered_json> patch_of(const KeyOptions& options, const ledger::NewKey& key);

}  // namespace sluice::app

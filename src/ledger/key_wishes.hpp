#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/clock.hpp>
#include <sluice/base/result.hpp>
#include <sluice/ledger/stored_key.hpp>

namespace sluice::ledger {

// What is wrong with what is wanted of a key, as far as the key itself tells.
Result<> check_wishes(const NewKey& wanted, UtcTime now);

// What would make a key of these rules anew, and the other way round: what may be changed of a key.
NewKey wish_behind(const StoredKey& key);
void fulfil(const NewKey& wanted, StoredKey& key);

// Lists as a column has them: a line for each item, of which none has a line break.
std::string lines_of(const std::vector<std::string>& items);
std::vector<std::string> items_of(std::string_view lines);

}  // namespace sluice::ledger

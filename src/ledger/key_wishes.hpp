#pragma once

#include <sluice/base/clock.hpp>
#include <sluice/base/result.hpp>
#include <sluice/ledger/stored_key.hpp>

namespace sluice::ledger {

// What is wrong with what is wanted of a key, as far as the key itself tells.
Result<> check_wishes(const NewKey& wanted, UtcTime now);

// Lists as a column has them: a line for each item, of which none has a line break.
std::string lines_of(const std::vector<std::string>& items);
std::vector<std::string> items_of(std::string_view lines);

}  // namespace sluice::ledger

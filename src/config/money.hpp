#pragma once

#include <optional>

#include <sluice/ledger/money.hpp>

#include "config/reader.hpp"

// Amounts of money, which are read digit by digit: no floating-point number ever stands for one.
namespace sluice::config {

// An amount of USD ("500", "0.5") in nano-USD; nothing when nothing is written, and after complaining. What is more
// than this is a mistake.
inline constexpr ledger::NanoUsd most_money = 1'000'000'000 * ledger::one_usd;
std::optional<ledger::NanoUsd> read_money(const Value& value);

}  // namespace sluice::config

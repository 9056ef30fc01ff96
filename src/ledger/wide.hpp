#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include <sluice/ledger/money.hpp>

namespace sluice::ledger {

// Holds the product of any two numbers of 64 bits.
__extension__ using Wide = unsigned __int128;

inline constexpr NanoUsd most_money = std::numeric_limits<NanoUsd>::max();

// Neither amount is below zero, and nor is the sum: it stops at the largest amount.
inline NanoUsd sum_of(NanoUsd one, NanoUsd other) { return one > most_money - other ? most_money : one + other; }

// What is left of an amount; zero when more was taken than there was.
inline NanoUsd rest_of(NanoUsd amount, NanoUsd taken) { return amount > taken ? amount - taken : 0; }

// No price, no provider and no arithmetic of others makes an amount negative.
inline NanoUsd not_negative(NanoUsd amount) { return std::max<NanoUsd>(amount, 0); }

}  // namespace sluice::ledger

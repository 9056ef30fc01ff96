#pragma once

#include <cstdint>

namespace sluice::ledger {

// An amount of money in nano-USD (10^-9 USD). Never a floating-point number; the largest is about 9.2 billion USD.
using NanoUsd = std::int64_t;

inline constexpr NanoUsd one_usd = 1'000'000'000;

}  // namespace sluice::ledger

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::ledger {

// An amount of money in nano-USD (10^-9 USD). Never a floating-point number; the largest is about 9.2 billion USD.
using NanoUsd = std::int64_t;

inline constexpr NanoUsd one_usd = 1'000'000'000;

// For people: exact, with at least two places and none that say nothing: "0.00", "12.50", "0.001234". Negative amounts
// are nothing.
std::string usd(NanoUsd amount);

// "3.75" USD in nano-USD, exactly; nothing for anything else than digits with up to nine decimals, or more than fits.
std::optional<NanoUsd> usd_in(std::string_view text);

}  // namespace sluice::ledger

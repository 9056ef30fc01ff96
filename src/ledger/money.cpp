#include <sluice/ledger/money.hpp>

#include <algorithm>
#include <limits>

#include <sluice/base/text.hpp>

namespace sluice::ledger {

std::string usd(NanoUsd amount) {
  const NanoUsd owed = std::max<NanoUsd>(amount, 0);
  std::string places = std::to_string(owed % one_usd);
  places.insert(0, 9 - places.size(), '0');
  while (places.size() > 2 && places.back() == '0') places.pop_back();
  return std::to_string(owed / one_usd) + '.' + places;
}

std::optional<NanoUsd> usd_in(std::string_view text) {
  constexpr std::size_t most_decimals = 9;
  constexpr auto nanos = static_cast<std::uint64_t>(one_usd);
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<NanoUsd>::max());
  const std::size_t point = text.find('.');
  const auto whole = parse_decimal(text.substr(0, point));
  if (!whole || *whole > most / nanos - 1) return std::nullopt;
  std::uint64_t part = 0;
  if (point != std::string_view::npos) {
    const std::string_view decimals = text.substr(point + 1);
    const auto number = parse_decimal(decimals);
    if (!number || decimals.size() > most_decimals) return std::nullopt;
    part = *number;
    for (std::size_t i = decimals.size(); i < most_decimals; ++i) part *= 10;
  }
  return static_cast<NanoUsd>(*whole * nanos + part);
}

}  // namespace sluice::ledger

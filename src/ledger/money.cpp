#include <sluice/ledger/money.hpp>

#include <algorithm>

namespace sluice::ledger {

std::string usd(NanoUsd amount) {
  const NanoUsd owed = std::max<NanoUsd>(amount, 0);
  std::string places = std::to_string(owed % one_usd);
  places.insert(0, 9 - places.size(), '0');
  while (places.size() > 2 && places.back() == '0') places.pop_back();
  return std::to_string(owed / one_usd) + '.' + places;
}

}  // namespace sluice::ledger

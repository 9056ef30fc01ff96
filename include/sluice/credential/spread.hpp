#pragma once

#include <array>
#include <cstdint>

#include <sluice/base/digest.hpp>

namespace sluice::credential {

// By chance in [0, 1): what moves the times of Keeper and JwksSchedule. Thread-safe.
inline double random_spread() {
  std::array<std::uint8_t, 4> bytes{};
  fill_with_random(bytes);
  double spread = 0;
  for (const std::uint8_t byte : bytes) spread = (spread + byte) / 256;
  return spread;
}

}  // namespace sluice::credential

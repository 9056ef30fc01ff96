#include "traffic/rate_short.hpp"

#include <algorithm>
#include <chrono>

namespace sluice::traffic {
namespace {

constexpr Duration untold = std::chrono::seconds(1);
constexpr Duration longest = std::chrono::seconds(60);

// left * 20 < limit, for numbers of any size.
bool is_little(std::uint64_t left, std::uint64_t limit) {
  return left == 0 || (limit != 0 && left <= (limit - 1) / 20);
}

}  // namespace

void RateShort::note(Remaining told, TimePoint now) {
  if (!is_little(told.left, told.limit)) {
    until_ = TimePoint::min();
    return;
  }
  until_ = now + std::min(told.until_reset > Duration::zero() ? told.until_reset : untold, longest);
}

}  // namespace sluice::traffic

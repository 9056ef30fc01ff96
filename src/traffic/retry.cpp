#include <sluice/traffic/retry.hpp>

#include <algorithm>
#include <chrono>

#include "traffic/doubling.hpp"

namespace sluice::traffic {
namespace {

constexpr Duration first_bound = std::chrono::milliseconds(200);
constexpr Duration last_bound = std::chrono::seconds(5);
constexpr std::uint32_t whole = 5;  // in fifths

}  // namespace

Duration backoff(unsigned repetition, Random& random) {
  return drawn_up_to(doubled(first_bound, repetition == 0 ? 0 : repetition - 1, last_bound), random);
}

void RetryBudget::deposit() {
  const std::lock_guard lock(mutex_);
  fifths_ = std::min(fifths_ + 1, most * whole);
}

bool RetryBudget::withdraw() {
  const std::lock_guard lock(mutex_);
  if (fifths_ < whole) return false;
  fifths_ -= whole;
  return true;
}

std::uint32_t RetryBudget::balance() const {
  const std::lock_guard lock(mutex_);
  return fifths_;
}

}  // namespace sluice::traffic

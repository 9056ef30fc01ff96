#include "traffic/failure_window.hpp"

#include <algorithm>
#include <chrono>

namespace sluice::traffic {
namespace {

std::int64_t second_of(TimePoint now) {
  return std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
}

// Clocks may begin anywhere, below zero too.
std::size_t place_of(std::int64_t second, std::size_t slots) {
  const auto count = static_cast<std::int64_t>(slots);
  return static_cast<std::size_t>(((second % count) + count) % count);
}

}  // namespace

void FailureWindow::add(bool failed, TimePoint now) {
  move_to(second_of(now));
  Slot& slot = slots_[place_of(second_, seconds)];
  const std::uint32_t failure = failed ? 1 : 0;
  slot.attempts += 1;
  slot.failures += failure;
  sum_.attempts += 1;
  sum_.failures += failure;
  reconsider();
}

bool FailureWindow::is_shaky(TimePoint now) const {
  if (sum_.failures == 0) return false;
  const std::int64_t second = second_of(now);
  if (second <= second_) return shaky_;
  FailureWindow then = *this;
  then.move_to(second);
  return then.shaky_;
}

bool FailureWindow::is_mostly_well(TimePoint now) const {
  FailureWindow then = *this;
  then.move_to(std::max(second_of(now), second_));
  return then.sum_.attempts >= enough && then.sum_.failures * 2 < then.sum_.attempts;
}

void FailureWindow::move_to(std::int64_t second) {
  if (sum_.attempts == 0) {
    second_ = second;
    return;
  }
  while (second_ < second && sum_.attempts != 0) {
    ++second_;
    Slot& slot = slots_[place_of(second_, seconds)];
    sum_.attempts -= slot.attempts;
    sum_.failures -= slot.failures;
    slot = {};
    reconsider();
  }
  if (second_ < second) second_ = second;
}

void FailureWindow::reconsider() {
  const std::uint64_t attempts = sum_.attempts;
  const std::uint64_t failures = sum_.failures;
  if (attempts == 0 || failures * 4 < attempts) shaky_ = false;
  if (attempts >= enough && failures * 2 >= attempts) shaky_ = true;
}

}  // namespace sluice::traffic

#pragma once

#include <array>
#include <cstdint>

#include <sluice/base/clock.hpp>

namespace sluice::traffic {

// The share of failures among the attempts of the last ten seconds, counted in slots of one second. What fails half of
// at least twenty is shaky, until fewer than a quarter fail or nothing is left in the window. Not thread-safe.
class FailureWindow {
 public:
  void add(bool failed, TimePoint now);
  bool is_shaky(TimePoint now) const;
  // Of at least twenty, more than half went well.
  bool is_mostly_well(TimePoint now) const;

 private:
  static constexpr std::size_t seconds = 10;
  static constexpr std::uint32_t enough = 20;
  struct Slot {
    std::uint32_t attempts = 0;
    std::uint32_t failures = 0;
  };
  // Slots that are over leave the window, one after the other. A time before the newest slot counts for that.
  void move_to(std::int64_t second);
  void reconsider();

  std::array<Slot, seconds> slots_{};
  std::int64_t second_ = 0;  // of the newest slot, since the clock's beginning
  Slot sum_{};
  bool shaky_ = false;
};

}  // namespace sluice::traffic

#pragma once

#include <chrono>
#include <cstdint>

#include <sluice/base/clock.hpp>

namespace sluice::net {

// How slowly the body of a request may come: on average no slower than a kilobyte a second, once it had ten seconds to
// begin. Silence is bounded elsewhere.
class BodyPace {
 public:
  explicit BodyPace(TimePoint began) : began_(began) {}

  // Whether so many bytes by now are too few.
  bool is_too_slow(std::uint64_t received, TimePoint now) const {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - began_).count();
    return now - began_ > grace && received < static_cast<std::uint64_t>(seconds) * least_rate;
  }
  // When the average has to be looked at again, although nothing came.
  TimePoint next_look(TimePoint now) const {
    return now - began_ > grace ? now + std::chrono::seconds(1) : began_ + grace;
  }

 private:
  static constexpr Duration grace = std::chrono::seconds(10);
  static constexpr std::uint64_t least_rate = 1024;  // bytes per second

  TimePoint began_;
};

}  // namespace sluice::net

#pragma once

#include <array>
#include <functional>
#include <list>
#include <string_view>

#include <boost/asio/basic_waitable_timer.hpp>

#include <sluice/base/clock.hpp>
#include "net/asio.hpp"
#include "net/buffers.hpp"
#include "net/timer_wheel.hpp"

namespace sluice::net {

// What everything on one loop shares.
struct LoopParts {
  explicit LoopParts(const Clock& clock);
  ~LoopParts();

  TimePoint now() const { return clock.now(); }
  // Use this, not wheel.schedule(): it also keeps the wheel turning.
  void schedule(Timer& timer, TimePoint at);
  // Runs `work` at that time; forgotten with the loop.
  void postpone(TimePoint at, std::function<void()> work);
  // The current date as RFC 9110 §5.6.7 wants it; formatted once a second.
  std::string_view date();

  const Clock& clock;
  asio::io_context context;
  BufferPool buffers;
  TimerWheel wheel;
  // For gathering small pieces into one TLS record, within one call.
  std::array<char, 16 * 1024> scratch;

 private:
  class Postponed;
  void turn();

  asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor> ticker_;
  bool turning_ = false;
  std::list<Postponed> postponed_;
  std::int64_t date_second_ = -1;
  std::array<char, 32> date_{};
};

}  // namespace sluice::net

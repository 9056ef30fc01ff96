#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <sluice/base/clock.hpp>

namespace sluice::net {

class TimerWheel;

// Something with a deadline. Lives in its owner, usually on a coroutine frame; leaves the wheel by itself when
// destroyed. One thread.
class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  virtual ~Timer() { cancel(); }
  bool scheduled() const { return next_ != nullptr; }
  void cancel();

  // The deadline has passed. May schedule, cancel or destroy any timer, this one included.
  virtual void expired() = 0;

 private:
  friend class TimerWheel;
  Timer* next_ = nullptr;
  Timer* previous_ = nullptr;
  TimerWheel* wheel_ = nullptr;
  std::uint64_t tick_ = 0;
};

// All deadlines of a worker, coarse and cheap: scheduling and cancelling are a few stores, and there is no timer
// of the operating system per operation. A deadline is never reported early, and at most one tick late.
// Knows no clock: the caller advances it.
class TimerWheel {
 public:
  static constexpr Duration tick = std::chrono::milliseconds(10);

  explicit TimerWheel(TimePoint start);
  ~TimerWheel();
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  // Moves the timer if it was scheduled already. TimePoint::max() means never, and only cancels.
  void schedule(Timer& timer, TimePoint at);
  // Reports everything that is due. Timers scheduled meanwhile wait for the next call.
  void advance(TimePoint now);
  std::size_t size() const { return size_; }

 private:
  friend class Timer;
  struct Head final : Timer {
    Head() { next_ = previous_ = this; }
    ~Head() override { next_ = nullptr; }
    void expired() override {}
    bool empty() const { return next_ == this; }
    Timer* front() const { return next_; }
    static void link(Timer& timer, Head& head);
    Timer* next_of(Timer* timer) const { return timer->next_; }
  };
  static void unlink(Timer& timer);
  void report(Head& due);

  static constexpr std::size_t slots = 1024;
  TimePoint start_;
  std::uint64_t now_ = 0;  // the last tick reported
  std::size_t size_ = 0;
  std::array<Head, slots> slots_;
};

}  // namespace sluice::net

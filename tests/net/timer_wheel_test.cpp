#include "net/timer_wheel.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <random>
#include <vector>

namespace sluice::net {
namespace {

using namespace std::chrono_literals;
constexpr TimePoint start{1h};

class Alarm final : public Timer {
 public:
  explicit Alarm(std::function<void()> ring = [] {}) : ring_(std::move(ring)) {}
  void expired() override {
    ++times;
    ring_();
  }
  int times = 0;

 private:
  std::function<void()> ring_;
};

TEST(TimerWheel, reports_a_deadline_once_and_never_early) {
  TimerWheel wheel(start);
  Alarm alarm;
  wheel.schedule(alarm, start + 95ms);
  wheel.advance(start + 94ms);
  EXPECT_EQ(alarm.times, 0);
  wheel.advance(start + 100ms);
  EXPECT_EQ(alarm.times, 1);
  wheel.advance(start + 10s);
  EXPECT_EQ(alarm.times, 1);
  EXPECT_EQ(wheel.size(), 0u);
}

TEST(TimerWheel, forgets_what_was_cancelled_or_destroyed) {
  TimerWheel wheel(start);
  Alarm cancelled;
  wheel.schedule(cancelled, start + 50ms);
  {
    Alarm destroyed;
    wheel.schedule(destroyed, start + 50ms);
  }
  cancelled.cancel();
  wheel.advance(start + 1s);
  EXPECT_EQ(cancelled.times, 0);
  EXPECT_EQ(wheel.size(), 0u);
}

TEST(TimerWheel, keeps_deadlines_beyond_one_turn_apart) {
  TimerWheel wheel(start);
  Alarm soon;
  Alarm late;
  const Duration turn = TimerWheel::tick * 1024;
  wheel.schedule(soon, start + 50ms);
  wheel.schedule(late, start + 50ms + turn);  // the same slot
  wheel.advance(start + 1s);
  EXPECT_EQ(soon.times, 1);
  EXPECT_EQ(late.times, 0);
  wheel.advance(start + 1s + turn);
  EXPECT_EQ(late.times, 1);
}

TEST(TimerWheel, reports_everything_after_a_long_pause) {
  TimerWheel wheel(start);
  std::vector<std::unique_ptr<Alarm>> alarms;
  for (int i = 1; i <= 100; ++i) {
    alarms.push_back(std::make_unique<Alarm>());
    wheel.schedule(*alarms.back(), start + i * 1s);
  }
  wheel.advance(start + 1h);
  for (const auto& alarm : alarms) EXPECT_EQ(alarm->times, 1);
}

TEST(TimerWheel, lets_a_timer_move_itself_and_stop_others) {
  TimerWheel wheel(start);
  Alarm other;
  Alarm* again = nullptr;
  Alarm first([&] {
    other.cancel();
    if (again->times < 3) wheel.schedule(*again, start + 100ms);
  });
  again = &first;
  wheel.schedule(first, start + 20ms);
  wheel.schedule(other, start + 20ms);
  for (int i = 1; i <= 20; ++i) wheel.advance(start + i * 10ms);
  EXPECT_EQ(first.times, 3);
  EXPECT_EQ(other.times, 0);
}

TEST(TimerWheel, never_is_never) {
  TimerWheel wheel(start);
  Alarm alarm;
  wheel.schedule(alarm, start + 10ms);
  wheel.schedule(alarm, TimePoint::max());
  EXPECT_EQ(wheel.size(), 0u);
  wheel.advance(start + 1h);
  EXPECT_EQ(alarm.times, 0);
}

TEST(TimerWheel, is_at_most_one_tick_late_whatever_is_scheduled) {
  std::mt19937 random(7);
  TimerWheel wheel(start);
  TimePoint now = start;
  struct Expectation {
    TimePoint due;
    TimePoint seen{};
    std::unique_ptr<Alarm> alarm;
  };
  std::vector<Expectation> all(2000);
  for (Expectation& one : all) {
    one.due = start + std::chrono::milliseconds(1 + random() % 60'000);
    one.alarm = std::make_unique<Alarm>([&one, &now] { one.seen = now; });
    wheel.schedule(*one.alarm, one.due);
  }
  while (now < start + 61s) {
    now += 3ms;
    wheel.advance(now);
  }
  for (const Expectation& one : all) {
    ASSERT_EQ(one.alarm->times, 1);
    EXPECT_GE(one.seen, one.due);
    EXPECT_LE(one.seen - one.due, TimerWheel::tick + 3ms);
  }
}

}  // namespace
}  // namespace sluice::net

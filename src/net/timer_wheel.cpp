#include "net/timer_wheel.hpp"

#include <algorithm>

namespace sluice::net {

void Timer::cancel() {
  if (!scheduled() || wheel_ == nullptr) return;
  TimerWheel::unlink(*this);
  --wheel_->size_;
  wheel_ = nullptr;
}

void TimerWheel::Head::link(Timer& timer, Head& head) {
  timer.previous_ = head.previous_;
  timer.next_ = &head;
  head.previous_->next_ = &timer;
  head.previous_ = &timer;
}

void TimerWheel::unlink(Timer& timer) {
  timer.previous_->next_ = timer.next_;
  timer.next_->previous_ = timer.previous_;
  timer.next_ = timer.previous_ = nullptr;
}

TimerWheel::TimerWheel(TimePoint start) : start_(start) {}

TimerWheel::~TimerWheel() {
  for (Head& slot : slots_) {
    while (!slot.empty()) slot.front()->cancel();
  }
}

void TimerWheel::schedule(Timer& timer, TimePoint at) {
  timer.cancel();
  if (at == TimePoint::max()) return;
  // Rounded up, so that nothing is reported early; at least the next tick, so that nothing is reported at once.
  const Duration after = std::max(at - start_, Duration::zero());
  const auto due = static_cast<std::uint64_t>((after + tick - Duration(1)) / tick);
  timer.tick_ = std::max(due, now_ + 1);
  timer.wheel_ = this;
  Head::link(timer, slots_[timer.tick_ % slots]);
  ++size_;
}

void TimerWheel::advance(TimePoint now) {
  if (now < start_) return;
  const auto target = static_cast<std::uint64_t>((now - start_) / tick);
  if (target <= now_) return;
  Head due;
  // After a long pause every slot is looked at once, whatever the number of ticks.
  const std::uint64_t steps = std::min<std::uint64_t>(target - now_, slots);
  for (std::uint64_t i = 0; i < steps; ++i) {
    Head& slot = slots_[(target - i) % slots];
    for (Timer* timer = slot.front(); timer != &slot;) {
      Timer* next = slot.next_of(timer);
      if (timer->tick_ <= target) {
        unlink(*timer);
        Head::link(*timer, due);
      }
      timer = next;
    }
  }
  now_ = target;
  report(due);
}

void TimerWheel::report(Head& due) {
  while (!due.empty()) {
    Timer* timer = due.front();
    timer->cancel();
    timer->expired();
  }
}

}  // namespace sluice::net

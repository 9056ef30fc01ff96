#include <sluice/net/pause.hpp>

#include <coroutine>

#include <boost/asio/post.hpp>

#include "net/loop_parts.hpp"
#include "net/timer_wheel.hpp"

namespace sluice::net {
namespace {

class Pause final : public Timer, public Stop::Waiting {
 public:
  Pause(LoopParts& loop, TimePoint until, Stop& stop) : loop_(loop), stop_(stop), until_(until) {}

  bool await_ready() const { return stop_.requested() || loop_.now() >= until_; }
  void await_suspend(std::coroutine_handle<> waiter) {
    waiter_ = waiter;
    stop_.enter(*this);
    loop_.schedule(*this, until_);
  }
  void await_resume() const {}

  void expired() override {
    stop_.leave();
    waiter_.resume();
  }
  // Not at once: whoever requests the stop is in the middle of something.
  void stop_requested() override {
    cancel();
    asio::post(loop_.context, [waiter = waiter_] { waiter.resume(); });
  }

 private:
  LoopParts& loop_;
  Stop& stop_;
  TimePoint until_;
  std::coroutine_handle<> waiter_;
};

}  // namespace

Async<> pause(Loop& loop, TimePoint until, Stop& stop) {
  co_await Pause(loop.parts(), until, stop);
  if (stop.requested()) co_return stop.error();
  co_return Ok{};
}

}  // namespace sluice::net

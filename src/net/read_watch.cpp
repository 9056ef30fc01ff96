#include "net/read_watch.hpp"

#include <utility>

namespace sluice::net {

void ReadWatch::arm() {
  if (armed_) return;
  armed_ = true;
  socket_.async_wait(Socket::wait_read, Completion<ReadWatch>{this});
}

void ReadWatch::completed(ErrorCode error) {
  armed_ = false;
  if (waiter_) {
    resume(Woken::ready);
  } else if (!error) {
    on_ready_();
  }
}

void ReadWatch::expired() {
  if (waiter_) {
    resume(Woken::expired);
  } else {
    on_ready_();
  }
}

void ReadWatch::suspend(std::coroutine_handle<> waiter, TimePoint deadline) {
  waiter_ = waiter;
  loop_.schedule(*this, deadline);
  arm();
}

void ReadWatch::resume(Woken why) {
  cancel();
  woken_ = why;
  if (waiter_) std::exchange(waiter_, nullptr).resume();
}

}  // namespace sluice::net

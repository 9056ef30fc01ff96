#include "net/wait.hpp"

#include <boost/asio/post.hpp>

namespace sluice::net {

void Wait::await_suspend(std::coroutine_handle<> waiter) {
  waiter_ = waiter;
  if (deadline_ != TimePoint::max()) loop_.schedule(*this, deadline_);
  if (stop_ != nullptr) stop_->enter(*this);
  socket_.async_wait(direction_ == Direction::read ? Socket::wait_read : Socket::wait_write, Completion<Wait>{this});
}

// The operation's end is awaited even when it is given up: it uses memory of this object.
void Wait::give_up(Woken why) {
  woken_ = why;
  ErrorCode ignored;
  socket_.cancel(ignored);
}

void Yield::await_suspend(std::coroutine_handle<> waiter) {
  asio::post(loop_.context, [waiter] { waiter.resume(); });
}

void Wait::completed(ErrorCode) {
  cancel();
  if (stop_ != nullptr && woken_ != Woken::stopped) stop_->leave();
  waiter_.resume();
}

}  // namespace sluice::net

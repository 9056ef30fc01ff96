#pragma once

#include <coroutine>
#include <functional>

#include "net/wait.hpp"

namespace sluice::net {

// The one armed read-wait of a session. While nobody awaits it, readiness goes to `on_ready`: that is how a client
// that leaves in the middle of an exchange is noticed. The same wait then serves for the next request, so that
// a request costs one wait, not two.
class ReadWatch final : public Timer {
 public:
  ReadWatch(LoopParts& loop, Socket& socket, std::function<void()> on_ready)
      : loop_(loop), socket_(socket), on_ready_(std::move(on_ready)) {}

  // Starts watching, if it does not yet.
  void arm();
  bool armed() const { return armed_; }
  // Makes an await end as `stopped`, now.
  void interrupt() { resume(Woken::stopped); }
  // Calls `on_ready` at that time, unless somebody awaits the watch by then.
  void look_again(TimePoint at) { loop_.schedule(*this, at); }
  bool awaited() const { return static_cast<bool>(waiter_); }

  // Awaiting this suspends until the socket is readable (or broken), the deadline passes, or interrupt() is
  // called. The watch stays armed in the latter two.
  class Readable {
   public:
    Readable(ReadWatch& watch, TimePoint deadline) : watch_(watch), deadline_(deadline) {}
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> waiter) { watch_.suspend(waiter, deadline_); }
    Woken await_resume() const { return watch_.woken_; }

   private:
    ReadWatch& watch_;
    TimePoint deadline_;
  };
  Readable readable(TimePoint deadline) { return Readable(*this, deadline); }

  void expired() override;
  void completed(ErrorCode error);
  OperationMemory& memory() { return memory_; }

 private:
  void suspend(std::coroutine_handle<> waiter, TimePoint deadline);
  void resume(Woken why);

  LoopParts& loop_;
  Socket& socket_;
  std::function<void()> on_ready_;
  std::coroutine_handle<> waiter_;
  OperationMemory memory_;
  Woken woken_ = Woken::ready;
  bool armed_ = false;
};

}  // namespace sluice::net

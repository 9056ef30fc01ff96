#pragma once

#include <coroutine>
#include <cstddef>
#include <new>

#include <sluice/net/stop.hpp>
#include "net/asio.hpp"
#include "net/loop_parts.hpp"
#include "net/timer_wheel.hpp"

namespace sluice::net {

// Room for one asynchronous operation inside the object that waits for it, so that waiting allocates nothing.
class OperationMemory {
 public:
  OperationMemory() = default;
  OperationMemory(const OperationMemory&) = delete;
  OperationMemory& operator=(const OperationMemory&) = delete;

  void* take(std::size_t bytes) {
    if (used_ || bytes > sizeof memory_) return ::operator new(bytes);
    used_ = true;
    return memory_;
  }
  void give(void* memory) {
    if (memory == memory_) {
      used_ = false;
    } else {
      ::operator delete(memory);
    }
  }

 private:
  alignas(std::max_align_t) unsigned char memory_[160];
  bool used_ = false;
};

template <class T>
struct OperationAllocator {
  using value_type = T;
  explicit OperationAllocator(OperationMemory& room) : memory(&room) {}
  template <class U>
  OperationAllocator(const OperationAllocator<U>& other) : memory(other.memory) {}
  T* allocate(std::size_t count) { return static_cast<T*>(memory->take(count * sizeof(T))); }
  void deallocate(T* pointer, std::size_t) { memory->give(pointer); }
  template <class U>
  bool operator==(const OperationAllocator<U>& other) const {
    return memory == other.memory;
  }
  OperationMemory* memory;
};

// A completion that calls owner->completed(error) and lives in the owner's memory.
template <class Owner>
struct Completion {
  Owner* owner;
  using allocator_type = OperationAllocator<void>;
  allocator_type get_allocator() const noexcept { return allocator_type(owner->memory()); }
  void operator()(ErrorCode error) const { owner->completed(error); }
};

enum class Direction : std::uint8_t { read, write };

enum class Woken : std::uint8_t {
  ready,    // the socket is ready, or broken: trying again will tell
  expired,  // the deadline passed
  stopped,  // the exchange is to end
};

// Awaiting it suspends until the socket is ready, the deadline passes or stop is requested, whichever comes
// first. Asio's own wait, without a timer or an allocation per operation.
class Wait final : public Timer, public Stop::Waiting {
 public:
  Wait(LoopParts& loop, Socket& socket, Direction direction, TimePoint deadline, Stop* stop)
      : loop_(loop), socket_(socket), stop_(stop), deadline_(deadline), direction_(direction) {}

  bool await_ready() {
    if (stop_ == nullptr || !stop_->requested()) return false;
    woken_ = Woken::stopped;
    return true;
  }
  void await_suspend(std::coroutine_handle<> waiter);
  Woken await_resume() const { return woken_; }

  void expired() override { give_up(Woken::expired); }
  void stop_requested() override { give_up(Woken::stopped); }
  void completed(ErrorCode error);
  OperationMemory& memory() { return memory_; }

 private:
  void give_up(Woken why);

  LoopParts& loop_;
  Socket& socket_;
  Stop* stop_;
  TimePoint deadline_;
  Direction direction_;
  Woken woken_ = Woken::ready;
  std::coroutine_handle<> waiter_;
  OperationMemory memory_;
};

// Awaiting it lets everything else on the loop that is ready have its turn first.
class Yield {
 public:
  explicit Yield(LoopParts& loop) : loop_(loop) {}
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiter);
  void await_resume() const {}

 private:
  LoopParts& loop_;
};

}  // namespace sluice::net

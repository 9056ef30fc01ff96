#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

#include <sluice/base/result.hpp>

namespace sluice {

namespace detail {
// Coroutine frames come from free lists of the thread, by size; after warm-up a request allocates
// nothing. Under AddressSanitizer they come from the heap, so that a stale frame is seen.
void* take_frame(std::size_t bytes);
void give_frame(void* frame, std::size_t bytes) noexcept;
}  // namespace detail

// Work that may suspend, started when it is awaited, on the thread that awaits it. Failure, deadlines
// and cancellation come back as an Error; exceptions are bugs and pass through. Destroying an
// Async that has not ended destroys its frame. Why this is not asio::awaitable: docs/decisions/0003.
//
// Hygiene on GCC 12: no braced temporary with a destructor and no capturing lambda inside a co_await
// expression (name them first); reference parameters must outlive the coroutine.
template <class T = Ok>
class [[nodiscard]] Async {
 public:
  class promise_type {
   public:
    static void* operator new(std::size_t bytes) { return detail::take_frame(bytes); }
    static void operator delete(void* frame, std::size_t bytes) noexcept { detail::give_frame(frame, bytes); }

    Async get_return_object() { return Async(Handle::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    auto final_suspend() noexcept { return Ending{}; }
    void return_value(Result<T> value) { value_.emplace(std::move(value)); }
    void unhandled_exception() { thrown_ = std::current_exception(); }

   private:
    friend class Async;
    std::optional<Result<T>> value_;
    std::exception_ptr thrown_;
    std::coroutine_handle<> awaiter_;
    bool starting_ = false;
  };

  Async(Async&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Async& operator=(Async&&) = delete;
  ~Async() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  // Runs the work at once and suspends the caller only if the work did. Not a symmetric transfer: a
  // loop of awaits that never suspend must not grow the stack in builds without tail calls.
  bool await_suspend(std::coroutine_handle<> awaiter) {
    promise_type& promise = handle_.promise();
    promise.awaiter_ = awaiter;
    promise.starting_ = true;
    handle_.resume();
    if (handle_.done()) return false;
    promise.starting_ = false;
    return true;
  }
  Result<T> await_resume() {
    promise_type& promise = handle_.promise();
    if (promise.thrown_) std::rethrow_exception(std::exchange(promise.thrown_, nullptr));
    return std::move(*promise.value_);
  }

 private:
  using Handle = std::coroutine_handle<promise_type>;

  struct Ending {
    bool await_ready() const noexcept { return false; }
    void await_suspend(Handle handle) const noexcept {
      if (!handle.promise().starting_) handle.promise().awaiter_.resume();
    }
    void await_resume() const noexcept {}
  };

  explicit Async(Handle handle) : handle_(handle) {}
  Handle handle_;
};

// The root of a chain of awaits: starts at once, destroys itself at its end. What it runs must not throw.
class Detached {
 public:
  class promise_type {
   public:
    static void* operator new(std::size_t bytes) { return detail::take_frame(bytes); }
    static void operator delete(void* frame, std::size_t bytes) noexcept { detail::give_frame(frame, bytes); }

    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

}  // namespace sluice

#include <sluice/net/async.hpp>

#include <gtest/gtest.h>

#include <coroutine>
#include <stdexcept>
#include <string>

namespace sluice {
namespace {

// Something to wait for, resumed by hand.
class Gate {
 public:
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiter) { waiter_ = waiter; }
  void await_resume() const {}
  void open() { std::exchange(waiter_, nullptr).resume(); }
  bool waited_for() const { return static_cast<bool>(waiter_); }

 private:
  std::coroutine_handle<> waiter_;
};

Async<int> doubled(int number) { co_return number * 2; }
Async<int> failing() { co_return Error(Fault::internal, Blame::gateway, "code", "no"); }
Async<int> throwing() {
  throw std::runtime_error("bug");
  co_return 0;
}
Async<int> after(Gate& gate, int number) {
  co_await gate;
  co_return number;
}

template <class T>
Detached drive(Async<T> work, std::optional<Result<T>>& out) {
  out.emplace(co_await work);
}

TEST(Async, gives_the_value_of_work_that_never_suspended) {
  std::optional<Result<int>> out;
  drive(doubled(21), out);
  ASSERT_TRUE(out && *out);
  EXPECT_EQ(**out, 42);
}

TEST(Async, gives_the_error) {
  std::optional<Result<int>> out;
  drive(failing(), out);
  ASSERT_TRUE(out);
  ASSERT_FALSE(*out);
  EXPECT_EQ(out->error().code(), "code");
}

Async<int> chained(Gate& gate) {
  const Result<int> first = co_await doubled(4);
  const Result<int> second = co_await after(gate, 5);
  co_return *first + *second;
}

TEST(Async, goes_on_where_it_was_suspended) {
  Gate gate;
  std::optional<Result<int>> out;
  drive(chained(gate), out);
  EXPECT_FALSE(out);
  ASSERT_TRUE(gate.waited_for());
  gate.open();
  ASSERT_TRUE(out && *out);
  EXPECT_EQ(**out, 13);
}

Async<int> many_times(int times) {
  int sum = 0;
  for (int i = 0; i < times; ++i) {
    const Result<int> one = co_await doubled(1);
    sum += *one;
  }
  co_return sum;
}

TEST(Async, does_not_grow_the_stack_over_a_million_awaits_that_never_suspend) {
  std::optional<Result<int>> out;
  drive(many_times(1'000'000), out);
  ASSERT_TRUE(out && *out);
  EXPECT_EQ(**out, 2'000'000);
}

Async<std::string> caught() {
  try {
    const Result<int> ignored = co_await throwing();
  } catch (const std::runtime_error& bug) {
    co_return std::string(bug.what());
  }
  co_return std::string("nothing");
}

TEST(Async, passes_exceptions_to_whoever_awaits) {
  std::optional<Result<std::string>> out;
  drive(caught(), out);
  ASSERT_TRUE(out && *out);
  EXPECT_EQ(**out, "bug");
}

TEST(Async, costs_nothing_when_it_is_never_awaited) { [[maybe_unused]] const Async<int> forgotten = doubled(1); }

struct Marker {
  bool* destroyed;
  explicit Marker(bool& flag) : destroyed(&flag) {}
  ~Marker() { *destroyed = true; }
};

Async<int> holding(Gate& gate, bool& destroyed) {
  const Marker marker(destroyed);
  co_await gate;
  co_return 1;
}

TEST(Async, destroys_the_frame_of_suspended_work_with_it) {
  Gate gate;
  bool destroyed = false;
  {
    Async<int> work = holding(gate, destroyed);
    work.await_suspend(std::noop_coroutine());
    EXPECT_FALSE(destroyed);
  }
  EXPECT_TRUE(destroyed);
}

}  // namespace
}  // namespace sluice

#pragma once

#include <functional>
#include <optional>

#include <sluice/base/clock.hpp>
#include <sluice/net/async.hpp>
#include <sluice/net/loop.hpp>

namespace sluice::net {

// Time that stands still until a test moves it.
class ManualClock final : public Clock {
 public:
  TimePoint now() const override { return now_; }
  UtcTime utc() const override { return utc_; }
  void advance(Duration by) { now_ += by; }
  void set_utc(UtcTime utc) { utc_ = utc; }

 private:
  TimePoint now_{std::chrono::hours(1)};
  UtcTime utc_{};
};

template <class T>
Detached keep(Async<T> work, std::optional<Result<T>>& out, std::function<void()> done) {
  out.emplace(co_await work);
  done();
}

// Runs one piece of work on a loop, on this thread, until it has ended.
template <class T>
Result<T> run_on(Loop& loop, Async<T> work) {
  std::optional<Result<T>> result;
  loop.post([&] { keep(std::move(work), result, [&loop] { loop.stop(); }); });
  loop.run();
  return *std::move(result);
}

}  // namespace sluice::net

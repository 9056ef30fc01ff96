#pragma once

#include <functional>
#include <memory>

#include <sluice/base/clock.hpp>

namespace sluice::net {

struct LoopParts;

// One thread's world: its event loop, timer wheel and buffers. Everything net makes on a loop is used on
// that loop's thread only; post() and stop() are the two calls any thread may make.
class Loop {
 public:
  explicit Loop(const Clock& clock);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs on the calling thread until stop().
  void run();
  void stop();
  // Runs `work` on the loop's thread, soon and in order.
  void post(std::function<void()> work);
  // Runs `work` on the loop's thread not before `at`, rounded up to the wheel's tick (10 ms).
  void post_at(TimePoint at, std::function<void()> work);

  const Clock& clock() const { return clock_; }
  // For net alone; LoopParts is not declared outside it.
  LoopParts& parts() { return *parts_; }

 private:
  const Clock& clock_;
  std::unique_ptr<LoopParts> parts_;
};

}  // namespace sluice::net

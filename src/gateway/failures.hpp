#pragma once

#include <chrono>
#include <optional>

#include <sluice/base/clock.hpp>
#include <sluice/base/error.hpp>
#include <sluice/traffic/health.hpp>

namespace sluice {

// What the failures of several targets amount to.
class Failures {
 public:
  // A target failed.
  void add(const Error& error);
  // A target was not asked, because of what it or others said before.
  void add(const traffic::LaneView& closed, TimePoint now);
  // A target was not asked, because it had enough to do.
  void add_full();

  bool empty() const { return !last_ && !closed_ && !full_; }

  // The last failure's class; but 429 says "come back later, all is well", so it takes all targets to say so. With the
  // shortest time after which one of them may be asked again. Only when not empty().
  Error verdict() const;

 private:
  Error of_closed() const;

  std::optional<Error> last_;
  std::optional<std::chrono::milliseconds> shortest_;
  bool all_limited_ = true;
  bool all_refused_ = true;  // the closed ones: our keys are no good there
  bool closed_ = false;
  bool full_ = false;
};

}  // namespace sluice

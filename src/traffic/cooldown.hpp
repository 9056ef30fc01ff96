#pragma once

#include <optional>

#include <sluice/base/clock.hpp>
#include <sluice/base/id.hpp>

namespace sluice::traffic {

// Until when somebody wishes to be left alone. The end moves later; earlier only where a key that was refused has been
// accepted. Neither class is thread-safe.
class RateCooldown {
 public:
  // A 429, with the time it told to wait, if it told one; else a random time that grows with every 429 in a row (full
  // jitter: AWS Architecture Blog, "Exponential Backoff And Jitter"). Those that come while it is left alone already
  // (their attempts began before) make nothing grow.
  void limited(std::optional<Duration> told, TimePoint now, Random& random);
  // The next 429 is the first again; the end stays.
  void succeeded() { limits_ = 0; }
  TimePoint until() const { return until_; }

 private:
  TimePoint until_ = TimePoint::min();
  unsigned limits_ = 0;  // in a row
};

// The same for a key that is not accepted, or whose account has nothing left.
class KeyCooldown {
 public:
  // A minute, doubled by every refusal in a row that comes after it, up to ten minutes.
  void refused(TimePoint now);
  // Ten minutes.
  void exhausted(TimePoint now);
  // It is good after all: whoever insisted found out.
  void succeeded() {
    refusals_ = 0;
    refused_until_ = TimePoint::min();
  }
  TimePoint refused_until() const { return refused_until_; }
  TimePoint exhausted_until() const { return exhausted_until_; }

 private:
  TimePoint refused_until_ = TimePoint::min();
  TimePoint exhausted_until_ = TimePoint::min();
  unsigned refusals_ = 0;  // in a row
};

}  // namespace sluice::traffic

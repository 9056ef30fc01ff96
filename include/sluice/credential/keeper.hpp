#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include <sluice/base/clock.hpp>
#include <sluice/base/error.hpp>
#include <sluice/credential/grant.hpp>

namespace sluice::credential {

// Keeps one provider's grant and decides when somebody has to get a new one: ahead of its end, one at a time, and not
// at once again after a failure. A grant that is still good outlives failures. Shared by all workers, safe from any
// thread; holds its lock for a few comparisons and never waits.
class Keeper {
 public:
  using GrantPtr = std::shared_ptr<const Grant>;

  // `spread` in [0, 1) moves the time of renewal, so that many who began together do not renew together.
  explicit Keeper(double spread);

  // What somebody who needs a grant is to do. Without grant and error: wait and ask again.
  struct Turn {
    GrantPtr grant;      // good now
    bool renew = false;  // this caller, and nobody else, is to get a new one and report by granted() or failed()
    std::optional<Error> error;  // there is none, and it is too early to try again
  };
  Turn take(TimePoint now);

  void granted(Granted granted, TimePoint now);
  void failed(const Error& error, TimePoint now);
  // The one who was to renew it cannot; somebody else may at once.
  void abandoned();
  // The provider would not have this grant: the next caller is to renew it, if it was not renewed just now.
  void refused(const GrantPtr& grant, TimePoint now);

 private:
  std::mutex mutex_;
  const double spread_;
  GrantPtr grant_;
  TimePoint good_until_ = TimePoint::max();
  TimePoint renew_at_ = TimePoint::max();
  TimePoint not_before_ = TimePoint::min();  // of the next renewal
  std::optional<TimePoint> claimed_until_;   // somebody renews; who has not reported by then is given up
  std::optional<Error> failure_;             // of the last renewal
  unsigned failures_ = 0;                    // in a row
};

}  // namespace sluice::credential

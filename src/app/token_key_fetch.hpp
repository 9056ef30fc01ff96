#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <sluice/base/clock.hpp>
#include <sluice/base/digest.hpp>
#include <sluice/credential/jwks_schedule.hpp>
#include <sluice/gateway/token_keys.hpp>
#include <sluice/telemetry/log.hpp>
#include <sluice/telemetry/metrics.hpp>

#include "app/errands.hpp"

namespace sluice::app {

// Keeps the keys of an identity provider that are found at a URL: fetches them at once, then again and again, and tells
// each time what they are. Those known stay as they are while they cannot be fetched; the log is told of that once.
// Lives as long as somebody holds it; what it has given out does not hold it.
class TokenKeyFetch : public std::enable_shared_from_this<TokenKeyFetch> {
 public:
  // On the errands' thread. `from` is who tells.
  using Told = std::function<void(const TokenKeyFetch* from, std::shared_ptr<const TokenKeys>)>;

  // `errand` is the request for the keys. Errands, clock and log outlive it. `spread` as in JwksSchedule.
  TokenKeyFetch(Errands& errands, Errand errand, const Clock& clock, Log& log, double spread, Told told);

  void begin();
  Gauges::TokenKeys gauges(TimePoint now) const;

 private:
  // These on the errands' thread.
  void plan();
  void fetch_if_due();
  void wanted();
  void answered(Result<ErrandAnswer> answer);
  Result<> take(const Result<ErrandAnswer>& answer);
  void tell(std::shared_ptr<const credential::KeySet> set);

  Errands& errands_;
  const Errand errand_;
  const Clock& clock_;
  Log& log_;
  const Told told_;
  credential::JwksSchedule schedule_;
  bool is_fetching_ = false;
  bool in_trouble_ = false;
  std::optional<TimePoint> planned_;  // the earliest look at the schedule that is still to come
  std::shared_ptr<const credential::KeySet> set_;
  Digest text_{};  // of the set

  std::atomic<bool> is_wanted_{false};
  std::atomic<std::uint64_t> fetched_{0};
  std::atomic<std::uint64_t> failed_{0};
  std::atomic<TimePoint::rep> last_{0};  // of the newest that were fetched; 0: none were
};

}  // namespace sluice::app

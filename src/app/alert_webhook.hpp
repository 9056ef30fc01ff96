#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include <sluice/base/clock.hpp>
#include <sluice/base/result.hpp>
#include <sluice/base/secret.hpp>
#include <sluice/ledger/book.hpp>
#include <sluice/telemetry/log.hpp>
#include <sluice/telemetry/metrics.hpp>

#include "app/errands.hpp"
#include "app/trust_shelf.hpp"

namespace sluice::app {

// Who is told of alerts.
struct AlertReceiver {
  config::Peer peer;                        // without a URL: nobody is
  Secret secret;                            // what is sent is signed with; empty: nothing is
  std::shared_ptr<const net::Trust> trust;  // for https
};

// An Error says why its authorities cannot be used.
Result<AlertReceiver> alert_receiver_of(const config::Config& config, TrustShelf& trusts);

// An alert as JSON. `id` is the same each time it is sent.
std::string alert_json(const ledger::Alert& alert, std::string_view id, UtcTime when);

// Sends alerts to somebody's URL, one after the other, each up to five times with growing pauses. At most a hundred
// wait; further ones are dropped. Nobody who passes a threshold waits for it.
class AlertWebhook {
 public:
  // Errands, clock and log outlive it, and the errands are stopped before it ends. The pauses double from `first_pause`
  // four times over; `agent` is how it names itself.
  AlertWebhook(Errands& errands, const Clock& clock, Log& log, std::string agent,
               Duration first_pause = std::chrono::seconds(2));

  // From now on this is who is told, also of what waits. What waits when nobody is told any more is dropped. Any
  // thread.
  void follow(AlertReceiver receiver);
  // Any thread; never waits.
  void tell(const ledger::Alert& alert);
  Gauges::Alerts gauges() const;

 private:
  // An alert that has to be sent.
  struct Waiting {
    std::string body;
    unsigned tries = 0;
  };
  using ReceiverPtr = std::shared_ptr<const AlertReceiver>;

  // These on the errands' thread.
  void send_next();
  void send_again();
  void done();
  void answered(const Result<ErrandAnswer>& answer);
  bool take_next();
  Errand errand_to(const AlertReceiver& receiver) const;

  Errands& errands_;
  const Clock& clock_;
  Log& log_;
  const std::string agent_;
  const Duration first_pause_;

  mutable std::mutex mutex_;  // of what follows
  ReceiverPtr receiver_;      // null: nobody is told
  std::deque<Waiting> queue_;

  bool is_sending_ = false;  // or pausing; the errands' thread's
  Waiting sent_;             // the same

  std::atomic<std::uint64_t> raised_{0};
  std::atomic<std::uint64_t> delivered_{0};
  std::atomic<std::uint64_t> failed_{0};
  std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace sluice::app

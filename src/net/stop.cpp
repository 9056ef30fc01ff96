#include <sluice/net/stop.hpp>

#include <utility>

namespace sluice::net {

void Stop::request(StopReason reason) {
  if (requested()) return;
  reason_ = reason;
  if (Waiting* waiting = std::exchange(waiting_, nullptr)) waiting->stop_requested();
}

Error Stop::error() const {
  if (reason_ == StopReason::client_left) {
    return Error(Fault::client_left, Blame::client, "client_left", "The client closed the connection.")
        .with_outcome(Outcome::cancelled);
  }
  return Error(Fault::unavailable, Blame::gateway, "service_unavailable", "The gateway is shutting down.")
      .with_outcome(Outcome::cancelled);
}

void Stop::reset() {
  reason_ = StopReason::none;
  waiting_ = nullptr;
}

}  // namespace sluice::net

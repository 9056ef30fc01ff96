#include "gateway/failures.hpp"

#include <algorithm>

namespace sluice {

void Failures::add(const Error& error) {
  all_limited_ = all_limited_ && error.fault() == Fault::rate_limited;
  if (error.retry_after()) shortest_ = std::min(shortest_.value_or(*error.retry_after()), *error.retry_after());
  last_ = error;
}

void Failures::add(const traffic::LaneView& closed, TimePoint now) {
  using traffic::Closed;
  closed_ = true;
  all_limited_ = all_limited_ && (closed.closed == Closed::rate_limited || closed.closed == Closed::no_quota);
  all_refused_ = all_refused_ && closed.closed == Closed::key_refused;
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(closed.opens_at - now);
  if (wait.count() > 0) shortest_ = std::min(shortest_.value_or(wait), wait);
}

void Failures::add_full() {
  full_ = true;
  all_limited_ = false;
  all_refused_ = false;
}

Error Failures::verdict() const {
  if (!last_) return of_closed();
  if (last_->fault() != Fault::rate_limited) return *last_;
  if (all_limited_) return Error(*last_).with_retry_after(shortest_);
  return Error(Fault::unavailable, Blame::upstream, "no_healthy_deployment", "No provider of this model could answer.")
      .with_outcome(last_->outcome())
      .with_retry_after(shortest_)
      .worth_retrying();
}

Error Failures::of_closed() const {
  if (full_) {
    return Error(Fault::unavailable, Blame::gateway, "overloaded",
                 "All providers of this model have as much to do as they may have.")
        .with_retry_after(shortest_)
        .worth_retrying();
  }
  if (all_refused_) {
    return Error(Fault::upstream_failed, Blame::upstream, "upstream_auth",
                 "The provider does not accept the gateway's credential.");
  }
  const Fault fault = all_limited_ ? Fault::rate_limited : Fault::unavailable;
  return Error(fault, Blame::upstream, "no_healthy_deployment",
               all_limited_ ? "All providers of this model limit our rate."
                            : "No provider of this model can be asked at the moment.")
      .with_retry_after(shortest_)
      .worth_retrying();
}

}  // namespace sluice

#include <algorithm>
#include <optional>
#include <utility>

#include "gateway/verbs.hpp"

namespace sluice {
namespace {

// What the failures so far amount to.
class Failures {
 public:
  void add(const Error& error) {
    const bool limited = error.fault() == Fault::rate_limited;
    all_limited_ = all_limited_ && limited;
    if (error.retry_after()) shortest_ = std::min(shortest_.value_or(*error.retry_after()), *error.retry_after());
    last_ = error;
  }

  // The last failure's class; but 429 says "come back later, all is well", so it takes all targets to say so.
  Error verdict() const {
    if (last_->fault() != Fault::rate_limited) return *last_;
    if (all_limited_) return Error(*last_).with_retry_after(shortest_);
    return Error(Fault::unavailable, Blame::upstream, "no_healthy_deployment",
                 "No provider of this model could answer.")
        .with_outcome(last_->outcome())
        .with_retry_after(shortest_)
        .worth_retrying();
  }

 private:
  std::optional<Error> last_;
  std::optional<std::chrono::milliseconds> shortest_;
  bool all_limited_ = true;
};

class FallBack final : public Middleware {
 public:
  explicit FallBack(const GatewayParts& parts) : metrics_(parts.metrics) {}

  // Stops at the first failure that another target would not cure, and always once the client has seen a byte: an
  // answer cannot be begun twice.
  Async<> handle(Exchange& exchange, Next next) const override {
    const std::vector<Target>& targets = exchange.model->targets;
    const std::size_t most = std::min<std::size_t>(targets.size(), exchange.model->attempts);
    Failures failures;
    for (std::size_t i = 0; i < most; ++i) {
      if (i > 0) metrics_.fell_back(exchange.target->provider->label, targets[i].provider->label);
      exchange.target = &targets[i];
      Result<> outcome = co_await next(exchange);
      if (outcome || exchange.reply.begun()) co_return outcome;
      if (!outcome.error().retryable()) co_return outcome;
      failures.add(outcome.error());
    }
    co_return failures.verdict();
  }

 private:
  WorkerMetrics& metrics_;
};

}  // namespace

std::unique_ptr<Middleware> fall_back(const GatewayParts& parts) { return std::make_unique<FallBack>(parts); }

}  // namespace sluice

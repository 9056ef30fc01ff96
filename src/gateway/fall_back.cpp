#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <sluice/chat/operation.hpp>

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

  bool empty() const { return !last_; }

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

// None of the targets can be asked for such a thing, so nobody was.
Error not_served(const Exchange& exchange) {
  return Error(Fault::bad_request, Blame::client, "unsupported_endpoint",
               "No provider of this model can be asked to " + std::string(chat::words_for(exchange.endpoint.task)) +
                   " here: their dialects have no such request, or none that this one can be translated into.")
      .with_param(exchange.endpoint.names_model ? "" : "model");
}

class FallBack final : public Middleware {
 public:
  explicit FallBack(const GatewayParts& parts) : metrics_(parts.metrics) {}

  // Stops at the first failure that another target would not cure, and always once the client has seen a byte: an
  // answer cannot be begun twice, nor a body sent twice that was too large to keep. Targets that have no words for what
  // is asked are passed over.
  Async<> handle(Exchange& exchange, Next next) const override {
    Failures failures;
    unsigned left = exchange.model->attempts;
    for (const Target& target : exchange.model->targets) {
      if (target.provider->voice_for(exchange.spoken, exchange.endpoint.task) == nullptr) continue;
      if (left-- == 0) break;
      if (exchange.target != nullptr) metrics_.fell_back(exchange.target->provider->label, target.provider->label);
      exchange.target = &target;
      Result<> outcome = co_await next(exchange);
      if (outcome || exchange.reply.begun()) co_return outcome;
      if (exchange.form != nullptr && exchange.form->taken()) co_return outcome;  // its rest is gone
      if (!outcome.error().retryable()) co_return outcome;
      failures.add(outcome.error());
    }
    if (failures.empty()) co_return not_served(exchange);
    co_return failures.verdict();
  }

 private:
  WorkerMetrics& metrics_;
};

}  // namespace

std::unique_ptr<Middleware> fall_back(const GatewayParts& parts) { return std::make_unique<FallBack>(parts); }

}  // namespace sluice

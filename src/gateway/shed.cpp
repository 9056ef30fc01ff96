#include <sluice/traffic/waiting.hpp>

#include "gateway/verbs.hpp"

namespace sluice {
namespace {

// Of the connections that may be open, as many hundredths: when more are, requests of low priority are sent away, so
// that the others still have room. Those come as far as the listener lets them.
constexpr std::int64_t enough_for_low = 85;

class Shed final : public Middleware {
 public:
  explicit Shed(const GatewayParts& parts) : load_(parts.load) {}

  Async<> handle(Exchange& exchange, Next next) const override {
    const Key* caller = exchange.caller;
    const bool has_team = caller != nullptr && caller->team != nullptr;
    const auto priority = has_team ? caller->team->priority : traffic::Priority::normal;
    if (priority == traffic::Priority::low && is_crowded()) co_return too_much();
    co_return co_await next(exchange);
  }

 private:
  bool is_crowded() const {
    const std::int64_t most = load_.most_connections.load(std::memory_order_relaxed);
    return most > 0 && load_.connections.load(std::memory_order_relaxed) * 100 > most * enough_for_low;
  }

  static Error too_much() {
    return Error(Fault::unavailable, Blame::gateway, "overloaded",
                 "The gateway has too much to do for requests of this priority.")
        .with_retry_after(std::chrono::seconds(1))
        .worth_retrying();
  }

  const net::SharedLoad& load_;
};

}  // namespace

std::unique_ptr<Middleware> shed(const GatewayParts& parts) { return std::make_unique<Shed>(parts); }

}  // namespace sluice

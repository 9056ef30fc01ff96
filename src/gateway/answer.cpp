#include <algorithm>
#include <array>
#include <exception>
#include <string>

#include "gateway/limit_fields.hpp"
#include "gateway/reply_fields.hpp"
#include "gateway/verbs.hpp"

namespace sluice {
namespace {

using namespace std::chrono_literals;

class Answer final : public Middleware {
 public:
  explicit Answer(const GatewayParts& parts) : parts_(parts) {}

  Async<> handle(Exchange& exchange, Next next) const override {
    Result<> outcome = co_await guarded(exchange, next);
    if (outcome) co_return outcome;
    if (exchange.complete || outcome.error().fault() == Fault::client_left) co_return outcome;
    note(exchange, outcome.error());
    if (!exchange.reply.begun()) {
      const Result<> sent = co_await refuse(exchange, outcome.error());
      if (sent) co_return Ok{};
      co_return sent.error();
    }
    if (exchange.streaming && !exchange.told) {
      // Then the connection closes without its last chunk: the stream must not look finished.
      exchange.scratch.body.clear();
      exchange.spoken.encode_error_event(outcome.error(), exchange.scratch.body);
      const Result<> written = co_await exchange.reply.write(http::Slices(exchange.scratch.body));
    }
    co_return outcome;
  }

 private:
  // An exception is a bug of ours; the caller gets a 500 and the daemon lives on.
  Async<> guarded(Exchange& exchange, Next next) const {
    try {
      co_return co_await next(exchange);
    } catch (const std::exception& bug) {
      parts_.log.error("a request failed unexpectedly", {{"request_id", exchange.scratch.id}, {"what", bug.what()}});
      co_return Error(Fault::internal, Blame::gateway, "internal_error", "The gateway failed; this is a bug.");
    }
  }

  void note(Exchange& exchange, const Error& error) const {
    exchange.code_text = error.code();
    exchange.code = parts_.labels.label(error.code());
    if (!exchange.reply.begun()) exchange.status = status_of(error.fault());
    switch (error.fault()) {
      case Fault::unauthenticated:
        parts_.metrics.rejected(Rejection::auth);
        break;
      case Fault::forbidden:
        parts_.metrics.rejected(Rejection::model);
        break;
      case Fault::too_large:
        if (exchange.attempts == 0) parts_.metrics.rejected(Rejection::too_large);
        break;
      case Fault::request_timeout:
        parts_.metrics.rejected(Rejection::too_slow);
        break;
      case Fault::unavailable:
        if (error.blame() == Blame::gateway) parts_.metrics.rejected(Rejection::overload);
        break;
      default:
        break;
    }
  }

  Async<> refuse(Exchange& exchange, const Error& error) const {
    exchange.streaming = false;
    exchange.scratch.body.clear();
    exchange.spoken.encode_error(error, exchange.scratch.body);
    ReplyFields fields(exchange);
    fields.add("content-type", "application/json");
    if (!error.allow().empty()) fields.add("allow", error.allow());
    std::array<char, 24> seconds;
    std::array<char, 24> milliseconds;
    const int status = status_of(error.fault());
    if (status == 429 || status == 503) {
      // Whole seconds, rounded up; never 0, which clients ignore.
      // Providers that cool are asked again within a minute; a limit of the caller's says how long it holds.
      const auto longest = error.blame() == Blame::client ? std::chrono::milliseconds::max() : 60s;
      const auto wait =
          std::clamp<std::chrono::milliseconds>(error.retry_after().value_or(error.final() ? 60s : 1s), 1ms, longest);
      const auto whole = std::chrono::ceil<std::chrono::seconds>(wait);
      fields.add("retry-after", decimal(seconds, static_cast<std::uint64_t>(whole.count())));
      fields.add("retry-after-ms", decimal(milliseconds, static_cast<std::uint64_t>(wait.count())));
    }
    if (error.final() || (status >= 500 && status != 503 && !error.retryable())) fields.add("x-should-retry", "false");
    LimitFields limits;
    limits.add_to(fields, exchange, {parts_.clock.now(), parts_.clock.utc()});
    if (exchange.attempts > 0) fields.add_route(exchange);
    const http::HeadView head{status, fields.all()};
    co_return co_await exchange.reply.send(head, http::Slices(exchange.scratch.body));
  }

  const GatewayParts parts_;
};

}  // namespace

std::unique_ptr<Middleware> answer(const GatewayParts& parts) { return std::make_unique<Answer>(parts); }

}  // namespace sluice

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include <sluice/chat/operation.hpp>
#include <sluice/net/pause.hpp>

#include "gateway/caller_hints.hpp"
#include "gateway/itinerary.hpp"
#include "gateway/verbs.hpp"

namespace sluice {
namespace {

// None of the targets can be asked for such a thing, so nobody was.
Error not_served(const Exchange& exchange) {
  return Error(Fault::bad_request, Blame::client, "unsupported_endpoint",
               "No provider of this model can be asked to " + std::string(chat::words_for(exchange.endpoint.task)) +
                   " here: their dialects have no such request, or none that this one can be translated into.")
      .with_param(exchange.endpoint.names_model ? "" : "model");
}

// Targets would be there, but what the request brings or a rule demands leaves none.
Error not_eligible(const Exchange& exchange) {
  const Routing& routing = *exchange.scratch.routing;
  const auto& considered = routing.plan.considered;
  const auto telling = std::find_if(considered.begin(), considered.end(), [](const Considered& one) {
    return one.excluded != Exclusion::none && one.excluded != Exclusion::endpoint;
  });
  if (telling == considered.end()) return not_served(exchange);
  return Error(Fault::bad_request, Blame::client, "no_eligible_target",
               "No target of this model may be asked: " + reason_of(*telling, routing.decision) + ".")
      .with_param(exchange.endpoint.names_model ? "" : "model");
}

Itinerary::Terms terms_of(const Exchange& exchange) {
  const CallerHints hints = hints_of(exchange.incoming.request().fields);
  const unsigned attempts = exchange.model->attempts;
  Itinerary::Terms terms;
  // A caller that tries again by itself multiplies ours.
  terms.attempts = attempts > hints.retries ? attempts - hints.retries : 1;
  if (hints.patience) terms.caller_waits_until = exchange.began + *hints.patience;
  const Key* caller = exchange.caller;
  if (caller != nullptr && caller->team != nullptr) terms.priority = caller->team->priority;
  return terms;
}

// Whether a failure says nothing of the target, so that no caller can spoil one for others: the caller is gone, or had
// less patience than the target is given; or the provider talks of our key where it refuses the request (its words may
// be the caller's own, quoted), or will not let us do this one thing (403).
bool is_nobodys_failure(const Exchange& exchange, const Error& error, TimePoint now) {
  if (error.fault() == Fault::client_left || error.outcome() == Outcome::cancelled) return true;
  if (error.final()) return true;  // our own no
  const bool is_timeout = traffic::class_of(error) == traffic::FailureClass::timeout;
  if (is_timeout && now >= exchange.caller_waits_until) return true;
  const int status = exchange.upstream_status;
  const bool is_of_key = status == 401 || status == 402 || status == 429;
  return traffic::suspect_of(error) == traffic::Suspect::key && status >= 400 && status < 500 && !is_of_key;
}

class FallBack final : public Middleware {
 public:
  FallBack(const GatewayParts& parts, Random& random) : parts_(parts), random_(random) {}

  // Never goes on once the client has seen a byte: an answer cannot be begun twice, nor a body sent twice that was too
  // large to keep.
  Async<> handle(Exchange& exchange, Next next) const override {
    const Itinerary::Terms terms = terms_of(exchange);
    exchange.caller_waits_until = terms.caller_waits_until;
    Itinerary way(*exchange.model, terms, *exchange.scratch.routing, parts_.traffic.affinity, random_);
    for (;;) {
      const Itinerary::Move move = way.next(parts_.clock.now());
      if (move == Itinerary::Move::end) co_return verdict(exchange, way);
      if (move == Itinerary::Move::pause) {
        const Result<> paused = co_await net::pause(parts_.loop, way.until(), exchange.incoming.stop());
        if (!paused) co_return paused.error();
        continue;
      }
      begin(exchange, way);
      Result<> outcome = co_await next(exchange);
      exchange.pass = nullptr;
      learn(exchange, way, outcome);
      const bool is_given = exchange.reply.begun() || (exchange.form != nullptr && exchange.form->taken());
      if (outcome || is_given || outcome.error().final() || !way.go_on(outcome.error())) co_return outcome;
    }
  }

 private:
  static Error verdict(const Exchange& exchange, const Itinerary& way) {
    std::optional<Error> error = way.verdict();
    return error ? *std::move(error) : not_eligible(exchange);
  }

  void begin(Exchange& exchange, Itinerary& way) const {
    const Choice& choice = way.choice();
    const Provider* before = exchange.target != nullptr ? exchange.target->provider : nullptr;
    const Provider* now = choice.target->provider;
    if (before != nullptr && before != now) parts_.metrics.fell_back(before->label, now->label);
    if (way.is_repetition()) parts_.metrics.retried(now->label);
    exchange.serving = choice.model;
    exchange.target = choice.target;
    exchange.key = &now->keys[choice.key];
    exchange.curable = way.curable();
    exchange.pass = &way.pass();
  }

  // What the attempt says of the lane, and of where the conversation is now.
  void learn(Exchange& exchange, Itinerary& way, const Result<>& outcome) const {
    const TimePoint now = parts_.clock.now();
    const bool failed = !outcome && !exchange.complete;
    note_attempt(exchange, way, failed ? &outcome.error() : nullptr, now);
    traffic::Pass& pass = way.pass();
    if (exchange.usage) {
      const chat::Usage& usage = *exchange.usage;
      pass.cached(usage.cache_read, usage.input + usage.cache_read + usage.cache_write);
    }
    if (failed) {
      if (is_nobodys_failure(exchange, outcome.error(), now)) return;
      pass.failed(outcome.error(), now);
      tell_of_closing(exchange, way.choice(), now);
      return;
    }
    // A refusal says that it is there, and nothing of how fast it answers.
    if (exchange.status < 200 || exchange.status >= 300) return pass.succeeded(std::nullopt, now);
    const bool has_event = exchange.streaming && exchange.first_event;
    pass.succeeded(has_event ? *exchange.first_event - exchange.attempt_began : exchange.upstream_took, now);
    remember(exchange, way.choice(), now);
  }

  // Where it matters the conversation was read for the plan; the body may be gone by now.
  void remember(const Exchange& exchange, const Choice& choice, TimePoint now) const {
    const Inquiry& inquiry = *exchange.scratch.routing->inquiry;
    const std::uint64_t lane = choice.lane().id();
    if (!exchange.answer_id.empty()) {
      const Inquiry::Asked& asked = inquiry.asked();
      parts_.traffic.affinity.remember(key_of_answer(exchange.answer_id, asked.caller, asked.hash_key), lane, now);
    }
    if (const std::uint64_t conversation = inquiry.known_conversation(); conversation != 0) {
      parts_.traffic.affinity.remember(conversation, lane, now);
    }
  }

  void note_attempt(Exchange& exchange, const Itinerary& way, const Error* error, TimePoint now) const {
    const Choice& choice = way.choice();
    Trace::Attempt attempt;
    attempt.provider = choice.target->provider->label;
    attempt.deployment = choice.target->deployment;
    attempt.key = choice.key + 1;
    attempt.repeated = way.is_repetition();
    attempt.took = now - exchange.attempt_began;
    if (error != nullptr) {
      attempt.outcome = error->outcome();
      attempt.code = parts_.labels.label(error->code());
    } else if (exchange.status >= 400) {
      attempt.outcome = Outcome::client_error;
    }
    exchange.scratch.routing->trace.note(attempt);
  }

  void tell_of_closing(const Exchange& exchange, const Choice& choice, TimePoint now) const {
    const traffic::LaneView view = choice.lane().look(now);
    if (view.closed == traffic::Closed::no || view.closed == traffic::Closed::probing) return;
    const bool is_ours = view.closed == traffic::Closed::key_refused || view.closed == traffic::Closed::no_quota;
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(view.opens_at - now);
    parts_.log.write(is_ours ? LogLevel::error : LogLevel::warn, "a target is left alone for a while",
                     {{"request_id", exchange.scratch.id},
                      {"provider", choice.target->provider->name},
                      {"model", choice.model->name},
                      {"key", std::to_string(choice.key + 1)},
                      {"reason", std::string(to_string(view.closed))},
                      {"milliseconds", std::to_string(wait.count())}});
  }

  const GatewayParts parts_;
  Random& random_;
};

}  // namespace

std::unique_ptr<Middleware> fall_back(const GatewayParts& parts, Random& random) {
  return std::make_unique<FallBack>(parts, random);
}

}  // namespace sluice

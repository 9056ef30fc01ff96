#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include <sluice/base/text.hpp>

#include "gateway/charge.hpp"
#include "gateway/credentials.hpp"
#include "gateway/held_fields.hpp"
#include "gateway/hidden.hpp"
#include "gateway/names.hpp"
#include "gateway/provider_credential.hpp"
#include "gateway/quota_fields.hpp"
#include "gateway/relay.hpp"
#include "gateway/relay_array.hpp"
#include "gateway/retry_after.hpp"
#include "gateway/routing.hpp"
#include "gateway/translate.hpp"
#include "gateway/upstream_body.hpp"
#include "gateway/upstream_head.hpp"
#include "gateway/usage_cost.hpp"
#include "gateway/usage_record.hpp"
#include "gateway/verbs.hpp"

namespace sluice {
namespace {

constexpr std::size_t largest_error = 1u << 20;

// The answer's content coding; empty for none.
std::string_view coding_of(const http::ResponseHead& head) {
  for (const http::Field& field : head.fields) {
    const bool coded =
        equals_ignoring_case(field.name, "content-encoding") && !equals_ignoring_case(field.value, "identity");
    if (coded) return field.value;
  }
  return {};
}

Error unasked_coding() {
  return Error(Fault::upstream_failed, Blame::upstream, "upstream_error",
               "The provider answered in a content coding that was not asked for.")
      .with_outcome(Outcome::server_error)
      .worth_retrying();
}

// What proves who we are, as the provider was shown it; empty where the proof is of no use to who sees it.
std::string_view shown_secret(const ProviderKey& key, const credential::Grant* grant) {
  return grant != nullptr ? grant->token.reveal() : key.key.reveal();
}

// A signature covers the whole body, which is not there.
Error cannot_be_signed() {
  return Error(Fault::too_large, Blame::client, "request_too_large",
               "A provider of this model takes signed requests only, for which this one is too large.")
      .worth_retrying();
}

// Nobody knows what an answer of this target would cost, and the operator wants no such answers.
Error no_price(const Exchange& exchange) {
  return Error(Fault::bad_request, Blame::client, "price_unknown",
               "The price of model '" + exchange.serving->name +
                   "' at one of its providers is not known, and this gateway does not spend what it cannot count.")
      .worth_retrying();
}

// Refusals of the caller's own request, which its client may match word by word.
bool is_passed_on_unchanged(int status) { return status == 400 || status == 404 || status == 413 || status == 422; }

class CallUpstream final : public Handler {
 public:
  CallUpstream(const GatewayParts& parts, Credentials& credentials) : parts_(parts), credentials_(credentials) {}

  Async<> handle(Exchange& exchange) const override {
    ++exchange.attempts;
    exchange.attempt_began = parts_.clock.now();
    exchange.usage.reset();
    exchange.first_event.reset();
    exchange.told = false;
    exchange.streaming = false;
    exchange.answer_id.clear();
    exchange.sent = false;
    exchange.upstream_status = 0;
    Result<> allowed = set_aside(exchange);
    if (!allowed) {
      --exchange.attempts;
      co_return allowed;
    }
    exchange.voice = exchange.target->provider->voice_for(exchange.spoken, exchange.endpoint.task);
    const Wording wording = word(exchange);
    Result<net::Outgoing> outgoing = write_upstream_body(parts_, exchange, wording);
    if (!outgoing) {
      give_back(exchange);
      co_return std::move(outgoing).error();
    }
    Result<> outcome = co_await attempt(exchange, *exchange.bill.permit, wording, *outgoing);
    if (!outcome) log_failure(exchange, outcome.error());
    const Outcome ended = outcome_of(exchange, outcome);
    parts_.metrics.attempted(exchange.target->provider->label, exchange.target->deployment, ended);
    pay(exchange, static_cast<bool>(outcome) || exchange.complete, ended);
    co_return outcome;
  }

 private:
  // The price of what is about to be asked for, and as much money as it can cost at most.
  Result<> set_aside(Exchange& exchange) const {
    Bill& bill = exchange.bill;
    const std::string_view name = name_at(*exchange.target, *exchange.serving, exchange.outline.model);
    bill.counted_output = 0;
    bill.tariff = exchange.world->tariff_of(*exchange.target, name, bill.looked_up);
    if (bill.tariff == nullptr) {
      parts_.metrics.price_missing(exchange.model->label);
      if (exchange.world->denies_unknown_price(bill.tab->has_budget())) {
        parts_.metrics.rejected(Rejection::price);
        return no_price(exchange);
      }
    }
    fit_size(exchange, name);
    const Size& size = bill.size;
    const ledger::NanoUsd bound =
        bill.tariff == nullptr ? 0
                               : ledger::bound_of(bill.tariff->price, size.input_bound, size.output_bound, size.images);
    bill.permit.reset();
    std::optional<ledger::Refusal> refusal =
        bill.tab->reserve(bound, {exchange.attempt_began, parts_.clock.utc()}, bill.permit);
    if (refusal) {
      parts_.metrics.rejected(Rejection::budget);
      return refusal_of(*refusal);
    }
    if (bill.entry != nullptr) bill.entry->bound(bill.cost + bound);
    return Ok{};
  }

  // The provider is not asked after all.
  static void give_back(Exchange& exchange) {
    --exchange.attempts;
    if (exchange.bill.entry != nullptr) exchange.bill.entry->bound(exchange.bill.cost);
    exchange.bill.permit.reset();
  }

  // The request as large as this target sees it.
  static void fit_size(Exchange& exchange, std::string_view name) {
    if (!exchange.bill.size.was_read) return;
    const Target& target = *exchange.target;
    const auto longest = target.known != nullptr ? target.known->max_output : std::nullopt;
    exchange.bill.size = size_of(exchange.scratch.routing->inquiry->features(), exchange.endpoint.task,
                                 exchange.body.size(), longest, target.family_of(name));
  }

  // How far we were off, where text alone was asked about.
  void compare_estimate(const Exchange& exchange, const Charge& charge) const {
    if (charge.source != ledger::CountSource::reported || !exchange.bill.size.was_read) return;
    const chat::Features& features = exchange.scratch.routing->inquiry->features();
    const std::uint64_t reported = charge.input;
    if (reported == 0 || features.images + features.documents + features.audio > 0) return;
    parts_.metrics.estimated(exchange.model->label, exchange.bill.size.input, reported);
  }

  // What the attempt did cost, however it ended.
  void pay(Exchange& exchange, bool complete, Outcome ended) const {
    Bill& bill = exchange.bill;
    const bool begun = exchange.upstream_status >= 200 && exchange.upstream_status < 300;
    // Whoever leaves, or will not wait, before the answer begins has set the provider to work all the same, once it was
    // sent anything.
    const bool impatient = parts_.clock.now() >= exchange.caller_waits_until;
    const bool abandoned = exchange.sent && exchange.upstream_status == 0 && (ended == Outcome::cancelled || impatient);
    const Charge charge = charge_of(bill, exchange.usage, begun || abandoned, complete);
    const ledger::NanoUsd cost = cost_of(bill, charge, begun || abandoned);
    bill.cost += cost;
    // Before others may take what becomes free: a crash in between must not charge both.
    if (bill.entry != nullptr) bill.entry->bound(bill.cost);
    bill.permit->pay(cost);
    bill.permit.reset();
    compare_estimate(exchange, charge);
    bill.input_used += charge.input;
    bill.output_used += charge.output;
    note_attempt(exchange, charge.counts, charge.source, cost, to_string(ended),
                 parts_.clock.now() - exchange.attempt_began);
    const Key* const caller = exchange.caller;
    const Label team = caller != nullptr && caller->team != nullptr ? caller->team->label : labels::none;
    if (cost != 0) parts_.metrics.cost(team, exchange.model->label, exchange.target->provider->label, cost);
  }

  // Why a target failed, where the caller's own doing is not the reason. Nothing of what was said.
  void log_failure(const Exchange& exchange, const Error& error) const {
    if (error.blame() == Blame::client) return;
    parts_.log.write(LogLevel::warn, "an attempt failed",
                     {{"request_id", exchange.scratch.id},
                      {"provider", exchange.target->provider->name},
                      {"model", exchange.model->name},
                      {"attempt", std::to_string(exchange.attempts)},
                      {"outcome", std::string(to_string(error.outcome()))},
                      {"code", std::string(error.code())}});
  }

  // Nobody waits for an answer that its caller no longer waits for: of a stream, for its beginning.
  net::Deadlines deadlines_of(const Exchange& exchange) const {
    const config::ModelTimeouts& timeouts = exchange.serving->timeouts;
    const TimePoint total = exchange.attempt_began + timeouts.total;
    const TimePoint caller = exchange.caller_waits_until;
    const Duration patience = std::max<Duration>(caller - exchange.attempt_began, std::chrono::milliseconds(1));
    const Duration first_byte =
        caller == TimePoint::max() ? Duration(timeouts.first_byte) : std::min<Duration>(timeouts.first_byte, patience);
    return {timeouts.connect, first_byte, timeouts.idle, exchange.outline.stream ? total : std::min(total, caller)};
  }

  static TimePoint begins_by(const Exchange& exchange) {
    return std::min(exchange.attempt_began + exchange.serving->timeouts.first_byte, exchange.caller_waits_until);
  }

  void note_remaining(const Exchange& exchange, std::span<const http::Field> fields) const {
    const auto told = remaining_of(fields, parts_.clock.utc());
    if (!told) return;
    const auto key = static_cast<std::size_t>(exchange.key - exchange.target->provider->keys.data());
    exchange.target->lanes[key]->note_remaining(*told, parts_.clock.now());
  }

  static Outcome outcome_of(const Exchange& exchange, const Result<>& outcome) {
    if (exchange.complete || outcome) return exchange.status >= 400 ? Outcome::client_error : Outcome::ok;
    return outcome.error().outcome();
  }

  // Counts answers that should have said what they cost.
  void note_usage(const Exchange& exchange) const {
    if (exchange.usage || !chat::is_metered(exchange.endpoint.task)) return;
    parts_.metrics.usage_missing(exchange.target->provider->label);
  }

  // Whoever dials shows a permit.
  Async<net::CallPtr> dial(const ledger::Permit&, const Provider& provider, const net::Outgoing& outgoing,
                           const net::Deadlines& deadlines, net::Stop& stop) const {
    return parts_.transport.send(provider.origin, outgoing, deadlines, stop);
  }

  Async<> attempt(Exchange& exchange, const ledger::Permit& permit, const Wording& wording,
                  net::Outgoing& outgoing) const {
    const chat::Task task = exchange.endpoint.task;
    const Provider& provider = *exchange.target->provider;
    const config::ModelTimeouts& timeouts = exchange.serving->timeouts;
    credential::Keeper::GrantPtr grant;
    if (provider.credential != nullptr) {
      const TimePoint by = exchange.attempt_began + std::min(timeouts.first_byte, timeouts.total);
      Result<credential::Keeper::GrantPtr> given = co_await credentials_.grant(provider, exchange.incoming.stop(), by);
      if (!given) co_return std::move(given).error();
      grant = *std::move(given);
    }
    if (outgoing.rest != nullptr && grant != nullptr && grant->token.empty()) co_return cannot_be_signed();
    // What is translated is a conversation, whatever the caller's dialect made of it.
    const bool converses = !wording.as_it_is && exchange.spoken.caller_codec(task) != nullptr;
    const chat::Asked asked{converses ? chat::Task::chat : task, wording.model, exchange.outline.stream,
                            exchange.scratch.way};
    if (!write_upstream_head(exchange, asked, outgoing, grant.get(), parts_.clock.utc())) {
      co_return Error(Fault::bad_request, Blame::client, "invalid_request",
                      "The request's header fields are too large.");
    }
    outgoing.head = exchange.scratch.head;
    outgoing.sent = &exchange.sent;
    const net::Deadlines deadlines = deadlines_of(exchange);
    Result<net::CallPtr> call = co_await dial(permit, provider, outgoing, deadlines, exchange.incoming.stop());
    exchange.upstream_took = parts_.clock.now() - exchange.attempt_began;
    if (!call) co_return std::move(call).error();
    const int status = (*call)->head().status;
    exchange.upstream_status = status;
    note_remaining(exchange, (*call)->head().fields);
    if (grant != nullptr && (status == 401 || status == 403)) {
      provider.credential->keeper.refused(grant, parts_.clock.now());
    }
    const std::string_view secret = shown_secret(*exchange.key, grant.get());
    exchange.secret = secret;
    Result<> taken = co_await take_answer(exchange, **call, wording);
    exchange.secret = {};
    if (!taken) co_return without_secret(std::move(taken).error(), secret);
    co_return taken;
  }

  Async<> take_answer(Exchange& exchange, net::Call& call, const Wording& wording) const {
    if (wording.answers_as_it_is) co_return co_await pass_on(exchange, call, wording.meter_stream);
    co_return co_await pass_on_translated(exchange, call);
  }

  // An answer to a request that was not the caller's own bytes.
  Async<> pass_on_translated(Exchange& exchange, net::Call& call) const {
    const int status = call.head().status;
    if (!coding_of(call.head()).empty()) co_return unasked_coding();
    if (status < 200 || status >= 300) co_return co_await fail(exchange, call);
    const RelayParts relay{parts_.clock, parts_.metrics, parts_.labels};
    Result<> passed = co_await translate_answer(relay, exchange, call);
    if (passed || exchange.complete) note_usage(exchange);
    co_return passed;
  }

  Async<> pass_on(Exchange& exchange, net::Call& call, bool meter_stream) const {
    const http::ResponseHead& head = call.head();
    const int status = head.status;
    const std::string_view coding = coding_of(head);
    const bool is_wrapped = exchange.voice->wrapping() != nullptr;
    const bool is_looked_into = is_wrapped || wants_array(exchange);
    if (!coding.empty() && (is_looked_into || !accepts_coding(exchange.incoming.request().fields, coding))) {
      co_return unasked_coding();
    }
    const bool good = status >= 200 && status < 300;
    if (!good && !is_passed_on_unchanged(status)) co_return co_await fail(exchange, call);
    const bool is_stream = good && is_of_type(head, exchange.voice->stream_type());
    // The head's fields are void once the body is read: what goes on to the client is kept here.
    HeldFields held(exchange, parts_.clock.now());
    const bool is_array = is_stream && wants_array(exchange);
    if (is_stream && (is_wrapped || is_array)) {
      const chat::AnswerForm form{.json_array = is_array};
      held.add("content-type", exchange.spoken.codec()->stream_type(form));
    }
    held.keep(head);
    if (!exchange.scratch.dropped.empty()) held.add("x-sluice-dropped", exchange.scratch.dropped);
    if (is_stream) {
      const RelayParts relay{parts_.clock, parts_.metrics, parts_.labels};
      held.for_stream();
      const http::HeadView reply{status, held.all()};
      if (!coding.empty() || !chat::has_stream_end(exchange.endpoint.task)) {
        co_return co_await relay_opaque(relay, exchange, call, reply);
      }
      if (is_array) {
        const TimePoint begins = begins_by(exchange);
        Result<> relayed = co_await relay_array(relay, exchange, call, reply, begins);
        if (exchange.complete) note_usage(exchange);
        co_return relayed;
      }
      const bool strip_usage = meter_stream && exchange.outline.stream_options != chat::StreamOptions::asked;
      const TimePoint first_event_by = begins_by(exchange);
      Result<> relayed = co_await relay_events(relay, exchange, call, reply, strip_usage, first_event_by);
      if (exchange.complete) note_usage(exchange);
      co_return relayed;
    }
    if (good && exchange.endpoint.task == chat::Task::speech) {
      const RelayParts relay{parts_.clock, parts_.metrics, parts_.labels};
      const http::HeadView reply{status, held.all()};
      co_return co_await relay_opaque(relay, exchange, call, reply);
    }
    co_return co_await pass_on_whole(exchange, call, held, coding.empty());
  }

  // Whether a body with a status of success may be an answer; read only where it looks as if it was none.
  static Result<Ok> check_answer(const Exchange& exchange, std::string_view body) {
    if (!chat::may_be_failure(body)) return Ok{};
    const Result<chat::Response> read = exchange.spoken.codec()->decode_response(body);
    if (read) return Ok{};
    return read.error();
  }

  // A failure that another target might not have.
  Async<> fail(Exchange& exchange, net::Call& call) const {
    const int status = call.head().status;
    const auto wait = retry_after_of(call.head().fields, parts_.clock.utc());
    const auto repeatable = should_retry(call.head().fields);
    const Result<> collected = co_await call.collect(largest_error);
    if (!collected && exchange.incoming.stop().requested()) co_return collected.error();
    const std::string_view body =
        collected ? without_secret(call.pending(), exchange.secret, exchange.scratch.body) : std::string_view();
    Error error = exchange.voice->decode_error(status, body);
    if (repeatable) error = std::move(error).with_repeatable(*repeatable);
    if (repeatable == true) error = std::move(error).worth_retrying();
    if (!wait) co_return error;  // the body may have said how long
    co_return std::move(error).with_retry_after(wait);
  }

  Async<> pass_on_whole(Exchange& exchange, net::Call& call, HeldFields& held, bool readable) const {
    const int status = call.head().status;
    // Such an answer ends wherever the connection does; only JSON tells whether that is its end.
    const bool unframed = call.head().framing == http::Framing::until_close &&
                          (exchange.form == nullptr || is_of_type(call.head(), "application/json"));
    const Result<> collected = co_await call.collect(largest_answer);
    if (!collected) co_return collected.error();
    std::string_view body = call.pending();
    if (unframed && readable && !chat::is_json(body)) {
      co_return Error(Fault::upstream_failed, Blame::upstream, "upstream_error",
                      "The provider's answer ended too early.")
          .with_outcome(Outcome::truncated)
          .worth_retrying();
    }
    // Some report a failure with a status of success.
    if (status < 300 && readable && exchange.endpoint.task == chat::Task::chat) {
      const Result<Ok> answered = check_answer(exchange, body);
      if (!answered) co_return answered.error();
    }
    if (status < 300) {
      if (readable) exchange.usage = exchange.spoken.usage_of(body);
      if (readable) exchange.answer_id = exchange.spoken.answer_id(body);
      note_usage(exchange);
      held.add_cost(exchange);
    }
    // Some say with a 400 that our own key is no good: not the caller's affair, and perhaps not the next target's.
    // And what stands in a door has words of its own, which are not the caller's.
    if (status >= 400 && readable) {
      const chat::Door* const door = exchange.voice->door;
      Error refusal = exchange.voice->decode_error(status, body);
      const bool is_readable = door == nullptr || door->is_own_failure(body);
      const bool is_curable = exchange.curable.has(traffic::class_of(refusal));
      if (refusal.code() == "upstream_auth" || !is_readable || is_curable) co_return refusal;
      body = without_secret(body, exchange.secret, exchange.scratch.body);
    }
    exchange.first_event = parts_.clock.now();
    exchange.status = status;
    const http::HeadView head{status, held.all()};
    UsageCost cost(exchange);
    const auto place = status < 300 && readable ? cost.place_in(body) : std::nullopt;
    http::Slices pieces(body.substr(0, place.value_or(body.size())));
    if (place) pieces.add(cost.member());
    if (place) pieces.add(body.substr(*place));
    co_return co_await exchange.reply.send(head, pieces);
  }

  const GatewayParts parts_;
  Credentials& credentials_;
};

}  // namespace

std::unique_ptr<Handler> call_upstream(const GatewayParts& parts, Credentials& credentials) {
  return std::make_unique<CallUpstream>(parts, credentials);
}

}  // namespace sluice

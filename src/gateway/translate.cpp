#include "gateway/translate.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <sluice/base/text.hpp>
#include <sluice/chat/schema_tool.hpp>

#include "gateway/arrived_stream.hpp"
#include "gateway/dropped_fields.hpp"
#include "gateway/endpoints.hpp"
#include "gateway/held_fields.hpp"
#include "gateway/hidden.hpp"
#include "gateway/relay_array.hpp"
#include "gateway/stream_meter.hpp"
#include "gateway/translate_operation.hpp"
#include "gateway/translation_limits.hpp"
#include "gateway/upstream_head.hpp"
#include "gateway/usage_cost.hpp"

namespace sluice {
namespace {

// Who wrote anything but a no meant it.
bool is_strict(const Exchange& exchange) {
  const std::string_view wanted = http::find(exchange.incoming.request().fields, "x-sluice-strict").value_or("");
  return exchange.serving->strict || !(wanted.empty() || wanted == "0" || equals_ignoring_case(wanted, "false"));
}

const chat::CallerCodec& callers_codec(const Exchange& exchange) {
  return *exchange.spoken.caller_codec(exchange.endpoint.task);
}

Error answer_too_large() {
  return Error(Fault::upstream_failed, Blame::upstream, "upstream_error",
               "The provider's answer is too large to be translated.")
      .with_outcome(Outcome::server_error);
}

// What went before, kept where only the provider that kept it can look: without it the answer would be to another
// question.
bool is_history(std::string_view name) {
  return name == "previous_response_id" || name == "conversation" || name.ends_with("item_reference");
}

Error would_lose(const std::string& names) {
  return Error(Fault::bad_request, Blame::client, "unsupported_parameter",
               "The provider of this model cannot be told everything this request says: " + names + ".")
      .worth_retrying();
}

// An answer that its provider itself calls a failure, although it began with a status of success.
Error gave_up(const chat::Ending& ending) {
  const std::string why = ending.raw.empty() ? std::string() : " (" + ending.raw + ")";
  return Error(Fault::upstream_failed, Blame::upstream, "upstream_error", "The provider gave up its answer" + why + ".")
      .worth_retrying()
      .with_outcome(Outcome::server_error);
}

const chat::Ending* failed_ending(const chat::Response& response) {
  for (const chat::Choice& choice : response.choices) {
    if (choice.ending.finish == chat::Finish::error) return &choice.ending;
  }
  return nullptr;
}

chat::AnswerForm form_of(const Exchange& exchange) {
  chat::AnswerForm form;
  form.usage = exchange.usage_is_wanted;
  form.json_array = wants_array(exchange);
  form.repeats = callers_codec(exchange).repeats(exchange.body);
  return form;
}

// What every caller's dialect wants to see and not every provider's says: a time and names.
template <class Answer>
void complete(Answer& answer, const Exchange& exchange, const Clock& clock) {
  if (answer.created == 0) {
    answer.created = std::chrono::duration_cast<std::chrono::seconds>(clock.utc().time_since_epoch()).count();
  }
  if (answer.id.empty()) answer.id = "answer-" + exchange.scratch.id;
  if (answer.model.empty()) answer.model = exchange.request->model;
}

class TranslatedStream {
 public:
  TranslatedStream(const RelayParts& parts, Exchange& exchange, net::Call& call)
      : parts_(parts),
        exchange_(exchange),
        call_(call),
        arrived_(call, exchange.voice->wrapping()),
        form_(form_of(exchange)),
        reply_(parts, exchange, exchange.spoken.has_comments() && !form_.json_array),
        decoder_(exchange.voice->dialect->codec()->stream_decoder()),
        encoder_(callers_codec(exchange).stream_encoder(form_)),
        held_(exchange, parts.clock.now()),
        meter_(exchange),
        cost_(exchange),
        tool_answer_(exchange.scratch.answer_tool) {
    std::string().swap(form_.repeats);  // the encoder has them
    held_.add("content-type", callers_codec(exchange).stream_type(form_));
    if (!exchange.scratch.dropped.empty()) held_.add("x-sluice-dropped", exchange.scratch.dropped);
    held_.for_stream();
  }

  // A stream of the provider's.
  Async<> run(TimePoint first_event_by) {
    Result<> outcome = co_await run_events(first_event_by);
    if (outcome) co_return outcome;
    const Result<> told = co_await tell(outcome.error());
    co_return outcome;
  }

  // What of the answer so far its reader's dialect could not say.
  const chat::Dropped& dropped() const { return encoder_->dropped(); }

  // A complete answer, although a stream was asked for.
  Async<> run_through(const chat::Response& response) {
    events_ = chat::unfold(response);
    Result<> passed = co_await pass_on_events();
    if (passed) co_return co_await reply_.finish(call_);
    const Result<> told = co_await tell(passed.error());
    co_return passed;
  }

 private:
  Async<> run_events(TimePoint first_event_by) {
    for (;;) {
      events_.clear();
      const Result<> unwrapped = arrived_.take_up();
      const Result<std::size_t> taken = decoder_->decode(arrived_.pending(), events_);
      if (!taken) co_return taken.error();
      arrived_.consume(*taken);
      const Result<> passed = co_await pass_on_events();
      if (!passed) co_return passed.error();
      if (exchange_.complete) co_return co_await reply_.finish(call_);
      if (!unwrapped) co_return unwrapped.error();
      const Result<bool> more = co_await reply_.more(call_, first_event_by);
      if (!more) co_return more.error();
      if (!*more) co_return co_await run_out();
    }
  }

  // A caller who has part of the answer hears why there is no more of it from who numbers its events and knows which
  // brackets are open.
  Async<> tell(const Error& error) {
    if (!reply_.started() || exchange_.complete || error.fault() == Fault::client_left) co_return Ok{};
    exchange_.told = true;
    out_.clear();
    const chat::Event failed = chat::AnswerFailed{error};
    encoder_->encode(failed, out_);
    co_return co_await write();
  }

  // The provider's last byte came, perhaps before its last word.
  Async<> run_out() {
    events_.clear();
    const Result<> finished = decoder_->finish(events_);
    const Result<> passed = co_await pass_on_events();
    if (!passed) co_return passed.error();
    if (!finished) co_return finished.error();
    if (!exchange_.complete) co_return chat::ended_early();
    co_return co_await exchange_.reply.end();
  }

  Async<> pass_on_events() {
    out_.clear();
    bool said_something = false;
    for (chat::Event& event : events_) {
      if (!exchange_.scratch.answer_tool.empty()) tool_answer_.restore(event);
      if (auto* const failed = std::get_if<chat::AnswerFailed>(&event)) {
        failed->error = without_secret(std::move(failed->error), exchange_.secret);
        if (!reply_.started() && out_.empty()) co_return failed->error;
        const Result<> written = co_await write();
        if (!written) co_return written.error();
        co_return failed->error;
      }
      if (auto* start = std::get_if<chat::AnswerStart>(&event)) complete(*start, exchange_, parts_.clock);
      if (const auto* counted = std::get_if<chat::UsageSeen>(&event)) exchange_.usage = counted->usage;
      const auto* const ended = std::get_if<chat::ChoiceEnd>(&event);
      if (ended != nullptr && ended->ending.finish == chat::Finish::error) {
        const Result<> written = co_await write();
        if (!written) co_return written.error();
        co_return gave_up(ended->ending);
      }
      said_something = said_something || !std::holds_alternative<chat::Heartbeat>(event);
      const std::size_t before = out_.size();
      encoder_->encode(event, out_);
      if (exchange_.spoken.streams_events()) cost_.add_to_events(out_, before);
      const auto* delta = std::get_if<chat::BlockDelta>(&event);
      if (delta != nullptr && !delta->text.empty() && !meter_.note(delta->text.size())) {
        const Result<> written = co_await write();
        if (!written) co_return written.error();
        co_return budget_is_gone();
      }
      if (std::holds_alternative<chat::AnswerEnd>(event)) {
        exchange_.complete = true;
        break;
      }
    }
    if (said_something) reply_.note_event();
    co_return co_await write();
  }

  Async<> write() {
    const http::HeadView head{200, held_.all()};
    Result<> written = co_await reply_.write(head, out_);
    // A stream may go on for long, and not every event is as large as the largest.
    if (out_.capacity() > most_kept) std::string().swap(out_);
    co_return written;
  }

  static constexpr std::size_t most_kept = 64 * 1024;  // bytes, between events

  const RelayParts& parts_;
  Exchange& exchange_;
  net::Call& call_;
  ArrivedStream arrived_;
  chat::AnswerForm form_;
  StreamReply reply_;
  const std::unique_ptr<chat::StreamDecoder> decoder_;
  const std::unique_ptr<chat::StreamEncoder> encoder_;
  HeldFields held_;
  StreamMeter meter_;
  UsageCost cost_;
  chat::ToolAnswer tool_answer_;
  std::vector<chat::Event> events_;
  std::string out_;
};

// What of an answer could not be said is told to the caller where the head has not gone out, logged and counted.
void note_lost(const RelayParts& parts, Exchange& exchange, const chat::Dropped& dropped) {
  append_dropped(exchange.scratch.dropped, dropped);
  count_dropped(dropped, exchange.target->provider->label, parts.metrics, parts.labels);
}

// A whole stream in the bytes of its dialect; `unwrapped` holds them where the stream was wrapped.
Result<std::string_view> unwrap_whole(const Voice& voice, std::string_view stream, std::string& unwrapped) {
  if (voice.wrapping() == nullptr) return stream;
  const Result<std::size_t> done = voice.wrapping()->unwrap(stream, unwrapped);
  if (!done) return done.error();
  return std::string_view(unwrapped);
}

// The complete answer that a provider sent in one piece, or as a stream nobody asked for.
Result<chat::Response> read_answer(const chat::Codec& codec, std::string_view body, bool is_stream) {
  if (!is_stream) return codec.decode_response(body);
  std::vector<chat::Event> events;
  const auto decoder = codec.stream_decoder();
  const Result<std::size_t> taken = decoder->decode(body, events);
  if (!taken) return taken.error();
  const Result<> finished = decoder->finish(events);
  if (!finished) return finished.error();
  chat::Fold fold;
  for (const chat::Event& event : events) fold.take(event);
  return std::move(fold).finish();
}

// The request for a conversation in the provider's words.
Result<chat::Rendered> render(Exchange& exchange, std::string_view model) {
  if (exchange.request == nullptr) {
    if (Result<Ok> room = make_room(exchange); !room) return std::move(room).error();
    Result<chat::Request> decoded =
        callers_codec(exchange).decode_request(exchange.body, exchange.outline.model, exchange.outline.stream);
    if (!decoded) return std::move(decoded).error();
    if (Result<Ok> few = check_tools(*decoded); !few) return std::move(few).error();
    if (Result<Ok> good = chat::check_schemas(*decoded); !good) return std::move(good).error();
    exchange.request = std::make_unique<chat::Request>(*std::move(decoded));
    // The books need the counts; whether the caller sees them is the encoder's concern. Whole answers have them anyway.
    exchange.usage_is_wanted = std::exchange(exchange.request->wants_usage, exchange.outline.stream);
  }
  exchange.request->model = model;
  chat::prepare_for(*exchange.request, exchange.voice->dialect->name());
  return exchange.voice->dialect->codec()->encode_request(*exchange.request, exchange.voice->quirks);
}

Async<> answer_whole(const RelayParts& parts, Exchange& exchange, const chat::Response& response) {
  exchange.scratch.body.clear();
  chat::Dropped dropped;
  callers_codec(exchange).encode_response(response, form_of(exchange), exchange.scratch.body, dropped);
  note_lost(parts, exchange, dropped);
  co_return co_await send_translated(parts, exchange);
}

}  // namespace

Result<chat::Dropped> translate_request(Exchange& exchange, std::string_view model) {
  Result<chat::Rendered> rendered = converses(exchange) ? render(exchange, model) : render_operation(exchange, model);
  if (!rendered) return std::move(rendered).error();
  exchange.scratch.dropped.clear();
  append_dropped(exchange.scratch.dropped, rendered->dropped);
  const bool is_too_much = is_strict(exchange) || std::any_of(rendered->dropped.begin(), rendered->dropped.end(),
                                                              [](const std::string& name) { return is_history(name); });
  if (!rendered->dropped.empty() && is_too_much) return would_lose(exchange.scratch.dropped);
  exchange.scratch.translated = std::move(rendered->body);
  exchange.scratch.way = rendered->way;
  exchange.scratch.answer_tool = std::move(rendered->answer_tool);
  return std::move(rendered->dropped);
}

Async<> translate_answer(const RelayParts& parts, Exchange& exchange, net::Call& call) {
  if (!converses(exchange)) co_return co_await answer_operation(parts, exchange, call);
  const bool is_stream = is_of_type(call.head(), exchange.voice->stream_type());
  if (is_stream && exchange.outline.stream) {
    exchange.streaming = true;
    parts.metrics.stream_began();
    TranslatedStream stream(parts, exchange, call);
    const TimePoint first_event_by =
        std::min(exchange.attempt_began + exchange.serving->timeouts.first_byte, exchange.caller_waits_until);
    Result<> outcome = co_await stream.run(first_event_by);
    note_lost(parts, exchange, stream.dropped());
    parts.metrics.stream_ended();
    co_return outcome;
  }
  const Result<> collected = co_await call.collect(largest_answer);
  if (!collected) co_return collected.error();
  std::string unwrapped;
  std::string_view body = call.pending();
  if (is_stream) {
    const Result<std::string_view> stream = unwrap_whole(*exchange.voice, body, unwrapped);
    if (!stream) co_return stream.error();
    body = *stream;
  }
  if (is_too_large(body)) co_return answer_too_large();
  Result<chat::Response> response = read_answer(*exchange.voice->dialect->codec(), body, is_stream);
  if (!response) co_return response.error();
  response->extras.clear();  // a provider's own notes beside the answer (timings and the like) are nobody's loss
  exchange.usage = response->usage;
  if (const std::string& tool = exchange.scratch.answer_tool; !tool.empty()) chat::ToolAnswer(tool).restore(*response);
  if (const chat::Ending* const ending = failed_ending(*response)) co_return gave_up(*ending);
  complete(*response, exchange, parts.clock);
  if (!exchange.outline.stream) co_return co_await answer_whole(parts, exchange, *response);
  exchange.streaming = true;
  TranslatedStream stream(parts, exchange, call);
  Result<> outcome = co_await stream.run_through(*response);
  note_lost(parts, exchange, stream.dropped());
  co_return outcome;
}

}  // namespace sluice

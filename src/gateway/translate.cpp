#include "gateway/translate.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <sluice/base/text.hpp>

#include "gateway/endpoints.hpp"
#include "gateway/held_fields.hpp"
#include "gateway/translate_operation.hpp"

namespace sluice {
namespace {

constexpr std::size_t longest_list = 1024;  // bytes of x-sluice-dropped

// The members a metric may name; callers can make up any others.
constexpr std::array<std::string_view, 43> known_fields{"cache_control",
                                                        "dimensions",
                                                        "embedding_types",
                                                        "encoding_format",
                                                        "frequency_penalty",
                                                        "input_type",
                                                        "logit_bias",
                                                        "logprobs",
                                                        "max_tokens",
                                                        "max_tokens_per_doc",
                                                        "messages.annotations",
                                                        "messages.audio",
                                                        "messages.cache_control",
                                                        "messages.document",
                                                        "messages.image",
                                                        "messages.image_url",
                                                        "messages.image_url.detail",
                                                        "messages.is_error",
                                                        "messages.name",
                                                        "messages.reasoning",
                                                        "messages.video",
                                                        "metadata",
                                                        "min_p",
                                                        "n",
                                                        "parallel_tool_calls",
                                                        "presence_penalty",
                                                        "reasoning.summary",
                                                        "reasoning_effort",
                                                        "response_format",
                                                        "response_format.strict",
                                                        "seed",
                                                        "service_tier",
                                                        "stop",
                                                        "store",
                                                        "temperature",
                                                        "title",
                                                        "tool_choice",
                                                        "tools.custom",
                                                        "tools.strict",
                                                        "top_logprobs",
                                                        "truncate",
                                                        "user",
                                                        "verbosity"};

// Names that callers chose go into a header field: only what is harmless there.
void append_dropped(std::string& list, const chat::Dropped& names) {
  for (const std::string& name : names) {
    if (list.size() + name.size() + 2 > longest_list) return;
    if (!list.empty()) list += ", ";
    for (const char c : name) {
      const bool harmless = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '-';
      list += harmless ? c : '?';
    }
  }
}

bool is_strict(const Exchange& exchange) {
  return exchange.model->strict ||
         http::find(exchange.incoming.request().fields, "x-sluice-strict").value_or("") == "1";
}

Error would_lose(const std::string& names) {
  return Error(Fault::bad_request, Blame::client, "unsupported_parameter",
               "The provider of this model cannot be told everything this request says: " + names + ".")
      .worth_retrying();
}

bool has_type(const http::ResponseHead& head, std::string_view type) {
  const std::string_view value = http::find(head.fields, "content-type").value_or("");
  return value.size() >= type.size() && equals_ignoring_case(value.substr(0, type.size()), type) &&
         (value.size() == type.size() || value[type.size()] == ';' || value[type.size()] == ' ');
}

chat::StreamForm form_of(const Exchange& exchange) {
  chat::StreamForm form;
  form.usage = exchange.usage_is_wanted;
  const bool has_both_forms = exchange.endpoint.names_model && exchange.spoken.streams_events();
  form.json_array = has_both_forms && !query_has(exchange.incoming.request().target, "alt=sse");
  return form;
}

// What every caller's dialect wants to see and not every provider's says: a time and a name.
template <class Answer>
void complete(Answer& answer, const Exchange& exchange, const Clock& clock) {
  if (answer.created == 0) {
    answer.created = std::chrono::duration_cast<std::chrono::seconds>(clock.utc().time_since_epoch()).count();
  }
  if (answer.id.empty()) answer.id = "answer-" + exchange.scratch.id;
}

class TranslatedStream {
 public:
  TranslatedStream(const RelayParts& parts, Exchange& exchange, net::Call& call)
      : parts_(parts),
        exchange_(exchange),
        call_(call),
        form_(form_of(exchange)),
        decoder_(exchange.voice->dialect->codec()->stream_decoder()),
        encoder_(exchange.spoken.codec()->stream_encoder(form_)),
        held_(exchange, parts.clock.now()) {
    held_.add("content-type", exchange.spoken.codec()->stream_type(form_));
    if (!exchange.scratch.dropped.empty()) held_.add("x-sluice-dropped", exchange.scratch.dropped);
    held_.for_stream();
    exchange.told = form_.json_array;  // an error event has no place inside an array: it stays open
  }

  // A stream of the provider's.
  Async<> run(TimePoint first_event_by) {
    for (;;) {
      events_.clear();
      const Result<std::size_t> taken = decoder_->decode(call_.pending(), events_);
      if (!taken) co_return taken.error();
      call_.consume(*taken);
      const Result<> passed = co_await pass_on_events();
      if (!passed) co_return passed.error();
      if (exchange_.complete) co_return co_await finish();
      if (call_.pending().size() > largest_event) co_return event_too_large();
      const TimePoint wake = started_ ? last_write_ + keep_alive_after : first_event_by;
      const Result<net::Call::Arrival> arrival = co_await call_.more(wake);
      if (!arrival) co_return arrival.error();
      if (*arrival == net::Call::Arrival::end) co_return co_await run_out();
      if (*arrival == net::Call::Arrival::quiet) {
        if (!started_) co_return no_first_event();
        out_ = exchange_.spoken.streams_events() && !form_.json_array ? keep_alive : std::string_view();
        const Result<> written = co_await write();
        if (!written) co_return written.error();
      }
    }
  }

  // A complete answer, although a stream was asked for.
  Async<> run_through(const chat::Response& response) {
    events_ = chat::unfold(response);
    const Result<> passed = co_await pass_on_events();
    if (!passed) co_return passed.error();
    co_return co_await finish();
  }

 private:
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
      if (const auto* failed = std::get_if<chat::AnswerFailed>(&event)) {
        if (!started_ && out_.empty()) co_return failed->error;
        const Result<> written = co_await write();
        if (!written) co_return written.error();
        co_return failed->error;
      }
      if (auto* start = std::get_if<chat::AnswerStart>(&event)) complete(*start, exchange_, parts_.clock);
      if (const auto* counted = std::get_if<chat::UsageSeen>(&event)) exchange_.usage = counted->usage;
      said_something = said_something || !std::holds_alternative<chat::Heartbeat>(event);
      encoder_->encode(event, out_);
      if (std::holds_alternative<chat::AnswerEnd>(event)) {
        exchange_.complete = true;
        break;
      }
    }
    if (said_something) note_event();
    co_return co_await write();
  }

  void note_event() {
    const TimePoint now = parts_.clock.now();
    if (!exchange_.first_event) {
      exchange_.first_event = now;
    } else if (now != last_event_) {
      parts_.metrics.token_gap(exchange_.model->label, exchange_.target->provider->label, now - last_event_);
    }
    last_event_ = now;
  }

  Async<> write() {
    if (out_.empty()) co_return Ok{};
    if (!std::exchange(started_, true)) {
      exchange_.status = 200;
      exchange_.reply.begin({200, held_.all()});
    }
    Result<> written = co_await exchange_.reply.write(http::Slices(out_));
    last_write_ = parts_.clock.now();
    // From here on nobody tries again, so the request's memory can serve somebody else.
    if (written && !std::exchange(released_, true)) {
      exchange_.body = {};
      exchange_.incoming.release();
    }
    co_return written;
  }

  Async<> finish() {
    Result<> ended = co_await exchange_.reply.end();
    const Result<> read = co_await read_to_end(parts_.clock, call_);
    co_return ended;
  }

  const RelayParts& parts_;
  Exchange& exchange_;
  net::Call& call_;
  const chat::StreamForm form_;
  const std::unique_ptr<chat::StreamDecoder> decoder_;
  const std::unique_ptr<chat::StreamEncoder> encoder_;
  HeldFields held_;
  std::vector<chat::Event> events_;
  std::string out_;
  TimePoint last_write_{};
  TimePoint last_event_{};
  bool started_ = false;  // the reply's head is on its way
  bool released_ = false;
};

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
    Result<chat::Request> decoded =
        exchange.spoken.codec()->decode_request(exchange.body, exchange.outline.model, exchange.outline.stream);
    if (!decoded) return std::move(decoded).error();
    exchange.request = std::make_unique<chat::Request>(*std::move(decoded));
    // The books need the counts; whether the caller sees them is the encoder's concern.
    exchange.usage_is_wanted = std::exchange(exchange.request->wants_usage, true);
  }
  exchange.request->model = model;
  return exchange.voice->dialect->codec()->encode_request(*exchange.request, exchange.target->provider->quirks);
}

Async<> answer_whole(const RelayParts& parts, Exchange& exchange, const chat::Response& response) {
  exchange.scratch.body.clear();
  chat::Dropped dropped;
  exchange.spoken.codec()->encode_response(response, exchange.scratch.body, dropped);
  append_dropped(exchange.scratch.dropped, dropped);
  co_return co_await send_translated(parts, exchange);
}

}  // namespace

Result<chat::Dropped> translate_request(Exchange& exchange, std::string_view model) {
  const bool is_chat = exchange.endpoint.task == chat::Task::chat;
  Result<chat::Rendered> rendered = is_chat ? render(exchange, model) : render_operation(exchange, model);
  if (!rendered) return std::move(rendered).error();
  exchange.scratch.dropped.clear();
  append_dropped(exchange.scratch.dropped, rendered->dropped);
  if (!rendered->dropped.empty() && is_strict(exchange)) return would_lose(exchange.scratch.dropped);
  exchange.scratch.translated = std::move(rendered->body);
  return std::move(rendered->dropped);
}

Label label_of_dropped(std::string_view name, Metrics& labels) {
  const bool known = std::find(known_fields.begin(), known_fields.end(), name) != known_fields.end();
  return known ? labels.label(name) : labels::other;
}

Async<> translate_answer(const RelayParts& parts, Exchange& exchange, net::Call& call) {
  if (exchange.endpoint.task != chat::Task::chat) co_return co_await answer_operation(parts, exchange, call);
  const chat::Codec& theirs = *exchange.voice->dialect->codec();
  chat::StreamForm any;
  const bool is_stream = has_type(call.head(), theirs.stream_type(any));
  if (is_stream && exchange.outline.stream) {
    exchange.streaming = true;
    parts.metrics.stream_began();
    TranslatedStream stream(parts, exchange, call);
    const TimePoint first_event_by = exchange.attempt_began + exchange.model->timeouts.first_byte;
    Result<> outcome = co_await stream.run(first_event_by);
    parts.metrics.stream_ended();
    co_return outcome;
  }
  const Result<> collected = co_await call.collect(largest_answer);
  if (!collected) co_return collected.error();
  Result<chat::Response> response = read_answer(theirs, call.pending(), is_stream);
  if (!response) co_return response.error();
  response->extras.clear();  // a provider's own notes beside the answer (timings and the like) are nobody's loss
  exchange.usage = response->usage;
  complete(*response, exchange, parts.clock);
  if (!exchange.outline.stream) co_return co_await answer_whole(parts, exchange, *response);
  exchange.streaming = true;
  TranslatedStream stream(parts, exchange, call);
  co_return co_await stream.run_through(*response);
}

}  // namespace sluice

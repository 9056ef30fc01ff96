#include "gateway/relay.hpp"

#include <utility>

#include <sluice/http/sse.hpp>

#include "gateway/arrived_stream.hpp"
#include "gateway/hidden.hpp"
#include "gateway/stream_meter.hpp"
#include "gateway/usage_cost.hpp"

namespace sluice {
namespace {

class EventRelay {
 public:
  EventRelay(const RelayParts& parts, Exchange& exchange, net::Call& call, http::HeadView head, bool strip_usage)
      : exchange_(exchange),
        call_(call),
        arrived_(call, exchange.voice->wrapping()),
        head_(head),
        strip_usage_(strip_usage),
        reply_(parts, exchange, exchange.spoken.has_comments()),
        meter_(exchange),
        cost_(exchange) {}

  Async<> run(TimePoint first_event_by) {
    for (;;) {
      const Result<> taken = arrived_.take_up();
      const Result<> passed = co_await pass_on_what_is_there();
      if (!passed) co_return passed.error();
      if (exchange_.complete) co_return co_await reply_.finish(call_);
      if (!taken) co_return taken.error();
      const Result<bool> more = co_await reply_.more(call_, first_event_by);
      if (!more) co_return more.error();
      if (*more) continue;
      if (!may_end_) co_return chat::ended_early();
      exchange_.complete = true;
      co_return co_await reply_.finish(call_);
    }
  }

 private:
  // Everything up to the last complete event goes out in one write; only an event that is kept back, or the last one,
  // interrupts it.
  Async<> pass_on_what_is_there() {
    std::size_t ready = std::exchange(waiting_, 0);  // bytes at the front that may go out
    http::SseEvent event;
    while (next_event(arrived_.pending().substr(ready), event)) {
      const std::size_t size = event.raw.size();
      if (!event.has_data) {
        ready += size;
        continue;
      }
      const chat::EventSense sense = exchange_.spoken.sense(event);
      if (sense.usage) note_usage(sense);
      if (sense.kind == chat::EventSense::Kind::error) co_return co_await pass_on_error(event, ready);
      may_end_ = may_end_ || sense.kind == chat::EventSense::Kind::last;
      if (sense.usage) meter_.told(sense.usage->all_output());
      // Dialects whose answers have one say it in their first event.
      if (!worth_sending_ && !reply_.started()) exchange_.answer_id = exchange_.spoken.answer_id(event.data);
      reply_.note_event();
      const std::size_t said = sense.said.value_or(event.data.size());
      if (sense.kind == chat::EventSense::Kind::content && !meter_.note(said)) {
        co_return co_await end_for_want_of_money(ready);
      }
      if (sense.kind == chat::EventSense::Kind::usage_only && strip_usage_) {
        const Result<> sent = co_await send(ready);
        if (!sent) co_return sent.error();
        arrived_.consume(size);
        ready = 0;
        continue;
      }
      worth_sending_ = true;
      ready += size;
      if (const std::size_t behind = sense.usage ? behind_cost(event) : 0; behind > 0) {
        const Result<> sent = co_await send_with_cost(ready - behind);
        if (!sent) co_return sent.error();
        ready = behind;
      }
      if (sense.kind == chat::EventSense::Kind::end) {
        exchange_.complete = true;
        break;
      }
    }
    if (!worth_sending_) {  // comments before the first event wait with it
      waiting_ = ready;
      co_return Ok{};
    }
    co_return co_await send(ready);
  }

  // Most dialects say everything whenever they say anything: what came last holds. Others count the prompt in the first
  // event and the answer in the last.
  void note_usage(const chat::EventSense& sense) {
    const chat::Usage& seen = *sense.usage;
    if (!exchange_.usage || !sense.usage_continues) {
      exchange_.usage = seen;
      return;
    }
    chat::Usage& known = *exchange_.usage;
    // What turns out to have come from a cache is input no more, and what was thought no output.
    if (seen.all_input() != 0) known.input = seen.input;
    for (const auto count : {&chat::Usage::cache_read, &chat::Usage::cache_write, &chat::Usage::cache_write_1h}) {
      if (seen.*count != 0) known.*count = seen.*count;
    }
    if (seen.all_output() == 0) return;
    known.output = seen.output;
    known.reasoning = seen.reasoning;
  }

  bool next_event(std::string_view bytes, http::SseEvent& event) {
    if (exchange_.spoken.streams_events()) return reader_.next(bytes, event);
    event = {};
    return exchange_.spoken.next_frame(bytes, event);
  }

  // The provider reports a failure inside the stream. At its beginning that is an ordinary failure; later the caller
  // gets the provider's own event, and no end marker after it.
  Async<> pass_on_error(const http::SseEvent& event, std::size_t ready) {
    // A frame says in its headers what kind of failure it is.
    const std::string_view told = exchange_.spoken.streams_events() ? event.data : event.raw;
    const Error error = without_secret(exchange_.spoken.decode_error(200, told), exchange_.secret);
    if (!reply_.started() && !worth_sending_) co_return error;
    const std::size_t upto = ready + event.raw.size();
    std::string copy;
    const std::string_view shown = without_secret(event.raw, exchange_.secret, copy);
    if (shown.data() == event.raw.data()) {
      const Result<> sent = co_await send(upto);
      if (!sent) co_return sent.error();
      exchange_.told = !event.raw.empty();
      co_return error;
    }
    // A frame's checksum holds for what it said: there an event of ours tells the rest.
    exchange_.told = exchange_.spoken.streams_events();
    if (!exchange_.told) copy.clear();
    copy.insert(0, arrived_.pending().substr(0, ready));
    const Result<> written = co_await reply_.write(head_, copy);
    if (!written) co_return written.error();
    arrived_.consume(upto);
    co_return error;
  }

  // How many of an event's bytes come behind the place where its cost goes; 0: it has no such place.
  std::size_t behind_cost(const http::SseEvent& event) {
    // What came in several lines was put together elsewhere.
    const bool is_piece = event.data.data() >= event.raw.data() &&
                          event.data.data() + event.data.size() <= event.raw.data() + event.raw.size();
    if (!is_piece || !exchange_.spoken.streams_events()) return 0;
    const auto place = cost_.place_in(event.data);
    if (!place) return 0;
    return event.raw.size() - static_cast<std::size_t>(event.data.data() - event.raw.data()) - *place;
  }

  Async<> send_with_cost(std::size_t before) {
    const Result<> sent = co_await send(before);
    if (!sent) co_return sent.error();
    co_return co_await reply_.write(head_, cost_.member());
  }

  // What came before goes out: it is paid for.
  Async<> end_for_want_of_money(std::size_t ready) {
    const Result<> sent = co_await send(ready);
    if (!sent) co_return sent.error();
    co_return budget_is_gone();
  }

  Async<> send(std::size_t bytes) {
    const Result<> written = co_await reply_.write(head_, arrived_.pending().substr(0, bytes));
    if (!written) co_return written.error();
    arrived_.consume(bytes);
    co_return Ok{};
  }

  Exchange& exchange_;
  net::Call& call_;
  ArrivedStream arrived_;
  http::HeadView head_;
  const bool strip_usage_;
  StreamReply reply_;
  StreamMeter meter_;
  UsageCost cost_;
  http::SseReader reader_;
  std::size_t waiting_ = 0;     // bytes at the front that were looked at and wait for the first event
  bool worth_sending_ = false;  // an event with data came
  bool may_end_ = false;        // the answer is complete, though no end marker came
};

}  // namespace

Async<> relay_events(const RelayParts& parts, Exchange& exchange, net::Call& call, http::HeadView head,
                     bool strip_usage, TimePoint first_event_by) {
  exchange.streaming = true;
  parts.metrics.stream_began();
  EventRelay relay(parts, exchange, call, head, strip_usage);
  Result<> outcome = co_await relay.run(first_event_by);
  parts.metrics.stream_ended();
  co_return outcome;
}

Async<> relay_opaque(const RelayParts& parts, Exchange& exchange, net::Call& call, http::HeadView head) {
  exchange.told = true;  // an event of ours would spoil the coding
  bool started = false;
  for (;;) {
    const Result<net::Call::Arrival> arrival = co_await call.more();
    if (!arrival) co_return arrival.error();
    if (!std::exchange(started, true)) {
      exchange.streaming = true;
      exchange.status = head.status;
      exchange.first_event = parts.clock.now();
      exchange.reply.begin(head);
    }
    const std::string_view bytes = call.pending();
    const Result<> written = co_await exchange.reply.write(http::Slices(bytes));
    if (!written) co_return written.error();
    call.consume(bytes.size());
    if (*arrival != net::Call::Arrival::end) continue;
    exchange.complete = true;
    co_return co_await exchange.reply.end();
  }
}

}  // namespace sluice

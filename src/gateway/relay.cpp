#include "gateway/relay.hpp"

#include <algorithm>
#include <utility>

#include <sluice/http/sse.hpp>

namespace sluice {
namespace {

using namespace std::chrono_literals;

constexpr Duration rest_limit = 1s;  // for the provider to end its answer after the end marker

class EventRelay {
 public:
  EventRelay(const RelayParts& parts, Exchange& exchange, net::Call& call, http::HeadView head, bool strip_usage)
      : parts_(parts), exchange_(exchange), call_(call), head_(head), strip_usage_(strip_usage) {}

  Async<> run(TimePoint first_event_by) {
    for (;;) {
      const Result<> passed = co_await pass_on_what_is_there();
      if (!passed) co_return passed.error();
      if (exchange_.complete) co_return co_await finish();
      if (call_.pending().size() > largest_event) co_return event_too_large();
      const TimePoint wake = started_ ? last_write_ + keep_alive_after : first_event_by;
      const Result<net::Call::Arrival> arrival = co_await call_.more(wake);
      if (!arrival) co_return arrival.error();
      if (*arrival == net::Call::Arrival::end) co_return chat::ended_early();
      if (*arrival == net::Call::Arrival::quiet) {
        if (!started_) co_return no_first_event();
        if (!exchange_.spoken.streams_events()) {
          last_write_ = parts_.clock.now();  // such a stream has no comments
          continue;
        }
        const Result<> written = co_await write(keep_alive);
        if (!written) co_return written.error();
      }
    }
  }

 private:
  // Everything up to the last complete event goes out in one write; only an event that is kept back, or the last one,
  // interrupts it.
  Async<> pass_on_what_is_there() {
    std::size_t ready = 0;  // bytes at the front that may go out
    http::SseEvent event;
    while (next_event(call_.pending().substr(ready), event)) {
      const std::size_t size = event.raw.size();
      if (!event.has_data) {
        ready += size;
        continue;
      }
      const chat::EventSense sense = exchange_.spoken.sense(event);
      if (sense.usage) note_usage(*sense.usage);
      if (sense.kind == chat::EventSense::Kind::error) co_return co_await pass_on_error(event, ready);
      note_event();
      if (sense.kind == chat::EventSense::Kind::usage_only && strip_usage_) {
        const Result<> sent = co_await send(ready);
        if (!sent) co_return sent.error();
        call_.consume(size);
        ready = 0;
        continue;
      }
      worth_sending_ = true;
      ready += size;
      if (sense.kind == chat::EventSense::Kind::end) {
        exchange_.complete = true;
        break;
      }
    }
    if (!worth_sending_) co_return Ok{};  // comments before the first event wait with it
    co_return co_await send(ready);
  }

  // Some dialects count the prompt in the first event and the answer in the last: a count that is not there again still
  // holds.
  void note_usage(const chat::Usage& seen) {
    chat::Usage& known = exchange_.usage ? *exchange_.usage : exchange_.usage.emplace();
    for (const auto count : {&chat::Usage::input, &chat::Usage::cache_read, &chat::Usage::cache_write,
                             &chat::Usage::cache_write_1h, &chat::Usage::output, &chat::Usage::reasoning}) {
      if (seen.*count != 0) known.*count = seen.*count;
    }
  }

  bool next_event(std::string_view bytes, http::SseEvent& event) {
    if (exchange_.spoken.streams_events()) return reader_.next(bytes, event);
    event = {};
    return exchange_.spoken.next_frame(bytes, event);
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

  // The provider reports a failure inside the stream. At its beginning that is an ordinary failure; later the caller
  // gets the provider's own event, and no end marker after it.
  Async<> pass_on_error(const http::SseEvent& event, std::size_t ready) {
    // A frame says in its headers what kind of failure it is.
    const std::string_view told = exchange_.spoken.streams_events() ? event.data : event.raw;
    const Error error = exchange_.spoken.decode_error(200, told);
    if (!started_ && !worth_sending_) co_return error;
    const std::size_t upto = ready + event.raw.size();
    const Result<> sent = co_await send(upto);
    if (!sent) co_return sent.error();
    exchange_.told = true;
    co_return error;
  }

  Async<> send(std::size_t bytes) {
    if (bytes == 0) co_return Ok{};
    if (!std::exchange(started_, true)) {
      exchange_.status = head_.status;
      exchange_.reply.begin(head_);
    }
    const Result<> written = co_await write(call_.pending().substr(0, bytes));
    if (!written) co_return written.error();
    call_.consume(bytes);
    // From here on nobody tries again, so the request's memory can serve somebody else.
    if (!std::exchange(released_, true)) {
      exchange_.body = {};
      exchange_.incoming.release();
    }
    co_return Ok{};
  }

  Async<> write(std::string_view bytes) {
    Result<> written = co_await exchange_.reply.write(http::Slices(bytes));
    last_write_ = parts_.clock.now();
    co_return written;
  }

  // The client has all it came for.
  Async<> finish() {
    Result<> ended = co_await exchange_.reply.end();
    const Result<> read = co_await read_to_end(parts_.clock, call_);
    co_return ended;
  }

  const RelayParts& parts_;
  Exchange& exchange_;
  net::Call& call_;
  http::HeadView head_;
  const bool strip_usage_;
  http::SseReader reader_;
  TimePoint last_write_{};
  TimePoint last_event_{};
  bool worth_sending_ = false;  // an event with data came
  bool started_ = false;        // the reply's head is on its way
  bool released_ = false;
};

}  // namespace

Error event_too_large() {
  return Error(Fault::upstream_failed, Blame::upstream, "upstream_error",
               "The provider sent an event that is too large.")
      .with_outcome(Outcome::server_error)
      .worth_retrying();
}

Error no_first_event() {
  return Error(Fault::upstream_timeout, Blame::upstream, "upstream_timeout",
               "The provider took too long to begin its stream.")
      .with_outcome(Outcome::timeout)
      .worth_retrying();
}

Async<> read_to_end(const Clock& clock, net::Call& call) {
  const TimePoint limit = clock.now() + rest_limit;
  for (;;) {
    call.consume(call.pending().size());
    const Result<net::Call::Arrival> arrival = co_await call.more(limit);
    if (!arrival || *arrival != net::Call::Arrival::data || clock.now() >= limit) co_return Ok{};
  }
}

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

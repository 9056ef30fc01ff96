#include "gateway/relay_array.hpp"

#include <string>
#include <utility>

#include <sluice/http/sse.hpp>

#include "gateway/arrived_stream.hpp"
#include "gateway/endpoints.hpp"
#include "gateway/hidden.hpp"
#include "gateway/stream_meter.hpp"
#include "gateway/usage_cost.hpp"

namespace sluice {
namespace {

class ArrayRelay {
 public:
  ArrayRelay(const RelayParts& parts, Exchange& exchange, net::Call& call, http::HeadView head)
      : exchange_(exchange),
        call_(call),
        arrived_(call, exchange.voice->wrapping()),
        head_(head),
        reply_(parts, exchange, false),
        meter_(exchange),
        cost_(exchange) {}

  Async<> run(TimePoint first_event_by) {
    Result<> outcome = co_await run_events(first_event_by);
    if (outcome) co_return outcome;
    const Result<> told = co_await tell(outcome.error());
    co_return outcome;
  }

 private:
  Async<> run_events(TimePoint first_event_by) {
    for (;;) {
      const Result<> taken = arrived_.take_up();
      out_.clear();
      const Result<> read = take_events();
      const Result<> written = co_await reply_.write(head_, out_);
      if (!written) co_return written.error();
      if (!read) co_return read.error();
      if (exchange_.complete) co_return co_await reply_.finish(call_);
      if (!taken) co_return taken.error();
      const Result<bool> more = co_await reply_.more(call_, first_event_by);
      if (!more) co_return more.error();
      if (!*more) co_return chat::ended_early();
    }
  }

  // All that are there, as items. An Error: there will be no more.
  Result<> take_events() {
    http::SseEvent event;
    while (!exchange_.complete && reader_.next(arrived_.pending(), event)) {
      const Result<> taken = event.has_data ? take(event.data, exchange_.spoken.sense(event)) : Result<>(Ok{});
      arrived_.consume(event.raw.size());
      if (!taken) return taken;
    }
    return Ok{};
  }

  Result<> take(std::string_view data, const chat::EventSense& sense) {
    if (sense.usage) {
      exchange_.usage = *sense.usage;
      meter_.told(sense.usage->all_output());
    }
    if (sense.kind == chat::EventSense::Kind::error) {
      const Error failure = without_secret(exchange_.spoken.decode_error(200, data), exchange_.secret);
      if (!reply_.started() && out_.empty()) return failure;
      std::string copy;
      add(without_secret(data, exchange_.secret, copy));
      exchange_.told = true;
      return failure;
    }
    reply_.note_event();
    if (sense.kind == chat::EventSense::Kind::content && !meter_.note(data.size())) return budget_is_gone();
    add(data);
    if (sense.kind != chat::EventSense::Kind::end) return Ok{};
    out_ += ']';
    exchange_.complete = true;
    return Ok{};
  }

  void add(std::string_view item) {
    out_ += std::exchange(any_, true) ? ",\r\n" : "[";
    const auto place = cost_.place_in(item);
    out_ += item.substr(0, place.value_or(item.size()));
    if (place) out_.append(cost_.member()).append(item.substr(*place));
  }

  // The caller of a broken array hears why it ends, unless the provider said so itself.
  Async<> tell(const Error& failure) {
    const bool is_over = exchange_.told || exchange_.complete || failure.fault() == Fault::client_left;
    if (!reply_.started() || is_over) co_return Ok{};
    exchange_.told = true;
    out_.assign(",\r\n");
    exchange_.spoken.encode_error(failure, out_);
    co_return co_await reply_.write(head_, out_);
  }

  Exchange& exchange_;
  net::Call& call_;
  ArrivedStream arrived_;
  http::HeadView head_;
  StreamReply reply_;
  StreamMeter meter_;
  UsageCost cost_;
  http::SseReader reader_;
  std::string out_;
  bool any_ = false;  // an item was written
};

}  // namespace

bool wants_array(const Exchange& exchange) {
  const bool has_both_forms = exchange.endpoint.names_model && exchange.spoken.streams_events();
  return exchange.outline.stream && has_both_forms && !query_has(exchange.incoming.request().target, "alt=sse");
}

Async<> relay_array(const RelayParts& parts, Exchange& exchange, net::Call& call, http::HeadView head,
                    TimePoint first_event_by) {
  exchange.streaming = true;
  parts.metrics.stream_began();
  ArrayRelay relay(parts, exchange, call, head);
  Result<> outcome = co_await relay.run(first_event_by);
  parts.metrics.stream_ended();
  co_return outcome;
}

}  // namespace sluice

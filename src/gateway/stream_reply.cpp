#include "gateway/stream_reply.hpp"

#include <utility>

namespace sluice {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t largest_event = std::size_t{8} << 20;
constexpr Duration keep_alive_after = 10s;  // of silence towards the caller
// A comment line without an empty line behind it: a whole event would wake clients that choke on events without data.
constexpr std::string_view keep_alive = ": keepalive\n";
constexpr Duration rest_limit = 1s;  // for the provider to end its answer after the end marker

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

// Nothing that happens there is the caller's concern.
Async<> read_to_end(const Clock& clock, net::Call& call) {
  const TimePoint limit = clock.now() + rest_limit;
  for (;;) {
    call.consume(call.pending().size());
    const Result<net::Call::Arrival> arrival = co_await call.more(limit);
    if (!arrival || *arrival != net::Call::Arrival::data || clock.now() >= limit) co_return Ok{};
  }
}

}  // namespace

void StreamReply::note_event() {
  const TimePoint now = parts_.clock.now();
  if (!exchange_.first_event) {
    exchange_.first_event = now;
  } else if (now != last_event_) {
    parts_.metrics.token_gap(exchange_.model->label, exchange_.target->provider->label, now - last_event_);
  }
  last_event_ = now;
}

Async<> StreamReply::write(http::HeadView head, std::string_view bytes) {
  if (bytes.empty()) co_return Ok{};
  if (!std::exchange(started_, true)) {
    exchange_.pass->answers(parts_.clock.now());
    exchange_.status = head.status;
    exchange_.reply.begin(head);
  }
  Result<> written = co_await exchange_.reply.write(http::Slices(bytes));
  last_write_ = parts_.clock.now();
  // From here on nobody tries again, so the request's memory can serve somebody else.
  if (written && !std::exchange(released_, true)) {
    exchange_.body = {};
    exchange_.request.reset();
    exchange_.scratch.trim();
    exchange_.incoming.release();
  }
  co_return written;
}

Async<bool> StreamReply::more(net::Call& call, TimePoint first_event_by) {
  if (call.pending().size() > largest_event) co_return event_too_large();
  for (;;) {
    const TimePoint wake = started_ ? last_write_ + keep_alive_after : first_event_by;
    const Result<net::Call::Arrival> arrival = co_await call.more(wake);
    if (!arrival) co_return arrival.error();
    if (!started_ && parts_.clock.now() >= first_event_by) co_return no_first_event();
    if (*arrival != net::Call::Arrival::quiet) co_return *arrival == net::Call::Arrival::data;
    last_write_ = parts_.clock.now();
    if (!comments_) continue;
    const Result<> written = co_await exchange_.reply.write(http::Slices(keep_alive));
    if (!written) co_return written.error();
    last_write_ = parts_.clock.now();
  }
}

Async<> StreamReply::finish(net::Call& call) {
  Result<> ended = co_await exchange_.reply.end();
  const Result<> read = co_await read_to_end(parts_.clock, call);
  co_return ended;
}

}  // namespace sluice

#pragma once

#include <chrono>
#include <string_view>

#include <sluice/base/clock.hpp>
#include <sluice/gateway/exchange.hpp>
#include <sluice/net/transport.hpp>
#include <sluice/telemetry/metrics.hpp>

namespace sluice {

// What every way of passing an answer on needs.
struct RelayParts {
  const Clock& clock;
  WorkerMetrics& metrics;
};

constexpr std::size_t largest_answer = std::size_t{64} << 20;    // that is collected before it is passed on
constexpr std::size_t largest_event = std::size_t{8} << 20;      // of a stream
constexpr Duration keep_alive_after = std::chrono::seconds(10);  // of silence towards the client
// A comment line without an empty line behind it: a whole event would wake clients that choke on events without data.
constexpr std::string_view keep_alive = ": keepalive\n";

// What a stream fails with when it brings too much at once, or never begins.
Error event_too_large();
Error no_first_event();

// Reads on to the provider's own end, for a little while: then the connection can be used again. Nothing that happens
// there is the client's concern.
Async<> read_to_end(const Clock& clock, net::Call& call);

// Passes a stream of server-sent events on, event by event and byte for byte. The reply's head waits for the first
// event with data, so that a stream that fails at once is an Error and nothing was sent. Afterwards an Error means
// that the stream broke: it never ends cleanly without the dialect's own end marker. `strip_usage`: the usage event is
// there only because we asked for it, and is kept back. `first_event_by` bounds the wait for the first event.
Async<> relay_events(const RelayParts& parts, Exchange& exchange, net::Call& call, http::HeadView head,
                     bool strip_usage, TimePoint first_event_by);

// Passes a body on as it comes, without looking into it: encoded streams. When it breaks, the connection does.
Async<> relay_opaque(const RelayParts& parts, Exchange& exchange, net::Call& call, http::HeadView head);

}  // namespace sluice

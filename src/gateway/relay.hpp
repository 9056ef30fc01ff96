#pragma once

#include <sluice/gateway/exchange.hpp>
#include <sluice/net/transport.hpp>

#include "gateway/stream_reply.hpp"

namespace sluice {

constexpr std::size_t largest_answer = std::size_t{64} << 20;  // that is collected before it is passed on

// Passes a stream of events on, event by event and, once it is out of any door's wrapping, byte for byte. The reply's
// head waits for the first event with data, so that a stream that fails at once is an Error and nothing was sent.
// Afterwards an Error means that the stream broke: it never ends cleanly without the dialect's own end marker.
// `strip_usage`: the usage event is there only because we asked for it, and is kept back. `first_event_by` bounds the
// wait for the first event.
Async<> relay_events(const RelayParts& parts, Exchange& exchange, net::Call& call, http::HeadView head,
                     bool strip_usage, TimePoint first_event_by);

// Passes a body on as it comes, without looking into it: encoded streams. When it breaks, the connection does.
Async<> relay_opaque(const RelayParts& parts, Exchange& exchange, net::Call& call, http::HeadView head);

}  // namespace sluice

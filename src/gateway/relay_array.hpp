#pragma once

#include <sluice/gateway/exchange.hpp>
#include <sluice/net/transport.hpp>

#include "gateway/stream_reply.hpp"

namespace sluice {

// Whether the caller wants one JSON array instead of events, where its dialect's path leaves that choice.
bool wants_array(const Exchange& exchange);

// Passes a stream of events on as one JSON array of their data, for callers who speak the provider's dialect: as
// relay_events() otherwise. An array that broke has the failure as its last item and stays open.
Async<> relay_array(const RelayParts& parts, Exchange& exchange, net::Call& call, http::HeadView head,
                    TimePoint first_event_by);

}  // namespace sluice

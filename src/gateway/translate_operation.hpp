#pragma once

#include <string_view>

#include <sluice/gateway/exchange.hpp>
#include <sluice/net/transport.hpp>

#include "gateway/relay.hpp"

// The parts of translate.hpp for what is asked beside conversations: embeddings, ranks, token counts.
namespace sluice {

// The request in the words of the exchange's voice, for `model`. An Error is the caller's, or says what the provider
// cannot be told.
Result<chat::Rendered> render_operation(Exchange& exchange, std::string_view model);

// Passes a provider's answer with a status of success on in the caller's words.
Async<> answer_operation(const RelayParts& parts, Exchange& exchange, net::Call& call);

// Sends the answer that stands in scratch.body, with the names of what could not be said (scratch.dropped).
Async<> send_translated(const RelayParts& parts, Exchange& exchange);

}  // namespace sluice

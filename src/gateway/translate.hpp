#pragma once

#include <string_view>

#include <sluice/gateway/exchange.hpp>
#include <sluice/net/transport.hpp>

#include "gateway/relay.hpp"

namespace sluice {

// Writes the caller's request in the words of the exchange's voice, for `model`, into scratch.translated; the names of
// what that dialect cannot say are returned, and stand in scratch.dropped as a header's value. An Error when something
// would be dropped and the caller or the model does not want that, or when it cannot be left out.
Result<chat::Dropped> translate_request(Exchange& exchange, std::string_view model);

// Passes a provider's answer with a status of success on in the caller's dialect: event by event if the caller asked
// for a stream, whatever the provider sent. As with relay_events(), the reply's head waits for the first event that
// says something, and an Error after that means that the stream broke.
Async<> translate_answer(const RelayParts& parts, Exchange& exchange, net::Call& call);

}  // namespace sluice

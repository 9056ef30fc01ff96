#pragma once

#include <string_view>

#include <sluice/chat/conversation.hpp>
#include <sluice/gateway/exchange.hpp>

// What may be decoded at all: a body takes memory and time by its JSON values, not by its length.
// docs/reference/configuration.md tells callers.
namespace sluice {

// Whether what the caller wants is a conversation, in whatever guise, or one of the operations beside them.
bool converses(const Exchange& exchange);

// Counts the memory for decoding the caller's body among the buffered ones. An Error if the body has too many values,
// or if there is no room.
Result<Ok> make_room(Exchange& exchange);

// Tools are looked for one after the other: an Error if there are too many.
Result<Ok> check_tools(const chat::Request& request);

// Whether an answer has more values than are decoded.
bool is_too_large(std::string_view answer);

}  // namespace sluice

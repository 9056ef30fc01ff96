#pragma once

#include <string_view>

#include <sluice/gateway/exchange.hpp>
#include <sluice/gateway/gateway.hpp>

namespace sluice {

// How the exchange's target is asked.
struct Wording {
  std::string_view model;         // its name there; a view into the world or the exchange
  bool as_it_is = false;          // in the caller's own bytes, but for the model's name and a door's envelope
  bool answers_as_it_is = false;  // the answer needs no translation
  bool meter_stream = false;      // the stream is to bring token counts, where that is a choice
};

// Decides that, for the exchange's voice.
Wording word(const Exchange& exchange);

// The body, and what follows it if the request is a form too large to be kept; without a head. Views into the exchange,
// until its next attempt. Counts what had to be left out. An Error: this target cannot be told.
Result<net::Outgoing> write_upstream_body(const GatewayParts& parts, Exchange& exchange, const Wording& wording);

}  // namespace sluice

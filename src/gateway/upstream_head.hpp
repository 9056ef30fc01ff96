#pragma once

#include <string>
#include <string_view>

#include <sluice/credential/grant.hpp>
#include <sluice/gateway/exchange.hpp>

namespace sluice {

// Writes the head of the request to the exchange's target: made anew from what we know, never copied from the caller's
// framing. `asked`: what the target is asked for, its model's name included. Of the caller's fields go along, where the
// target speaks the caller's dialect, content-type, accept and those of a short list. Of `outgoing` the body
// counts. `grant`: what a provider with a credential is shown, or the body is signed with, at the time `now`; else
// null. Uses scratch.target and scratch.proof; the head is scratch.head then. False if it cannot be written (a field
// larger than any sane head).
bool write_upstream_head(Exchange& exchange, const chat::Asked& asked, const net::Outgoing& outgoing,
                         const credential::Grant* grant, UtcTime now);

// Whether the caller takes answers in this content coding (RFC 9110 §12.5.3).
bool accepts_coding(std::span<const http::Field> request_fields, std::string_view coding);

// Whether the answer is of this media type, parameters aside.
bool is_of_type(const http::ResponseHead& head, std::string_view media_type);

// A provider's field that callers may see, or nothing: an allow-list, so that cookies, server names and account names
// stay behind. Ids of requests come out as x-upstream-request-id.
std::string_view passed_on_as(std::string_view name);

}  // namespace sluice

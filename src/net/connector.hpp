#pragma once

#include <sluice/net/transport.hpp>
#include "net/resolver.hpp"
#include "net/stream.hpp"

namespace sluice::net {

// How long an attempt to connect may go on alone before the next address is tried beside it (RFC 8305 §5).
inline constexpr Duration next_address_after = std::chrono::milliseconds(250);
// The TLS handshake's own deadline.
inline constexpr Duration handshake_limit = std::chrono::seconds(5);

// The order in which addresses are tried: families alternate, IPv6 first if the resolver had it first (RFC 8305 §4).
Addresses interleaved(const Addresses& addresses);

// Whether an origin may lie at an address that is written literally, or that its name resolved to.
bool may_lie_at(const Origin& origin, const asio::ip::address& address, bool literal);

// Connects to one of the origin's addresses: name, private-range check, TCP to whichever address answers first, TLS
// with `context` (null without TLS). Errors are retryable, carry the outcome (connect, timeout, tls) and name no
// address.
Async<Stream> connect(LoopParts& loop, Resolver& resolver, const Origin& origin, SSL_CTX* context,
                      SessionHolder& holder, Duration limit, TimePoint total, Stop& stop);

}  // namespace sluice::net

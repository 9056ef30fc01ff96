#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/asio.hpp"

namespace sluice::net {

// "127.0.0.1:8080", "[::1]:0", "localhost:80" (which is 127.0.0.1). Literal addresses only.
std::optional<Endpoint> parse_endpoint(std::string_view text);

// Whether an address belongs to this machine or a private network rather than to the Internet: loopback, RFC 1918,
// shared (RFC 6598), link-local, unique local, multicast, unspecified, "this network", and the IPv6 forms that embed
// such an IPv4 address (mapped, NAT64, 6to4).
bool is_private(const asio::ip::address& address);

// Whether clouds answer there with the credentials of the machine or container that asks.
bool is_metadata(const asio::ip::address& address);

}  // namespace sluice::net

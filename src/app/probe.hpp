#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <sluice/base/clock.hpp>
#include <sluice/base/result.hpp>

namespace sluice::app {

// A literal IPv4 or IPv6 address and a port.
struct ProbeAddress {
  std::string host;  // without brackets
  std::uint16_t port = 0;
};

// Reads "HOST:PORT" or "[HOST]:PORT" as listeners are written. An address that means every interface ("0.0.0.0", "::")
// becomes the loopback of its family: that is how a listener there is reached from this machine.
Result<ProbeAddress> probe_address(std::string_view listener);

// The status of the answer to a plain `GET path`. Blocks its caller, at most for `connect` to connect and for `whole`
// in all. Errors say what did not happen. For commands and the start, never for a worker's thread.
Result<int> probe(const ProbeAddress& address, std::string_view path, Duration connect, Duration whole,
                  const Clock& clock);

}  // namespace sluice::app

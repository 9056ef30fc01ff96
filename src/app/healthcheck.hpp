#pragma once

#include <iosfwd>
#include <string>

namespace sluice::app {

// Asks the daemon whose admin plane listens on `admin_address` ("127.0.0.1:9090") whether it is ready, for at most two
// seconds. The exit code: 0, or 69 (sysexits' EX_UNAVAILABLE) with the reason on `err`.
int healthcheck(const std::string& admin_address, std::ostream& err);

}  // namespace sluice::app

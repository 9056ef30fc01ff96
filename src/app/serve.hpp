#pragma once

#include <optional>
#include <string>

namespace sluice::app {

struct ServeOptions {
  std::optional<std::string> config;
  std::optional<std::string> listen;
  std::optional<std::string> admin_listen;
};

// `sluice serve`: the daemon with its signals. Blocks SIGHUP, SIGTERM, SIGINT and SIGUSR1 for the whole process, so
// it must run before other threads exist. SIGHUP or a change of the file reloads, SIGTERM or SIGINT drains, a second
// one stops. Returns the exit code (sysexits): 0, 66, 69 or 78.
int serve(const ServeOptions& options);

}  // namespace sluice::app

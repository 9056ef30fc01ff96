#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <sluice/base/result.hpp>
#include <sluice/base/secret.hpp>
#include <sluice/config/config.hpp>
#include <sluice/telemetry/log.hpp>

#include "app/origin.hpp"

namespace sluice::app {

// The gateway as a whole, without the process around it: listeners, workers, admin plane, the demo
// service if the configuration names it. Signals, files and the command line belong to serve.cpp; tests
// start one in-process. The methods may be called from any one thread at a time.
class Daemon {
 public:
  struct Surface {
    Log& log;
    int access_log = 1;     // descriptor; stays the caller's
    std::string keys = {};  // the file of keys made at run time, made if it is not there; empty: in memory
    Origin origin = {};     // of the configuration
  };

  // Everything listens when it returns. Errors say what could not be bound, read or resolved.
  static Result<std::unique_ptr<Daemon>> start(const config::Config& config, Surface surface);
  virtual ~Daemon() = default;  // stops at once and joins

  virtual std::uint16_t port() const = 0;
  virtual std::uint16_t admin_port() const = 0;
  // The token of the operators' plane that was made at start, because the configuration had none; empty when it had.
  // Whoever starts the daemon tells it, once: the daemon never does.
  virtual const Secret& made_token() const = 0;

  // Makes this the configuration of all requests from now on; running ones keep theirs. On an error the old
  // one stays in force. Counted in the metrics and told to the audit trail either way.
  virtual Result<> reload(const config::Config& config, const Origin& origin) = 0;
  Result<> reload(const config::Config& config) { return reload(config, Origin{}); }
  // A configuration could not even be read: counted and told like a refused reload. Nothing in `reason` is secret.
  virtual void reload_failed(const Origin& origin, const std::string& reason) = 0;

  // SIGTERM: not ready at once; replies say `connection: close` during drain.delay; then no new connections, and
  // running exchanges have drain.grace. Returns at once; wait() ends when the last exchange did.
  virtual void drain() = 0;
  // A second SIGTERM: running streams get their error event if it can be written at once.
  virtual void stop() = 0;
  // Blocks until drain() or stop() has come to its end.
  virtual void wait() = 0;
};

}  // namespace sluice::app

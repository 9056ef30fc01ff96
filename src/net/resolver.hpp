#pragma once

#include <functional>
#include <memory>
#include <string>

#include <sluice/net/async.hpp>
#include <sluice/net/stop.hpp>
#include "net/dns_cache.hpp"
#include "net/loop_parts.hpp"

namespace sluice::net {

// Turns names into addresses. One per worker; a lookup that hangs holds up nobody but those who ask for that name.
class Resolver {
 public:
  virtual ~Resolver() = default;
  // Never empty on success. Errors are retryable connection failures.
  virtual Async<Addresses> resolve(const std::string& name, TimePoint deadline, Stop& stop) = 0;
};

// What a lookup comes to.
struct LookedUp {
  Addresses addresses;  // empty: the name does not exist or nobody answered
  Duration time_to_live{};
};

// Where lookups go: the network, or a test's script.
class NameSource {
 public:
  virtual ~NameSource() = default;
  // Calls back once, later, on the loop's thread.
  virtual void look_up(const std::string& name, std::function<void(LookedUp)> done) = 0;
};

// The system's configuration (resolv.conf, hosts) by c-ares: all queries of a worker at once, no threads.
std::unique_ptr<NameSource> system_names(LoopParts& loop);

// A cache in front of a source; one lookup per name at a time.
std::unique_ptr<Resolver> caching_resolver(LoopParts& loop, std::unique_ptr<NameSource> names);

}  // namespace sluice::net

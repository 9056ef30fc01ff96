#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include <sluice/base/clock.hpp>

namespace sluice {

// One request, as the access log tells it. Views are copied before write() returns.
struct AccessRecord {
  UtcTime time{};
  std::string_view request_id;
  std::string_view client;  // address
  std::string_view method;
  std::string_view path;  // without query
  int status = 0;
  std::string_view error;  // the error object's code; empty for none
  std::string_view key;    // the key's name
  std::string_view team;
  std::string_view route;
  std::string_view model;  // as configured, or "other"
  std::string_view provider;
  int attempts = 0;
  bool stream = false;
  bool cut = false;                 // the answer broke off after its head was sent
  bool counted = false;             // false: the token counts are unknown, and null in the line
  std::uint64_t input_tokens = 0;   // cached ones included
  std::uint64_t output_tokens = 0;  // reasoning included
  std::optional<std::int64_t> cost_nano_usd;
  std::optional<Duration> first_byte;
  Duration duration{};
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::string_view dropped;  // what the provider's dialect could not say, as in x-sluice-dropped; empty: nothing
};

// Writes one JSON line per request to a descriptor, on a thread of its own. write() formats into a buffer and
// never waits for the descriptor: when it is blocked and the buffer (4 MiB) is full, lines are dropped and
// counted. Thread-safe; allocates nothing after warm-up. The destructor writes what is left, but waits
// at most one second for a blocked descriptor.
class AccessLog {
 public:
  virtual ~AccessLog() = default;
  virtual void write(const AccessRecord& record) = 0;
  virtual std::uint64_t dropped() const = 0;
};

// `descriptor` stays the caller's.
std::unique_ptr<AccessLog> make_access_log(int descriptor);

}  // namespace sluice

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <sluice/base/clock.hpp>
#include <sluice/http/reader.hpp>
#include <sluice/net/async.hpp>
#include <sluice/net/body_source.hpp>
#include <sluice/net/loop.hpp>
#include <sluice/net/server.hpp>
#include <sluice/net/stop.hpp>

namespace sluice::net {

// The certificate authorities an upstream is checked against. Immutable, shared by workers.
class Trust {
 public:
  virtual ~Trust() = default;
  // The system's authorities.
  static Result<std::shared_ptr<const Trust>> system();
  // Only those in this PEM file.
  static Result<std::shared_ptr<const Trust>> file(const std::string& path);
};

// Where to connect. Connections are shared between equal origins only.
struct Origin {
  std::string host;  // a name or a literal address, without brackets
  std::uint16_t port = 443;
  bool tls = true;
  bool allow_private = false;          // whether a *resolved* name may lead to a private or loopback address
  std::shared_ptr<const Trust> trust;  // with tls
  // Whether it is asked for credentials: only then may it lie at an address where clouds hand these out to whoever
  // asks, written literally or not.
  bool gives_credentials = false;

  bool operator==(const Origin&) const = default;
};

// One upstream request, borrowed until send() returned: it may be written twice (the silent retry).
struct Outgoing {
  std::string_view head;  // complete, blank line included
  http::Slices body;
  BodySource* rest = nullptr;  // what follows that, if there is more; no repetition once a piece of it was taken
  bool* sent = nullptr;        // if given, becomes true when bytes of it may have reached the provider
};

// Limits on waiting. All but `total` start anew where they apply.
struct Deadlines {
  Duration connect;     // name, TCP; the TLS handshake has five seconds of its own
  Duration first_byte;  // from the request's last byte written to the answer's head
  Duration idle;        // longest silence inside the answer's body
  TimePoint total;      // the end of everything
};

// One upstream answer being read: the pooled connection itself.
class Call {
 public:
  virtual ~Call() = default;
  virtual const http::ResponseHead& head() const = 0;  // valid until the first more()
  // Whether the connection had served another request before.
  virtual bool reused() const = 0;

  enum class Arrival : std::uint8_t {
    data,   // pending() grew
    end,    // the body is complete
    quiet,  // nothing came before `wake`; nothing is lost
  };
  // Waits for more of the body. A body that breaks off is an Error (truncated or reset), as are silence
  // beyond the idle limit, the total deadline and a requested stop.
  virtual Async<Arrival> more(TimePoint wake = TimePoint::max()) = 0;
  // Body bytes that arrived and were not consumed, in one piece, 64 readable bytes behind them. Valid until
  // the next more() or consume().
  virtual std::string_view pending() const = 0;
  virtual void consume(std::size_t bytes) = 0;
  // Reads to the end. Over `limit` bytes: an Error. Then pending() is the whole body.
  virtual Async<> collect(std::size_t limit) = 0;

 protected:
  friend struct GiveBack;
  // Back into the pool if the answer was read to its end and the connection may be reused, else closed.
  virtual void give_back() = 0;
};

struct GiveBack {
  void operator()(Call* call) const { call->give_back(); }
};
using CallPtr = std::unique_ptr<Call, GiveBack>;

// Sends requests over pooled connections. Owned by one worker and used on its thread. Errors carry outcome,
// blame and whether another target is worth trying.
class Transport {
 public:
  virtual ~Transport() = default;
  // Returns once the final response head has arrived (interim ones are skipped, at most ten). Repeats the
  // request once, silently, only when a reused connection died before any byte of the answer (and the body can be sent
  // again).
  virtual Async<CallPtr> send(const Origin& origin, const Outgoing& outgoing, const Deadlines& deadlines,
                              Stop& stop) = 0;

  struct Counts {
    std::size_t idle = 0;
    std::size_t active = 0;
  };
  virtual Counts counts() const = 0;
  // Closes idle connections. Calls under way end through their own stop.
  virtual void close_idle() = 0;
};

struct TransportLimits {
  Duration keep_idle = std::chrono::seconds(55);  // below the minute after which most providers close
  std::size_t idle_per_origin = 1024;
};

std::unique_ptr<Transport> make_transport(Loop& loop, SharedLoad& load, TransportLimits limits = {});

}  // namespace sluice::net

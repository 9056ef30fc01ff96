#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <sluice/base/clock.hpp>
#include <sluice/base/result.hpp>
#include <sluice/net/loop.hpp>
#include <sluice/net/service.hpp>

namespace sluice::net {

// What all workers of a process count together. Touched when a connection opens or closes and when a
// large body is kept, never per request.
struct SharedLoad {
  std::atomic<std::int64_t> connections{0};
  std::atomic<std::int64_t> most_connections{0};  // that may be open; 0: not told
  std::atomic<std::int64_t> buffered{0};          // bytes of collected bodies, requests and answers
  std::atomic<std::int64_t> most_buffered{std::int64_t{1} << 30};
};

struct ServerLimits {
  std::size_t body = 32u << 20;
  std::size_t header = 32u << 10;
  std::int64_t connections = 20'000;
};

struct ServerTimeouts {
  Duration header = std::chrono::seconds(10);
  Duration body = std::chrono::seconds(60);  // longest silence inside a body, and of a client that does not read
  Duration idle = std::chrono::seconds(75);
  Duration handshake = std::chrono::seconds(5);
};

// A certificate chain and its key, ready for handshakes. Immutable; shared by workers, each of which
// makes its own TLS context from it.
class Identity {
 public:
  virtual ~Identity() = default;
  virtual UtcTime expires() const = 0;
  // PEM files. Errors name the file and what is wrong with it; the key's content is never in them.
  static Result<std::shared_ptr<const Identity>> load(const std::string& certificate_file, const std::string& key_file);
};

struct ServerSettings {
  ServerLimits limits;
  ServerTimeouts timeouts;
  std::shared_ptr<const Identity> identity;  // null: plain HTTP
  // Paths that end in an opaque name; see http::HeadLimits. Borrowed for ever.
  std::span<const std::string_view> name_paths = {};
};

// A listening socket and the sessions that came from it, on one loop. Several servers may listen on one
// port (SO_REUSEPORT). All calls on the loop's thread, or before it runs; the destructor after it ran.
class Server {
 public:
  Server(Loop& loop, Service& service, SharedLoad& load, ServerSettings settings);
  ~Server();

  // `address` is "HOST:PORT" with a literal host ("127.0.0.1:8080", "[::1]:0"). Errors say why not.
  Result<> listen(const std::string& address);
  std::uint16_t port() const;

  // For connections and requests from now on.
  void apply(ServerSettings settings);

  // Replies carry `connection: close` from now on.
  void announce_close();
  // No new connections; idle ones are closed.
  void close_listener();
  // Every exchange is told to stop (draining); what can be written at once still is. Other connections close.
  void stop_exchanges();
  std::size_t sessions() const;
  // Called on the loop's thread whenever a session ended.
  void on_session_end(std::function<void()> callback);
  // Connections that are open but carry no exchange, and those that carry one.
  struct Counts {
    std::size_t idle = 0;
    std::size_t active = 0;
  };
  Counts counts() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace sluice::net

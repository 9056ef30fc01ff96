#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

// A provider that does exactly what a test tells it to, good or bad, and remembers what it saw.
namespace sluice::test {

using Moment = std::chrono::steady_clock::time_point;
using Patience = std::chrono::milliseconds;

// How long anything may take that the tests do not measure. Only a failing test ever waits this long.
inline constexpr Patience patience{15'000};

// What one connection does, step by step. A script that ends closes its connection with a FIN.
class Script {
 public:
  // Decides on the spot what follows, from the last request.
  using Decision = std::function<Script(const struct SeenRequest& request)>;

  Script& read_head();     // waits for a request's head
  Script& read_body();     // waits for the body that belongs to the last head
  Script& read_request();  // both
  Script& send(std::string bytes);
  // The same block many times, as fast as the peer takes it.
  Script& flood(std::string block, std::size_t times);
  // In two parts, the second once the first is under way.
  Script& send_split(std::string_view bytes, std::size_t at);
  // In pieces of that size, one per interval.
  Script& drip(std::string_view bytes, std::size_t piece, std::chrono::milliseconds interval);
  Script& pause(std::chrono::milliseconds time);
  Script& wait_for(std::string signal);  // until ScriptedUpstream::signal()
  Script& stop_reading();
  Script& half_close();  // FIN, but goes on reading
  Script& close();       // FIN; with TLS without its close_notify
  Script& reset();       // RST
  Script& hang();        // does nothing until the peer leaves
  Script& decide(Decision decision);
  Script& again();  // from the beginning, as a kept-alive connection does

 private:
  friend class ScriptedUpstream;
  enum class Kind : std::uint8_t {
    read_head,
    read_body,
    send,
    flood,
    pause,
    wait,
    stop_reading,
    half_close,
    close,
    reset,
    hang,
    decide,
    again,
  };
  struct Step {
    Kind kind;
    std::string bytes{};  // or the signal's name
    std::size_t times = 0;
    std::chrono::milliseconds time{0};
    Decision decision{};
  };
  Script& add(Step step);

  std::vector<Step> steps_;
};

struct SeenRequest {
  std::string head;  // blank line included
  std::string body;  // without its framing
  Moment at{};       // when its head was complete

  // The value of the first field of that name (lower case), or nothing.
  std::optional<std::string> field(std::string_view name) const;
  std::string target() const;
};

// One connection, as the upstream saw it.
struct Visit {
  Moment accepted{};
  std::string received;  // every byte, decrypted; after 1 MiB no more are kept
  std::vector<SeenRequest> requests;
  std::uint64_t sent = 0;        // bytes the kernel took
  std::optional<Moment> left;    // when the peer's FIN or RST was seen
  std::optional<Moment> closed;  // when we closed
  bool by_reset = false;         // the peer left with a RST
  bool encrypted = false;        // a TLS handshake was completed
  bool resumed = false;          // with the session of an earlier one
  std::string server_name;       // what the peer asked for by SNI
};

struct UpstreamTls {
  std::string certificate;  // PEM file
  std::string key;          // PEM file
  int newest = 0;           // the newest protocol version offered, as OpenSSL numbers them; 0: any
};

// One listening socket on loopback and one thread that plays the scripts.
class ScriptedUpstream {
 public:
  struct Options {
    std::optional<UpstreamTls> tls{};
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;
  };

  // The n-th connection plays the n-th script; the last script also serves all later connections.
  explicit ScriptedUpstream(std::vector<Script> scripts);
  ScriptedUpstream(std::vector<Script> scripts, Options options);
  explicit ScriptedUpstream(Script script) : ScriptedUpstream(std::vector<Script>{std::move(script)}) {}
  ~ScriptedUpstream();
  ScriptedUpstream(const ScriptedUpstream&) = delete;
  ScriptedUpstream& operator=(const ScriptedUpstream&) = delete;

  std::uint16_t port() const { return port_; }
  std::size_t connections() const;
  std::size_t requests() const;  // on all connections
  Visit visit(std::size_t number) const;
  // All requests in the order their heads arrived on their connections, connection by connection.
  std::vector<SeenRequest> seen() const;
  // The highest number of bytes one connection was sent.
  std::uint64_t most_sent() const;

  using Condition = std::function<bool(const std::vector<Visit>& visits)>;
  // Blocks until the condition holds; false when it did not in time.
  bool await(const Condition& condition, Patience limit = patience) const;
  bool await_requests(std::size_t count) const;
  // Until the peer has left connection `number`; when that was, if it did.
  std::optional<Moment> await_left(std::size_t number, Patience limit = patience) const;
  // Until nothing more could be sent for that long: the peer stopped reading.
  bool await_stall(std::chrono::milliseconds quiet) const;

  // Shows that certificate to whoever connects from now on. Only where there was one before.
  void show(const UpstreamTls& tls);
  // Lets all scripts go on that wait for it, now and later.
  void signal(const std::string& name);
  // Closes every connection, as a provider does with idle ones.
  void hang_up();

 private:
  struct Connection;
  void run();
  void accept_all();
  void greet(Connection& connection);
  void receive(Connection& connection);
  void take_in(Connection& connection, std::string_view bytes);
  void advance(Connection& connection);
  bool step(Connection& connection, const Script::Step& step);
  bool take_head(Connection& connection);
  bool take_body(Connection& connection);
  bool flush(Connection& connection);
  void left(Connection& connection, bool by_reset);
  void finish(Connection& connection, bool with_reset);
  void watch(Connection& connection);
  void handle(Connection& connection, std::uint32_t events);
  int next_timeout() const;

  struct TlsContext;
  std::vector<Script> scripts_;
  std::unique_ptr<TlsContext> tls_;
  int listener_ = -1;
  int epoll_ = -1;
  int wake_ = -1;
  std::uint16_t port_ = 0;

  mutable std::mutex mutex_;  // guards everything below
  mutable std::condition_variable changed_;
  std::vector<Visit> visits_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::set<std::string> signals_;
  bool stopping_ = false;
  bool hanging_up_ = false;

  std::thread thread_;
};

// Whole HTTP/1.1 responses for scripts.
std::string response(int status, std::string_view body, std::string_view more_fields = "");
// A complete chat completion with those words.
std::string completion_json(std::string_view words);
std::string completion(std::string_view words);
// The head of an event stream in chunks.
std::string stream_head(std::string_view more_fields = "");
std::string chunk(std::string_view bytes);
inline constexpr std::string_view last_chunk = "0\r\n\r\n";
// One event of a streamed chat completion, blank line included.
std::string delta_event(std::string_view words);
inline constexpr std::string_view done_event = "data: [DONE]\n\n";
// A whole streamed answer: head, one chunk per event, [DONE], last chunk.
std::string streamed(const std::vector<std::string>& events);
// Answers every request of a kept-alive connection alike.
Script always(std::string response);

// A port that refuses connections: bound, not listening.
class RefusingPort {
 public:
  RefusingPort();
  ~RefusingPort();
  RefusingPort(const RefusingPort&) = delete;
  RefusingPort& operator=(const RefusingPort&) = delete;
  std::uint16_t port() const { return port_; }

 private:
  int socket_ = -1;
  std::uint16_t port_ = 0;
};

// A listener with a full backlog: connection attempts to it are never answered.
class Blackhole {
 public:
  explicit Blackhole(const std::string& address = "127.0.0.1", std::uint16_t port = 0);
  ~Blackhole();
  Blackhole(const Blackhole&) = delete;
  Blackhole& operator=(const Blackhole&) = delete;
  std::uint16_t port() const { return port_; }
  // False when the address does not exist on this machine; then nothing was opened.
  bool open() const { return listener_ >= 0; }

 private:
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::vector<int> callers_;
};

}  // namespace sluice::test

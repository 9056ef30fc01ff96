#include "support/scripted_upstream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <stdexcept>

#include "support/sockets.hpp"

namespace sluice::test {
namespace {

constexpr std::size_t kept_bytes = 1u << 20;
constexpr std::uint64_t listener_mark = ~std::uint64_t{0};
constexpr std::uint64_t wake_mark = listener_mark - 1;

// The body of a request, without framing; nothing while it is incomplete. `used` is what it took.
std::optional<std::string> whole_body(const SeenRequest& request, std::string_view bytes, std::size_t& used) {
  if (request.field("transfer-encoding")) {
    std::string body;
    std::size_t at = 0;
    while (true) {
      const std::size_t line = bytes.find("\r\n", at);
      if (line == std::string_view::npos) return std::nullopt;
      const std::size_t size = std::stoul(std::string(bytes.substr(at, line - at)), nullptr, 16);
      if (bytes.size() < line + 2 + size + 2) return std::nullopt;
      body += bytes.substr(line + 2, size);
      at = line + 2 + size + 2;
      if (size == 0) break;
    }
    used = at;
    return body;
  }
  const std::string length = request.field("content-length").value_or("0");
  const std::size_t size = std::stoul(length);
  if (bytes.size() < size) return std::nullopt;
  used = size;
  return std::string(bytes.substr(0, size));
}

}  // namespace

struct ScriptedUpstream::TlsContext {
  explicit TlsContext(const UpstreamTls& files) : context(SSL_CTX_new(TLS_server_method())) {
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (files.newest != 0) {
      SSL_CTX_set_security_level(context, 0);  // lets OpenSSL offer protocols it considers broken
      SSL_CTX_set_min_proto_version(context, 0);
      SSL_CTX_set_max_proto_version(context, files.newest);
      SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0");
    }
    if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
      SSL_CTX_free(context);
      throw std::runtime_error("the scripted upstream cannot use its certificate");
    }
  }
  ~TlsContext() { SSL_CTX_free(context); }
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  SSL_CTX* context;
};

struct ScriptedUpstream::Connection {
  // A script under way; decisions put another one on top.
  struct Frame {
    Script script;
    std::size_t at = 0;
  };

  Connection(int accepted, std::size_t nth) : socket(accepted), number(nth) {}
  ~Connection() {
    if (tls != nullptr) SSL_free(tls);
    if (socket >= 0) ::close(socket);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int socket;
  std::size_t number;
  SSL* tls = nullptr;
  bool greeting = false;  // the TLS handshake is under way
  bool reading = true;
  bool read_wants_write = false;
  std::uint32_t watched = 0;
  std::vector<Frame> frames;
  std::string in;   // received, not yet taken by a step
  std::string out;  // not yet taken by the kernel
  std::size_t flooded = 0;
  std::optional<Moment> wake;
};

ScriptedUpstream::ScriptedUpstream(std::vector<Script> scripts) : ScriptedUpstream(std::move(scripts), Options{}) {}

ScriptedUpstream::ScriptedUpstream(std::vector<Script> scripts, Options options) : scripts_(std::move(scripts)) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  if (options.tls) tls_ = std::make_unique<TlsContext>(*options.tls);
  listener_ = bound_socket(options.address, options.port);
  if (listener_ < 0 || ::listen(listener_, 4096) != 0) throw std::runtime_error("the scripted upstream cannot listen");
  port_ = port_of(listener_);
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  wake_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = listener_mark;
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event);
  event.data.u64 = wake_mark;
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event);
  thread_ = std::thread([this] { run(); });
}

ScriptedUpstream::~ScriptedUpstream() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  ::eventfd_write(wake_, 1);
  thread_.join();
  connections_.clear();
  ::close(wake_);
  ::close(epoll_);
  ::close(listener_);
}

void ScriptedUpstream::run() {
  std::vector<epoll_event> events(256);
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const int timeout = next_timeout();
    lock.unlock();
    const int ready = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout);
    lock.lock();
    for (int i = 0; i < ready; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.u64 == listener_mark) {
        accept_all();
      } else if (event.data.u64 == wake_mark) {
        eventfd_t ignored = 0;
        ::eventfd_read(wake_, &ignored);
        for (auto& connection : connections_) {
          if (connection && hanging_up_) finish(*connection, false);
          if (connection) advance(*connection);
        }
        hanging_up_ = false;
      } else if (auto& connection = connections_[event.data.u64]) {
        handle(*connection, event.events);
      }
    }
    const Moment now = std::chrono::steady_clock::now();
    for (auto& connection : connections_) {
      if (connection && connection->wake && *connection->wake <= now) advance(*connection);
      if (connection && connection->socket < 0) connection.reset();
    }
    changed_.notify_all();
  }
}

int ScriptedUpstream::next_timeout() const {
  std::optional<Moment> first;
  for (const auto& connection : connections_) {
    if (connection && connection->wake && (!first || *connection->wake < *first)) first = connection->wake;
  }
  if (!first) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*first - std::chrono::steady_clock::now());
  return std::max(0, static_cast<int>(left.count()));
}

void ScriptedUpstream::accept_all() {
  while (true) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0) return;
    no_delay(socket);
    const std::size_t number = visits_.size();
    visits_.emplace_back().accepted = std::chrono::steady_clock::now();
    auto& connection = *connections_.emplace_back(std::make_unique<Connection>(socket, number));
    connection.frames.push_back({scripts_[std::min(number, scripts_.size() - 1)]});
    if (tls_) {
      connection.tls = SSL_new(tls_->context);
      SSL_set_fd(connection.tls, socket);
      SSL_set_accept_state(connection.tls);
      connection.greeting = true;
    }
    epoll_event event{};
    event.data.u64 = number;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
    if (!connection.greeting) advance(connection);  // a script may begin by not reading
    handle(connection, EPOLLIN);
  }
}

void ScriptedUpstream::handle(Connection& connection, std::uint32_t events) {
  if (connection.socket < 0) return;
  if (connection.greeting) greet(connection);
  if (connection.socket >= 0 && !connection.greeting && connection.reading) receive(connection);
  // A peer that left is noticed also by a script that does not read.
  if (connection.socket >= 0 && !connection.reading) {
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
      left(connection, true);
    } else if ((events & EPOLLRDHUP) != 0) {
      left(connection, false);
    }
  }
  if (connection.socket >= 0 && !connection.greeting) advance(connection);
  if (connection.socket >= 0) watch(connection);
}

void ScriptedUpstream::greet(Connection& connection) {
  ERR_clear_error();
  const int result = SSL_accept(connection.tls);
  Visit& visit = visits_[connection.number];
  if (const char* const name = SSL_get_servername(connection.tls, TLSEXT_NAMETYPE_host_name)) visit.server_name = name;
  if (result == 1) {
    visit.encrypted = true;
    visit.resumed = SSL_session_reused(connection.tls) == 1;
    connection.greeting = false;
    return;
  }
  const int reason = SSL_get_error(connection.tls, result);
  if (reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE) {
    connection.read_wants_write = reason == SSL_ERROR_WANT_WRITE;
    return;
  }
  ERR_clear_error();
  left(connection, errno == ECONNRESET);
}

void ScriptedUpstream::receive(Connection& connection) {
  char buffer[16 * 1024];
  while (connection.socket >= 0) {
    if (connection.tls != nullptr) {
      ERR_clear_error();
      const int got = SSL_read(connection.tls, buffer, sizeof buffer);
      if (got > 0) {
        take_in(connection, {buffer, static_cast<std::size_t>(got)});
        continue;
      }
      const int reason = SSL_get_error(connection.tls, got);
      ERR_clear_error();
      if (reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE) return;
      left(connection, reason == SSL_ERROR_SYSCALL && errno == ECONNRESET);
      return;
    }
    const ssize_t got = ::recv(connection.socket, buffer, sizeof buffer, 0);
    if (got > 0) {
      take_in(connection, {buffer, static_cast<std::size_t>(got)});
      continue;
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    left(connection, got < 0);
    return;
  }
}

void ScriptedUpstream::take_in(Connection& connection, std::string_view bytes) {
  Visit& visit = visits_[connection.number];
  if (visit.received.size() < kept_bytes) visit.received += bytes;
  connection.in += bytes;
}

void ScriptedUpstream::left(Connection& connection, bool by_reset) {
  // What came before the end still counts: a request may have been followed by a FIN at once.
  while (take_head(connection) && take_body(connection)) {
  }
  Visit& visit = visits_[connection.number];
  if (!visit.left) visit.left = std::chrono::steady_clock::now();
  visit.by_reset = visit.by_reset || by_reset;
  finish(connection, false);
}

void ScriptedUpstream::finish(Connection& connection, bool with_reset) {
  if (connection.socket < 0) return;
  if (with_reset) reset_on_close(connection.socket);
  if (connection.tls != nullptr) {
    SSL_free(connection.tls);
    connection.tls = nullptr;
  }
  ::close(connection.socket);
  connection.socket = -1;
  connection.wake.reset();
  visits_[connection.number].closed = std::chrono::steady_clock::now();
}

void ScriptedUpstream::watch(Connection& connection) {
  std::uint32_t wanted = EPOLLRDHUP;
  if (connection.reading) wanted |= EPOLLIN;
  if (!connection.out.empty() || connection.read_wants_write) wanted |= EPOLLOUT;
  if (wanted == connection.watched) return;
  connection.watched = wanted;
  epoll_event event{};
  event.events = wanted;
  event.data.u64 = connection.number;
  ::epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.socket, &event);
}

void ScriptedUpstream::advance(Connection& connection) {
  while (connection.socket >= 0 && !connection.greeting) {
    if (!flush(connection)) break;
    if (connection.frames.empty()) {
      finish(connection, false);
      break;
    }
    const std::size_t depth = connection.frames.size();
    Connection::Frame& frame = connection.frames.back();
    if (frame.at == frame.script.steps_.size()) {
      connection.frames.pop_back();
      continue;
    }
    const std::size_t at = frame.at;
    const Script::Step current = frame.script.steps_[at];
    if (!step(connection, current)) break;
    // `again` and `decide` have moved the position themselves.
    if (current.kind != Script::Kind::again) ++connection.frames[depth - 1].at;
  }
  if (connection.socket >= 0) watch(connection);
}

bool ScriptedUpstream::step(Connection& connection, const Script::Step& step) {
  using Kind = Script::Kind;
  switch (step.kind) {
    case Kind::read_head:
      return take_head(connection);
    case Kind::read_body:
      return take_body(connection);
    case Kind::send:
      connection.out += step.bytes;
      return true;
    case Kind::flood:
      if (connection.flooded++ < step.times) {
        connection.out += step.bytes;
        --connection.frames.back().at;  // comes back to this step
      } else {
        connection.flooded = 0;
      }
      return true;
    case Kind::pause:
      if (!connection.wake) connection.wake = std::chrono::steady_clock::now() + step.time;
      if (*connection.wake > std::chrono::steady_clock::now()) return false;
      connection.wake.reset();
      return true;
    case Kind::wait:
      return signals_.count(step.bytes) != 0;
    case Kind::stop_reading:
      connection.reading = false;
      return true;
    case Kind::half_close:
      ::shutdown(connection.socket, SHUT_WR);
      return true;
    case Kind::close:
      finish(connection, false);
      return true;
    case Kind::reset:
      finish(connection, true);
      return true;
    case Kind::hang:
      return false;
    case Kind::decide:
      connection.frames.push_back({step.decision(visits_[connection.number].requests.back())});
      return true;
    case Kind::again:
      connection.frames.resize(1);
      connection.frames.front().at = 0;
      return true;
  }
  return true;
}

bool ScriptedUpstream::take_head(Connection& connection) {
  const std::size_t blank = connection.in.find("\r\n\r\n");
  if (blank == std::string::npos) return false;
  SeenRequest request;
  request.head = connection.in.substr(0, blank + 4);
  request.at = std::chrono::steady_clock::now();
  visits_[connection.number].requests.push_back(std::move(request));
  connection.in.erase(0, blank + 4);
  return true;
}

bool ScriptedUpstream::take_body(Connection& connection) {
  SeenRequest& request = visits_[connection.number].requests.back();
  std::size_t used = 0;
  auto body = whole_body(request, connection.in, used);
  if (!body) return false;
  request.body = std::move(*body);
  connection.in.erase(0, used);
  return true;
}

// True when nothing is left to send.
bool ScriptedUpstream::flush(Connection& connection) {
  std::size_t sent = 0;
  while (sent < connection.out.size()) {
    const char* const from = connection.out.data() + sent;
    const std::size_t left_over = connection.out.size() - sent;
    ssize_t wrote = 0;
    if (connection.tls != nullptr) {
      ERR_clear_error();
      wrote = SSL_write(connection.tls, from, static_cast<int>(left_over));
      if (wrote <= 0)
        errno = SSL_get_error(connection.tls, static_cast<int>(wrote)) == SSL_ERROR_WANT_WRITE ? EAGAIN : EPIPE;
    } else {
      wrote = ::send(connection.socket, from, left_over, MSG_NOSIGNAL);
    }
    if (wrote <= 0) {
      if (errno == EAGAIN) break;
      connection.out.clear();
      left(connection, true);
      return false;
    }
    sent += static_cast<std::size_t>(wrote);
  }
  visits_[connection.number].sent += sent;
  connection.out.erase(0, sent);
  return connection.out.empty();
}

std::size_t ScriptedUpstream::connections() const {
  const std::lock_guard lock(mutex_);
  return visits_.size();
}

std::size_t ScriptedUpstream::requests() const { return seen().size(); }

Visit ScriptedUpstream::visit(std::size_t number) const {
  const std::lock_guard lock(mutex_);
  return number < visits_.size() ? visits_[number] : Visit{};
}

std::vector<SeenRequest> ScriptedUpstream::seen() const {
  const std::lock_guard lock(mutex_);
  std::vector<SeenRequest> all;
  for (const Visit& visit : visits_) all.insert(all.end(), visit.requests.begin(), visit.requests.end());
  return all;
}

std::uint64_t ScriptedUpstream::most_sent() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t most = 0;
  for (const Visit& visit : visits_) most = std::max(most, visit.sent);
  return most;
}

bool ScriptedUpstream::await(const Condition& condition, Patience limit) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, limit, [&] { return condition(visits_); });
}

bool ScriptedUpstream::await_requests(std::size_t count) const {
  return await([count](const std::vector<Visit>& visits) {
    std::size_t sum = 0;
    for (const Visit& visit : visits) sum += visit.requests.size();
    return sum >= count;
  });
}

std::optional<Moment> ScriptedUpstream::await_left(std::size_t number, Patience limit) const {
  await([number](const std::vector<Visit>& visits) { return number < visits.size() && visits[number].left; }, limit);
  return visit(number).left;
}

bool ScriptedUpstream::await_stall(std::chrono::milliseconds quiet) const {
  const Moment end = std::chrono::steady_clock::now() + patience;
  std::unique_lock lock(mutex_);
  const auto total = [this] {
    std::uint64_t sum = 0;
    for (const Visit& visit : visits_) sum += visit.sent;
    return sum;
  };
  while (std::chrono::steady_clock::now() < end) {
    const std::uint64_t before = total();
    if (!changed_.wait_for(lock, quiet, [&] { return total() != before; }) && before > 0) return true;
  }
  return false;
}

void ScriptedUpstream::show(const UpstreamTls& tls) {
  auto context = std::make_unique<TlsContext>(tls);
  const std::lock_guard lock(mutex_);
  tls_.swap(context);  // connections have a share of theirs
}

void ScriptedUpstream::signal(const std::string& name) {
  {
    const std::lock_guard lock(mutex_);
    signals_.insert(name);
  }
  ::eventfd_write(wake_, 1);
}

void ScriptedUpstream::hang_up() {
  {
    const std::lock_guard lock(mutex_);
    hanging_up_ = true;
  }
  ::eventfd_write(wake_, 1);
}

}  // namespace sluice::test

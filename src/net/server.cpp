#include <sluice/net/server.hpp>

#include <cerrno>
#include <cstring>
#include <functional>
#include <utility>

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <boost/asio/basic_socket_acceptor.hpp>

#include <sluice/http/writer.hpp>
#include "net/address.hpp"
#include "net/loop_parts.hpp"
#include "net/session.hpp"
#include "net/tls.hpp"

namespace sluice::net {
namespace {

using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

constexpr int accepts_per_turn = 64;           // so that a flood of connections does not starve those that exist
constexpr std::size_t most_turned_away = 256;  // that are kept open for a moment
constexpr Duration time_to_read = std::chrono::milliseconds(200);
constexpr Duration rest_without_descriptors = std::chrono::milliseconds(100);

Error cannot_listen(const std::string& address, const std::string& why) {
  return Error(Fault::internal, Blame::gateway, "cannot_listen", "cannot listen on " + address + ": " + why);
}

// One descriptor kept back, so that a connection can still be accepted and closed when there are no others: otherwise
// it would stay in the queue and wake the loop for ever.
class SpareDescriptor {
 public:
  SpareDescriptor() { take(); }
  SpareDescriptor(const SpareDescriptor&) = delete;
  SpareDescriptor& operator=(const SpareDescriptor&) = delete;
  ~SpareDescriptor() { give(); }
  void take() {
    if (descriptor_ < 0) descriptor_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  }
  void give() {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  }

 private:
  int descriptor_ = -1;
};

}  // namespace

struct Server::Parts final : SessionHost, Timer {
  Parts(Loop& the_loop, Service& the_service, SharedLoad& the_load, ServerSettings the_settings)
      : loop(the_loop.parts()),
        service_(the_service),
        load_(the_load),
        settings_(std::move(the_settings)),
        acceptor(loop.context) {
    renew_context();
  }

  const ServerSettings& settings() const override { return settings_; }
  Service& service() override { return service_; }
  SharedLoad& load() override { return load_; }
  bool closing() const override { return closing_; }
  bool ending() const override { return ending_; }
  void exchange_began() override { ++active; }
  void exchange_ended() override { --active; }
  void ended(Session& session) override;
  void expired() override { accept(); }  // after a rest without descriptors

  void renew_context();
  Result<> listen(const std::string& address);
  void accept();
  void accept_ready();
  bool accept_one();
  void begin(Socket socket, const Endpoint& peer);
  void turn_away(Socket socket);
  void let_go_later(Stream stream);
  template <class Visit>
  void each(Visit visit);

  LoopParts& loop;
  Service& service_;
  SharedLoad& load_;
  ServerSettings settings_;
  SslContext context;
  Acceptor acceptor;
  SpareDescriptor spare;
  std::function<void()> session_ended;
  Session* first = nullptr;
  std::size_t sessions = 0;
  std::size_t active = 0;
  std::size_t turned_away = 0;
  std::uint16_t port = 0;
  bool closing_ = false;
  bool ending_ = false;
};

void Server::Parts::renew_context() { context = settings_.identity ? server_context(*settings_.identity) : nullptr; }

Result<> Server::Parts::listen(const std::string& address) {
  const std::optional<Endpoint> endpoint = parse_endpoint(address);
  if (!endpoint) return cannot_listen(address, "expected a literal address and a port");
  ErrorCode error;
  acceptor.open(endpoint->protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  const int on = 1;
  if (!error && ::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) {
    return cannot_listen(address, std::strerror(errno));
  }
  if (!error) acceptor.bind(*endpoint, error);
  if (!error) acceptor.listen(4096, error);
  if (!error) acceptor.non_blocking(true, error);
  if (!error) port = acceptor.local_endpoint(error).port();
  if (error) return cannot_listen(address, error.message());
  accept();
  return Ok{};
}

void Server::Parts::accept() {
  acceptor.async_wait(Acceptor::wait_read, [this](ErrorCode error) {
    if (!error && acceptor.is_open()) accept_ready();
  });
}

void Server::Parts::accept_ready() {
  for (int i = 0; i < accepts_per_turn; ++i) {
    if (accept_one()) continue;
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      spare.give();
      const int surplus = ::accept4(acceptor.native_handle(), nullptr, nullptr, SOCK_CLOEXEC);
      if (surplus >= 0) ::close(surplus);
      spare.take();
      loop.schedule(*this, loop.now() + rest_without_descriptors);
      return;
    }
    break;
  }
  accept();
}

bool Server::Parts::accept_one() {
  Endpoint peer;
  auto length = static_cast<socklen_t>(peer.capacity());
  const int descriptor = ::accept4(acceptor.native_handle(), peer.data(), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (descriptor < 0) return errno == ECONNABORTED || errno == EINTR;
  peer.resize(length);
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  Socket socket(loop.context);
  ErrorCode error;
  socket.assign(peer.protocol(), descriptor, error);
  if (error) {
    ::close(descriptor);
    return true;
  }
  if (load_.connections.fetch_add(1, std::memory_order_relaxed) >= settings_.limits.connections) {
    turn_away(std::move(socket));
    load_.connections.fetch_sub(1, std::memory_order_relaxed);
    return true;
  }
  begin(std::move(socket), peer);
  return true;
}

void Server::Parts::begin(Socket socket, const Endpoint& peer) {
  // Deletes itself at its end; until then it is in the list.
  auto* session = std::make_unique<Session>(loop, *this, std::move(socket), peer.address().to_string()).release();
  session->next = first;
  if (first != nullptr) first->previous = session;
  first = session;
  ++sessions;
  Ssl ssl;
  if (context) {
    ssl.reset(SSL_new(context.get()));
    SSL_set_accept_state(ssl.get());
  }
  session->run(std::move(ssl));
}

// Over the limit: answered without being read.
void Server::Parts::turn_away(Socket socket) {
  const Service::Refusal refusal =
      service_.refuse(503, "The gateway has as many connections as it may; try again shortly.", {});
  if (!context) {
    std::array<char, 512> memory;
    http::HeadWriter head(memory);
    head.status_line(503);
    head.field("date", loop.date());
    head.field("x-request-id", refusal.request_id);
    head.field("content-type", "application/json");
    head.field("retry-after", "1");
    head.field("retry-after-ms", "1000");
    head.field("content-length", refusal.body.size());
    head.field("connection", "close");
    head.end();
    Stream stream(loop, std::move(socket));
    Gather pieces;
    pieces.add(head.text());
    pieces.add(refusal.body);
    stream.write(pieces);  // once; a socket just accepted has room
    stream.finish_sending();
    let_go_later(std::move(stream));
  }
}

// Closing with bytes unread would send a RST, which may overtake the answer: the client gets a moment to read it.
void Server::Parts::let_go_later(Stream stream) {
  if (turned_away >= most_turned_away) return;
  ++turned_away;
  const auto held = std::make_shared<Stream>(std::move(stream));
  loop.postpone(loop.now() + time_to_read, [this, held] {
    --turned_away;
    while (held->read(loop.scratch).state == Tried::State::done) {
    }
  });
}

void Server::Parts::ended(Session& session) {
  if (session.previous != nullptr) session.previous->next = session.next;
  if (session.next != nullptr) session.next->previous = session.previous;
  if (first == &session) first = session.next;
  --sessions;
  load_.connections.fetch_sub(1, std::memory_order_relaxed);
  if (session_ended) session_ended();
}

template <class Visit>
void Server::Parts::each(Visit visit) {
  for (Session* session = first; session != nullptr;) {
    Session* following = session->next;  // the visit may end this one, no other
    visit(*session);
    session = following;
  }
}

Server::Server(Loop& loop, Service& service, SharedLoad& load, ServerSettings settings)
    : parts_(std::make_unique<Parts>(loop, service, load, std::move(settings))) {}

// The loop has ended. Sessions that are left are told to end and get the turns they need for it: their frames and what
// waits in them cannot be taken away under them.
Server::~Server() {
  close_listener();
  constexpr int most_turns = 1000;
  for (int i = 0; i < most_turns && parts_->sessions > 0; ++i) {
    stop_exchanges();
    parts_->loop.context.restart();
    parts_->loop.context.poll();
  }
}

Result<> Server::listen(const std::string& address) { return parts_->listen(address); }
std::uint16_t Server::port() const { return parts_->port; }

void Server::apply(ServerSettings settings) {
  const bool renewed = settings.identity != parts_->settings_.identity;
  parts_->settings_ = std::move(settings);
  if (renewed) parts_->renew_context();
}

void Server::announce_close() { parts_->closing_ = true; }

void Server::close_listener() {
  parts_->closing_ = true;
  parts_->ending_ = true;
  parts_->cancel();
  // Who was let in by the system before now is served.
  for (int i = 0; i < 1000 && parts_->acceptor.is_open() && parts_->accept_one(); ++i) {
  }
  ErrorCode ignored;
  parts_->acceptor.close(ignored);
  parts_->each([](Session& session) { session.close_if_idle(); });
}

void Server::stop_exchanges() {
  parts_->each([](Session& session) { session.stop_now(); });
}

std::size_t Server::sessions() const { return parts_->sessions; }
void Server::on_session_end(std::function<void()> callback) { parts_->session_ended = std::move(callback); }
Server::Counts Server::counts() const { return {parts_->sessions - parts_->active, parts_->active}; }

}  // namespace sluice::net

#include "net/connector.hpp"

#include <algorithm>
#include <coroutine>
#include <memory>
#include <utility>

#include <boost/asio/ip/address.hpp>

#include "net/address.hpp"

namespace sluice::net {
namespace {

Error failed(Fault fault, Outcome outcome, std::string_view code, std::string message) {
  return Error(fault, Blame::upstream, code, std::move(message)).with_outcome(outcome).worth_retrying();
}

Error refused() {
  return failed(Fault::unavailable, Outcome::connect, "upstream_unavailable", "The provider could not be reached.");
}

Error too_slow() {
  return failed(Fault::upstream_timeout, Outcome::timeout, "upstream_timeout",
                "Connecting to the provider took too long.");
}

// Several attempts to connect, each a little later than the one before, until one succeeds. Awaited once.
class Race final : public Timer, public Stop::Waiting {
 public:
  Race(LoopParts& loop, const Addresses& addresses, std::uint16_t port, TimePoint deadline, Stop& stop)
      : loop_(loop), addresses_(addresses), port_(port), deadline_(deadline), stop_(stop) {}

  bool await_ready() {
    stopped_ = stop_.requested();
    return stopped_;
  }
  bool await_suspend(std::coroutine_handle<> waiter) {
    waiter_ = waiter;
    stop_.enter(*this);
    start_next();
    starting_ = false;
    if (under_way_ > 0) return true;
    finish();
    return false;
  }
  Result<Socket> await_resume() {
    if (stopped_) return stop_.error();
    if (winner_) return std::move(winner_->socket);
    return expired_ ? too_slow() : refused();
  }

  void expired() override {
    if (loop_.now() < deadline_) {
      start_next();
      if (under_way_ == 0) end();
    } else {
      expired_ = true;
      give_up();
    }
  }
  void stop_requested() override {
    stopped_ = true;
    give_up();
  }

 private:
  struct Attempt {
    Attempt(LoopParts& loop, Race& the_race) : race(the_race), socket(loop.context) {}
    void completed(ErrorCode error) { race.ended(*this, error); }
    OperationMemory& memory() { return room; }
    Race& race;
    Socket socket;
    OperationMemory room;
  };

  // Tries the next address; one that fails at once gives way to the one after it.
  void start_next() {
    while (next_ < addresses_.size() && !over()) {
      const Endpoint endpoint(addresses_[next_++], port_);
      auto attempt = std::make_unique<Attempt>(loop_, *this);
      ErrorCode error;
      attempt->socket.open(endpoint.protocol(), error);
      if (!error) attempt->socket.set_option(asio::ip::tcp::no_delay(true), error);
      if (error) continue;
      ++under_way_;
      attempt->socket.async_connect(endpoint, Completion<Attempt>{attempt.get()});
      attempts_.push_back(std::move(attempt));
      break;
    }
    if (over()) return;
    const bool more = next_ < addresses_.size();
    loop_.schedule(*this, more ? std::min(deadline_, loop_.now() + next_address_after) : deadline_);
  }

  void ended(Attempt& attempt, ErrorCode error) {
    --under_way_;
    if (!error && !over()) {
      winner_ = &attempt;
      close_all_but(&attempt);
    } else if (!over()) {
      start_next();
    }
    if (under_way_ == 0) end();
  }

  bool over() const { return winner_ != nullptr || stopped_ || expired_; }
  void give_up() {
    close_all_but(nullptr);
    if (under_way_ == 0) end();
  }
  // Every attempt's operation uses memory of ours, so its end is awaited.
  void close_all_but(const Attempt* kept) {
    for (const auto& attempt : attempts_) {
      ErrorCode ignored;
      if (attempt.get() != kept) attempt->socket.close(ignored);
    }
  }
  void finish() {
    cancel();
    if (!stopped_) stop_.leave();
  }
  void end() {
    if (starting_) return;
    finish();
    waiter_.resume();
  }

  LoopParts& loop_;
  const Addresses& addresses_;
  std::uint16_t port_;
  TimePoint deadline_;
  Stop& stop_;
  std::vector<std::unique_ptr<Attempt>> attempts_;
  std::size_t next_ = 0;
  std::size_t under_way_ = 0;
  Attempt* winner_ = nullptr;
  bool starting_ = true;
  bool stopped_ = false;
  bool expired_ = false;
  std::coroutine_handle<> waiter_;
};

Async<Addresses> addresses_of(Resolver& resolver, const Origin& origin, TimePoint deadline, Stop& stop) {
  ErrorCode not_literal;
  const auto literal = asio::ip::make_address(origin.host, not_literal);
  if (!not_literal && !may_lie_at(origin, literal, true)) co_return refused();
  if (!not_literal) co_return Addresses{literal};
  Result<Addresses> resolved = co_await resolver.resolve(origin.host, deadline, stop);
  if (!resolved) co_return std::move(resolved).error();
  Addresses allowed = *std::move(resolved);
  // The addresses checked here are those connected to: a name cannot change its mind in between.
  std::erase_if(allowed, [&origin](const auto& address) { return !may_lie_at(origin, address, false); });
  if (allowed.empty()) {
    co_return failed(Fault::unavailable, Outcome::connect, "upstream_unavailable",
                     "The provider's name leads to a private address, which is not allowed for it.");
  }
  co_return interleaved(allowed);
}

Async<> shake_hands(LoopParts& loop, Stream& stream, TimePoint deadline, Stop& stop) {
  for (;;) {
    const Tried tried = stream.handshake();
    if (tried.state == Tried::State::done) co_return Ok{};
    if (!tried.blocked()) {
      if (stream.certificate_refused()) {
        co_return failed(Fault::upstream_failed, Outcome::tls, "tls_certificate",
                         "The provider's certificate was refused.");
      }
      co_return failed(Fault::upstream_failed, Outcome::tls, "tls_handshake",
                       "The TLS handshake with the provider failed.");
    }
    const Woken woken = co_await Wait(loop, stream.socket(), tried.direction(), deadline, &stop);
    if (woken == Woken::stopped) co_return stop.error();
    if (woken == Woken::expired) {
      co_return failed(Fault::upstream_timeout, Outcome::tls, "tls_handshake",
                       "The TLS handshake with the provider took too long.");
    }
  }
}

}  // namespace

bool may_lie_at(const Origin& origin, const asio::ip::address& address, bool literal) {
  if (is_metadata(address) && !origin.gives_credentials) return false;
  return literal || origin.allow_private || !is_private(address);
}

Addresses interleaved(const Addresses& addresses) {
  if (addresses.empty()) return {};
  Addresses first;
  Addresses second;
  for (const auto& address : addresses)
    (address.is_v6() == addresses.front().is_v6() ? first : second).push_back(address);
  Addresses mixed;
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) mixed.push_back(first[i]);
    if (i < second.size()) mixed.push_back(second[i]);
  }
  return mixed;
}

Async<Stream> connect(LoopParts& loop, Resolver& resolver, const Origin& origin, SSL_CTX* context,
                      SessionHolder& holder, Duration limit, TimePoint total, Stop& stop) {
  const TimePoint deadline = std::min(loop.now() + limit, total);
  Result<Addresses> addresses = co_await addresses_of(resolver, origin, deadline, stop);
  if (!addresses) co_return std::move(addresses).error();
  Race race(loop, *addresses, origin.port, deadline, stop);
  Result<Socket> socket = co_await race;
  if (!socket) co_return std::move(socket).error();
  Stream stream(loop, *std::move(socket));
  if (context == nullptr) co_return std::move(stream);
  stream.use_tls(client_ssl(*context, origin.host, holder));
  const Result<> shaken = co_await shake_hands(loop, stream, std::min(loop.now() + handshake_limit, total), stop);
  if (!shaken) co_return shaken.error();
  co_return std::move(stream);
}

}  // namespace sluice::net

#pragma once

#include <list>
#include <memory>
#include <vector>

#include <sluice/net/transport.hpp>
#include "net/connection.hpp"
#include "net/pool_book.hpp"
#include "net/resolver.hpp"
#include "net/tls.hpp"

namespace sluice::net {

// The connections to one origin.
class Pool final : public Connection::Home {
 public:
  Pool(LoopParts& loop, Origin origin, const TransportLimits& limits, Account account);

  const Origin& origin() const { return origin_; }
  SessionHolder& sessions() { return sessions_; }
  // An idle connection, ready for a call, or null.
  Connection* take();
  Connection& add(Stream stream);
  void remove(Connection& connection);
  void returned(Connection& connection, bool reusable) override;
  // Closes connections that were idle for too long or that the peer closed.
  void sweep();
  void close_idle();
  std::size_t idle() const { return book_.size(); }
  std::size_t active() const { return count_ - book_.size(); }

 private:
  Connection& at(ConnectionId id) { return *connections_[id]; }
  bool is_too_old(const Connection& connection) const;

  LoopParts& loop_;
  Origin origin_;
  Account account_;
  PoolBook book_;
  SessionHolder sessions_;
  std::vector<std::unique_ptr<Connection>> connections_;  // by id
  std::vector<ConnectionId> unused_;                      // ids
  std::size_t count_ = 0;
};

// The transport over pools, a resolver and TLS contexts of one worker.
class Client final : public Transport, private Timer {
 public:
  Client(LoopParts& loop, SharedLoad& load, TransportLimits limits, std::unique_ptr<Resolver> resolver);

  Async<CallPtr> send(const Origin& origin, const Outgoing& outgoing, const Deadlines& deadlines, Stop& stop) override;
  Counts counts() const override;
  void close_idle() override;

 private:
  Pool& pool_of(const Origin& origin);
  SSL_CTX* context_for(const Origin& origin);
  Async<CallPtr> send_fresh(Pool& pool, const Outgoing& outgoing, const Deadlines& deadlines, Stop& stop);
  void expired() override;

  LoopParts& loop_;
  TransportLimits limits_;
  Account account_;
  std::unique_ptr<Resolver> resolver_;
  struct Context {
    std::shared_ptr<const Trust> trust;
    SslContext context;
  };
  std::vector<Context> contexts_;
  std::list<Pool> pools_;
};

}  // namespace sluice::net

#include "net/client.hpp"

#include <algorithm>
#include <utility>

#include "net/connector.hpp"

namespace sluice::net {
namespace {

constexpr Duration sweep_every = std::chrono::seconds(1);
// No call begins on a connection older than this: a busy one would never be idle for long, and where the provider's
// name leads by now, or whose certificate it shows, would never be asked again.
constexpr Duration longest_life = std::chrono::seconds(60);

}  // namespace

Pool::Pool(LoopParts& loop, Origin origin, const TransportLimits& limits, Account account)
    : loop_(loop), origin_(std::move(origin)), account_(account), book_(limits.idle_per_origin, limits.keep_idle) {}

Connection* Pool::take() {
  while (const std::optional<ConnectionId> id = book_.take(loop_.now())) {
    // Bytes that came behind the last answer would be taken for the next one; and a FIN saves us an attempt.
    if (!is_too_old(at(*id)) && !at(*id).gone_stale()) return &at(*id);
    remove(at(*id));
  }
  return nullptr;
}

Connection& Pool::add(Stream stream) {
  if (unused_.empty()) {
    unused_.push_back(static_cast<ConnectionId>(connections_.size()));
    connections_.emplace_back();
  }
  const ConnectionId id = unused_.back();
  unused_.pop_back();
  connections_[id] = std::make_unique<Connection>(loop_, account_, std::move(stream), *this, id);
  ++count_;
  return *connections_[id];
}

void Pool::remove(Connection& connection) {
  const ConnectionId id = connection.id();
  unused_.push_back(id);
  --count_;
  connections_[id].reset();
}

bool Pool::is_too_old(const Connection& connection) const { return loop_.now() - connection.born() >= longest_life; }

void Pool::returned(Connection& connection, bool reusable) {
  if (!reusable || is_too_old(connection)) {
    remove(connection);
    return;
  }
  if (const auto surplus = book_.returned(connection.id(), loop_.now())) remove(at(*surplus));
}

void Pool::sweep() {
  for (const ConnectionId id : book_.expire(loop_.now())) remove(at(id));
  for (const ConnectionId id : book_.idle()) {
    if (!at(id).gone_stale()) continue;
    book_.lost(id);
    remove(at(id));
  }
}

void Pool::close_idle() {
  for (const ConnectionId id : book_.idle()) {
    book_.lost(id);
    remove(at(id));
  }
}

Client::Client(LoopParts& loop, SharedLoad& load, TransportLimits limits, std::unique_ptr<Resolver> resolver)
    : loop_(loop), limits_(limits), account_(load), resolver_(std::move(resolver)) {}

Pool& Client::pool_of(const Origin& origin) {
  for (Pool& pool : pools_) {
    if (pool.origin() == origin) return pool;
  }
  return pools_.emplace_back(loop_, origin, limits_, account_);
}

SSL_CTX* Client::context_for(const Origin& origin) {
  if (!origin.tls) return nullptr;
  for (const Context& known : contexts_) {
    if (known.trust == origin.trust) return known.context.get();
  }
  return contexts_.emplace_back(Context{origin.trust, client_context(*origin.trust)}).context.get();
}

Async<CallPtr> Client::send(const Origin& origin, const Outgoing& outgoing, const Deadlines& deadlines, Stop& stop) {
  Pool& pool = pool_of(origin);
  if (!scheduled()) loop_.schedule(*this, loop_.now() + sweep_every);
  if (Connection* connection = pool.take()) {
    const Result<> opened = co_await connection->open(outgoing, deadlines, stop);
    if (opened) co_return CallPtr(connection);
    const bool died_unseen = connection->died_unseen() && opened.error().outcome() == Outcome::reset;
    pool.remove(*connection);
    const bool has_gone = outgoing.rest != nullptr && outgoing.rest->taken();
    if (!died_unseen || has_gone) co_return opened.error();
  }
  co_return co_await send_fresh(pool, outgoing, deadlines, stop);
}

Async<CallPtr> Client::send_fresh(Pool& pool, const Outgoing& outgoing, const Deadlines& deadlines, Stop& stop) {
  SSL_CTX* context = context_for(pool.origin());
  Result<Stream> stream = co_await connect(loop_, *resolver_, pool.origin(), context, pool.sessions(),
                                           deadlines.connect, deadlines.total, stop);
  if (!stream) co_return std::move(stream).error();
  Connection& connection = pool.add(*std::move(stream));
  const Result<> opened = co_await connection.open(outgoing, deadlines, stop);
  if (opened) co_return CallPtr(&connection);
  pool.remove(connection);
  co_return opened.error();
}

Transport::Counts Client::counts() const {
  Counts counts;
  for (const Pool& pool : pools_) {
    counts.idle += pool.idle();
    counts.active += pool.active();
  }
  return counts;
}

void Client::close_idle() {
  for (Pool& pool : pools_) pool.close_idle();
}

// Looks after idle connections, as long as there are any.
void Client::expired() {
  std::size_t idle = 0;
  for (Pool& pool : pools_) {
    pool.sweep();
    idle += pool.idle() + pool.active();
  }
  if (idle > 0) loop_.schedule(*this, loop_.now() + sweep_every);
}

std::unique_ptr<Transport> make_transport(Loop& loop, SharedLoad& load, TransportLimits limits) {
  LoopParts& parts = loop.parts();
  return std::make_unique<Client>(parts, load, limits, caching_resolver(parts, system_names(parts)));
}

}  // namespace sluice::net

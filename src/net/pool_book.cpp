#include "net/pool_book.hpp"

#include <algorithm>

namespace sluice::net {

std::optional<ConnectionId> PoolBook::take(TimePoint now) {
  // The newest is at the back; if it is too old, so are all others.
  if (idle_.empty() || now - idle_.back().since >= keep_idle_) return std::nullopt;
  const ConnectionId connection = idle_.back().connection;
  idle_.pop_back();
  return connection;
}

std::optional<ConnectionId> PoolBook::returned(ConnectionId connection, TimePoint now) {
  idle_.push_back({connection, now});
  if (idle_.size() <= most_idle_) return std::nullopt;
  const ConnectionId oldest = idle_.front().connection;
  idle_.erase(idle_.begin());
  return oldest;
}

void PoolBook::lost(ConnectionId connection) {
  std::erase_if(idle_, [connection](const Idle& idle) { return idle.connection == connection; });
}

std::vector<ConnectionId> PoolBook::expire(TimePoint now) {
  std::vector<ConnectionId> old;
  const auto young =
      std::find_if(idle_.begin(), idle_.end(), [&](const Idle& idle) { return now - idle.since < keep_idle_; });
  for (auto idle = idle_.begin(); idle != young; ++idle) old.push_back(idle->connection);
  idle_.erase(idle_.begin(), young);
  return old;
}

std::vector<ConnectionId> PoolBook::idle() const {
  std::vector<ConnectionId> all;
  all.reserve(idle_.size());
  for (const Idle& idle : idle_) all.push_back(idle.connection);
  return all;
}

}  // namespace sluice::net

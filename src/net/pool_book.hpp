#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <sluice/base/clock.hpp>

namespace sluice::net {

using ConnectionId = std::uint32_t;

// Keeps the books on idle connections to one origin. Knows no sockets and no clock: the caller carries out what it
// decides. Connections are reused newest first, so that in quiet times the old ones age out together.
//
// A provider may close an idle connection at any moment, and we may learn it only by using it; that race cannot be
// closed here, and Transport::send() answers it with one silent retry.
class PoolBook {
 public:
  PoolBook(std::size_t most_idle, Duration keep_idle) : most_idle_(most_idle), keep_idle_(keep_idle) {}

  // The connection to use again, if there is one that has not been idle for too long.
  std::optional<ConnectionId> take(TimePoint now);
  // Healthy and idle. The answer is the connection to close instead, when there are too many: the oldest.
  std::optional<ConnectionId> returned(ConnectionId connection, TimePoint now);
  // The peer closed it while it was idle.
  void lost(ConnectionId connection);
  // Those idle for too long, which leave the book.
  std::vector<ConnectionId> expire(TimePoint now);
  // All of them, which stay in the book.
  std::vector<ConnectionId> idle() const;
  std::size_t size() const { return idle_.size(); }

 private:
  struct Idle {
    ConnectionId connection;
    TimePoint since;
  };
  std::size_t most_idle_;
  Duration keep_idle_;
  std::vector<Idle> idle_;  // oldest first
};

}  // namespace sluice::net

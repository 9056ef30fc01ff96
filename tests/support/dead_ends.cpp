// Ports that lead nowhere, each in its own way.
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

#include "support/scripted_upstream.hpp"
#include "support/sockets.hpp"

namespace sluice::test {

RefusingPort::RefusingPort() : socket_(bound_socket("127.0.0.1", 0)) {
  if (socket_ < 0) throw std::runtime_error("no port to refuse connections on");
  port_ = port_of(socket_);
}

RefusingPort::~RefusingPort() { ::close(socket_); }

Blackhole::Blackhole(const std::string& address, std::uint16_t port) : listener_(bound_socket(address, port)) {
  if (listener_ < 0) return;
  port_ = port_of(listener_);
  if (::listen(listener_, 0) != 0) throw std::runtime_error("the blackhole cannot listen");
  // Linux completes one handshake more than the backlog says; the first caller that is kept waiting proves
  // that the queue is full.
  for (int i = 0; i < 16; ++i) {
    const int caller = connecting_socket(address, port_);
    callers_.push_back(caller);
    pollfd connected{caller, POLLOUT, 0};
    if (::poll(&connected, 1, 100) == 0) return;
  }
  throw std::runtime_error("the blackhole's backlog does not fill");
}

Blackhole::~Blackhole() {
  for (const int caller : callers_) ::close(caller);
  if (listener_ >= 0) ::close(listener_);
}

}  // namespace sluice::test

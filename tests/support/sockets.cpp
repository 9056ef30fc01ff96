#include "support/sockets.hpp"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bit>
#include <cstring>

namespace sluice::test {
namespace {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;

  sockaddr* any() { return std::bit_cast<sockaddr*>(&storage); }
};

Address address_of(const std::string& text, std::uint16_t port) {
  Address address;
  if (text.find(':') != std::string::npos) {
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    inet_pton(AF_INET6, text.c_str(), &six.sin6_addr);
    address.size = sizeof six;
    std::memcpy(&address.storage, &six, sizeof six);
  } else {
    sockaddr_in four{};
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    inet_pton(AF_INET, text.c_str(), &four.sin_addr);
    address.size = sizeof four;
    std::memcpy(&address.storage, &four, sizeof four);
  }
  return address;
}

}  // namespace

int bound_socket(const std::string& address, std::uint16_t port) {
  Address where = address_of(address, port);
  const int socket = ::socket(where.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) return -1;
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (where.storage.ss_family == AF_INET6) ::setsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (::bind(socket, where.any(), where.size) != 0) {
    ::close(socket);
    return -1;
  }
  return socket;
}

std::uint16_t port_of(int socket) {
  Address where;
  where.size = sizeof where.storage;
  ::getsockname(socket, where.any(), &where.size);
  if (where.storage.ss_family == AF_INET6) {
    sockaddr_in6 six{};
    std::memcpy(&six, &where.storage, sizeof six);
    return ntohs(six.sin6_port);
  }
  sockaddr_in four{};
  std::memcpy(&four, &where.storage, sizeof four);
  return ntohs(four.sin_port);
}

int connecting_socket(const std::string& address, std::uint16_t port) {
  Address where = address_of(address, port);
  const int socket = ::socket(where.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) return -1;
  if (::connect(socket, where.any(), where.size) != 0 && errno != EINPROGRESS) {
    ::close(socket);
    return -1;
  }
  return socket;
}

void no_delay(int socket) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void reset_on_close(int socket) {
  const linger now{1, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

int open_descriptors() {
  DIR* const folder = ::opendir("/proc/self/fd");
  if (folder == nullptr) return -1;
  int count = 0;
  while (const dirent* const entry = ::readdir(folder)) {
    if (entry->d_name[0] != '.') ++count;
  }
  ::closedir(folder);
  return count - 1;  // the folder's own
}

}  // namespace sluice::test

#include "app/probe.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <system_error>
#include <utility>

#include <sluice/base/text.hpp>

namespace sluice::app {
namespace {

constexpr std::size_t status_line_begin = 12;  // "HTTP/1.1 200"

Error unreachable(std::string message) { return Error(Fault::unavailable, Blame::upstream, "", std::move(message)); }

Error failed(const char* what, int number) {
  return unreachable(std::string(what) + ": " + std::generic_category().message(number));
}

// The socket's address in either family.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

std::optional<SocketAddress> socket_address(const ProbeAddress& address) {
  SocketAddress result;
  sockaddr_in four{};
  sockaddr_in6 six{};
  if (inet_pton(AF_INET, address.host.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(address.port);
    result.size = sizeof four;
    std::memcpy(&result.storage, &four, sizeof four);
  } else if (inet_pton(AF_INET6, address.host.c_str(), &six.sin6_addr) == 1) {
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(address.port);
    result.size = sizeof six;
    std::memcpy(&result.storage, &six, sizeof six);
  } else {
    return std::nullopt;
  }
  return result;
}

// A socket with a deadline, closed at the end. Never blocks but in wait().
class Socket {
 public:
  Socket(int family, const Clock& clock) : clock_(clock), descriptor_(make(family)) {}
  ~Socket() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  Result<> connect(const SocketAddress& to, TimePoint deadline) {
    if (descriptor_ < 0) return failed("no socket", errno);
    sockaddr generic{};
    static_assert(sizeof generic <= sizeof to.storage);
    const auto* target = reinterpret_cast<const sockaddr*>(&to.storage);
    if (::connect(descriptor_, target, to.size) == 0) return Ok{};
    if (errno != EINPROGRESS) return failed("cannot connect", errno);
    if (!wait(POLLOUT, deadline)) return unreachable("cannot connect: no answer in time");
    int number = 0;
    socklen_t size = sizeof number;
    getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &number, &size);
    if (number != 0) return failed("cannot connect", number);
    return Ok{};
  }

  Result<> write(std::string_view text, TimePoint deadline) {
    while (!text.empty()) {
      const ssize_t sent = send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent >= 0) {
        text.remove_prefix(static_cast<std::size_t>(sent));
      } else if (errno != EAGAIN && errno != EINTR) {
        return failed("cannot send", errno);
      } else if (!wait(POLLOUT, deadline)) {
        return unreachable("cannot send: no progress in time");
      }
    }
    return Ok{};
  }

  // At least `count` bytes from the front of what is answered.
  Result<std::string> read(std::size_t count, TimePoint deadline) {
    std::string text;
    char piece[512];
    while (text.size() < count) {
      const ssize_t got = recv(descriptor_, piece, sizeof piece, 0);
      if (got > 0) {
        text.append(piece, static_cast<std::size_t>(got));
      } else if (got == 0) {
        return unreachable("the connection was closed without an answer");
      } else if (errno != EAGAIN && errno != EINTR) {
        return failed("cannot read", errno);
      } else if (!wait(POLLIN, deadline)) {
        return unreachable("no answer in time");
      }
    }
    return text;
  }

 private:
  static int make(int family) { return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

  bool wait(short events, TimePoint deadline) {
    pollfd waiting{descriptor_, events, 0};
    while (true) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock_.now()).count();
      const int ready = poll(&waiting, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000)));
      if (ready > 0) return true;
      if (ready == 0 && left <= 60'000) return false;
      if (ready < 0 && errno != EINTR) return false;
    }
  }

  const Clock& clock_;
  int descriptor_;
};

}  // namespace

Result<ProbeAddress> probe_address(std::string_view listener) {
  const std::size_t colon = listener.rfind(':');
  ProbeAddress address;
  if (colon != std::string_view::npos) {
    const auto port = parse_decimal(listener.substr(colon + 1));
    std::string_view host = listener.substr(0, colon);
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    if (host == "localhost" || host == "0.0.0.0") host = "127.0.0.1";
    if (host == "::") host = "::1";
    address.host = host;
    address.port = static_cast<std::uint16_t>(port.value_or(0));
    const bool plausible = port && *port > 0 && *port <= 65535 && bracketed == (host.find(':') != host.npos);
    if (plausible && socket_address(address)) return address;
  }
  return Error(Fault::bad_request, Blame::client, "",
               "\"" + std::string(listener) + "\" is not an address with a port");
}

Result<int> probe(const ProbeAddress& address, std::string_view path, Duration connect, Duration whole,
                  const Clock& clock) {
  const TimePoint begin = clock.now();
  const TimePoint end = begin + whole;
  const auto target = socket_address(address);
  if (!target) return unreachable("not a literal address");
  Socket socket(target->storage.ss_family, clock);
  auto connected = socket.connect(*target, std::min(begin + connect, end));
  if (!connected) return std::move(connected).error();
  const bool six = address.host.find(':') != std::string::npos;
  std::string request = "GET " + std::string(path) + " HTTP/1.1\r\nhost: ";
  request += six ? "[" + address.host + "]" : address.host;
  request += ":" + std::to_string(address.port) + "\r\nconnection: close\r\n\r\n";
  auto written = socket.write(request, end);
  if (!written) return std::move(written).error();
  auto head = socket.read(status_line_begin, end);
  if (!head) return std::move(head).error();
  const auto status = parse_decimal(std::string_view(*head).substr(9, 3));
  if (!head->starts_with("HTTP/1.") || !status) return unreachable("the answer is not HTTP");
  return static_cast<int>(*status);
}

}  // namespace sluice::app

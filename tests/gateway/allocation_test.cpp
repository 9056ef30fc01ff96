#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <new>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/gateway_under_test.hpp"

#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // the compiler inlines one half of the pair below

// This program replaces operator new to count what every thread asks for while `counting`.
namespace {
std::atomic<bool> counting{false};
std::atomic<std::uint64_t> allocations{0};
}  // namespace

void* operator new(std::size_t bytes) {
  if (counting.load(std::memory_order_relaxed)) allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace sluice::test {
namespace {

constexpr std::string_view answer_body =
    R"({"id":"x","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}})";

int listening_socket(std::uint16_t& port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), length) != 0 || ::listen(listener, 16) != 0) std::abort();
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
  port = ntohs(address.sin_port);
  return listener;
}

// Reads until `ending` is there. Nothing here allocates: it runs while we count.
bool read_until(int socket, std::string_view ending) {
  std::array<char, 8192> memory;
  std::size_t used = 0;
  while (used < memory.size()) {
    const ssize_t got = ::recv(socket, memory.data() + used, memory.size() - used, 0);
    if (got <= 0) return false;
    used += static_cast<std::size_t>(got);
    if (std::string_view(memory.data(), used).ends_with(ending)) return true;
  }
  return false;
}

// Answers every request on its one connection with the same bytes.
class PlainUpstream {
 public:
  PlainUpstream() : listener_(listening_socket(port_)), thread_([this] { run(); }) {}
  PlainUpstream(const PlainUpstream&) = delete;
  PlainUpstream& operator=(const PlainUpstream&) = delete;
  ~PlainUpstream() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  std::uint16_t port() const { return port_; }

 private:
  void run() const {
    const std::string answer =
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: " + std::to_string(answer_body.size()) +
        "\r\n\r\n" + std::string(answer_body);
    for (int socket = ::accept(listener_, nullptr, nullptr); socket >= 0;
         socket = ::accept(listener_, nullptr, nullptr)) {
      while (read_until(socket, "}")) {
        if (::send(socket, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) break;
      }
      ::close(socket);
    }
  }

  std::uint16_t port_ = 0;
  int listener_;
  std::thread thread_;
};

int connected_socket(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) std::abort();
  return socket;
}

TEST(VerbatimRequest, allocates_nothing_after_warm_up) {
  const PlainUpstream upstream;
  GatewayUnderTest gateway(configuration({upstream.port()}));
  const std::string body = R"({"model":"m","messages":[{"role":"user","content":"hello"}]})";
  const std::string request =
      "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\nauthorization: Bearer " +
      std::string(caller_key) + "\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  const int client = connected_socket(gateway.port());
  const auto ask = [&] {
    return ::send(client, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size()) &&
           read_until(client, "}}");
  };
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(ask());
  constexpr int requests = 1000;
  int answered = 0;
  counting = true;
  for (int i = 0; i < requests; ++i) answered += ask() ? 1 : 0;
  counting = false;
  ::close(client);
  EXPECT_EQ(answered, requests);
  RecordProperty("allocations", std::to_string(allocations.load()));
  // A log batch may find its buffer larger than ever before; a request itself asks for nothing.
  EXPECT_LT(allocations.load(), requests / 50u) << "allocations over " << requests << " requests";
}

}  // namespace
}  // namespace sluice::test

#include "app/healthcheck.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sstream>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "app/probe.hpp"

namespace sluice::app {
namespace {

// Listens on a loopback port, answers one connection with fixed bytes and keeps what was asked.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer) : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* generic = static_cast<sockaddr*>(static_cast<void*>(&here));
    socklen_t size = sizeof here;
    if (bind(listener_, generic, size) != 0 || listen(listener_, 1) != 0) ADD_FAILURE() << "cannot listen";
    getsockname(listener_, generic, &size);
    port_ = ntohs(here.sin_port);
    thread_ = std::thread([this, answer = std::move(answer)] { serve(answer); });
  }
  ~OneAnswer() {
    shutdown(listener_, SHUT_RDWR);  // wakes an accept nobody came to
    thread_.join();
    close(listener_);
  }
  OneAnswer(const OneAnswer&) = delete;
  OneAnswer& operator=(const OneAnswer&) = delete;

  std::string port() const { return std::to_string(port_); }
  // What the caller sent; joins, so that it is complete.
  std::string asked() {
    thread_.join();
    thread_ = std::thread([] {});
    return asked_;
  }

 private:
  void serve(const std::string& answer) {
    const int connection = accept(listener_, nullptr, nullptr);
    if (connection < 0) return;
    char piece[1024];
    while (asked_.find("\r\n\r\n") == std::string::npos) {
      const ssize_t got = recv(connection, piece, sizeof piece, 0);
      if (got <= 0) break;
      asked_.append(piece, static_cast<std::size_t>(got));
    }
    if (send(connection, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) ADD_FAILURE() << "cannot answer";
    close(connection);
  }

  int listener_;
  std::uint16_t port_ = 0;
  std::string asked_;
  std::thread thread_;
};

TEST(Healthcheck, is_content_with_a_daemon_that_is_ready) {
  OneAnswer daemon("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
  std::ostringstream err;
  EXPECT_EQ(healthcheck("127.0.0.1:" + daemon.port(), err), 0);
  EXPECT_EQ(err.str(), "");
  const std::string asked = daemon.asked();
  EXPECT_TRUE(asked.starts_with("GET /readyz HTTP/1.1\r\n")) << asked;
  EXPECT_NE(asked.find("host: 127.0.0.1:" + daemon.port() + "\r\n"), std::string::npos) << asked;
}

TEST(Healthcheck, reaches_a_listener_on_all_interfaces_over_loopback) {
  OneAnswer daemon("HTTP/1.1 200 OK\r\n\r\n");
  std::ostringstream err;
  EXPECT_EQ(healthcheck("0.0.0.0:" + daemon.port(), err), 0) << err.str();
}

TEST(Healthcheck, says_that_a_daemon_is_not_ready) {
  OneAnswer daemon("HTTP/1.1 503 Service Unavailable\r\n\r\n");
  std::ostringstream err;
  EXPECT_EQ(healthcheck("127.0.0.1:" + daemon.port(), err), 69);
  EXPECT_NE(err.str().find("503"), std::string::npos) << err.str();
}

TEST(Healthcheck, does_not_take_other_protocols_or_silence_for_readiness) {
  for (const std::string answer : {"", "SSH-2.0-something 200", "HTTP/1.1 2", "HTTP/1.1 20x OK\r\n"}) {
    OneAnswer daemon(answer);
    std::ostringstream err;
    EXPECT_EQ(healthcheck("127.0.0.1:" + daemon.port(), err), 69) << answer;
    EXPECT_NE(err.str(), "") << answer;
  }
}

TEST(Healthcheck, says_that_nobody_listens) {
  std::string port;
  {
    OneAnswer daemon("");
    port = daemon.port();
  }
  std::ostringstream err;
  EXPECT_EQ(healthcheck("127.0.0.1:" + port, err), 69);
  EXPECT_NE(err.str().find("cannot connect"), std::string::npos) << err.str();
}

TEST(Probe, understands_addresses_as_listeners_are_written) {
  struct Case {
    const char* listener;
    const char* host;
  };
  const Case cases[] = {
      {"127.0.0.1:9090", "127.0.0.1"}, {"0.0.0.0:9090", "127.0.0.1"}, {"localhost:9090", "127.0.0.1"},
      {"10.0.0.7:9090", "10.0.0.7"},   {"[::]:9090", "::1"},          {"[2001:db8::1]:9090", "2001:db8::1"}};
  for (const Case& each : cases) {
    const auto address = probe_address(each.listener);
    ASSERT_TRUE(address) << each.listener;
    EXPECT_EQ(address->host, each.host);
    EXPECT_EQ(address->port, 9090);
  }
}

TEST(Probe, refuses_what_is_no_address_with_a_port) {
  for (const char* listener : {"", ":", "9090", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "::1:9090",
                               "[127.0.0.1]:9090", "[::1]", "example.com:9090", "127.0.0.1:-1"}) {
    EXPECT_FALSE(probe_address(listener)) << listener;
  }
}

TEST(Probe, gives_up_on_silence_when_its_time_is_over) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = static_cast<sockaddr*>(static_cast<void*>(&here));
  socklen_t size = sizeof here;
  ASSERT_EQ(bind(listener, generic, size), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  getsockname(listener, generic, &size);
  const ProbeAddress address{"127.0.0.1", ntohs(here.sin_port)};
  const auto status = probe(address, "/", std::chrono::milliseconds(50), std::chrono::milliseconds(50), system_clock());
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message(), "no answer in time");
  close(listener);
}

}  // namespace
}  // namespace sluice::app

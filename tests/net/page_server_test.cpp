#include <sluice/net/page_server.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <future>
#include <optional>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "net/page_limits.hpp"

namespace sluice::net::page_server_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// A client's end of a connection to this machine. No call takes longer than a minute.
class Client {
 public:
  explicit Client(std::uint16_t port, int family = AF_INET) : socket_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const ::timeval patience{60, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::sockaddr_storage address{};
    ::socklen_t size = 0;
    if (family == AF_INET) {
      auto& v4 = reinterpret_cast<::sockaddr_in&>(address);
      v4.sin_family = AF_INET;
      v4.sin_port = htons(port);
      v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      size = sizeof v4;
    } else {
      auto& v6 = reinterpret_cast<::sockaddr_in6&>(address);
      v6.sin6_family = AF_INET6;
      v6.sin6_port = htons(port);
      v6.sin6_addr = in6addr_loopback;
      size = sizeof v6;
    }
    connected_ = ::connect(socket_, reinterpret_cast<const ::sockaddr*>(&address), size) == 0;
  }
  Client(Client&& other) noexcept : socket_(std::exchange(other.socket_, -1)), connected_(other.connected_) {}
  Client& operator=(Client&&) = delete;
  ~Client() {
    if (socket_ >= 0) ::close(socket_);
  }

  bool connected() const { return connected_; }
  bool send(std::string_view bytes) const {
    return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<::ssize_t>(bytes.size());
  }

  // What comes until the server closes.
  std::string read_all() const {
    std::string text;
    std::array<char, 4096> bytes;
    for (::ssize_t n = 0; (n = ::recv(socket_, bytes.data(), bytes.size(), 0)) > 0;) {
      text.append(bytes.data(), static_cast<std::size_t>(n));
    }
    return text;
  }

  // One answer whose end is `end`.
  std::string read_until(std::string_view end) const {
    std::string text;
    char byte = 0;
    while (text.size() < end.size() || text.compare(text.size() - end.size(), end.size(), end) != 0) {
      if (::recv(socket_, &byte, 1, 0) != 1) return text + "<closed>";
      text += byte;
    }
    return text;
  }

 private:
  int socket_;
  bool connected_ = false;
};

Page echo(const PageRequest& request) {
  Page page;
  if (request.path == "/throw") throw std::runtime_error("no page today");
  if (request.path == "/only-get" && request.method != "GET") {
    page.status = 405;
    page.fields = {{"allow", "GET, HEAD"}, {"x-more", "1"}};
  }
  if (request.path == "/missing") page.status = 404;
  if (request.path == "/empty") page.status = 204;
  page.content_type = "text/x-echo";
  page.body = std::string(request.method) + " " + std::string(request.path) + ".";
  if (request.path == "/all") {
    for (const auto part : {request.query, request.authorization, request.peer})
      page.body += "[" + std::string(part) + "]";
  }
  return page;
}

class PageServerTest : public testing::Test {
 protected:
  void start(PageLimits limits = {}, PageServer::Handler handler = echo) {
    auto started = start_page_server("127.0.0.1:0", std::move(handler), limits);
    ASSERT_TRUE(started) << started.error().message();
    server = std::move(*started);
  }
  Client client() const { return Client(server->port()); }
  // The whole answer to a request after which the connection closes.
  std::string answer_to(std::string_view request) const {
    const Client one = client();
    EXPECT_TRUE(one.send(request));
    return one.read_all();
  }

  std::unique_ptr<PageServer> server;
};

TEST_F(PageServerTest, serves_what_the_handler_makes) {
  start();
  EXPECT_EQ(answer_to("GET /a/b?c=d&e HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"),
            "HTTP/1.1 200 OK\r\n"
            "Content-Type: text/x-echo\r\n"
            "Cache-Control: no-store\r\n"
            "x-content-type-options: nosniff\r\n"
            "Connection: close\r\n"
            "Content-Length: 9\r\n"
            "\r\n"
            "GET /a/b.");
}

TEST_F(PageServerTest, leaves_other_methods_and_paths_to_the_handler) {
  start();
  const std::string refused = answer_to("BREW /only-get HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
  EXPECT_EQ(refused.substr(0, 24), "HTTP/1.1 405 Method Not ");
  EXPECT_NE(refused.find("\r\nallow: GET, HEAD\r\nx-more: 1\r\n"), std::string::npos);
  EXPECT_NE(refused.find("\r\n\r\nBREW /only-get."), std::string::npos);
  const std::string missing = answer_to("GET /missing HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
  EXPECT_EQ(missing.substr(0, 23), "HTTP/1.1 404 Not Found\r");
  EXPECT_EQ(missing.find("allow"), std::string::npos);
}

TEST_F(PageServerTest, tells_the_handler_who_asks_for_what_with_which_authorization) {
  start();
  const struct {
    std::string target;
    std::string fields;
    std::string told;
  } cases[] = {
      {"/all", "", "GET /all.[][][127.0.0.1]"},
      {"/all?", "", "GET /all.[][][127.0.0.1]"},
      {"/all?a=%62?c#d", "authorization: Bearer  t \r\n", "GET /all.[a=%62?c#d][Bearer  t][127.0.0.1]"},
      {"/%61ll/..//b?/all", "AUTHORIZATION: x\r\n", "GET /%61ll/..//b."},
  };
  for (const auto& example : cases) {
    const std::string answer =
        answer_to("GET " + example.target + " HTTP/1.1\r\nhost: x\r\n" + example.fields + "connection: close\r\n\r\n");
    EXPECT_EQ(answer.substr(answer.find("\r\n\r\n") + 4), example.told) << example.target;
  }
}

TEST_F(PageServerTest, head_is_get_without_the_body) {
  start();
  const std::string answer = answer_to("HEAD /only-get HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
  EXPECT_EQ(answer.substr(0, 15), "HTTP/1.1 200 OK");
  EXPECT_NE(answer.find("\r\nContent-Length: 14\r\n"), std::string::npos);
  EXPECT_EQ(answer.substr(answer.size() - 4), "\r\n\r\n");
}

TEST_F(PageServerTest, a_page_without_content_has_no_length) {
  start();
  const std::string answer = answer_to("GET /empty HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
  EXPECT_EQ(answer.find("Content-Length"), std::string::npos);
  EXPECT_EQ(answer.substr(answer.size() - 4), "\r\n\r\n");
}

TEST_F(PageServerTest, keeps_connections_and_takes_pipelined_requests) {
  start();
  const Client one = client();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(one.send("POST /1 HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello"));
    EXPECT_NE(one.read_until("POST /1.").find("200 OK"), std::string::npos);
  }
  ASSERT_TRUE(one.send("GET /2 HTTP/1.1\r\nhost: x\r\n\r\nGET /3 HTTP/1.1\r\nhost: x\r\n\r\nGET /4 HTTP/1.1\r\nhos"));
  EXPECT_NE(one.read_until("GET /2.").find("200 OK"), std::string::npos);
  EXPECT_NE(one.read_until("GET /3.").find("200 OK"), std::string::npos);
  ASSERT_TRUE(one.send("t: x\r\n\r\n"));
  EXPECT_NE(one.read_until("GET /4.").find("200 OK"), std::string::npos);
}

TEST_F(PageServerTest, closes_after_an_http_1_0_request) {
  start();
  const std::string answer = answer_to("GET /old HTTP/1.0\r\n\r\n");
  EXPECT_EQ(answer.substr(0, 15), "HTTP/1.0 200 OK");
  EXPECT_EQ(answer.substr(answer.size() - 9), "GET /old.");
}

TEST_F(PageServerTest, an_exception_of_the_handler_is_a_500) {
  start();
  const std::string answer = answer_to("GET /throw HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
  EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 500");
  EXPECT_EQ(answer.find("no page today"), std::string::npos);
}

TEST_F(PageServerTest, refuses_what_is_not_proper_http) {
  start();
  const std::string end = "connection: keep-alive\r\n\r\n";
  const std::string wide(70'000, 'w');
  const struct {
    std::string what;
    std::string request;
    std::string status;
  } cases[] = {
      {"no HTTP", "hello\r\n\r\n", "400"},
      {"TLS", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 0123456789\r\n\r\n", 27), "400"},
      {"another version", "GET / HTTP/3.0\r\nhost: x\r\n" + end, "400"},
      {"no host", "GET / HTTP/1.1\r\n" + end, "400"},
      {"two hosts", "GET / HTTP/1.1\r\nhost: x\r\nhost: y\r\n" + end, "400"},
      {"two authorizations", "GET / HTTP/1.1\r\nhost: x\r\nauthorization: a\r\nauthorization: a\r\n" + end, "400"},
      {"no path", "GET http://x/ HTTP/1.1\r\nhost: x\r\n" + end, "400"},
      {"two lengths", "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n" + end, "400"},
      {"a blank before the colon", "GET / HTTP/1.1\r\nhost : x\r\n" + end, "400"},
      {"a large head", "GET / HTTP/1.1\r\nhost: x\r\nx: " + wide + "\r\n" + end, "431"},
      {"a large body", "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 65536\r\n\r\n", "413"},
      {"a large chunk", "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n11170\r\n" + wide, "413"},
  };
  for (const auto& example : cases) {
    const std::string answer = answer_to(example.request);
    EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 " + example.status) << example.what << ": " << answer;
    EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos) << example.what;
  }
}

TEST_F(PageServerTest, serves_several_connections_at_once) {
  start();
  const Client slow = client();
  ASSERT_TRUE(slow.send("GET /slow HTT"));
  EXPECT_NE(answer_to("GET /x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").find("200 OK"), std::string::npos);
  ASSERT_TRUE(slow.send("P/1.1\r\nhost: x\r\n\r\n"));
  EXPECT_NE(slow.read_until("GET /slow.").find("200 OK"), std::string::npos);
}

TEST_F(PageServerTest, closes_on_a_request_that_takes_too_long) {
  start({.request = milliseconds(50)});
  EXPECT_EQ(answer_to("GET / HTTP/1.1\r\nhost: x\r\n"), "");
}

TEST_F(PageServerTest, closes_a_connection_that_stays_idle) {
  start({.idle = milliseconds(50)});
  EXPECT_EQ(answer_to(""), "");
  const Client one = client();
  ASSERT_TRUE(one.send("GET /1 HTTP/1.1\r\nhost: x\r\n\r\n"));
  const std::string answer = one.read_all();
  EXPECT_EQ(answer.substr(answer.size() - 7), "GET /1.");
}

TEST_F(PageServerTest, the_connection_that_is_idle_for_longest_makes_room) {
  start({.connections = 3});
  std::vector<Client> crowd;
  for (int i = 0; i < 3; ++i) {
    crowd.push_back(client());
    ASSERT_TRUE(crowd.back().send("GET /in HTTP/1.1\r\nhost: x\r\n\r\n"));
    ASSERT_NE(crowd.back().read_until("GET /in.").find("200 OK"), std::string::npos);
  }
  ASSERT_TRUE(crowd[0].send("GET /again HTTP/1.1\r\nhost: x\r\n\r\n"));
  ASSERT_NE(crowd[0].read_until("GET /again.").find("200 OK"), std::string::npos);
  EXPECT_NE(answer_to("GET /new HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").find("200 OK"), std::string::npos);
  EXPECT_EQ(crowd[1].read_all(), "");
  ASSERT_TRUE(crowd[0].send("GET /still HTTP/1.1\r\nhost: x\r\n\r\n"));
  EXPECT_NE(crowd[0].read_until("GET /still.").find("200 OK"), std::string::npos);
}

TEST_F(PageServerTest, turns_newcomers_away_when_everybody_is_busy) {
  start({.connections = 2});
  std::vector<Client> busy;
  for (int i = 0; i < 2; ++i) {
    busy.push_back(client());
    // The second request, incomplete, was received along with the first one.
    ASSERT_TRUE(busy.back().send("GET /in HTTP/1.1\r\nhost: x\r\n\r\nGET /unfinished HTTP"));
    ASSERT_NE(busy.back().read_until("GET /in.").find("200 OK"), std::string::npos);
  }
  const Client newcomer = client();
  EXPECT_EQ(newcomer.read_all(), "");
}

TEST_F(PageServerTest, stops_at_once_though_connections_are_idle_or_half_way) {
  start({.leaving = milliseconds(60'000)});
  const Client fresh = client();
  const Client idle = client();
  ASSERT_TRUE(idle.send("GET /in HTTP/1.1\r\nhost: x\r\n\r\n"));
  ASSERT_NE(idle.read_until("GET /in.").find("200 OK"), std::string::npos);
  const Client half = client();
  ASSERT_TRUE(half.send("GET /in HTTP/1.1\r\nhost: x\r\n\r\nGET /half HT"));
  ASSERT_NE(half.read_until("GET /in.").find("200 OK"), std::string::npos);
  const auto began = steady_clock::now();
  server.reset();
  EXPECT_LT(steady_clock::now() - began, milliseconds(30'000));
  EXPECT_EQ(fresh.read_all(), "");
  EXPECT_EQ(idle.read_all(), "");
  EXPECT_EQ(half.read_all(), "");
}

TEST_F(PageServerTest, does_not_wait_for_ever_for_a_reader_who_stopped_reading) {
  start({.leaving = milliseconds(50)}, [](const PageRequest&) {
    Page page;
    page.body = std::string(16'000'000, 'x');
    return page;
  });
  const Client one = client();
  ASSERT_TRUE(one.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n"));
  ASSERT_NE(one.read_until("\r\n\r\n").find("200 OK"), std::string::npos);
  const auto began = steady_clock::now();
  server.reset();
  EXPECT_LT(steady_clock::now() - began, milliseconds(5'000));
}

TEST_F(PageServerTest, finishes_the_answer_it_is_making_when_it_stops) {
  std::promise<void> entered;
  std::promise<void> go_on;
  start({}, [&](const PageRequest&) {
    entered.set_value();
    go_on.get_future().wait();
    Page page;
    page.body = std::string(100'000, 'x') + "end";
    return page;
  });
  const Client one = client();
  ASSERT_TRUE(one.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n"));
  entered.get_future().wait();
  auto stopped = std::async(std::launch::async, [this] { server.reset(); });
  go_on.set_value();
  const std::string answer = one.read_all();
  stopped.wait();
  EXPECT_EQ(answer.substr(answer.size() - 3), "end");
}

TEST(PageServer, listens_on_literal_addresses_and_tells_its_port) {
  auto started = PageServer::start("127.0.0.1:0", echo);
  ASSERT_TRUE(started) << started.error().message();
  EXPECT_NE((*started)->port(), 0);
  const auto again = PageServer::start("127.0.0.1:" + std::to_string((*started)->port()), echo);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), "listen_failed");
  EXPECT_NE(again.error().message().find("Address already in use"), std::string::npos);
}

TEST(PageServer, takes_its_port_again_at_once) {
  std::uint16_t port = 0;
  for (int i = 0; i < 3; ++i) {
    auto started = PageServer::start("127.0.0.1:" + std::to_string(port), echo);
    ASSERT_TRUE(started) << started.error().message();
    port = (*started)->port();
    const Client one(port);
    ASSERT_TRUE(one.send("GET /in HTTP/1.1\r\nhost: x\r\n\r\n"));
    ASSERT_NE(one.read_until("GET /in.").find("200 OK"), std::string::npos);
  }
}

TEST(PageServer, listens_on_ipv6) {
  auto started = PageServer::start("[::1]:0", echo);
  ASSERT_TRUE(started) << started.error().message();
  const Client one((*started)->port(), AF_INET6);
  ASSERT_TRUE(one.connected());
  ASSERT_TRUE(one.send("GET /all HTTP/1.1\r\nhost: [::1]\r\n\r\n"));
  EXPECT_NE(one.read_until("GET /all.[][][::1]").find("200 OK"), std::string::npos);
}

TEST(PageServer, calls_an_ipv4_peer_by_its_ipv4_address_on_a_listener_for_both) {
  auto started = PageServer::start("[::]:0", echo);
  ASSERT_TRUE(started) << started.error().message();
  const Client one((*started)->port());
  ASSERT_TRUE(one.send("GET /all HTTP/1.1\r\nhost: x\r\n\r\n"));
  EXPECT_NE(one.read_until("GET /all.[][][127.0.0.1]").find("200 OK"), std::string::npos);
}

TEST(PageServer, refuses_addresses_that_are_none) {
  for (const std::string address : {"", "9090", ":9090", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
                                    "::1:9090", "[127.0.0.1]:9090", "example.test:9090", "[::1]9090"}) {
    const auto started = PageServer::start(address, echo);
    ASSERT_FALSE(started) << address;
    EXPECT_EQ(started.error().code(), "bad_address") << address;
    EXPECT_NE(started.error().message().find("'" + address + "'"), std::string::npos);
  }
}

constexpr std::string_view long_request = "GET /long HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
constexpr std::string_view short_request = "GET /short HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

TEST_F(PageServerTest, answers_others_while_long_pages_are_made_and_makes_two_of_these_at_a_time) {
  std::counting_semaphore<> begun{0};
  std::promise<void> go_on;
  const std::shared_future<void> may_end = go_on.get_future().share();
  start({}, [&begun, may_end](const PageRequest& request) -> std::variant<Page, LongPage> {
    if (request.path != "/long") return echo(request);
    Page busy;
    busy.status = 503;
    busy.body = "busy";
    return LongPage{[&begun, may_end, request] {
                      begun.release();
                      may_end.wait();
                      return echo(request);
                    },
                    busy};
  });
  const Client one = client();
  const Client two = client();
  ASSERT_TRUE(one.send(long_request) && two.send(long_request));
  begun.acquire();
  begun.acquire();
  EXPECT_TRUE(answer_to(short_request).ends_with("GET /short."));
  const std::string refused = answer_to(long_request);
  EXPECT_TRUE(refused.starts_with("HTTP/1.1 503 ") && refused.ends_with("busy")) << refused;
  go_on.set_value();
  EXPECT_TRUE(one.read_all().ends_with("GET /long."));
  EXPECT_TRUE(two.read_all().ends_with("GET /long."));
  EXPECT_TRUE(answer_to(long_request).ends_with("GET /long.")) << "there is room again";
}

TEST_F(PageServerTest, a_long_page_may_take_longer_than_a_request) {
  PageLimits limits;
  limits.request = milliseconds(100);
  std::promise<void> begun;
  std::promise<void> go_on;
  start(limits, [&](const PageRequest& request) -> std::variant<Page, LongPage> {
    return LongPage{[&, request] {
                      begun.set_value();
                      go_on.get_future().wait();
                      return echo(request);
                    },
                    {}};
  });
  const Client one = client();
  ASSERT_TRUE(one.send(long_request));
  begun.get_future().wait();
  const Client slow = client();
  ASSERT_TRUE(slow.send("GET "));
  EXPECT_EQ(slow.read_all(), "") << "sent away after the time of a request";
  go_on.set_value();
  EXPECT_TRUE(one.read_all().ends_with("GET /long."));
}

TEST_F(PageServerTest, a_long_page_that_cannot_be_made_is_an_error_like_any_other) {
  start({}, [](const PageRequest&) -> std::variant<Page, LongPage> {
    return LongPage{[]() -> Page { throw std::runtime_error("no"); }, {}};
  });
  EXPECT_TRUE(answer_to(long_request).starts_with("HTTP/1.1 500 "));
}

TEST_F(PageServerTest, a_server_that_ends_lets_a_long_page_end_first) {
  std::promise<void> begun;
  std::atomic<bool> ended{false};
  start({}, [&](const PageRequest& request) -> std::variant<Page, LongPage> {
    return LongPage{[&, request] {
                      begun.set_value();
                      const Page page = echo(request);
                      ended = true;
                      return page;
                    },
                    {}};
  });
  const Client one = client();
  ASSERT_TRUE(one.send(long_request));
  begun.get_future().wait();
  server.reset();
  EXPECT_TRUE(ended);
  EXPECT_TRUE(one.read_all().ends_with("GET /long."));
}

}  // namespace
}  // namespace sluice::net::page_server_test

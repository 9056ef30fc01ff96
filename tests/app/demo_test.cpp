#include "app/demo.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace sluice::app {
namespace {

// A request that is there at once, or whose body cannot be had.
class KnownIncoming final : public net::Incoming {
 public:
  explicit KnownIncoming(std::string body) : body_(std::move(body)) {
    request_.method = http::Method::post;
    request_.target = "/v1/chat/completions";
  }
  explicit KnownIncoming(Error error) : KnownIncoming(std::string()) { error_.emplace(std::move(error)); }

  const http::RequestView& request() const override { return request_; }
  std::string_view peer() const override { return "127.0.0.1"; }
  TimePoint arrived() const override { return {}; }
  Async<std::string_view> collect() override {
    if (error_) co_return *error_;
    request_.body = body_;
    co_return request_.body;
  }
  Async<std::string_view> gather(std::uint64_t) override { return collect(); }
  std::uint64_t left() const override { return 0; }
  bool taken() const override { return false; }
  Async<std::string_view> next_piece() override { co_return std::string_view(); }
  // The body is gone for good: whoever still looks at it reads other bytes.
  bool hold(std::uint64_t) override { return true; }
  void release() override { body_.assign(body_.size(), '#'); }
  net::Stop& stop() override { return stop_; }
  std::uint64_t bytes_in() const override { return body_.size(); }

 private:
  http::RequestView request_;
  std::string body_;
  std::optional<Error> error_;
  net::Stop stop_;
};

// Remembers what was written; fails from the given write on.
class RememberingReply final : public net::Reply {
 public:
  int status = 0;
  std::vector<std::pair<std::string, std::string>> fields;
  std::vector<std::string> writes;
  std::string sent;
  bool ended = false;
  std::size_t fails_at = static_cast<std::size_t>(-1);

  void begin(http::HeadView head) override { remember(head); }
  Async<> write(http::Slices pieces) override {
    if (writes.size() >= fails_at) co_return Error(Fault::client_left, Blame::client, "", "gone");
    writes.push_back(whole(pieces));
    co_return Ok{};
  }
  Async<> end() override {
    ended = true;
    co_return Ok{};
  }
  Async<> send(http::HeadView head, http::Slices body) override {
    remember(head);
    sent = whole(body);
    co_return Ok{};
  }
  bool begun() const override { return !writes.empty(); }
  std::uint64_t bytes_out() const override { return 0; }

 private:
  void remember(const http::HeadView& head) {
    status = head.status;
    for (const http::Field& field : head.fields) fields.emplace_back(field.name, field.value);
  }
  static std::string whole(const http::Slices& slices) {
    std::string text;
    for (const std::string_view piece : slices.pieces()) text += piece;
    return text;
  }
};

Detached serve(net::Service& service, net::Incoming& incoming, net::Reply& reply, std::optional<Result<>>& result) {
  result.emplace(co_await service.serve(incoming, reply));
}

// Nothing in the doubles suspends, so the answer is complete when this returns.
Result<> serve(net::Incoming& incoming, net::Reply& reply) {
  DemoService service;
  std::optional<Result<>> result;
  serve(service, incoming, reply, result);
  EXPECT_TRUE(result);
  return *result;
}

const std::string question = R"({"model":"demo","messages":[{"role":"user","content":"hi"}]})";
const std::string streamed_question = R"({"model":"demo","messages":[{"role":"user","content":"hi"}],"stream":true})";

TEST(DemoService, sends_a_document_at_once) {
  KnownIncoming incoming(question);
  RememberingReply reply;
  EXPECT_TRUE(serve(incoming, reply));
  EXPECT_EQ(reply.status, 200);
  ASSERT_EQ(reply.fields.size(), 1u);
  EXPECT_EQ(reply.fields[0], std::make_pair(std::string("content-type"), std::string("application/json")));
  EXPECT_NE(reply.sent.find("You said: hi"), std::string::npos);
}

TEST(DemoService, writes_every_event_by_itself) {
  KnownIncoming incoming(streamed_question);
  RememberingReply reply;
  EXPECT_TRUE(serve(incoming, reply));
  EXPECT_EQ(reply.fields[0].second, "text/event-stream; charset=utf-8");
  ASSERT_EQ(reply.writes.size(), 6u);
  for (const std::string& write : reply.writes) EXPECT_TRUE(write.starts_with("data: ") && write.ends_with("\n\n"));
  EXPECT_EQ(reply.writes.back(), "data: [DONE]\n\n");
  EXPECT_TRUE(reply.ended);
}

TEST(DemoService, stops_when_nobody_reads_and_does_not_end_the_stream) {
  KnownIncoming incoming(streamed_question);
  RememberingReply reply;
  reply.fails_at = 2;
  const Result<> result = serve(incoming, reply);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().fault(), Fault::client_left);
  EXPECT_EQ(reply.writes.size(), 2u);
  EXPECT_FALSE(reply.ended);
}

TEST(DemoService, tells_the_caller_why_a_body_could_not_be_read) {
  KnownIncoming incoming(Error(Fault::too_large, Blame::client, "request_too_large", "Too large."));
  RememberingReply reply;
  EXPECT_TRUE(serve(incoming, reply));
  EXPECT_EQ(reply.status, 413);
  EXPECT_NE(reply.sent.find("request_too_large"), std::string::npos);
}

TEST(DemoService, says_nothing_to_a_caller_who_left) {
  KnownIncoming incoming(Error(Fault::client_left, Blame::client, "", "gone"));
  RememberingReply reply;
  EXPECT_FALSE(serve(incoming, reply));
  EXPECT_EQ(reply.status, 0);
}

TEST(DemoService, refuses_in_the_form_of_its_api) {
  DemoService service;
  EXPECT_EQ(service.refuse(431, "Too \"long\".", "").body,
            R"({"error":{"message":"Too \"long\".","type":"invalid_request_error","param":null,"code":null}})");
}

// A connection to the demo; gives up after ten seconds rather than hang.
class Caller {
 public:
  explicit Caller(std::uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{10, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(socket_, static_cast<sockaddr*>(static_cast<void*>(&to)), sizeof to) == 0;
  }
  ~Caller() { close(socket_); }
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  bool connected() const { return connected_; }

  // The whole answer, head and all, to a request after which the connection is closed.
  std::string ask(const std::string& body) const {
    const std::string request =
        "POST /v1/chat/completions HTTP/1.1\r\nhost: demo\r\nconnection: close\r\ncontent-length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body;
    if (send(socket_, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) return "";
    std::string answer;
    char piece[4096];
    for (ssize_t got = 0; (got = recv(socket_, piece, sizeof piece, 0)) > 0;) {
      answer.append(piece, static_cast<std::size_t>(got));
    }
    return answer;
  }

 private:
  int socket_;
  bool connected_ = false;
};

TEST(Demo, answers_over_a_real_connection) {
  const auto demo = Demo::start(system_clock());
  ASSERT_TRUE(demo);
  const std::string answer = Caller((*demo)->port()).ask(question);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_NE(answer.find("\"You said: hi\""), std::string::npos) << answer;
}

TEST(Demo, streams_over_a_real_connection) {
  const auto demo = Demo::start(system_clock());
  ASSERT_TRUE(demo);
  const std::string answer = Caller((*demo)->port()).ask(streamed_question);
  EXPECT_NE(answer.find("text/event-stream"), std::string::npos) << answer;
  EXPECT_NE(answer.find("data: [DONE]\n\n"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n0\r\n\r\n")) << answer;
}

TEST(Demo, stops_while_somebody_is_connected) {
  auto demo = Demo::start(system_clock());
  ASSERT_TRUE(demo);
  const Caller caller((*demo)->port());
  EXPECT_TRUE(caller.connected());
  (*demo).reset();
  EXPECT_EQ(caller.ask(question), "");
}

}  // namespace
}  // namespace sluice::app

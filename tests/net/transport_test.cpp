#include <sluice/net/transport.hpp>

#include <gtest/gtest.h>

#include <string>

#include "net/on_loop.hpp"
#include "support/certificates.hpp"
#include "support/scripted_upstream.hpp"

namespace sluice::net {
namespace {

using namespace std::chrono_literals;
using test::Script;
using test::ScriptedUpstream;

struct Fixture {
  Fixture() : loop(system_clock()), transport(make_transport(loop, load, {})) {
    origin.host = "127.0.0.1";
    origin.tls = false;
  }
  void call(const ScriptedUpstream& upstream) { origin.port = upstream.port(); }

  Loop loop;
  SharedLoad load;
  std::unique_ptr<Transport> transport;
  Origin origin;
};

struct Heard {
  int status = 0;
  bool reused = false;
  std::string body;
};

Async<Heard> ask(Fixture& fixture, Stop& stop) {
  Outgoing outgoing;
  outgoing.head = "POST /v1/chat/completions HTTP/1.1\r\nhost: test\r\ncontent-length: 2\r\n\r\n";
  outgoing.body.add("{}");
  const Deadlines deadlines{2s, 5s, 5s, fixture.loop.clock().now() + 20s};
  Result<CallPtr> call = co_await fixture.transport->send(fixture.origin, outgoing, deadlines, stop);
  if (!call) co_return std::move(call).error();
  Heard heard;
  heard.status = (*call)->head().status;
  heard.reused = (*call)->reused();
  const Result<> collected = co_await (*call)->collect(1u << 20);
  if (!collected) co_return collected.error();
  heard.body = std::string((*call)->pending());
  co_return heard;
}

Async<std::vector<Heard>> ask_times(Fixture& fixture, int times) {
  std::vector<Heard> all;
  for (int i = 0; i < times; ++i) {
    Stop stop;
    Result<Heard> heard = co_await ask(fixture, stop);
    if (!heard) co_return std::move(heard).error();
    all.push_back(*std::move(heard));
  }
  co_return all;
}

Script always(const std::string& answer) { return Script().read_request().send(answer).again(); }

TEST(Transport, reuses_a_connection_whose_answer_was_read_to_its_end) {
  ScriptedUpstream upstream(always(test::response(200, "hello")));
  Fixture fixture;
  fixture.call(upstream);
  const auto heard = run_on(fixture.loop, ask_times(fixture, 3));
  ASSERT_TRUE(heard) << heard.error().message();
  EXPECT_FALSE((*heard)[0].reused);
  EXPECT_TRUE((*heard)[1].reused);
  EXPECT_EQ((*heard)[2].body, "hello");
  EXPECT_EQ(upstream.connections(), 1u);
  EXPECT_EQ(fixture.transport->counts().idle, 1u);
}

TEST(Transport, reads_every_kind_of_body) {
  const std::string chunked =
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nx: y\r\n\r\n";
  const std::string until_close = "HTTP/1.0 200 OK\r\n\r\nhello";
  const std::string interim =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + test::response(200, "hello");
  for (const std::string& answer : {test::response(200, "hello"), chunked, until_close, interim}) {
    ScriptedUpstream upstream(Script().read_request().send(answer).close());
    Fixture fixture;
    fixture.call(upstream);
    const auto heard = run_on(fixture.loop, ask_times(fixture, 1));
    ASSERT_TRUE(heard) << answer << heard.error().message();
    EXPECT_EQ(heard->front().body, "hello") << answer;
  }
}

TEST(Transport, repeats_a_request_once_when_a_reused_connection_died_unseen) {
  const Script dies_after_one = Script().read_request().send(test::response(200, "one")).read_head().reset();
  ScriptedUpstream upstream({dies_after_one, always(test::response(200, "two"))});
  Fixture fixture;
  fixture.call(upstream);
  const auto heard = run_on(fixture.loop, ask_times(fixture, 2));
  ASSERT_TRUE(heard) << heard.error().message();
  EXPECT_EQ((*heard)[1].body, "two");
  EXPECT_EQ(upstream.connections(), 2u);
}

TEST(Transport, does_not_repeat_a_request_on_a_new_connection) {
  ScriptedUpstream upstream(Script().read_request().reset());
  Fixture fixture;
  fixture.call(upstream);
  const auto heard = run_on(fixture.loop, ask_times(fixture, 1));
  ASSERT_FALSE(heard);
  EXPECT_EQ(heard.error().outcome(), Outcome::reset);
  EXPECT_EQ(upstream.connections(), 1u);
}

TEST(Transport, never_reuses_a_connection_with_bytes_behind_the_answer) {
  ScriptedUpstream upstream(
      Script().read_request().send(test::response(200, "hello") + "HTTP/1.1 200 OK\r\n\r\n").again());
  Fixture fixture;
  fixture.call(upstream);
  const auto heard = run_on(fixture.loop, ask_times(fixture, 2));
  ASSERT_TRUE(heard) << heard.error().message();
  EXPECT_EQ(upstream.connections(), 2u);
}

TEST(Transport, tells_a_cut_body_from_a_whole_one) {
  ScriptedUpstream upstream(Script().read_request().send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello").close());
  Fixture fixture;
  fixture.call(upstream);
  const auto heard = run_on(fixture.loop, ask_times(fixture, 1));
  ASSERT_FALSE(heard);
  EXPECT_EQ(heard.error().outcome(), Outcome::truncated);
}

TEST(Transport, resumes_tls_sessions) {
  test::Authority authority;
  const test::KeyPair leaf = authority.issue();
  ScriptedUpstream::Options options;
  options.tls = test::UpstreamTls{leaf.certificate, leaf.key};
  ScriptedUpstream upstream(
      {Script().read_request().send(test::response(200, "hello", "connection: close\r\n")).close()}, options);
  Fixture fixture;
  fixture.call(upstream);
  fixture.origin.tls = true;
  fixture.origin.trust = *Trust::file(authority.file());
  const auto heard = run_on(fixture.loop, ask_times(fixture, 3));
  ASSERT_TRUE(heard) << heard.error().message();
  EXPECT_EQ(upstream.connections(), 3u);
  EXPECT_FALSE(upstream.visit(0).resumed);
  EXPECT_TRUE(upstream.visit(1).resumed);
  EXPECT_TRUE(upstream.visit(2).resumed);
}

// Reads an answer as it comes, and tells how it ended.
Async<std::size_t> read_all(Fixture& fixture, Duration total, Stop& stop) {
  Outgoing outgoing;
  outgoing.head = "GET / HTTP/1.1\r\nhost: test\r\n\r\n";
  const Deadlines deadlines{2s, 5s, 5s, fixture.loop.clock().now() + total};
  Result<CallPtr> call = co_await fixture.transport->send(fixture.origin, outgoing, deadlines, stop);
  if (!call) co_return std::move(call).error();
  std::size_t bytes = 0;
  for (;;) {
    const Result<Call::Arrival> arrival = co_await (*call)->more();
    if (!arrival) co_return arrival.error();
    bytes += (*call)->pending().size();
    (*call)->consume((*call)->pending().size());
    if (*arrival == Call::Arrival::end) co_return bytes;
  }
}

TEST(Transport, a_provider_that_never_pauses_cannot_outrun_the_deadline) {
  ScriptedUpstream upstream(
      Script().read_head().send("HTTP/1.1 200 OK\r\n\r\n").flood(std::string(64 * 1024, 'x'), 1'000'000).hang());
  Fixture fixture;
  fixture.call(upstream);
  Stop stop;
  const TimePoint before = system_clock().now();
  const Result<std::size_t> read = run_on(fixture.loop, read_all(fixture, 100ms, stop));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().outcome(), Outcome::timeout);
  EXPECT_LT(system_clock().now() - before, 5s);
}

TEST(Transport, a_provider_that_never_pauses_leaves_others_their_turn) {
  ScriptedUpstream upstream(
      Script().read_head().send("HTTP/1.1 200 OK\r\n\r\n").flood(std::string(64 * 1024, 'x'), 1'000'000).hang());
  Fixture fixture;
  fixture.call(upstream);
  Stop stop;
  int turns = 0;
  std::function<void()> turn = [&] {
    if (++turns < 20) fixture.loop.post(turn);
    if (turns == 20) stop.request(StopReason::client_left);
  };
  fixture.loop.post(turn);
  const Result<std::size_t> read = run_on(fixture.loop, read_all(fixture, 20s, stop));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().fault(), Fault::client_left);
}

TEST(Transport, counts_interim_answers_however_they_arrive) {
  Script script;
  script.read_head();
  for (int i = 0; i < 20; ++i) script.send("HTTP/1.1 100 Continue\r\n\r\n").pause(1ms);
  script.send(test::response(200, "late"));
  ScriptedUpstream upstream(script);
  Fixture fixture;
  fixture.call(upstream);
  Stop stop;
  EXPECT_FALSE(run_on(fixture.loop, read_all(fixture, 20s, stop)));
}

Async<Heard> ask_and_leave(Fixture& fixture, Stop& stop) {
  fixture.loop.post_at(fixture.loop.clock().now() + 20ms, [&stop] { stop.request(StopReason::client_left); });
  co_return co_await ask(fixture, stop);
}

TEST(Transport, closes_the_connection_when_the_exchange_is_to_stop) {
  ScriptedUpstream upstream(Script().read_request().hang());
  Fixture fixture;
  fixture.call(upstream);
  Stop stop;
  const Result<Heard> heard = run_on(fixture.loop, ask_and_leave(fixture, stop));
  ASSERT_FALSE(heard);
  EXPECT_EQ(heard.error().fault(), Fault::client_left);
  EXPECT_TRUE(upstream.await_left(0));
}

}  // namespace
}  // namespace sluice::net

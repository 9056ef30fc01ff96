#include "support/scripted_upstream.hpp"

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <unistd.h>

#include "support/certificates.hpp"
#include "support/raw_client.hpp"
#include "support/sockets.hpp"

// The tests' own tools have to be trusted before anything they say about the gateway is.
namespace sluice::test {
namespace {

TEST(ScriptedUpstream, answers_and_remembers) {
  ScriptedUpstream upstream(always(completion("hello")));
  RawClient client(upstream.port());
  for (int i = 0; i < 3; ++i) {
    client.send(post("/x", "{\"a\":1}", "x-odd: yes\r\n"));
    const Answer answer = client.read_answer();
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(answer.whole());
    EXPECT_EQ(answer.body, completion_json("hello"));
  }
  EXPECT_EQ(upstream.connections(), 1u);
  ASSERT_EQ(upstream.requests(), 3u);
  EXPECT_EQ(upstream.seen()[2].body, "{\"a\":1}");
  EXPECT_EQ(upstream.seen()[2].field("x-odd"), "yes");
  EXPECT_EQ(upstream.seen()[2].target(), "/x");
  client.close();
  EXPECT_TRUE(upstream.await_left(0));
  EXPECT_FALSE(upstream.visit(0).by_reset);
}

TEST(ScriptedUpstream, plays_its_scripts_one_connection_after_the_other) {
  Script reset;
  reset.read_head().reset();
  Script cut;
  cut.read_request().send("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc").close();
  ScriptedUpstream upstream({reset, cut});
  RawClient first(upstream.port());
  first.send(get("/"));
  EXPECT_EQ(first.read_answer().ending, Ending::reset);
  for (int i = 0; i < 2; ++i) {
    RawClient later(upstream.port());
    later.send(get("/"));
    const Answer answer = later.read_answer();
    EXPECT_EQ(answer.ending, Ending::closed);
    EXPECT_EQ(answer.body, "abc");
  }
}

TEST(ScriptedUpstream, waits_for_signals_and_sends_in_pieces) {
  Script script;
  script.read_request().send(stream_head()).drip(chunk("abcdef"), 2, std::chrono::milliseconds(1));
  script.wait_for("go").send_split(chunk("ghi") + std::string(last_chunk), 3).again();
  ScriptedUpstream upstream(script);
  RawClient client(upstream.port());
  client.send(get("/"));
  Answer answer = client.read_head();
  EXPECT_TRUE(client.read_until(answer, "abcdef"));
  upstream.signal("go");
  client.read_rest(answer);
  EXPECT_TRUE(answer.whole());
  EXPECT_EQ(answer.body, "abcdefghi");
}

TEST(ScriptedUpstream, decides_by_the_request) {
  Script script;
  script.read_request().decide([](const SeenRequest& request) {
    Script answer;
    return answer.send(response(200, request.body));
  });
  ScriptedUpstream upstream(script.again());
  RawClient client(upstream.port());
  for (const char* const word : {"one", "two"}) {
    client.send(post("/", word));
    EXPECT_EQ(client.read_answer().body, word);
  }
}

TEST(ScriptedUpstream, notices_that_a_peer_left_even_when_it_does_not_read) {
  Script script;
  script.read_head().stop_reading().hang();
  ScriptedUpstream upstream(script);
  RawClient polite(upstream.port());
  polite.send(get("/"));
  EXPECT_TRUE(upstream.await_requests(1));
  polite.close();
  EXPECT_TRUE(upstream.await_left(0));
  RawClient rude(upstream.port());
  rude.send(get("/"));
  EXPECT_TRUE(upstream.await_requests(2));
  rude.reset();
  EXPECT_TRUE(upstream.await_left(1));
  EXPECT_TRUE(upstream.visit(1).by_reset);
}

TEST(ScriptedUpstream, floods_until_the_peer_stops_reading) {
  Script script;
  script.read_head().flood(std::string(1 << 16, 'x'), 4'000).hang();
  ScriptedUpstream upstream(script);
  RawClient client(upstream.port(), RawClient::Security::plain, "", 32 * 1024);
  client.send(get("/"));
  EXPECT_TRUE(upstream.await_stall(std::chrono::milliseconds(100)));
  EXPECT_LT(upstream.most_sent(), 64u << 20);
}

TEST(ScriptedUpstream, speaks_tls) {
  Authority authority;
  const KeyPair pair = authority.issue();
  ScriptedUpstream upstream({always(completion("secret"))}, {.tls = UpstreamTls{pair.certificate, pair.key}});
  RawClient client(upstream.port(), RawClient::Security::tls, authority.file());
  ASSERT_TRUE(client.connected());
  client.send(get("/"));
  EXPECT_EQ(client.read_answer().body, completion_json("secret"));
  EXPECT_TRUE(upstream.visit(0).encrypted);
  EXPECT_EQ(upstream.visit(0).server_name, "localhost");
}

TEST(Certificates, are_as_good_or_bad_as_wished) {
  Authority authority;
  Authority stranger("Stranger");
  for (const KeyPair& pair :
       {authority.issue({.begins_in_days = -9, .ends_in_days = -1}), authority.issue({.dns_name = "other.example"}),
        authority.self_signed(), stranger.issue()}) {
    ScriptedUpstream upstream({always(completion("x"))}, {.tls = UpstreamTls{pair.certificate, pair.key}});
    EXPECT_FALSE(RawClient(upstream.port(), RawClient::Security::tls, authority.file()).connected());
  }
  const KeyPair old = authority.issue();
  ScriptedUpstream upstream({always(completion("x"))}, {.tls = UpstreamTls{old.certificate, old.key, TLS1_VERSION}});
  EXPECT_FALSE(RawClient(upstream.port(), RawClient::Security::tls, authority.file()).connected());
  const KeyPair wrong = authority.mismatched();
  EXPECT_THROW(ScriptedUpstream({always("")}, {.tls = UpstreamTls{wrong.certificate, wrong.key}}), std::runtime_error);
}

TEST(DeadEnds, refuse_or_stay_silent) {
  const RefusingPort refusing;
  EXPECT_FALSE(RawClient(refusing.port()).connected());
  const Blackhole blackhole;
  const int caller = connecting_socket("127.0.0.1", blackhole.port());
  pollfd connected{caller, POLLOUT, 0};
  EXPECT_EQ(::poll(&connected, 1, 300), 0);
  ::close(caller);
}

TEST(RawClient, tells_whole_answers_from_broken_ones) {
  const std::string head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
  Script whole;
  whole.read_request().send(head + chunk("a") + std::string(last_chunk));
  Script cut;
  cut.read_request().send(head + chunk("a"));
  Script open_end;
  open_end.read_request().send("HTTP/1.1 200 OK\r\n\r\nabc");
  Script interim;
  interim.read_request().send("HTTP/1.1 100 Continue\r\n\r\n" + response(204, ""));
  ScriptedUpstream upstream({whole, cut, open_end, interim});
  const auto ask = [&] {
    RawClient client(upstream.port());
    client.send(get("/"));
    return client.read_answer();
  };
  EXPECT_TRUE(ask().whole());
  EXPECT_EQ(ask().ending, Ending::closed);
  const Answer to_end = ask();
  EXPECT_TRUE(to_end.whole());
  EXPECT_EQ(to_end.body, "abc");
  EXPECT_EQ(ask().status, 204);
}

TEST(Descriptors, none_are_left_behind) {
  const int before = open_descriptors();
  {
    ScriptedUpstream upstream(always(completion("x")));
    RawClient client(upstream.port());
    client.send(get("/"));
    client.read_answer();
    const Blackhole blackhole;
  }
  EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace sluice::test

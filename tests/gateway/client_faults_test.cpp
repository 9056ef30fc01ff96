// Rows 57 to 60: callers that leave, do not read, or are slow.
#include <sys/resource.h>

#include <algorithm>
#include <fstream>

#include "gateway/stage.hpp"
#include "support/certificates.hpp"

namespace sluice::test {
namespace {

constexpr long cancel_limit_us = 1'000'000;  // promised: 100 ms

enum class Leaving : std::uint8_t { close, reset, half_close };

void leave(RawClient& client, Leaving how) {
  switch (how) {
    case Leaving::close:
      client.close();
      return;
    case Leaving::reset:
      client.reset();
      return;
    case Leaving::half_close:
      client.half_close();
      return;
  }
}

void expect_cancelled(ScriptedUpstream& upstream, Moment left_at, const std::string& name) {
  const auto seen = upstream.await_left(0);
  ASSERT_TRUE(seen) << "the upstream request was not cancelled";
  const long took = std::chrono::duration_cast<std::chrono::microseconds>(*seen - left_at).count();
  record(name, took);
  EXPECT_LT(took, cancel_limit_us);
}

void expect_499(Stage& stage) {
  const auto lines = stage.lines();
  ASSERT_FALSE(lines.empty());
  EXPECT_EQ(lines.back()["status"], 499) << lines.back().dump();
}

// The client leaves once the upstream has its request and is silent.
void leaves_while_waiting(Stage& stage, Leaving how, const std::string& request) {
  Script script;
  script.read_request().hang();
  auto& upstream = stage.upstream(script);
  auto& second = stage.upstream(always(completion("never")));
  auto& gateway = stage.open({upstream.port(), second.port()});
  RawClient client = gateway.client();
  stage.count(1);
  client.send(request);
  ASSERT_TRUE(upstream.await_requests(1));
  const Moment left_at = std::chrono::steady_clock::now();
  leave(client, how);
  expect_cancelled(upstream, left_at, "cancelled_us");
  expect_499(stage);
  EXPECT_EQ(second.requests(), 0u) << "nobody waits for a fallback";
  EXPECT_EQ(gateway.await_metric("sluice_upstream_attempts_total", 1, {"outcome=\"cancelled\""}), 1);
}

void row_57_closes_while_waiting(Stage& stage) { leaves_while_waiting(stage, Leaving::close, chat()); }
void row_57_resets_while_waiting(Stage& stage) { leaves_while_waiting(stage, Leaving::reset, chat()); }
void row_57_half_closes_while_waiting(Stage& stage) { leaves_while_waiting(stage, Leaving::half_close, chat()); }
void row_57_closes_while_waiting_for_a_stream(Stage& stage) {
  leaves_while_waiting(stage, Leaving::close, chat_stream());
}

void leaves_inside_a_stream(Stage& stage, Leaving how) {
  Script script;
  script.read_request().send(stream_head() + chunk(delta_event("one"))).hang();
  auto& upstream = stage.upstream(script);
  auto& gateway = stage.open({upstream.port()});
  RawClient client = gateway.client();
  stage.count(1);
  client.send(chat_stream());
  Answer answer = client.read_head();
  ASSERT_TRUE(client.read_until(answer, delta_event("one")));
  const Moment left_at = std::chrono::steady_clock::now();
  leave(client, how);
  expect_cancelled(upstream, left_at, "cancelled_us");
  expect_499(stage);
}

void row_57_closes_inside_a_stream(Stage& stage) { leaves_inside_a_stream(stage, Leaving::close); }
void row_57_resets_inside_a_stream(Stage& stage) { leaves_inside_a_stream(stage, Leaving::reset); }
void row_57_half_closes_inside_a_stream(Stage& stage) { leaves_inside_a_stream(stage, Leaving::half_close); }

void row_57_closes_while_we_collect_an_answer(Stage& stage) {
  Script script;
  script.read_request()
      .send("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{\"id\"")
      .hang();
  auto& upstream = stage.upstream(script);
  auto& gateway = stage.open({upstream.port()});
  RawClient client = gateway.client();
  stage.count(1);
  client.send(chat());
  ASSERT_TRUE(upstream.await([](const auto& visits) { return !visits.empty() && visits[0].sent > 80; }));
  const Moment left_at = std::chrono::steady_clock::now();
  client.close();
  expect_cancelled(upstream, left_at, "cancelled_us");
  expect_499(stage);
}

void row_57_closes_while_we_connect(Stage& stage) {
  const Blackhole blackhole;
  auto& gateway = stage.open({blackhole.port()}, {.model = "timeouts: {connect: 30s}"});
  RawClient client = gateway.client();
  stage.count(1);
  client.send(chat());
  EXPECT_EQ(gateway.await_metric("sluice_requests_in_flight", 1), 1);
  const Moment left_at = std::chrono::steady_clock::now();
  client.close();
  expect_499(stage);
  record("cancelled_us", microseconds_since(left_at));
  EXPECT_LT(microseconds_since(left_at), 2 * cancel_limit_us);
}

void row_57_closes_while_we_shake_hands(Stage& stage) {
  auto& upstream = stage.upstream(Script().hang());
  auto& gateway = stage.open({upstream.port()}, {.scheme = "https"});
  RawClient client = gateway.client();
  stage.count(1);
  client.send(chat());
  ASSERT_TRUE(upstream.await([](const auto& visits) { return !visits.empty() && !visits[0].received.empty(); }));
  const Moment left_at = std::chrono::steady_clock::now();
  client.close();
  expect_cancelled(upstream, left_at, "cancelled_us");
  expect_499(stage);
}

void row_57_closes_while_we_are_blocked_writing(Stage& stage) {
  Script script;
  script.read_request().send(stream_head()).flood(chunk(delta_event(std::string(60'000, 'x'))), 4'000).hang();
  auto& upstream = stage.upstream(script);
  auto& gateway = stage.open({upstream.port()});
  RawClient client(gateway.port(), RawClient::Security::plain, "", 64 * 1024);
  stage.count(1);
  client.send(chat_stream());
  ASSERT_TRUE(upstream.await_stall(std::chrono::milliseconds(300)));
  const Moment left_at = std::chrono::steady_clock::now();
  client.close();
  expect_cancelled(upstream, left_at, "cancelled_us");
  expect_499(stage);
}

void row_57_closes_inside_its_upload(Stage& stage) {
  auto& upstream = stage.upstream(always(completion("never")));
  auto& gateway = stage.open({upstream.port()});
  for (const Leaving how : {Leaving::close, Leaving::reset, Leaving::half_close}) {
    RawClient client = gateway.client();
    stage.count(1);
    const std::string request = post("/v1/chat/completions", chat_body("m", std::string(100'000, 'x')), bearer());
    client.send(std::string_view(request).substr(0, request.size() / 2));
    EXPECT_EQ(gateway.await_metric("sluice_requests_in_flight", 1), 1);
    leave(client, how);
    EXPECT_EQ(gateway.await_metric("sluice_requests_in_flight", 0), 0);
    expect_499(stage);
  }
  EXPECT_EQ(upstream.requests(), 0u);
}

void row_57_closes_before_its_head_is_complete(Stage& stage) {
  auto& upstream = stage.upstream(always(completion("fine")));
  auto& gateway = stage.open({upstream.port()});
  for (const std::string& sent : {std::string(), std::string("POST /v1/ch"), chat().substr(0, 60)}) {
    for (const Leaving how : {Leaving::close, Leaving::reset, Leaving::half_close}) {
      RawClient client = gateway.client();
      client.send(sent);
      leave(client, how);
    }
  }
  expect_words(stage.ask(chat()), "fine");
  EXPECT_EQ(stage.lines().size(), 1u) << "what was no request is not in the access log";
  EXPECT_EQ(upstream.requests(), 1u);
}

long resident_kib() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    if (word == "VmRSS:") {
      long value = 0;
      status >> value;
      return value;
    }
  }
  return 0;
}

void row_58_a_client_that_does_not_read(Stage& stage) {
  const std::string block = chunk(delta_event(std::string(60'000, 'x')));
  Script script;
  script.read_request().send(stream_head()).flood(block, 8'000).hang();  // half a GiB if nobody stopped it
  auto& upstream = stage.upstream(script);
  auto& gateway = stage.open({upstream.port()}, {.server = "timeouts: {body: 1s}"});
  RawClient client(gateway.port(), RawClient::Security::plain, "", 64 * 1024);
  stage.count(1);
  const long before = resident_kib();
  client.send(chat_stream());
  ASSERT_TRUE(upstream.await_stall(std::chrono::milliseconds(300)));
  const long grown = resident_kib() - before;
  record("sent_until_stalled_bytes", static_cast<long>(upstream.most_sent()));
  record("grown_kib", grown);
  EXPECT_LT(upstream.most_sent(), 100u << 20)
      << "the upstream was not slowed down";  // the kernel's buffers are most of it
  EXPECT_LT(grown, 32 * 1024);
  EXPECT_TRUE(upstream.await_left(0)) << "a stream that nobody reads was kept";
  const auto lines = stage.lines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["status"], 499) << lines[0].dump();
}

// Reads only when everything has come to a standstill: slow is not dead, and nothing is lost.
void row_58_a_late_reader_gets_everything(Stage& stage) {
  std::vector<std::string> events(1'500, delta_event(std::string(30'000, 'x')));
  std::string all;
  for (const std::string& event : events) all += event;
  auto& upstream = stage.upstream(always(streamed(events)));
  auto& gateway = stage.open({upstream.port()}, {.server = "timeouts: {body: 10s}"});
  RawClient client(gateway.port(), RawClient::Security::plain, "", 64 * 1024);
  stage.count(1);
  client.send(chat_stream());
  EXPECT_TRUE(upstream.await_stall(std::chrono::milliseconds(200)));
  Answer answer = client.read_head();
  client.read_rest(answer);
  EXPECT_TRUE(answer.whole());
  EXPECT_TRUE(answer.body == all + std::string(done_event))
      << "received " << answer.body.size() << " of " << all.size();
}

void row_59_closing_right_after_done_is_success(Stage& stage) {
  Script script;
  script.read_request().send(stream_head() + chunk(delta_event("one")) + chunk(done_event)).wait_for("the client left");
  script.send(std::string(last_chunk)).again();
  auto& upstream = stage.upstream(script);
  auto& gateway = stage.open({upstream.port()});
  RawClient client = gateway.client();
  stage.count(1);
  client.send(chat_stream());
  Answer answer = client.read_head();
  ASSERT_TRUE(client.read_until(answer, done_event));
  client.close();
  upstream.signal("the client left");
  const auto lines = stage.lines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["status"], 200) << lines[0].dump();
  EXPECT_EQ(lines[0]["cut"], false) << lines[0].dump();
  EXPECT_EQ(lines[0]["error"], "") << lines[0].dump();
}

void row_60_slow_head(Stage& stage) {
  auto& upstream = stage.upstream(always(completion("fine")));
  auto& gateway = stage.open({upstream.port()}, {.server = "timeouts: {header: 300ms}"});
  RawClient client = gateway.client();
  stage.count_refused(1);
  client.send("POST /v1/chat/completions HTTP/1.1\r\nhost: loc");
  const Moment before = std::chrono::steady_clock::now();
  const Answer answer = client.read_answer();
  record("limit_300_ms_us", microseconds_since(before));
  EXPECT_LT(microseconds_since(before), 3'000'000);
  EXPECT_EQ(answer.status, 408);
  EXPECT_EQ(error_shape_trouble(answer.body), "") << answer.body;
  EXPECT_EQ(answer.field("connection"), "close");
  EXPECT_EQ(client.await_close(), Ending::closed);
  expect_words(stage.ask(chat()), "fine");
}

void row_60_silence_inside_the_body(Stage& stage) {
  auto& upstream = stage.upstream(always(completion("never")));
  auto& gateway = stage.open({upstream.port()}, {.server = "timeouts: {body: 300ms}"});
  RawClient client = gateway.client();
  stage.count(1);
  client.send(chat().substr(0, chat().size() - 10));
  const Moment before = std::chrono::steady_clock::now();
  const Answer answer = client.read_answer();
  EXPECT_LT(microseconds_since(before), 3'000'000);
  expect_error(answer, 408);
  EXPECT_EQ(answer.field("connection"), "close");
  EXPECT_EQ(client.await_close(), Ending::closed);
  EXPECT_EQ(upstream.requests(), 0u);
}

void row_60_a_body_below_1_kib_per_second(Stage& stage) {
  auto& upstream = stage.upstream(always(completion("never")));
  auto& gateway = stage.open({upstream.port()});
  RawClient client = gateway.client();
  stage.count(1);
  client.send("POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n" + bearer() +
              "content-length: 100000\r\n\r\n{\"model\":\"");
  const Moment before = std::chrono::steady_clock::now();
  Answer answer;
  for (int i = 0; i < 400 && answer.status == 0; ++i) {
    client.send("x");
    answer = client.read_head(Patience(100));
  }
  client.read_rest(answer);
  record("tolerated_us", microseconds_since(before));
  EXPECT_GE(microseconds_since(before), 9'000'000) << "the rate counts after ten seconds only";
  expect_error(answer, 408);
  EXPECT_EQ(upstream.requests(), 0u);
}

void row_60_slow_tls_handshake(Stage& stage) {
  Authority authority;
  const KeyPair pair = authority.issue();
  auto& upstream = stage.upstream(always(completion("over tls")));
  auto& gateway = stage.open({upstream.port()},
                             {.server = "tls: {certificate: \"" + pair.certificate + "\", key: \"" + pair.key + "\"}"});
  RawClient silent(gateway.port());
  const Moment before = std::chrono::steady_clock::now();
  silent.send("\x16\x03");
  RawClient good(gateway.port(), RawClient::Security::tls, authority.file());
  stage.count(1);
  ASSERT_TRUE(good.connected());
  good.send(chat());
  expect_words(good.read_answer(), "over tls");
  EXPECT_NE(silent.await_close(Patience(50'000)), Ending::waiting);
  record("handshake_limit_us", microseconds_since(before));
  EXPECT_GE(microseconds_since(before), 4'000'000);
  EXPECT_LT(microseconds_since(before), 50'000'000);  // promised: 5 s
}

void row_60_an_idle_connection_is_closed(Stage& stage) {
  auto& upstream = stage.upstream(always(completion("fine")));
  auto& gateway = stage.open({upstream.port()}, {.server = "timeouts: {idle: 300ms}"});
  RawClient fresh = gateway.client();
  RawClient used = gateway.client();
  stage.count(1);
  used.send(chat());
  expect_words(used.read_answer(), "fine");
  EXPECT_EQ(used.await_close(), Ending::closed);
  Ending ending = Ending::waiting;
  EXPECT_EQ(fresh.read_to_close(ending), "") << "nothing was asked, so nothing is answered";
  EXPECT_EQ(ending, Ending::closed);
}

long slowest_percent_us(Stage& stage) {
  std::vector<long> took;
  RawClient client = stage.gateway().client();
  for (int i = 0; i < 300; ++i) {
    const Moment before = std::chrono::steady_clock::now();
    stage.count(1);
    client.send(chat());
    EXPECT_EQ(client.read_answer().status, 200);
    took.push_back(microseconds_since(before));
  }
  std::sort(took.begin(), took.end());
  return took[took.size() * 99 / 100];
}

// As many as the machine's usual descriptor limit of 20,000 leaves, two for each.
void row_60_thousands_of_idle_connections(Stage& stage) {
  rlimit descriptors{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &descriptors), 0);
  descriptors.rlim_cur = std::min<rlim_t>(descriptors.rlim_max, 20'000);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &descriptors), 0);
  const rlim_t many = std::min<rlim_t>(9'500, descriptors.rlim_cur / 2 - 300);
  record("connections", static_cast<long>(many));
  auto& upstream = stage.upstream(always(completion("fine")));
  auto& gateway = stage.open({upstream.port()});
  slowest_percent_us(stage);  // warm
  const long alone = slowest_percent_us(stage);
  std::vector<RawClient> idle;
  for (rlim_t i = 0; i < many; ++i) {
    idle.push_back(gateway.client());
    ASSERT_TRUE(idle.back().connected()) << i;
  }
  EXPECT_TRUE(eventually(
      [&] { return gateway.metric("sluice_connections", {"side=\"client\""}) >= static_cast<double>(many); }));
  const long crowded = slowest_percent_us(stage);
  record("p99_alone_us", alone);
  record("p99_beside_idle_connections_us", crowded);
  EXPECT_LT(crowded, 3 * alone + 100'000);
}

constexpr Row rows[] = {
    {"row_57_closes_while_waiting", row_57_closes_while_waiting},
    {"row_57_resets_while_waiting", row_57_resets_while_waiting},
    {"row_57_half_closes_while_waiting", row_57_half_closes_while_waiting},
    {"row_57_closes_while_waiting_for_a_stream", row_57_closes_while_waiting_for_a_stream},
    {"row_57_closes_inside_a_stream", row_57_closes_inside_a_stream},
    {"row_57_resets_inside_a_stream", row_57_resets_inside_a_stream},
    {"row_57_half_closes_inside_a_stream", row_57_half_closes_inside_a_stream},
    {"row_57_closes_while_we_collect_an_answer", row_57_closes_while_we_collect_an_answer},
    {"row_57_closes_while_we_connect", row_57_closes_while_we_connect},
    {"row_57_closes_while_we_shake_hands", row_57_closes_while_we_shake_hands},
    {"row_57_closes_while_we_are_blocked_writing", row_57_closes_while_we_are_blocked_writing},
    {"row_57_closes_inside_its_upload", row_57_closes_inside_its_upload},
    {"row_57_closes_before_its_head_is_complete", row_57_closes_before_its_head_is_complete},
    {"row_58_a_client_that_does_not_read", row_58_a_client_that_does_not_read},
    {"row_58_a_late_reader_gets_everything", row_58_a_late_reader_gets_everything},
    {"row_59_closing_right_after_done_is_success", row_59_closing_right_after_done_is_success},
    {"row_60_slow_head", row_60_slow_head},
    {"row_60_silence_inside_the_body", row_60_silence_inside_the_body},
    {"row_60_a_body_below_1_kib_per_second", row_60_a_body_below_1_kib_per_second},
    {"row_60_slow_tls_handshake", row_60_slow_tls_handshake},
    {"row_60_an_idle_connection_is_closed", row_60_an_idle_connection_is_closed},
    {"row_60_thousands_of_idle_connections", row_60_thousands_of_idle_connections},
};
INSTANTIATE_TEST_SUITE_P(client_faults, FaultRow, ::testing::ValuesIn(rows), row_name);

}  // namespace
}  // namespace sluice::test

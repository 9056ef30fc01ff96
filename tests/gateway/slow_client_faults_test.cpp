// Rows 58, 60 and 68: callers that do not read, are slow or are many.
#include <sys/resource.h>

#include <algorithm>
#include <fstream>

#include "gateway/stage.hpp"
#include "support/certificates.hpp"

namespace sluice::test::slow_client_faults_test {
namespace {

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

// Lets this process have as many descriptors as it may, up to the usual 20,000; how many that are.
rlim_t raise_descriptors() {
  rlimit descriptors{};
  EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &descriptors), 0);
  descriptors.rlim_cur = std::min<rlim_t>(descriptors.rlim_max, 20'000);
  EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &descriptors), 0);
  return descriptors.rlim_cur;
}

// As many as the descriptors leave, two for each.
void row_60_thousands_of_idle_connections(Stage& stage) {
  const rlim_t many = std::min<rlim_t>(9'500, raise_descriptors() / 2 - 300);
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

struct OpenStream {
  RawClient client;
  Answer answer;
};

// Streams that send one event and wait, and requests beside them that are answered at once.
Script streams_and_answers() {
  Script script;
  script.read_request().decide([](const SeenRequest& request) {
    Script answer;
    if (request.body.find("\"stream\":true") == std::string::npos) return answer.send(completion("fine"));
    answer.send(stream_head() + chunk(delta_event("one"))).wait_for("go on");
    return answer.send(chunk(delta_event("two")) + chunk(done_event) + std::string(last_chunk));
  });
  return script.again();
}

// A whole stream whose upstream paused after the first event, with the comments that filled the silence.
std::string paused_stream(std::size_t comments) {
  std::string body = delta_event("one");
  for (std::size_t i = 0; i < comments; ++i) body += ": keepalive\n";
  return body + delta_event("two") + std::string(done_event);
}

// As many as the descriptors leave, four for each.
void row_68_thousands_of_streams_beside_new_requests(Stage& stage) {
  const rlim_t many = std::min<rlim_t>(4'700, raise_descriptors() / 4 - 250);
  record("streams", static_cast<long>(many));
  auto& upstream = stage.upstream(streams_and_answers());
  auto& gateway = stage.open({upstream.port()});
  slowest_percent_us(stage);  // warm
  const long alone = slowest_percent_us(stage);
  std::vector<OpenStream> streams;
  stage.count(many);
  const Moment begun = std::chrono::steady_clock::now();
  for (rlim_t i = 0; i < many; ++i) {
    streams.push_back({gateway.client(), {}});
    ASSERT_TRUE(streams.back().client.send(chat_stream())) << i;
  }
  for (OpenStream& stream : streams) {
    stream.answer = stream.client.read_head();
    ASSERT_TRUE(stream.client.read_until(stream.answer, delta_event("one"))) << stream.answer.head;
  }
  EXPECT_EQ(gateway.metric("sluice_streams_active"), static_cast<double>(many));
  const long crowded = slowest_percent_us(stage);
  record("p99_alone_us", alone);
  record("p99_beside_streams_us", crowded);
  EXPECT_LT(crowded, 3 * alone + 100'000);
  // All at once, and none of them waits for the last.
  const std::size_t silent = paused_stream(0).size();
  const std::size_t comment = paused_stream(1).size() - silent;
  const Moment before = std::chrono::steady_clock::now();
  upstream.signal("go on");
  for (OpenStream& stream : streams) {
    stream.client.read_rest(stream.answer);
    // On a slow machine the first ones waited for more than the ten seconds after which a comment is due.
    const std::size_t comments = (std::max(stream.answer.body.size(), silent) - silent) / comment;
    ASSERT_LE(comments, static_cast<std::size_t>(microseconds_since(begun) / 9'500'000));
    ASSERT_EQ(stream.answer.body, paused_stream(comments));
    ASSERT_TRUE(stream.answer.whole());
  }
  record("all_ended_us", microseconds_since(before));
  EXPECT_LT(microseconds_since(before), 15'000'000);
}

constexpr Row rows[] = {
    {"row_58_a_client_that_does_not_read", row_58_a_client_that_does_not_read},
    {"row_58_a_late_reader_gets_everything", row_58_a_late_reader_gets_everything},
    {"row_60_slow_head", row_60_slow_head},
    {"row_60_silence_inside_the_body", row_60_silence_inside_the_body},
    {"row_60_a_body_below_1_kib_per_second", row_60_a_body_below_1_kib_per_second},
    {"row_60_slow_tls_handshake", row_60_slow_tls_handshake},
    {"row_60_an_idle_connection_is_closed", row_60_an_idle_connection_is_closed},
    {"row_60_thousands_of_idle_connections", row_60_thousands_of_idle_connections},
    {"row_68_thousands_of_streams_beside_new_requests", row_68_thousands_of_streams_beside_new_requests},
};
INSTANTIATE_TEST_SUITE_P(slow_client_faults, FaultRow, ::testing::ValuesIn(rows), row_name);

}  // namespace
}  // namespace sluice::test::slow_client_faults_test

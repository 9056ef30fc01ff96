// Rows 57 and 59: callers that leave.
#include "gateway/stage.hpp"

namespace sluice::test::client_faults_test {
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

const std::string priced = "prices: {real-model: {input: 1, output: 10}}\n";

// The client leaves once the upstream has its request and is silent.
void leaves_while_waiting(Stage& stage, Leaving how, const std::string& request) {
  Script script;
  script.read_request().hang();
  auto& upstream = stage.upstream(script);
  auto& second = stage.upstream(always(completion("never")));
  auto& gateway = stage.open({upstream.port(), second.port()}, {.more = priced});
  RawClient client = gateway.client();
  stage.count(1);
  client.send(request);
  ASSERT_TRUE(upstream.await_requests(1));
  const Moment left_at = std::chrono::steady_clock::now();
  leave(client, how);
  expect_cancelled(upstream, left_at, "cancelled_us");
  expect_499(stage);
  EXPECT_GT(stage.lines().back()["cost_nano_usd"], 0) << "the prompt, which the provider has";
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
  ASSERT_TRUE(upstream.await([](const auto& visits) { return !visits.empty() && visits[0].sent > 70; }));
  const Moment left_at = std::chrono::steady_clock::now();
  client.close();
  expect_cancelled(upstream, left_at, "cancelled_us");
  expect_499(stage);
}

void row_57_closes_while_we_connect(Stage& stage) {
  const Blackhole blackhole;
  auto& gateway = stage.open({blackhole.port()}, {.model = "timeouts: {connect: 30s}", .more = priced});
  RawClient client = gateway.client();
  stage.count(1);
  client.send(chat());
  EXPECT_EQ(gateway.await_metric("sluice_requests_in_flight", 1), 1);
  const Moment left_at = std::chrono::steady_clock::now();
  client.close();
  expect_499(stage);
  EXPECT_EQ(stage.lines().back().value("cost_nano_usd", 0), 0) << "the provider has nothing of the request";
  record("cancelled_us", microseconds_since(left_at));
  EXPECT_LT(microseconds_since(left_at), 2 * cancel_limit_us);
}

void row_57_closes_while_we_shake_hands(Stage& stage) {
  auto& upstream = stage.upstream(Script().hang());
  auto& gateway = stage.open({upstream.port()}, {.scheme = "https", .more = priced});
  RawClient client = gateway.client();
  stage.count(1);
  client.send(chat());
  ASSERT_TRUE(upstream.await([](const auto& visits) { return !visits.empty() && !visits[0].received.empty(); }));
  const Moment left_at = std::chrono::steady_clock::now();
  client.close();
  expect_cancelled(upstream, left_at, "cancelled_us");
  EXPECT_EQ(stage.lines().back().value("cost_nano_usd", 0), 0) << "the provider has nothing of the request";
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
  EXPECT_TRUE(lines[0]["error"].is_null()) << lines[0].dump();
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
    {"row_59_closing_right_after_done_is_success", row_59_closing_right_after_done_is_success},
};
INSTANTIATE_TEST_SUITE_P(client_faults, FaultRow, ::testing::ValuesIn(rows), row_name);

}  // namespace
}  // namespace sluice::test::client_faults_test

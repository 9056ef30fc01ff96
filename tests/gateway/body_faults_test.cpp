// Rows 21 to 25, 29 to 32 and 38: what goes wrong in the body of a provider's answer.
#include "gateway/stage.hpp"

namespace sluice::test {
namespace {

const Details one_attempt{.model = "retry: {attempts: 1}"};

std::string with_length(std::size_t length, const std::string& body) {
  return "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: " + std::to_string(length) + "\r\n\r\n" +
         body;
}

// The gateway with that target alone.
void leave_only(Stage& stage, const ScriptedUpstream& upstream) {
  ASSERT_TRUE(stage.gateway().daemon().reload(GatewayUnderTest::read(configuration({upstream.port()}, one_attempt))));
}

void cut_answer(Stage& stage, const Script& fault) {
  auto& bad = stage.upstream(fault);
  auto& good = stage.upstream(always(completion("whole")));
  auto& gateway = stage.open({bad.port(), good.port()});
  const Answer answer = stage.ask(chat());
  expect_words(answer, "whole");
  EXPECT_EQ(answer.field("x-sluice-attempts"), "2");
  leave_only(stage, bad);
  expect_error(stage.ask(chat()), 502, "upstream_error");
  const double cuts = gateway.metric("sluice_upstream_attempts_total", {"provider=\"p1\"", "outcome=\"truncated\""}) +
                      gateway.metric("sluice_upstream_attempts_total", {"provider=\"p1\"", "outcome=\"reset\""});
  EXPECT_EQ(cuts, 2);
}

void row_21_reset_inside_the_json(Stage& stage) {
  Script fault;
  fault.read_request().send(with_length(500, "{\"id\":\"chatcmpl")).pause(std::chrono::milliseconds(20)).reset();
  cut_answer(stage, fault);
}

void row_21_close_inside_the_json(Stage& stage) {
  Script fault;
  fault.read_request().send(with_length(500, "{\"id\":\"chatcmpl")).close();
  cut_answer(stage, fault);
}

void row_21_close_inside_chunked_json(Stage& stage) {
  Script fault;
  fault.read_request().send("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n");
  fault.send(chunk(completion_json("lost"))).close();
  cut_answer(stage, fault);
}

// A stream that began well and then went wrong in the way given.
void broken_stream(Stage& stage, const Script& ending, std::string_view code, const std::string& timeouts = "") {
  Script fault;
  fault.read_request().send(stream_head() + chunk(delta_event("one"))).wait_for("first event seen");
  fault.decide([ending](const SeenRequest&) { return ending; });
  auto& bad = stage.upstream(fault);
  auto& good = stage.upstream(always(streamed({delta_event("other")})));
  auto& gateway = stage.open({bad.port(), good.port()}, {.model = timeouts});
  RawClient client = gateway.client();
  stage.count(1);
  client.send(chat_stream());
  Answer answer = client.read_head();
  EXPECT_TRUE(client.read_until(answer, delta_event("one"))) << answer.body;
  const Moment fault_at = std::chrono::steady_clock::now();
  bad.signal("first event seen");
  client.read_rest(answer);
  record("told_us", microseconds_since(fault_at));
  stage.received(answer);
  expect_broken_stream(answer, delta_event("one"), code);
  EXPECT_EQ(good.requests(), 0u) << "after a byte reached the client nobody else is asked";
  EXPECT_EQ(bad.connections(), 1u);
  const auto lines = stage.lines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["status"], 200);
  EXPECT_EQ(lines[0]["cut"], true);
  EXPECT_EQ(lines[0]["stream"], true);
  EXPECT_EQ(lines[0]["error"], code);
  EXPECT_EQ(
      gateway.await_metric("sluice_requests_total", 1, {"status_class=\"2xx\"", "code=\"" + std::string(code) + "\""}),
      1);
}

void row_22_reset_inside_the_stream(Stage& stage) { broken_stream(stage, Script().reset(), "upstream_error"); }

void row_22_close_inside_the_stream(Stage& stage) { broken_stream(stage, Script().close(), "upstream_error"); }

void row_23_a_proper_end_without_done(Stage& stage) {
  broken_stream(stage, Script().send(std::string(last_chunk)).hang(), "upstream_error");
}

void row_22_cut_inside_an_event(Stage& stage) {
  broken_stream(stage, Script().send(chunk(delta_event("lost").substr(0, 40))).close(), "upstream_error");
}

void row_22_an_unterminated_done_is_no_end(Stage& stage) {
  Script fault;
  fault.read_request().send(stream_head() + chunk(delta_event("one")) + chunk("data: [DONE]\n") +
                            std::string(last_chunk));
  auto& bad = stage.upstream(fault);
  stage.open({bad.port()}, one_attempt);
  expect_broken_stream(stage.ask(chat_stream()), delta_event("one"), "upstream_error");
}

void row_22_a_stream_that_breaks_at_once_falls_back(Stage& stage) {
  Script fault;
  fault.read_request().send(stream_head() + chunk(": waiting\n\n")).close();
  auto& bad = stage.upstream(fault);
  auto& good = stage.upstream(always(streamed({delta_event("other")})));
  stage.open({bad.port(), good.port()});
  const Answer answer = stage.ask(chat_stream());
  expect_stream(answer, delta_event("other") + std::string(done_event));
  EXPECT_EQ(answer.field("x-sluice-provider"), "p2");
  leave_only(stage, bad);
  expect_error(stage.ask(chat_stream()), 502, "upstream_error");
}

void row_24_hang_inside_the_stream(Stage& stage) {
  const Moment before = std::chrono::steady_clock::now();
  broken_stream(stage, Script().hang(), "upstream_timeout", "timeouts: {idle: 300ms}");
  EXPECT_GE(microseconds_since(before), 280'000);
  EXPECT_LT(microseconds_since(before), 5'000'000);
}

void row_24_hang_before_the_first_event_falls_back(Stage& stage) {
  Script fault;
  fault.read_request().send(stream_head()).hang();
  auto& bad = stage.upstream(fault);
  auto& good = stage.upstream(always(streamed({delta_event("other")})));
  stage.open({bad.port(), good.port()}, {.model = "timeouts: {idle: 300ms, first_byte: 300ms}"});
  expect_stream(stage.ask(chat_stream()), delta_event("other") + std::string(done_event));
  EXPECT_TRUE(bad.await_left(0));
}

void row_24_hang_inside_the_json(Stage& stage) {
  Script fault;
  fault.read_request().send(with_length(500, "{\"id\":")).hang();
  auto& bad = stage.upstream(fault);
  auto& good = stage.upstream(always(completion("whole")));
  stage.open({bad.port(), good.port()}, {.model = "timeouts: {idle: 300ms}"});
  expect_words(stage.ask(chat()), "whole");
  EXPECT_TRUE(bad.await_left(0));
}

void row_25_slow_drip(Stage& stage) {
  const std::string event = "data: {\"choices\":[{\"index\":0,\"delta\":{}}]}\n\n";
  Script script;
  script.read_request().send(stream_head() + chunk(event)).wait_for("first event seen");
  for (const char letter : event.substr(0, event.size() - 1)) {
    script.send(chunk(std::string(1, letter))).pause(std::chrono::milliseconds(30));
  }
  script.wait_for("nothing came").send(chunk("\n") + chunk(done_event) + std::string(last_chunk)).again();
  auto& upstream = stage.upstream(script);
  auto& gateway = stage.open({upstream.port()}, {.model = "retry: {attempts: 1}, timeouts: {idle: 1s}"});
  RawClient client = gateway.client();
  stage.count(1);
  client.send(chat_stream());
  Answer answer = client.read_head();
  EXPECT_TRUE(client.read_until(answer, event));
  upstream.signal("first event seen");
  // All but the last byte of the second event takes longer than the idle limit, and none of it is relayed.
  EXPECT_FALSE(client.read_until(answer, event + "d", Patience(1'500)));
  EXPECT_EQ(answer.ending, Ending::waiting) << "slow is not silent";
  EXPECT_EQ(answer.body, event);
  upstream.signal("nothing came");
  client.read_rest(answer);
  expect_stream(answer, event + event + std::string(done_event));
}

const std::string overloaded =
    "data: {\"error\":{\"message\":\"The server is "
    "overloaded\",\"type\":\"server_error\",\"param\":null,\"code\":null}}\n\n";

void row_29_an_error_as_first_event_falls_back(Stage& stage) {
  Script fault;
  fault.read_request().send(stream_head() + chunk(": hello\n\n") + chunk(overloaded) + std::string(last_chunk));
  auto& bad = stage.upstream(fault);
  auto& good = stage.upstream(always(streamed({delta_event("other")})));
  stage.open({bad.port(), good.port()});
  const Answer answer = stage.ask(chat_stream());
  expect_stream(answer, delta_event("other") + std::string(done_event));
  EXPECT_EQ(answer.field("x-sluice-attempts"), "2");
  leave_only(stage, bad);
  expect_error_among(stage.ask(chat_stream()), {500, 502, 503});
}

void row_29_a_later_error_is_relayed(Stage& stage) {
  Script script;
  script.read_request()
      .send(stream_head() + chunk(delta_event("one")) + chunk(overloaded) + std::string(last_chunk))
      .hang();
  auto& upstream = stage.upstream(script);
  stage.open({upstream.port()}, one_attempt);
  const Answer answer = stage.ask(chat_stream());
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.body.starts_with(delta_event("one") + overloaded)) << answer.body;
  EXPECT_EQ(answer.body.find("[DONE]"), std::string::npos) << answer.body;
  EXPECT_EQ(answer.ending, Ending::closed) << "a stream that failed must not end cleanly";
  const auto lines = stage.lines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_TRUE(lines[0]["error"].is_string()) << lines[0].dump();
}

// Broken framing: an error where nothing reached the client, a visible break where something did.
void broken_chunks(Stage& stage, const std::string& wire) {
  Script json;
  json.read_request().send("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n");
  json.send(chunk("{\"id\":\"x\"}") + wire).hang();
  Script stream;
  stream.read_request()
      .send(stream_head() + chunk(delta_event("one")))
      .pause(std::chrono::milliseconds(30))
      .send(wire)
      .hang();
  auto& upstream = stage.upstream({json, stream});
  stage.open({upstream.port()}, one_attempt);
  const Moment before = std::chrono::steady_clock::now();
  expect_error(stage.ask(chat()), 502, "upstream_error");
  expect_broken_stream(stage.ask(chat_stream()), delta_event("one"), "upstream_error");
  EXPECT_LT(microseconds_since(before), 5'000'000) << "it waited for a timeout";
  EXPECT_EQ(upstream.connections(), 2u);
  EXPECT_TRUE(upstream.await_left(0));
  EXPECT_TRUE(upstream.await_left(1));
}

void row_30_chunk_size_that_is_no_number(Stage& stage) { broken_chunks(stage, "xyz\r\nabc\r\n0\r\n\r\n"); }
void row_30_chunk_size_with_a_prefix(Stage& stage) { broken_chunks(stage, "0x3\r\nabc\r\n0\r\n\r\n"); }
void row_30_negative_chunk_size(Stage& stage) { broken_chunks(stage, "-3\r\nabc\r\n0\r\n\r\n"); }
void row_30_chunk_without_its_end(Stage& stage) { broken_chunks(stage, "3\r\nabcXX0\r\n\r\n"); }
void row_30_overflowing_chunk_size(Stage& stage) { broken_chunks(stage, "fffffffffffffffff\r\nabc\r\n"); }
void row_30_huge_chunk_extension(Stage& stage) {
  broken_chunks(stage, "3;x=" + std::string(70'000, 'y') + "\r\nabc\r\n0\r\n\r\n");
}
void row_30_last_chunk_with_a_bare_line_feed(Stage& stage) { broken_chunks(stage, "0\n\r\n"); }

void row_31_extra_bytes_after_the_body(Stage& stage) {
  Script script;
  script.read_request().send(completion("wanted") + completion("smuggled")).hang();
  auto& upstream = stage.upstream({script, script, always(completion("clean"))});
  stage.open({upstream.port()}, one_attempt);
  expect_words(stage.ask(chat()), "wanted");
  EXPECT_TRUE(upstream.await_left(0)) << "a connection with bytes left over was kept";
  expect_words(stage.ask(chat()), "wanted");
  expect_words(stage.ask(chat()), "clean");
  EXPECT_EQ(upstream.connections(), 3u);
}

void row_31_extra_bytes_after_a_stream(Stage& stage) {
  Script script;
  script.read_request().send(streamed({delta_event("one")}) + completion("smuggled")).hang();
  auto& upstream = stage.upstream({script, always(streamed({delta_event("clean")}))});
  stage.open({upstream.port()}, one_attempt);
  expect_stream(stage.ask(chat_stream()), delta_event("one") + std::string(done_event));
  expect_stream(stage.ask(chat_stream()), delta_event("clean") + std::string(done_event));
  EXPECT_EQ(upstream.connections(), 2u);
}

void row_31_bytes_that_nobody_asked_for(Stage& stage) {
  Script script;
  script.read_request().send(completion("wanted")).wait_for("answered").send(completion("smuggled")).hang();
  auto& upstream = stage.upstream({script, always(completion("clean"))});
  stage.open({upstream.port()}, one_attempt);
  expect_words(stage.ask(chat()), "wanted");
  upstream.signal("answered");
  const std::size_t all = completion("wanted").size() + completion("smuggled").size();
  EXPECT_TRUE(upstream.await([all](const auto& visits) { return visits[0].sent == all; }));
  expect_words(stage.ask(chat()), "clean");
  EXPECT_EQ(upstream.connections(), 2u);
}

void row_32_an_answer_over_the_limit(Stage& stage) {
  constexpr std::size_t mebibyte = 1u << 20;
  Script announced;
  announced.read_request().send(with_length(65 * mebibyte, "{\"id\":\"")).flood(std::string(mebibyte, 'x'), 65).hang();
  Script unannounced;
  unannounced.read_request().send(
      "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n");
  unannounced.flood(chunk(std::string(mebibyte, ' ')), 66).hang();
  auto& upstream = stage.upstream({announced, unannounced});
  stage.open({upstream.port()}, one_attempt);
  for (const char* const kind : {"announced", "unannounced"}) {
    SCOPED_TRACE(kind);
    const Moment before = std::chrono::steady_clock::now();
    expect_error(stage.ask(chat(), Patience(120'000)), 502, "upstream_error");
    record(std::string(kind) + "_us", microseconds_since(before));
  }
  EXPECT_TRUE(upstream.await_left(0));
  EXPECT_TRUE(upstream.await_left(1));
}

void row_32_a_request_over_the_limit(Stage& stage) {
  auto& upstream = stage.upstream(always(completion("fits")));
  auto& gateway = stage.open({upstream.port()}, {.server = "limits: {body: 16KiB}"});
  const std::string fits = chat_body("m", std::string(15'000, 'x'));
  const std::string large = chat_body("m", std::string(20'000, 'x'));
  expect_words(stage.ask(post("/v1/chat/completions", fits, bearer())), "fits");
  const Answer announced = stage.ask(post("/v1/chat/completions", large, bearer()));
  expect_error(announced, 413, "request_too_large");
  EXPECT_EQ(announced.field("connection"), "close");

  RawClient client = gateway.client();
  stage.count(1);
  client.send("POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n" + bearer() +
              "\r\n");
  client.send(chunk(large.substr(0, 10'000)));
  client.send(chunk(large.substr(10'000)));
  const Answer chunked = client.read_answer();
  expect_error(chunked, 413, "request_too_large");
  EXPECT_EQ(chunked.field("connection"), "close");
  EXPECT_EQ(client.await_close(), Ending::closed);
  EXPECT_EQ(upstream.requests(), 1u);
}

void row_38_the_provider_s_refusals_are_relayed_as_they_are(Stage& stage) {
  const std::string body =
      "{ \"error\" : {\"message\":\"prompt is too long\",  \"odd\":[1e2, 1.50]}, \"more\": null }\n";
  Script script;
  for (const int status : {400, 404, 413, 422}) {
    const std::string refusal = response(status, body, "content-type: application/json; x=y\r\n");
    script.read_request().send(refusal).read_request().send(refusal);
  }
  auto& first = stage.upstream(script.hang());
  auto& second = stage.upstream(always(completion("never")));
  stage.open({first.port(), second.port()});
  for (const int status : {400, 404, 413, 422}) {
    SCOPED_TRACE(status);
    for (const std::string& request : {chat(), chat_stream()}) {
      const Answer answer = stage.ask(request);
      EXPECT_EQ(answer.status, status);
      EXPECT_EQ(answer.body, body);
      EXPECT_EQ(answer.field("content-type"), "application/json; x=y");
      EXPECT_EQ(answer.field("x-sluice-attempts"), "1");
    }
  }
  EXPECT_EQ(second.requests(), 0u);
  EXPECT_EQ(first.connections(), 1u) << "the connection was in order";
}

constexpr Row rows[] = {
    {"row_21_reset_inside_the_json", row_21_reset_inside_the_json},
    {"row_21_close_inside_the_json", row_21_close_inside_the_json},
    {"row_21_close_inside_chunked_json", row_21_close_inside_chunked_json},
    {"row_22_reset_inside_the_stream", row_22_reset_inside_the_stream},
    {"row_22_close_inside_the_stream", row_22_close_inside_the_stream},
    {"row_23_a_proper_end_without_done", row_23_a_proper_end_without_done},
    {"row_22_cut_inside_an_event", row_22_cut_inside_an_event},
    {"row_22_an_unterminated_done_is_no_end", row_22_an_unterminated_done_is_no_end},
    {"row_22_a_stream_that_breaks_at_once_falls_back", row_22_a_stream_that_breaks_at_once_falls_back},
    {"row_24_hang_inside_the_stream", row_24_hang_inside_the_stream},
    {"row_24_hang_before_the_first_event_falls_back", row_24_hang_before_the_first_event_falls_back},
    {"row_24_hang_inside_the_json", row_24_hang_inside_the_json},
    {"row_25_slow_drip", row_25_slow_drip},
    {"row_29_an_error_as_first_event_falls_back", row_29_an_error_as_first_event_falls_back},
    {"row_29_a_later_error_is_relayed", row_29_a_later_error_is_relayed},
    {"row_30_chunk_size_that_is_no_number", row_30_chunk_size_that_is_no_number},
    {"row_30_chunk_size_with_a_prefix", row_30_chunk_size_with_a_prefix},
    {"row_30_negative_chunk_size", row_30_negative_chunk_size},
    {"row_30_chunk_without_its_end", row_30_chunk_without_its_end},
    {"row_30_overflowing_chunk_size", row_30_overflowing_chunk_size},
    {"row_30_huge_chunk_extension", row_30_huge_chunk_extension},
    {"row_30_last_chunk_with_a_bare_line_feed", row_30_last_chunk_with_a_bare_line_feed},
    {"row_31_extra_bytes_after_the_body", row_31_extra_bytes_after_the_body},
    {"row_31_extra_bytes_after_a_stream", row_31_extra_bytes_after_a_stream},
    {"row_31_bytes_that_nobody_asked_for", row_31_bytes_that_nobody_asked_for},
    {"row_32_an_answer_over_the_limit", row_32_an_answer_over_the_limit},
    {"row_32_a_request_over_the_limit", row_32_a_request_over_the_limit},
    {"row_38_the_provider_s_refusals_are_relayed_as_they_are", row_38_the_provider_s_refusals_are_relayed_as_they_are},
};
INSTANTIATE_TEST_SUITE_P(body_faults, FaultRow, ::testing::ValuesIn(rows), row_name);

}  // namespace
}  // namespace sluice::test

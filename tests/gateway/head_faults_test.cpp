// Rows 9 to 20: what goes wrong before or in the head of a provider's answer.
#include "gateway/stage.hpp"

namespace sluice::test::head_faults_test {
namespace {

const Details one_attempt{.model = "retry: {attempts: 1}"};

// One request answered, then the connection dies in the way given when the second request has come.
Script answers_once_then(Script ending) {
  Script script;
  script.read_request().send(completion("first")).read_request();
  script.decide([ending](const SeenRequest&) { return ending; });
  return script;
}

void reused_connection_dies(Stage& stage, const Script& ending) {
  auto& upstream = stage.upstream({answers_once_then(ending), always(completion("again"))});
  auto& gateway = stage.open({upstream.port()}, one_attempt);
  expect_words(stage.ask(chat()), "first");
  const Answer second = stage.ask(chat());
  expect_words(second, "again");
  EXPECT_EQ(second.field("x-sluice-attempts"), "1") << "the silent retry is no attempt";
  EXPECT_EQ(upstream.connections(), 2u);
  EXPECT_EQ(upstream.requests(), 3u);
  EXPECT_EQ(gateway.await_metric("sluice_upstream_attempts_total", 2, {"outcome=\"ok\""}), 2);
  EXPECT_EQ(gateway.metric("sluice_upstream_attempts_total", {"outcome=\"reset\""}), 0);
}

void row_09_reset_before_any_byte_on_a_reused_connection(Stage& stage) {
  reused_connection_dies(stage, Script().reset());
}

void row_09_close_before_any_byte_on_a_reused_connection(Stage& stage) {
  reused_connection_dies(stage, Script().close());
}

void row_09_the_silent_retry_happens_once(Stage& stage) {
  Script dies;
  dies.read_request().reset();
  auto& upstream = stage.upstream({answers_once_then(Script().reset()), dies});
  stage.open({upstream.port()}, one_attempt);
  expect_words(stage.ask(chat()), "first");
  expect_error(stage.ask(chat()), 502, "upstream_error");
  EXPECT_EQ(upstream.requests(), 3u);
}

void row_09_no_silent_retry_on_a_fresh_connection(Stage& stage) {
  Script dies;
  dies.read_request().reset();
  auto& upstream = stage.upstream(dies);
  stage.open({upstream.port()}, one_attempt);
  expect_error(stage.ask(chat()), 502, "upstream_error");
  EXPECT_EQ(upstream.requests(), 1u);
}

void row_09_no_silent_retry_after_a_byte(Stage& stage) {
  auto& upstream = stage.upstream({answers_once_then(Script().send("H").pause(std::chrono::milliseconds(20)).reset()),
                                   always(completion("again"))});
  stage.open({upstream.port()}, one_attempt);
  expect_words(stage.ask(chat()), "first");
  expect_error(stage.ask(chat()), 502, "upstream_error");
  EXPECT_EQ(upstream.requests(), 2u);
}

void falls_back_or_fails(Stage& stage, const Script& fault, int status, std::string_view code,
                         const std::string& timeouts = "") {
  auto& bad = stage.upstream(fault);
  auto& good = stage.upstream(always(completion("from the second")));
  auto& gateway = stage.open({bad.port(), good.port()}, {.model = timeouts});
  const Answer answer = stage.ask(chat());
  expect_words(answer, "from the second");
  EXPECT_EQ(answer.field("x-sluice-attempts"), "2");
  const std::string more = timeouts.empty() ? "" : ", " + timeouts;
  ASSERT_TRUE(gateway.daemon().reload(
      GatewayUnderTest::read(configuration({bad.port()}, {.model = "retry: {attempts: 1}" + more}))));
  expect_error(stage.ask(chat()), status, code);
  expect_error(stage.ask(chat_stream()), status, code);
  for (std::size_t i = 0; i < bad.connections(); ++i) {
    EXPECT_LE(bad.visit(i).requests.size(), 1u) << "a connection in doubt was used again";
  }
}

void row_10_reset_inside_the_head(Stage& stage) {
  Script fault;
  fault.read_request().send("HTTP/1.1 200 OK\r\ncontent-ty").pause(std::chrono::milliseconds(20)).reset();
  falls_back_or_fails(stage, fault, 502, "upstream_error");
}

void row_10_close_inside_the_head(Stage& stage) {
  Script fault;
  fault.read_request().send("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n").close();
  falls_back_or_fails(stage, fault, 502, "upstream_error");
}

void row_11_hang_before_the_head(Stage& stage) {
  Script fault;
  fault.read_request().hang();
  const Moment before = std::chrono::steady_clock::now();
  falls_back_or_fails(stage, fault, 504, "upstream_timeout", "timeouts: {first_byte: 200ms}");
  record("three_times_200_ms_us", microseconds_since(before));
  EXPECT_LT(microseconds_since(before), 6'000'000);
}

void row_11_the_total_limit_holds_too(Stage& stage) {
  Script fault;
  fault.read_request().drip(std::string(10'000, 'H'), 1, std::chrono::milliseconds(10)).hang();
  auto& bad = stage.upstream(fault);
  stage.open({bad.port()}, {.model = "retry: {attempts: 1}, timeouts: {total: 300ms}"});
  const Moment before = std::chrono::steady_clock::now();
  expect_error_among(stage.ask(chat()), {502, 504});
  EXPECT_LT(microseconds_since(before), 3'000'000);
  EXPECT_TRUE(bad.await_left(0));
}

void row_12_interim_responses_are_skipped(Stage& stage) {
  const std::string interim =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n";
  Script script;
  script.read_request().send_split(interim + completion("final"), interim.size() - 5).again();
  auto& upstream = stage.upstream(script);
  auto& gateway = stage.open({upstream.port()}, one_attempt);
  RawClient client = gateway.client();
  stage.count(1);
  client.send(chat("connection: close\r\n"));
  Ending ending = Ending::waiting;
  const std::string raw = client.read_to_close(ending);
  EXPECT_TRUE(raw.starts_with("HTTP/1.1 200")) << raw;
  EXPECT_TRUE(raw.ends_with(completion_json("final"))) << raw;
  expect_words(stage.ask(chat()), "final");
  EXPECT_EQ(upstream.connections(), 1u);
}

void row_12_ten_interim_responses_and_no_more(Stage& stage) {
  std::string ten;
  for (int i = 0; i < 10; ++i) ten += "HTTP/1.1 102 Processing\r\n\r\n";
  Script just;
  just.read_request().send(ten + completion("final")).again();
  Script over;
  over.read_request().send(ten + "HTTP/1.1 102 Processing\r\n\r\n" + completion("final")).hang();
  auto& enough = stage.upstream(just);
  auto& too_many = stage.upstream(over);
  auto& gateway = stage.open({enough.port()}, one_attempt);
  expect_words(stage.ask(chat()), "final");
  ASSERT_TRUE(gateway.daemon().reload(GatewayUnderTest::read(configuration({too_many.port()}, one_attempt))));
  expect_error(stage.ask(chat()), 502, "upstream_error");
  EXPECT_TRUE(too_many.await_left(0));
}

// An answer whose head alone makes it unacceptable: the connection ends and serves nobody else.
void refused_head(Stage& stage, const std::string& bytes) {
  Script fault;
  fault.read_request().send(bytes).hang();
  falls_back_or_fails(stage, fault, 502, "upstream_error");
}

std::string head_with(const std::string& fields) {
  return "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n" + fields + "\r\n{}";
}

void row_13_head_over_64_kib(Stage& stage) {
  std::string fields;
  for (int i = 0; i < 100; ++i) fields += "x-" + std::to_string(i) + ": " + std::string(700, 'v') + "\r\n";
  refused_head(stage, head_with(fields + "content-length: 2\r\n"));
}

void row_13_one_endless_field(Stage& stage) {
  refused_head(stage, "HTTP/1.1 200 OK\r\nx-endless: " + std::string(70'000, 'v'));
}

void row_13_over_200_fields(Stage& stage) {
  std::string fields = "content-length: 2\r\n";
  for (int i = 0; i < 199; ++i) fields += "x-" + std::to_string(i) + ": v\r\n";  // 201 with the two others
  refused_head(stage, head_with(fields));
}

void row_13_large_heads_within_the_limits(Stage& stage) {
  std::string many;
  for (int i = 0; i < 190; ++i) many += "x-" + std::to_string(i) + ": v\r\n";
  Script script;
  script.read_request().send(response(200, completion_json("many"), many));
  script.read_request().send(response(200, completion_json("long"), "x-long: " + std::string(32 * 1024, 'v') + "\r\n"));
  auto& upstream = stage.upstream(script);
  stage.open({upstream.port()}, one_attempt);
  expect_words(stage.ask(chat()), "many");
  const Answer answer = stage.ask(chat());
  expect_words(answer, "long");
  EXPECT_FALSE(answer.has("x-long")) << "not on the allow-list";
}

void row_14_status_line_without_its_second_blank(Stage& stage) {
  refused_head(stage, "HTTP/1.1 200\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}");
}

void row_14_nonsense_instead_of_a_status_line(Stage& stage) { refused_head(stage, "SSH-2.0-server\r\n\r\n"); }
void row_14_wrong_version(Stage& stage) { refused_head(stage, "HTTP/2.0 200 OK\r\ncontent-length: 2\r\n\r\n{}"); }
void row_14_status_out_of_range(Stage& stage) { refused_head(stage, "HTTP/1.1 700 No\r\ncontent-length: 2\r\n\r\n{}"); }

void row_15_length_and_transfer_coding(Stage& stage) {
  refused_head(stage, head_with("content-length: 2\r\ntransfer-encoding: chunked\r\n"));
}

void row_15_unknown_transfer_coding(Stage& stage) {
  refused_head(stage, head_with("transfer-encoding: gzip, chunked\r\n"));
}

void row_16_two_differing_lengths(Stage& stage) {
  refused_head(stage, head_with("content-length: 2\r\ncontent-length: 3\r\n"));
}
void row_16_negative_length(Stage& stage) { refused_head(stage, head_with("content-length: -2\r\n")); }
void row_16_overflowing_length(Stage& stage) {
  refused_head(stage, head_with("content-length: 18446744073709551618\r\n"));
}
void row_16_list_of_lengths(Stage& stage) { refused_head(stage, head_with("content-length: 2, 3\r\n")); }

std::string closing_answer(std::string_view body) {
  return "HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n" + std::string(body);
}

void row_17_an_answer_that_ends_with_its_connection(Stage& stage) {
  Script script;
  script.read_request().send(closing_answer(completion_json("old"))).close();
  auto& upstream = stage.upstream(script);
  stage.open({upstream.port()}, one_attempt);
  expect_words(stage.ask(chat()), "old");
  expect_words(stage.ask(chat()), "old");
  EXPECT_EQ(upstream.connections(), 2u);
}

void row_17_cut_json_without_framing(Stage& stage) {
  Script fault;
  fault.read_request().send(closing_answer(completion_json("old").substr(0, 60))).close();
  auto& bad = stage.upstream(fault);
  auto& good = stage.upstream(always(completion("whole")));
  auto& gateway = stage.open({bad.port(), good.port()});
  expect_words(stage.ask(chat()), "whole");
  ASSERT_TRUE(gateway.daemon().reload(GatewayUnderTest::read(configuration({bad.port()}, one_attempt))));
  expect_error(stage.ask(chat()), 502, "upstream_error");
}

void row_17_http_1_0_never_keeps_alive(Stage& stage) {
  const std::string body = completion_json("counted");
  Script script;
  script.read_request().send("HTTP/1.0 200 OK\r\ncontent-type: application/json\r\ncontent-length: " +
                             std::to_string(body.size()) + "\r\n\r\n" + body);
  script.hang();
  auto& upstream = stage.upstream(script);
  stage.open({upstream.port()}, one_attempt);
  expect_words(stage.ask(chat()), "counted");
  EXPECT_TRUE(upstream.await_left(0));
  expect_words(stage.ask(chat()), "counted");
  EXPECT_EQ(upstream.connections(), 2u);
}

void row_18_connection_close_is_obeyed(Stage& stage) {
  Script script;
  script.read_request().send(response(200, completion_json("bye"), "connection: close\r\n")).hang();
  auto& upstream = stage.upstream(script);
  stage.open({upstream.port()}, one_attempt);
  expect_words(stage.ask(chat()), "bye");
  EXPECT_TRUE(upstream.await_left(0)) << "the connection was kept";
  expect_words(stage.ask(chat()), "bye");
  EXPECT_EQ(upstream.connections(), 2u);
}

void row_18_keep_alive_lie(Stage& stage) {
  Script script;
  script.read_request().send(response(200, completion_json("lie"), "connection: keep-alive\r\n")).close();
  auto& upstream = stage.upstream(script);
  stage.open({upstream.port()}, one_attempt);
  for (int i = 0; i < 20; ++i) {
    const Answer answer = stage.ask(chat());
    expect_words(answer, "lie");
    EXPECT_EQ(answer.field("x-sluice-attempts"), "1");
  }
  EXPECT_EQ(upstream.connections(), 20u);
  EXPECT_EQ(upstream.requests(), 20u);
}

void bodiless(Stage& stage, int status) {
  const std::string smuggled = completion("smuggled");
  Script script;
  script.read_request().send("HTTP/1.1 " + std::to_string(status) + " None\r\ncontent-type: application/json\r\n\r\n" +
                             smuggled);
  script.hang();
  auto& upstream = stage.upstream({script, always(completion("clean"))});
  stage.open({upstream.port()}, one_attempt);
  const Answer answer = stage.ask(chat());
  EXPECT_TRUE(answer.whole());
  EXPECT_EQ(answer.body.find("smuggled"), std::string::npos) << answer.body;
  EXPECT_TRUE(upstream.await_left(0)) << "the connection was kept";
  expect_words(stage.ask(chat()), "clean");
}

void row_19_204_with_a_body(Stage& stage) { bodiless(stage, 204); }
void row_19_304_with_a_body(Stage& stage) { bodiless(stage, 304); }

// Not compressed in truth: nobody on the way may look.
const std::string coded = std::string("\x1f\x8b\x08\x00 not to be touched \x00\xff", 25);

void row_20_an_encoded_answer_passes_if_the_caller_takes_it(Stage& stage) {
  auto& upstream = stage.upstream(always(response(200, coded, "content-encoding: gzip\r\n")));
  stage.open({upstream.port()}, one_attempt);
  for (const char* const accepted : {"gzip", "br, gzip;q=0.5", "deflate, GZIP"}) {
    const Answer answer = stage.ask(chat(std::string("accept-encoding: ") + accepted + "\r\n"));
    EXPECT_EQ(answer.status, 200) << accepted << answer.body;
    EXPECT_EQ(answer.field("content-encoding"), "gzip") << accepted;
    EXPECT_EQ(answer.body, coded) << accepted;
  }
  for (const SeenRequest& request : upstream.seen()) {
    EXPECT_EQ(request.field("accept-encoding").value_or("identity"), "identity");
  }
}

void row_20_an_encoded_answer_is_502_if_the_caller_does_not_take_it(Stage& stage) {
  auto& upstream = stage.upstream(always(response(200, coded, "content-encoding: gzip\r\n")));
  Details details = one_attempt;
  details.provider = "breaker: {failures: 1000}";
  stage.open({upstream.port()}, details);
  expect_error(stage.ask(chat()), 502, "upstream_error");
  for (const char* const accepted : {"br", "identity", "gzip;q=0", "gzip; q=0.000", "gzipped"}) {
    SCOPED_TRACE(accepted);
    expect_error(stage.ask(chat(std::string("accept-encoding: ") + accepted + "\r\n")), 502, "upstream_error");
  }
  expect_error(stage.ask(chat_stream()), 502, "upstream_error");
}

void row_20_identity_is_no_coding(Stage& stage) {
  auto& upstream = stage.upstream(always(response(200, completion_json("plain"), "content-encoding: identity\r\n")));
  stage.open({upstream.port()}, one_attempt);
  expect_words(stage.ask(chat()), "plain");
}

constexpr Row rows[] = {
    {"row_09_reset_before_any_byte_on_a_reused_connection", row_09_reset_before_any_byte_on_a_reused_connection},
    {"row_09_close_before_any_byte_on_a_reused_connection", row_09_close_before_any_byte_on_a_reused_connection},
    {"row_09_the_silent_retry_happens_once", row_09_the_silent_retry_happens_once},
    {"row_09_no_silent_retry_on_a_fresh_connection", row_09_no_silent_retry_on_a_fresh_connection},
    {"row_09_no_silent_retry_after_a_byte", row_09_no_silent_retry_after_a_byte},
    {"row_10_reset_inside_the_head", row_10_reset_inside_the_head},
    {"row_10_close_inside_the_head", row_10_close_inside_the_head},
    {"row_11_hang_before_the_head", row_11_hang_before_the_head},
    {"row_11_the_total_limit_holds_too", row_11_the_total_limit_holds_too},
    {"row_12_interim_responses_are_skipped", row_12_interim_responses_are_skipped},
    {"row_12_ten_interim_responses_and_no_more", row_12_ten_interim_responses_and_no_more},
    {"row_13_head_over_64_kib", row_13_head_over_64_kib},
    {"row_13_one_endless_field", row_13_one_endless_field},
    {"row_13_over_200_fields", row_13_over_200_fields},
    {"row_13_large_heads_within_the_limits", row_13_large_heads_within_the_limits},
    {"row_14_status_line_without_its_second_blank", row_14_status_line_without_its_second_blank},
    {"row_14_nonsense_instead_of_a_status_line", row_14_nonsense_instead_of_a_status_line},
    {"row_14_wrong_version", row_14_wrong_version},
    {"row_14_status_out_of_range", row_14_status_out_of_range},
    {"row_15_length_and_transfer_coding", row_15_length_and_transfer_coding},
    {"row_15_unknown_transfer_coding", row_15_unknown_transfer_coding},
    {"row_16_two_differing_lengths", row_16_two_differing_lengths},
    {"row_16_negative_length", row_16_negative_length},
    {"row_16_overflowing_length", row_16_overflowing_length},
    {"row_16_list_of_lengths", row_16_list_of_lengths},
    {"row_17_an_answer_that_ends_with_its_connection", row_17_an_answer_that_ends_with_its_connection},
    {"row_17_cut_json_without_framing", row_17_cut_json_without_framing},
    {"row_17_http_1_0_never_keeps_alive", row_17_http_1_0_never_keeps_alive},
    {"row_18_connection_close_is_obeyed", row_18_connection_close_is_obeyed},
    {"row_18_keep_alive_lie", row_18_keep_alive_lie},
    {"row_19_204_with_a_body", row_19_204_with_a_body},
    {"row_19_304_with_a_body", row_19_304_with_a_body},
    {"row_20_an_encoded_answer_passes_if_the_caller_takes_it", row_20_an_encoded_answer_passes_if_the_caller_takes_it},
    {"row_20_an_encoded_answer_is_502_if_the_caller_does_not_take_it",
     row_20_an_encoded_answer_is_502_if_the_caller_does_not_take_it},
    {"row_20_identity_is_no_coding", row_20_identity_is_no_coding},
};
INSTANTIATE_TEST_SUITE_P(head_faults, FaultRow, ::testing::ValuesIn(rows), row_name);

}  // namespace
}  // namespace sluice::test::head_faults_test

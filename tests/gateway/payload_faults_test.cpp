// Rows 61, 62, 63 and 65: requests made to be misunderstood.
#include <sys/resource.h>

#include <algorithm>

#include "gateway/stage.hpp"
#include "http/payloads.hpp"

namespace sluice::test::payload_faults_test {
namespace {

// What came back on one connection, answer by answer, up to its end or until `expected` of them were there.
std::vector<Answer> answers(RawClient& client, std::size_t expected) {
  std::vector<Answer> all;
  while (all.size() < expected) {
    Answer answer = client.read_answer(Patience(5'000));
    if (answer.status == 0) break;
    all.push_back(answer);
    if (!answer.keeps_open()) break;
  }
  return all;
}

bool by_listener(int status) {
  return status == 414 || status == 417 || status == 431 || status == 501 || status == 505;
}

void expect_accepted(RawClient& client, const http::Payload& payload) {
  const std::vector<Answer> all = answers(client, payload.bodies.size());
  ASSERT_FALSE(all.empty());
  if (all.back().keeps_open()) {
    EXPECT_EQ(all.size(), payload.bodies.size());
  }
  for (const Answer& answer : all) {
    EXPECT_TRUE(answer.whole());
    EXPECT_FALSE(by_listener(answer.status)) << answer.status;
    if (answer.status == 400) {
      EXPECT_EQ(error_code(answer.body), "invalid_json") << answer.body;
    }
  }
  client.half_close();
  Ending ending = Ending::waiting;
  EXPECT_EQ(client.read_to_close(ending), "") << "more answers than requests";
}

void expect_refused(RawClient& client, const http::Payload& payload) {
  const std::vector<Answer> all = answers(client, payload.bodies.size() + 1);
  ASSERT_FALSE(all.empty());
  const Answer& last = all.back();
  // A request may have been answered, and its connection ended, before its body was looked at.
  const bool answered_early = last.status == 404 || last.status == 405;
  if (!answered_early && all.size() == payload.bodies.size() + 1) {
    EXPECT_EQ(last.status, payload.status) << last.body;
  }
  EXPECT_EQ(error_shape_trouble(last.body), "") << last.body;
  EXPECT_EQ(last.field("connection"), "close") << last.head;
  Ending ending = Ending::waiting;
  EXPECT_EQ(client.read_to_close(ending), "") << "something was answered after the refusal";
  EXPECT_EQ(ending, Ending::closed);
}

void row_61_the_payload_table_over_a_socket(Stage& stage) {
  auto& upstream = stage.upstream(always(completion("never")));
  auto& gateway = stage.open_with("auth: none\n" + configuration({upstream.port()}));
  std::size_t refused = 0;
  for (const http::Payload& payload : http::payloads()) {
    SCOPED_TRACE(payload.name);
    RawClient client = gateway.client();
    client.send(payload.bytes);
    const Moment before = std::chrono::steady_clock::now();
    if (payload.accepted) {
      expect_accepted(client, payload);
    } else {
      ++refused;
      expect_refused(client, payload);
    }
    EXPECT_LT(microseconds_since(before), 4'000'000) << "it waited";
    stage.count_refused(payload.bodies.size() + 1);
  }
  record("payloads", static_cast<long>(http::payloads().size()));
  record("refused", static_cast<long>(refused));
  EXPECT_EQ(upstream.requests(), 0u);
  for (const auto& line : stage.lines()) EXPECT_NE(line.value("path", ""), "/admin") << line.dump();
}

// The same table, a byte at a time: how bytes arrive decides nothing.
void row_61_the_refused_payloads_in_small_pieces(Stage& stage) {
  auto& upstream = stage.upstream(always(completion("never")));
  auto& gateway = stage.open_with("auth: none\n" + configuration({upstream.port()}));
  for (const http::Payload& payload : http::payloads()) {
    if (payload.accepted || payload.bytes.size() > 400) continue;
    SCOPED_TRACE(payload.name);
    RawClient client = gateway.client();
    for (const char byte : payload.bytes) {
      if (!client.send(std::string_view(&byte, 1))) break;  // refused before its end
    }
    expect_refused(client, payload);
    stage.count_refused(payload.bodies.size() + 1);
  }
  EXPECT_EQ(upstream.requests(), 0u);
}

void row_62_line_ends_in_a_model_s_name(Stage& stage) {
  auto& upstream = stage.upstream(always(completion("fine")));
  stage.open_with(configuration({upstream.port()}));
  for (const char* const name :
       {R"(m\r\nx-evil: 1)", R"(m\nx-evil: 1)", R"(m\u000d\u000ax-evil: 1)", R"(m\u0000x-evil: 1)"}) {
    SCOPED_TRACE(name);
    const Answer answer = stage.ask(post("/v1/chat/completions", chat_body(name), bearer()));
    expect_error_among(answer, {400, 404});
    EXPECT_FALSE(answer.has("x-evil"));
  }
  EXPECT_EQ(upstream.requests(), 0u);
  EXPECT_EQ(stage.gateway().log_text().find("\nx-evil"), std::string::npos);
  for (const auto& line : stage.lines()) EXPECT_TRUE(line["model"].is_null()) << line.dump();
}

void row_62_line_ends_in_a_name_that_a_wildcard_takes(Stage& stage) {
  auto& upstream = stage.upstream(always(completion("fine")));
  std::string yaml = configuration({upstream.port()});
  yaml.insert(yaml.find("keys:"), "  \"w-*\": {targets: [{provider: p1}]}\n");
  stage.open_with(yaml);
  for (const char* const name : {R"(w-\r\nx-evil: 1)", R"(w-\u0000x)", R"(w-\"quoted\\)"}) {
    SCOPED_TRACE(name);
    const Answer answer = stage.ask(post("/v1/chat/completions", chat_body(name), bearer()));
    EXPECT_TRUE(answer.whole());
    EXPECT_FALSE(answer.has("x-evil")) << answer.head;
    EXPECT_EQ(answer.head.find('\0'), std::string::npos);
  }
  for (const SeenRequest& request : upstream.seen()) {
    EXPECT_FALSE(request.field("x-evil"));
    EXPECT_TRUE(nlohmann::json::accept(request.body)) << request.body;
  }
  for (const auto& line : stage.lines()) {
    EXPECT_TRUE(line["model"].is_null() || line["model"] == "w-*") << line.dump();  // null: the name was refused
  }
}

void row_62_unusable_request_ids_are_replaced(Stage& stage) {
  auto& upstream = stage.upstream(always(completion("fine")));
  stage.open({upstream.port()});
  for (const std::string& id : {std::string("a b"), std::string("caf\xc3\xa9"), std::string("a\"b"),
                                std::string(129, 'a'), std::string("<script>"), std::string("a\tb")}) {
    SCOPED_TRACE(id);
    const Answer answer = stage.ask(chat("x-request-id: " + id + "\r\n"));
    EXPECT_EQ(answer.status, 200);
    EXPECT_NE(answer.field("x-request-id"), id);
    EXPECT_FALSE(answer.field("x-request-id").empty());
  }
}

void row_62_a_provider_s_fields_cannot_split_ours(Stage& stage) {
  Script script;
  script.read_request()
      .send(response(200, completion_json("x"), "content-type: application/json\rx-evil: 1\r\n"))
      .hang();
  auto& upstream = stage.upstream(script);
  stage.open({upstream.port()}, {.model = "retry: {attempts: 1}"});
  const Answer answer = stage.ask(chat());
  expect_error(answer, 502, "upstream_error");
  EXPECT_EQ(answer.head.find("x-evil"), std::string::npos);
}

void row_63_paths_are_matched_as_they_are(Stage& stage) {
  auto& upstream = stage.upstream(always(completion("never")));
  stage.open({upstream.port()});
  for (const char* const target : {"/v1/../metrics",
                                   "/v1/../admin/v1/keys",
                                   "/../metrics",
                                   "//v1/models",
                                   "/v1//models",
                                   "/v1/./models",
                                   "/v1/models;x",
                                   "/v1/Models",
                                   "/V1/models",
                                   "/v1/models/",
                                   "/v1/mode%6cs",
                                   "/metrics",
                                   "/livez",
                                   "/readyz",
                                   "/admin/v1/keys",
                                   "/admin",
                                   "/",
                                   "/v1",
                                   "/v1/",
                                   "/v1/models/../../metrics",
                                   "/healthz/..",
                                   "/v1/chat/completions/",
                                   "/v1%2emodels"}) {
    SCOPED_TRACE(target);
    expect_error_among(stage.ask(get(target, bearer())), {404, 405});
  }
  for (const char* const target : {"/v1/%2e%2e/metrics", "/v1/%2E%2E/metrics", "/v1%2fmodels", "/v1/models%00",
                                   "/v1\\models", "/v1/..%c0%af", "/v1/%2e%2e%2fmetrics"}) {
    SCOPED_TRACE(target);
    RawClient client = stage.gateway().client();
    client.send(get(target, bearer()));
    const Answer answer = client.read_answer();
    EXPECT_TRUE(answer.status == 400 || answer.status == 404) << answer.status;
    EXPECT_EQ(error_shape_trouble(answer.body), "");
    stage.count_refused(1);
  }
  EXPECT_EQ(upstream.requests(), 0u);
}

struct Bomb {
  std::string name;
  std::string body;
};

std::string many(const std::string& text, std::size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

std::vector<Bomb> bombs() {
  const std::string open = R"({"model":"m","messages":[{"role":"user","content":"hi"}])";
  std::string keys = open;
  for (int i = 0; i < 40'000; ++i) keys += ",\"k" + std::to_string(i) + "\":1";
  return {
      {"a million brackets", open + ",\"x\":" + many("[", 1'000'000) + many("]", 1'000'000) + "}"},
      {"a million open brackets", many("[", 1'000'000)},
      {"a million open objects", many("{\"a\":", 1'000'000)},
      {"depth 129", open + ",\"x\":" + many("[", 128) + many("]", 128) + "}"},
      {"40,000 members", keys + "}"},
      {"a number of 5 MB", open + ",\"x\":" + std::string(5'000'000, '9') + "}"},
      {"an infinite number", open + ",\"x\":1e999}"},
      {"not a number", open + ",\"x\":NaN}"},
      {"two equal models", R"({"model":"m","model":"m","messages":[]})"},
      {"two models", R"({"model":"m","messages":[],"model":"other"})"},
      {"two models, one escaped", R"({"model":"m","messages":[],"mod\u0065l":"other"})"},
      {"two streams", R"({"model":"m","stream":true,"messages":[],"stream":false})"},
      {"a lone high surrogate", R"({"model":"m","messages":[{"role":"user","content":"\ud800"}]})"},
      {"a lone low surrogate", R"({"model":"m","messages":[{"role":"user","content":"\udc00 x"}]})"},
      {"a NUL in a text", std::string(R"({"model":"m","x":"a)") + '\0' + "\"}"},
      {"a NUL behind the body", open + "}" + '\0'},
      {"a control byte in a text", "{\"model\":\"m\",\"x\":\"a\nb\"}"},
      {"invalid utf-8", "{\"model\":\"m\",\"x\":\"\xff\xfe\"}"},
      {"overlong utf-8", "{\"model\":\"m\",\"x\":\"\xc0\xaf\"}"},
      {"a surrogate in utf-8", "{\"model\":\"m\",\"x\":\"\xed\xa0\x80\"}"},
      {"a cut utf-8 sequence", "{\"model\":\"m\",\"x\":\"\xe2\x82\"}"},
      {"a byte order mark", "\xef\xbb\xbf" + open + "}"},
      {"something behind the body", open + "}x"},
      {"another object behind the body", open + "}{\"model\":\"n\"}"},
      {"a comma too many", open + ",}"},
      {"a comment", open + "/* */}"},
      {"no end", open},
      {"an array", "[" + open + "}]"},
      {"a text", "\"m\""},
      {"nothing", ""},
      {"blanks", "  \r\n\t"},
      {"a model that is a number", R"({"model":1,"messages":[]})"},
      {"a model that is null", R"({"model":null,"messages":[]})"},
      {"an empty model", R"({"model":"","messages":[]})"},
      {"no model", R"({"messages":[]})"},
  };
}

long processor_us() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1'000'000 + used.ru_utime.tv_usec + used.ru_stime.tv_usec;
}

void row_65_json_bombs(Stage& stage) {
  auto& upstream = stage.upstream(always(completion("never")));
  stage.open({upstream.port()});
  long dearest = 0;
  for (const Bomb& bomb : bombs()) {
    SCOPED_TRACE(bomb.name);
    const long before = processor_us();
    expect_error(stage.ask(post("/v1/chat/completions", bomb.body, bearer())), 400);
    const long mebibytes = std::max<long>(1, static_cast<long>(bomb.body.size() >> 20));
    dearest = std::max(dearest, (processor_us() - before) / mebibytes);
  }
  record("dearest_us_per_mib", dearest);  // of this whole process, the client's part included
  EXPECT_LT(dearest, 1'000'000);          // promised: 5 ms
  EXPECT_EQ(upstream.requests(), 0u);
}

void row_65_a_stream_flag_that_is_no_flag(Stage& stage) {
  auto& upstream =
      stage.upstream(always(response(400, R"({"error":{"message":"no","type":"t","param":null,"code":null}})")));
  stage.open({upstream.port()});
  // Ours or the provider's refusal, but never a stream.
  const Answer answer =
      stage.ask(post("/v1/chat/completions", R"({"model":"m","stream":"yes","messages":[]})", bearer()));
  expect_error(answer, 400);
}

// Large, deep and odd, but within the limits: not ours to refuse.
void row_65_what_is_only_unusual_passes(Stage& stage) {
  auto& upstream = stage.upstream(always(completion("fine")));
  stage.open({upstream.port()});
  const std::string open = R"({"model":"m","messages":[{"role":"user","content":"hi"}])";
  std::string keys = open + ",\"x\":{\"k\":1";
  for (int i = 0; i < 9'000; ++i) keys += ",\"k" + std::to_string(i) + "\":1";
  const std::vector<std::string> bodies = {
      open + ",\"x\":" + many("[", 126) + many("]", 126) + "}",
      keys + "}}",
      open + ",\"x\":" + std::string(60, '9') + "}",
      open + ",\"x\":-0.0e-5, \"y\":\"\\ud83d\\ude00\\u0000\"}",
      open + ",\"x\":{\"model\":\"n\",\"a\":1,\"a\":2}}",
      " \r\n\t" + open + "}\n ",
      open + ",\"x\":\"" + std::string(5'000'000, 'y') + "\"}",
  };
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    SCOPED_TRACE(i);
    expect_words(stage.ask(post("/v1/chat/completions", bodies[i], bearer())), "fine");
  }
  const auto seen = upstream.seen();
  ASSERT_EQ(seen.size(), bodies.size());
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    std::string expected = bodies[i];
    expected.replace(expected.find("\"m\""), 3, "\"real-model\"");
    EXPECT_TRUE(seen[i].body == expected) << "body " << i << " was changed on its way";
  }
}

constexpr Row rows[] = {
    {"row_61_the_payload_table_over_a_socket", row_61_the_payload_table_over_a_socket},
    {"row_61_the_refused_payloads_in_small_pieces", row_61_the_refused_payloads_in_small_pieces},
    {"row_62_line_ends_in_a_model_s_name", row_62_line_ends_in_a_model_s_name},
    {"row_62_line_ends_in_a_name_that_a_wildcard_takes", row_62_line_ends_in_a_name_that_a_wildcard_takes},
    {"row_62_unusable_request_ids_are_replaced", row_62_unusable_request_ids_are_replaced},
    {"row_62_a_provider_s_fields_cannot_split_ours", row_62_a_provider_s_fields_cannot_split_ours},
    {"row_63_paths_are_matched_as_they_are", row_63_paths_are_matched_as_they_are},
    {"row_65_json_bombs", row_65_json_bombs},
    {"row_65_a_stream_flag_that_is_no_flag", row_65_a_stream_flag_that_is_no_flag},
    {"row_65_what_is_only_unusual_passes", row_65_what_is_only_unusual_passes},
};
INSTANTIATE_TEST_SUITE_P(payload_faults, FaultRow, ::testing::ValuesIn(rows), row_name);

}  // namespace
}  // namespace sluice::test::payload_faults_test

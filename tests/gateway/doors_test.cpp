// Providers that serve a dialect in their own house: another path, another envelope, another key, perhaps another
// wrapping of streams; callers of every dialect see none of it.
#include <sluice/chat/dialect.hpp>
#include <sluice/http/event_stream.hpp>

#include "chat/base64.hpp"
#include "credential/rsa_keys.hpp"
#include "gateway/signature_check.hpp"
#include "gateway/stage.hpp"

namespace sluice::test {
namespace {

using nlohmann::json;

constexpr std::string_view token_canary = "canary-door-token-77c1";
constexpr std::string_view signing_canary = "canary/door+secret=1f";

// ---- What the model says, and how either house wraps it

const std::vector<std::string> all_events{
    R"({"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"far","content":[],)"
    R"("stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":11,"cache_read_input_tokens":4,)"
    R"("output_tokens":1}}})",
    R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})",
    R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Gone"}})",
    R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" fishing."},"odd":1.50})",
    R"({"type":"content_block_stop","index":0})",
    R"({"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":7}})",
    R"({"type":"message_stop","more":{"x":1}})"};
constexpr std::string_view whole_answer =
    R"({"id":"msg_1","type":"message","role":"assistant","model":"far","content":[{"type":"text","text":"Gone fishing."}],)"
    R"("stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":11,"output_tokens":7},"odd":1.50})";

std::string as_event(const std::string& event) {
  return "event: " + json::parse(event)["type"].get<std::string>() + "\ndata: " + event + "\n\n";
}
std::string frame(std::string_view payload, std::string_view name = "chunk", bool failed = false) {
  std::string out;
  http::append_frame(out,
                     {{failed ? ":exception-type" : ":event-type", name},
                      {":content-type", "application/json"},
                      {":message-type", failed ? "exception" : "event"}},
                     payload);
  return out;
}
std::string as_frame(const std::string& event) {
  return frame(R"({"bytes":")" + chat::to_base64(event) + R"(","p":"abcd"})");
}

// The two houses: how they are configured, called and how they answer.
struct House {
  const char* name;
  std::string (*wrap)(const std::string& event);
  const char* stream_type;
  const char* version;
  const char* whole_path;
  const char* stream_path;
  bool says_stream;
};
const House predicting{"predicting",
                       &as_event,
                       "text/event-stream; charset=utf-8",
                       "vertex-2023-10-16",
                       "/at/models/claude-3.5%3Ax%2Fy@1:rawPredict",
                       "/at/models/claude-3.5%3Ax%2Fy@1:streamRawPredict",
                       true};
const House invoking{"invoking",
                     &as_frame,
                     "application/vnd.amazon.eventstream",
                     "bedrock-2023-05-31",
                     "/at/model/claude-3.5%3Ax%2Fy%401/invoke",
                     "/at/model/claude-3.5%3Ax%2Fy%401/invoke-with-response-stream",
                     false};
void PrintTo(const House& house, std::ostream* out) { *out << house.name; }

std::string streamed_by(const House& house, std::size_t events, const std::string& behind = "",
                        std::string_view end = last_chunk) {
  std::string bytes =
      std::string("HTTP/1.1 200 OK\r\ncontent-type: ") + house.stream_type + "\r\ntransfer-encoding: chunked\r\n\r\n";
  for (std::size_t i = 0; i < events; ++i) bytes += chunk(house.wrap(all_events[i]));
  if (!behind.empty()) bytes += chunk(behind);
  return bytes += end;
}
std::string seen_by_callers(std::size_t events) {
  std::string bytes;
  for (std::size_t i = 0; i < events; ++i) bytes += as_event(all_events[i]);
  return bytes;
}

// Answers as asked for: whole or streamed.
Script obliging(const House& house) {
  Script script;
  script.read_request().decide([&house](const SeenRequest& request) {
    Script answer;
    const bool stream = request.target() == house.stream_path;
    answer.send(stream ? streamed_by(house, all_events.size()) : response(200, whole_answer));
    return answer;
  });
  return script.again();
}

class Doors : public ::testing::TestWithParam<House> {
 protected:
  void TearDown() override { stage_.settle(); }
  const House& house() const { return GetParam(); }

  // The model `m`, at that house and then, if there is one, at a provider of another dialect.
  ScriptedUpstream& open(Script script, ScriptedUpstream* other = nullptr) {
    ScriptedUpstream& upstream = stage_.upstream(std::move(script));
    const std::string url = "\"http://127.0.0.1:" + std::to_string(upstream.port());
    Variables variables{{"S", std::string(signing_canary)}};
    std::string provider =
        "kind: bedrock-anthropic, region: eu-west-1, access_key_id: AKID, secret_access_key: \"${S}\"";
    if (!is_invoking()) {
      tokens_ = &stage_.upstream(always(response(
          200, R"({"access_token":")" + std::string(token_canary) + R"(","expires_in":3599,"token_type":"Bearer"})")));
      variables["ACCOUNT"] =
          json{{"type", "service_account"}, {"project_id", "house"},     {"client_email", "gateway@house.example"},
               {"private_key_id", "kid-1"}, {"private_key", key_.pem()}, {"token_uri", "https://never.example/token"}}
              .dump();
      provider = "kind: vertex-anthropic, credentials: \"${ACCOUNT}\", token_url: \"http://127.0.0.1:" +
                 std::to_string(tokens_->port()) + "/token\"";
    }
    std::string targets = "{provider: cloud, model: \"claude-3.5:x/y@1\"}";
    // No breaker ends a series of failures that is meant.
    std::string providers = "  cloud: {" + provider + ", breaker: {failures: 1000}, base_url: " + url + "/at\"}\n";
    if (other != nullptr) {
      providers += "  other: {kind: openai-compatible, base_url: \"http://127.0.0.1:" + std::to_string(other->port()) +
                   "/v1\"}\n";
      targets += ", {provider: other, model: stone}";
    }
    stage_.open_with("server: {listen: \"127.0.0.1:0\", workers: 1}\nadmin: {listen: \"127.0.0.1:0\"}\nproviders:\n" +
                         providers + "models:\n  m: {targets: [" + targets +
                         "]}\n  \"free-*\": {targets: [{provider: cloud, model: \"*\"}]}\n" +
                         "keys:\n  - {name: app, secret: \"${CALLER_KEY}\"}\n",
                     variables);
    return upstream;
  }

  bool is_invoking() const { return std::string_view(house().name) == "invoking"; }
  Answer ask(const std::string& body, const std::string& fields = "") {
    return stage_.ask(post("/v1/messages", body, bearer() + fields));
  }
  // Why the request does not prove who we are.
  std::string proof_trouble(const SeenRequest& request) const {
    if (is_invoking()) return signature_trouble(request, "AKID", signing_canary, "eu-west-1", "bedrock");
    return request.field("authorization") == "Bearer " + std::string(token_canary) ? "" : "no token";
  }

  Stage stage_;
  const credential::testing::RsaKey key_;
  ScriptedUpstream* tokens_ = nullptr;
};
INSTANTIATE_TEST_SUITE_P(Both, Doors, ::testing::Values(predicting, invoking),
                         [](const auto& given) { return std::string(given.param.name); });

// ---- Callers of the dialect itself

const std::string before = R"({ "odd":1.50,"model":)";
const std::string behind = R"(, "max_tokens":9,"tools":[{"name":"f","input_schema":{"b":1,"a":1e2}}],)"
                           R"("messages":[{"role":"user","content":"hi"}])";

TEST_P(Doors, give_callers_of_the_dialect_the_bytes_of_the_answer) {
  auto& upstream = open(obliging(house()));
  const Answer answer = ask(before + "\"m\"" + behind + "}", "anthropic-version: 2023-06-01\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, whole_answer);
  EXPECT_TRUE(answer.whole());
  ASSERT_EQ(upstream.requests(), 1u);
  const SeenRequest seen = upstream.seen()[0];
  EXPECT_EQ(seen.target(), house().whole_path);
  EXPECT_EQ(seen.body, R"({"anthropic_version":")" + std::string(house().version) + R"(", "odd":1.50)" + behind + "}")
      << "but for the envelope, the caller's own bytes";
  EXPECT_EQ(seen.field("content-type"), "application/json");
  EXPECT_EQ(seen.field("accept"), "application/json");
  EXPECT_EQ(proof_trouble(seen), "");
  EXPECT_EQ(stage_.gateway().await_metric("sluice_tokens_total", 18, {"model=\"m\""}), 18);
}

TEST_P(Doors, stream_to_callers_of_the_dialect_event_by_event) {
  auto& upstream = open(obliging(house()));
  const Answer answer = ask(before + "\"m\"" + behind + R"(,"stream":true})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.whole());
  EXPECT_TRUE(answer.field("content-type").starts_with("text/event-stream")) << answer.head;
  EXPECT_EQ(answer.body, seen_by_callers(all_events.size()));
  ASSERT_EQ(upstream.requests(), 1u);
  const SeenRequest seen = upstream.seen()[0];
  EXPECT_EQ(seen.target(), house().stream_path);
  EXPECT_EQ(seen.body, R"({"anthropic_version":")" + std::string(house().version) + R"(", "odd":1.50)" + behind +
                           (house().says_stream ? R"(,"stream":true})" : "}"));
  EXPECT_EQ(proof_trouble(seen), "");
  EXPECT_EQ(stage_.gateway().await_metric("sluice_tokens_total", 22, {"model=\"m\""}), 22);
  EXPECT_EQ(stage_.gateway().metric("sluice_usage_missing_total"), 0);
}

TEST_P(Doors, pass_an_event_on_before_the_next_one_comes) {
  Script script;
  const std::string whole = streamed_by(house(), 3, "", "");
  script.read_request().send_split(whole, whole.size() - 20).wait_for("go on");
  for (std::size_t i = 3; i < all_events.size(); ++i) script.send(chunk(house().wrap(all_events[i])));
  script.send(std::string(last_chunk));
  auto& upstream = open(script);
  RawClient client = stage_.gateway().client();
  stage_.count(1);
  client.send(post("/v1/messages", before + "\"m\"" + behind + R"(,"stream":true})", bearer()));
  Answer answer = client.read_head();
  EXPECT_TRUE(client.read_until(answer, "\"Gone\"}}\n\n"));
  upstream.signal("go on");
  client.read_rest(answer);
  EXPECT_EQ(answer.body, seen_by_callers(all_events.size()));
  EXPECT_TRUE(answer.whole());
  client.close();
}

TEST_P(Doors, know_betas_wherever_they_want_them_told) {
  auto& upstream = open(obliging(house()));
  ASSERT_EQ(ask(R"({"model":"m","messages":[]})", "anthropic-beta: tools-1,more-2\r\n").status, 200);
  const SeenRequest seen = upstream.seen()[0];
  const json body = json::parse(seen.body);
  if (is_invoking()) {
    EXPECT_FALSE(seen.field("anthropic-beta"));
    EXPECT_EQ(body["anthropic_beta"], json::parse(R"(["tools-1","more-2"])"));
  } else {
    EXPECT_EQ(seen.field("anthropic-beta"), "tools-1,more-2");
    EXPECT_FALSE(body.contains("anthropic_beta"));
  }
}

TEST_P(Doors, encode_names_that_callers_make_up) {
  Script script;
  script.read_request().send(response(200, whole_answer)).again();
  auto& upstream = open(script);
  ASSERT_EQ(ask(R"({"model":"free-a/b:c?d#e%2F","messages":[]})").status, 200);
  EXPECT_NE(upstream.seen()[0].target().find("/a%2Fb%3Ac%3Fd%23e%252F"), std::string::npos)
      << upstream.seen()[0].target();
}

TEST_P(Doors, break_a_stream_that_was_cut) {
  for (const std::size_t events : {std::size_t{3}, all_events.size() - 1}) {
    for (const bool framed : {true, false}) {
      Script script;
      script.read_request().send(streamed_by(house(), events, "", framed ? last_chunk : std::string_view())).close();
      open(script);
      const Answer answer = ask(R"({"model":"m","messages":[],"stream":true})");
      EXPECT_EQ(answer.status, 200);
      EXPECT_FALSE(answer.whole());
      ASSERT_TRUE(answer.body.starts_with(seen_by_callers(events))) << answer.body;
      const std::string rest = answer.body.substr(seen_by_callers(events).size());
      EXPECT_TRUE(rest.starts_with("event: error\n")) << rest;
      EXPECT_EQ(rest.find("message_stop"), std::string::npos);
    }
  }
}

TEST_P(Doors, break_a_stream_that_is_cut_inside_of_an_event) {
  const std::string half = house().wrap(all_events[3]).substr(0, 40);
  open(always(streamed_by(house(), 3, half)));
  const Answer answer = ask(R"({"model":"m","messages":[],"stream":true})");
  EXPECT_FALSE(answer.whole());
  EXPECT_TRUE(answer.body.starts_with(seen_by_callers(3) + "event: error\n")) << answer.body;
}

TEST_P(Doors, tell_of_a_failure_inside_the_stream_and_nothing_after_it) {
  const std::string failure = R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})";
  open(always(streamed_by(house(), 3, house().wrap(failure) + house().wrap(all_events[6]))));
  const Answer answer = ask(R"({"model":"m","messages":[],"stream":true})");
  EXPECT_FALSE(answer.whole());
  EXPECT_EQ(answer.body, seen_by_callers(3) + as_event(failure));
}

TEST_P(Doors, let_another_target_answer_a_stream_that_fails_at_once) {
  auto& other = stage_.upstream(always(streamed({delta_event("instead")})));
  const std::string failure = R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})";
  open(always(streamed_by(house(), 0, house().wrap(failure))), &other);
  const Answer answer = ask(R"({"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true})");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.field("x-sluice-provider"), "other");
  EXPECT_NE(answer.body.find("instead"), std::string::npos);
}

TEST_P(Doors, pass_refusals_in_the_dialects_words_on_unchanged) {
  const std::string own =
      R"({"type":"error", "error":{"type":"invalid_request_error","message":"prompt is too long: 9"}})";
  open(always(response(400, own)));
  const Answer answer = ask(R"({"model":"m","messages":[]})");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.body, own);
}

TEST_P(Doors, put_the_houses_own_refusals_into_the_callers_words) {
  const std::string theirs = is_invoking() ? R"({"message":"max_tokens: 9 is odd"})"
                                           : R"([{"error":{"code":400,"message":"max_tokens: 9 is odd"}}])";
  auto& upstream = open(always(response(400, theirs, "x-amzn-errortype: ValidationException:http://x/\r\n")));
  const Answer answer = ask(R"({"model":"m","messages":[]})");
  EXPECT_EQ(answer.status, 400);
  const json told = json::parse(answer.body);
  EXPECT_EQ(told["type"], "error");
  EXPECT_EQ(told["error"]["type"], "invalid_request_error");
  EXPECT_NE(told["error"]["message"].get<std::string>().find("max_tokens: 9 is odd"), std::string::npos);
  expect_error(stage_.ask(chat()), 400);
  EXPECT_EQ(upstream.requests(), 2u);
}

TEST_P(Doors, keep_failures_of_our_own_account_from_callers) {
  for (const int status : {401, 403, 429, 500, 503}) {
    open(always(response(status, R"({"message":"canary-account 123 is not subscribed"})")));
    const Answer answer = ask(R"({"model":"m","messages":[]})");
    EXPECT_EQ(answer.status, status == 429 || status == 503 ? status : 502);
    if (status != 429) {
      EXPECT_EQ(answer.body.find("canary-account"), std::string::npos) << answer.body;
    }
    EXPECT_EQ(json::parse(answer.body)["type"], "error");
  }
}

TEST_P(Doors, count_tokens_for_callers_of_the_dialect) {
  const bool translated = is_invoking();
  auto& upstream = open(always(response(200, translated ? R"({"inputTokens":12})" : R"({"input_tokens":12})")));
  const Answer answer = stage_.ask(
      post("/v1/messages/count_tokens", R"({"model":"m","messages":[{"role":"user","content":"hi"}]})", bearer()));
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(json::parse(answer.body), json::parse(R"({"input_tokens":12})"));
  ASSERT_EQ(upstream.requests(), 1u);
  if (translated) {
    EXPECT_EQ(upstream.seen()[0].target(), "/at/model/claude-3.5%3Ax%2Fy%401/count-tokens");
  } else {
    EXPECT_EQ(upstream.seen()[0].target(), "/at/models/count-tokens:rawPredict");
    EXPECT_EQ(upstream.seen()[0].body, R"({"anthropic_version":"vertex-2023-10-16","model":"claude-3.5:x/y@1",)"
                                       R"("messages":[{"role":"user","content":"hi"}]})");
  }
}

// ---- Callers of all other dialects

// Where callers of a dialect ask, up to what the dialect appends.
std::string front_of(const chat::Dialect& dialect) {
  static const std::map<std::string_view, std::string> fronts{{"openai_chat", "/v1"}, {"openai_responses", "/v1"},
                                                              {"gemini", "/v1beta"},  {"cohere_v2", "/v2"},
                                                              {"ollama", "/api"},     {"anthropic_messages", "/v1"}};
  const auto found = fronts.find(dialect.name());
  return found == fronts.end() ? "" : found->second;
}

chat::Request fishing(bool stream) {
  chat::Request request;
  request.model = "m";
  request.stream = stream;
  request.wants_usage = stream;
  chat::Message message;
  message.parts.push_back({chat::Text{"Where is he?", {}, {}}, std::nullopt});
  request.messages.push_back(std::move(message));
  return request;
}

std::string words_in(const chat::Dialect& dialect, const std::string& body, bool stream) {
  Result<chat::Response> answer = [&]() -> Result<chat::Response> {
    if (!stream) return dialect.codec()->decode_response(body);
    std::vector<chat::Event> events;
    const auto decoder = dialect.codec()->stream_decoder();
    const auto taken = decoder->decode(body, events);
    if (!taken) return taken.error();
    const auto finished = decoder->finish(events);
    if (!finished) return finished.error();
    chat::Fold fold;
    for (const chat::Event& event : events) fold.take(event);
    return std::move(fold).finish();
  }();
  if (!answer) return answer.error().message();
  std::string words;
  for (const chat::Part& part : answer->choices.at(0).parts) {
    if (const auto* text = std::get_if<chat::Text>(&part.what)) words += text->text;
  }
  return words;
}

// Callers who have a voice of their own at the provider are not translated.
bool is_translated(const chat::Dialect& caller, const House& house) {
  return std::string_view(house.name) == "predicting" || caller.name() != "bedrock_converse";
}

TEST_P(Doors, are_open_to_callers_of_every_dialect) {
  auto& upstream = open(obliging(house()));
  for (const chat::Dialect* caller : chat::dialects()) {
    if (!is_translated(*caller, house())) continue;
    for (const bool stream : {false, true}) {
      SCOPED_TRACE(std::string(caller->name()) + (stream ? ", streamed" : ""));
      const auto written = caller->codec()->encode_request(fishing(stream), {});
      ASSERT_TRUE(written);
      std::string path = front_of(*caller);
      caller->append_path({chat::Task::chat, "m", stream}, path);
      const Answer answer = stage_.ask(post(path, written->body, bearer()));
      EXPECT_EQ(answer.status, 200) << answer.body;
      EXPECT_TRUE(answer.whole());
      EXPECT_EQ(words_in(*caller, answer.body, stream), "Gone fishing.") << answer.body;
      const SeenRequest seen = upstream.seen().back();
      EXPECT_EQ(seen.target(), stream ? house().stream_path : house().whole_path);
      EXPECT_EQ(proof_trouble(seen), "");
      const json body = json::parse(seen.body);
      EXPECT_EQ(body["anthropic_version"], house().version);
      EXPECT_FALSE(body.contains("model"));
      EXPECT_EQ(body.contains("stream"), stream && house().says_stream);
      EXPECT_EQ(body["messages"].size(), 1u);
    }
  }
  EXPECT_EQ(stage_.gateway().metric("sluice_usage_missing_total"), 0);
}

TEST_P(Doors, break_streams_that_were_cut_for_callers_of_every_dialect) {
  open(always(streamed_by(house(), 5)));
  for (const chat::Dialect* caller : chat::dialects()) {
    if (!is_translated(*caller, house())) continue;
    SCOPED_TRACE(caller->name());
    const auto written = caller->codec()->encode_request(fishing(true), {});
    ASSERT_TRUE(written);
    std::string path = front_of(*caller);
    caller->append_path({chat::Task::chat, "m", true}, path);
    const Answer answer = stage_.ask(post(path, written->body, bearer()));
    EXPECT_EQ(answer.status, 200);
    EXPECT_FALSE(answer.whole()) << answer.body;
    EXPECT_NE(words_in(*caller, answer.body, true), "Gone fishing.");
  }
}

TEST_P(Doors, read_a_stream_for_who_asked_for_a_whole_answer) {
  open(always(streamed_by(house(), all_events.size())));
  const Answer answer = stage_.ask(chat());
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(words_in(chat::openai_chat(), answer.body, false), "Gone fishing.");
}

// ---- What only frames can say

TEST(InvokingDoor, has_exceptions_that_are_failures_of_their_class) {
  Stage stage;
  auto& other = stage.upstream(always(streamed({delta_event("instead")})));
  const std::string throttled = frame(R"({"message":"Too many tokens, please wait"})", "throttlingException", true);
  auto& upstream =
      stage.upstream({always(streamed_by(invoking, 0, throttled)), always(streamed_by(invoking, 3, throttled)),
                      always(streamed_by(invoking, 3, "no frame at all, but long enough"))});
  const std::string yaml =
      "server: {listen: \"127.0.0.1:0\", workers: 1}\nadmin: {listen: \"127.0.0.1:0\"}\nproviders:\n" +
      std::string("  cloud: {kind: bedrock-anthropic, api_key: \"${PROVIDER_KEY}\", base_url: ") +
      "\"http://127.0.0.1:" + std::to_string(upstream.port()) + "/at\"}\n" +
      "  other: {kind: openai-compatible, base_url: \"http://127.0.0.1:" + std::to_string(other.port()) +
      "/v1\"}\nmodels:\n  m: {targets: [{provider: cloud, model: far}, {provider: other}]}\n" +
      "keys:\n  - {name: app, secret: \"${CALLER_KEY}\"}\n";
  const std::string body = R"({"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true})";
  // Each time by a gateway that knows nothing of the failures before.
  const auto ask = [&] {
    stage.open_with(yaml);
    return stage.ask(post("/v1/messages", body, bearer()));
  };
  EXPECT_EQ(ask().field("x-sluice-provider"), "other") << "a failure at once is the next target's chance";
  upstream.hang_up();
  const Answer late = ask();
  EXPECT_FALSE(late.whole());
  ASSERT_TRUE(late.body.starts_with(seen_by_callers(3) + "event: error\n")) << late.body;
  EXPECT_NE(late.body.find("rate_limit_error"), std::string::npos) << late.body;
  upstream.hang_up();
  const Answer garbled = ask();
  EXPECT_FALSE(garbled.whole());
  EXPECT_TRUE(garbled.body.starts_with(seen_by_callers(3) + "event: error\n")) << garbled.body;
  for (const SeenRequest& request : upstream.seen()) {
    EXPECT_EQ(request.field("authorization"), "Bearer " + std::string(provider_key));
  }
  stage.settle();
}

}  // namespace
}  // namespace sluice::test

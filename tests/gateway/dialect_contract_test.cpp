// What is promised of dialects beyond the matrix: fields, keys, counts, moments, and what happens when things go wrong
// on the way from one dialect to another.
#include <sluice/chat/dialect.hpp>
#include <sluice/chat/failure_rules.hpp>

#include "gateway/stage.hpp"

namespace sluice::test {
namespace {

using namespace std::string_literals;

// A provider as a test's configuration has it: what is in the braces beside its address.
struct Given {
  std::string kind = "openai-compatible";
  std::string more = "";
  std::string path = "/v1";
};

class Dialects : public ::testing::Test {
 protected:
  // Providers p1, p2… and the model `m` with all of them as targets.
  GatewayUnderTest& open(const std::vector<std::pair<ScriptedUpstream*, Given>>& providers,
                         const std::string& model = "retry: {attempts: 3}", const std::string& server = "limits: {}") {
    std::string yaml =
        "server: {listen: \"127.0.0.1:0\", workers: 1, " + server + "}\nadmin: {listen: \"127.0.0.1:0\"}\nproviders:\n";
    std::string targets;
    int number = 0;
    for (const auto& [upstream, given] : providers) {
      const std::string name = "p" + std::to_string(++number);
      yaml += "  " + name + ": {kind: " + given.kind +
              ", base_url: \"http://127.0.0.1:" + std::to_string(upstream->port()) + given.path + "\", api_key: \"" +
              std::string(provider_key) + "\"" + given.more + "}\n";
      targets += (targets.empty() ? "" : ", ") + "{provider: "s + name + ", model: real-model}";
    }
    yaml += "models:\n  m: {targets: [" + targets + "], " + model + "}\nkeys:\n  - {name: app, secret: \"" +
            std::string(caller_key) + "\"}\n";
    return stage_.open_with(yaml);
  }
  void TearDown() override { stage_.settle(); }

  Stage stage_;
};

std::string words_of(const Answer& answer) {
  const auto told = nlohmann::json::parse(answer.body, nullptr, false);
  return told.is_object() && told.contains("choices") ? told["choices"][0]["message"].value("content", "")
                                                      : answer.body;
}

Given speaks(const std::string& dialect) { return {.more = ", dialect: " + dialect}; }

std::string event(const std::string& name, const std::string& data) {
  return "event: " + name + "\ndata: " + data + "\n\n";
}

// Messages of the dialect with named events, from its documentation.
const std::string message_request =
    R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}],"stream":true})";
const std::string message_begins =
    event("message_start",
          R"({"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"real-model",)"
          R"("content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":11,)"
          R"("cache_read_input_tokens":4,"output_tokens":1}}})") +
    event("content_block_start",
          R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})");
std::string message_says(const std::string& words) {
  return event("content_block_delta",
               R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":")" + words + R"("}})");
}
const std::string message_ends =
    event("content_block_stop", R"({"type":"content_block_stop","index":0})") +
    event("message_delta", R"({"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},)"
                           R"("usage":{"output_tokens":7}})") +
    event("message_stop", R"({"type":"message_stop"})");

std::string whole_stream(const std::string& events) { return stream_head() + chunk(events) + std::string(last_chunk); }

TEST_F(Dialects, the_key_goes_in_the_field_of_the_kind_beside_its_fixed_fields) {
  auto& upstream = stage_.upstream(always(response(200, R"({"id":"msg_1","type":"message","role":"assistant",)"
                                                        R"("model":"x","content":[{"type":"text","text":"yes"}],)"
                                                        R"("stop_reason":"end_turn","stop_sequence":null,)"
                                                        R"("usage":{"input_tokens":1,"output_tokens":1}})")));
  open({{&upstream, {.kind = "anthropic"}}});
  EXPECT_EQ(words_of(stage_.ask(chat("anthropic-beta: tools-1\r\n"))), "yes");
  EXPECT_EQ(stage_.ask(post("/v1/messages", message_request, bearer() + "anthropic-beta: tools-1\r\n")).status, 200);
  const auto seen = upstream.seen();
  ASSERT_EQ(seen.size(), 2u);
  for (const SeenRequest& request : seen) {
    EXPECT_EQ(request.target(), "/v1/messages");
    EXPECT_EQ(request.field("x-api-key"), std::string(provider_key));
    EXPECT_EQ(request.field("anthropic-version"), "2023-06-01");
    EXPECT_FALSE(request.field("authorization"));
  }
  EXPECT_FALSE(seen[0].field("anthropic-beta")) << "it means nothing to a caller of another dialect";
  EXPECT_EQ(seen[1].field("anthropic-beta"), "tools-1");
}

TEST_F(Dialects, a_provider_with_two_voices_gets_what_its_callers_wrote) {
  auto& upstream = stage_.upstream(always(response(200, R"({"id":"resp_1","object":"response"})")));
  open({{&upstream, {.kind = "openai"}}});
  const std::string before = R"({"model":)";
  const std::string behind = R"(, "input" : "hi","odd":1.50})";
  const Answer answer = stage_.ask(post("/v1/responses", before + "\"m\"" + behind, bearer()));
  EXPECT_EQ(answer.body, R"({"id":"resp_1","object":"response"})");
  ASSERT_EQ(upstream.requests(), 1u);
  EXPECT_EQ(upstream.seen()[0].target(), "/v1/responses");
  EXPECT_EQ(upstream.seen()[0].body, before + "\"real-model\"" + behind);
}

TEST_F(Dialects, counts_at_both_ends_of_a_stream_are_put_together) {
  auto& upstream = stage_.upstream(always(whole_stream(message_begins + message_says("one") + message_ends)));
  open({{&upstream, speaks("anthropic_messages")}});
  EXPECT_EQ(stage_.ask(post("/v1/messages", message_request, bearer())).status, 200);
  EXPECT_EQ(stage_.ask(chat_stream()).status, 200);
  const auto lines = stage_.lines();
  ASSERT_EQ(lines.size(), 2u);
  for (const auto& line : lines) {
    EXPECT_EQ(line["input_tokens"], 11 + 4) << line.dump();
    EXPECT_EQ(line["output_tokens"], 7) << line.dump();
  }
}

// The reader has the first words although the provider has not said the next.
void expect_no_delay(Stage& stage, ScriptedUpstream& upstream, const std::string& request, std::string_view first,
                     std::string_view last) {
  RawClient client = stage.gateway().client();
  stage.count(1);
  client.send(request);
  Answer answer = client.read_head();
  EXPECT_TRUE(client.read_until(answer, first)) << answer.head << answer.body;
  upstream.signal("go on");
  client.read_rest(answer);
  EXPECT_TRUE(answer.whole());
  EXPECT_NE(answer.body.find(last), std::string::npos) << answer.body;
  stage.received(answer);
}

TEST_F(Dialects, a_translated_event_does_not_wait_for_the_next) {
  Script script;
  script.read_request().send(stream_head() + chunk(message_begins + message_says("one"))).wait_for("go on");
  script.send(chunk(message_says("two") + message_ends) + std::string(last_chunk));
  auto& upstream = stage_.upstream(script);
  open({{&upstream, speaks("anthropic_messages")}});
  expect_no_delay(stage_, upstream, chat_stream(), "one", "data: [DONE]");
}

// The binary frames of an answer that says "one" and "two", as the codec writes them.
std::vector<std::string> framed_answer() {
  chat::Response answer;
  chat::Choice& choice = answer.choices.emplace_back();
  choice.parts.emplace_back(chat::Text{.text = "one"});
  choice.ending.finish = chat::Finish::stop;
  const auto encoder = chat::bedrock_converse().codec()->stream_encoder({});
  std::vector<std::string> frames;
  for (const chat::Event& said : chat::unfold(answer)) encoder->encode(said, frames.emplace_back());
  return frames;
}

TEST_F(Dialects, a_binary_frame_does_not_wait_for_the_next) {
  const std::vector<std::string> frames = framed_answer();
  std::string first;
  std::string rest;
  for (const std::string& frame : frames) {
    const bool early = rest.empty() && first.find("one") == std::string::npos;
    (early ? first : rest) += frame;
  }
  const std::string head =
      "HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\ntransfer-encoding: chunked\r\n\r\n";
  Script script;
  script.read_request().send(head + chunk(first)).wait_for("go on").send(chunk(rest) + std::string(last_chunk));
  auto& upstream = stage_.upstream(script);
  open({{&upstream, speaks("bedrock_converse")}});
  expect_no_delay(
      stage_, upstream,
      post("/model/m/converse-stream", R"({"messages":[{"role":"user","content":[{"text":"hi"}]}]})", bearer()), "one",
      "messageStop");
}

TEST_F(Dialects, a_caller_of_a_path_that_streams_may_have_one_array) {
  auto& upstream = stage_.upstream({always(streamed({delta_event("one")})),
                                    Script().read_request().send(stream_head() + chunk(delta_event("one"))).close()});
  open({{&upstream, {}}}, "retry: {attempts: 1}");
  const std::string path = "/v1beta/models/m:streamGenerateContent";
  const std::string body = R"({"contents":[{"role":"user","parts":[{"text":"hi"}]}]})";
  const Answer whole = stage_.ask(post(path, body, bearer()));
  EXPECT_EQ(whole.field("content-type"), "application/json");
  const auto list = nlohmann::json::parse(whole.body, nullptr, false);
  ASSERT_TRUE(list.is_array()) << whole.body;
  EXPECT_EQ(list[0]["candidates"][0]["content"]["parts"][0]["text"], "one");
  const Answer events = stage_.ask(post(path + "?alt=sse", body, bearer()));
  EXPECT_EQ(events.field("content-type"), "text/event-stream");
  EXPECT_TRUE(events.body.starts_with("data: {")) << events.body;
}

// Its provider speaks the same dialect: what it says is passed on as it is, in the other form.
TEST_F(Dialects, a_caller_of_the_providers_own_dialect_may_have_one_array_too) {
  const std::string first =
      R"({"candidates":[{"content":{"role":"model","parts":[{"text":"one"}]},"index":0}],"odd":1.50})";
  const std::string last = R"({"candidates":[{"content":{"role":"model","parts":[]},"finishReason":"STOP","index":0}],)"
                           R"("usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":2,"totalTokenCount":7}})";
  const auto as_event = [](const std::string& data) { return "data: " + data + "\r\n\r\n"; };
  auto& upstream = stage_.upstream(always(whole_stream(as_event(first) + as_event(last))));
  open({{&upstream, speaks("gemini")}}, "retry: {attempts: 1}");
  const std::string path = "/v1beta/models/m:streamGenerateContent";
  const std::string body = R"({"contents":[{"role":"user","parts":[{"text":"hi"}]}]})";
  const Answer whole = stage_.ask(post(path, body, bearer()));
  EXPECT_EQ(whole.field("content-type"), "application/json");
  EXPECT_EQ(whole.body, "[" + first + ",\r\n" + last + "]");
  EXPECT_TRUE(whole.whole());
  EXPECT_EQ(upstream.seen().back().target(), "/v1/models/real-model:streamGenerateContent?alt=sse");
  EXPECT_EQ(stage_.lines().back()["output_tokens"], 2);
  const Answer events = stage_.ask(post(path + "?alt=sse", body, bearer()));
  EXPECT_EQ(events.field("content-type"), "text/event-stream");
  EXPECT_EQ(events.body, as_event(first) + as_event(last));
}

TEST_F(Dialects, an_array_of_the_providers_own_dialect_that_breaks_says_why_and_stays_open) {
  const std::string first = R"({"candidates":[{"content":{"role":"model","parts":[{"text":"one"}]},"index":0}]})";
  const std::string failure = R"({"error":{"code":503,"message":"Overloaded.","status":"UNAVAILABLE"}})";
  const std::string said = stream_head() + chunk("data: " + first + "\r\n\r\n");
  auto& cutting = stage_.upstream(Script().read_request().send(said).close());
  auto& failing = stage_.upstream(
      Script().read_request().send(said + chunk("data: " + failure + "\r\n\r\n") + std::string(last_chunk)).close());
  const std::string body = R"({"contents":[{"role":"user","parts":[{"text":"hi"}]}]})";
  for (auto* const upstream : {&cutting, &failing}) {
    open({{upstream, speaks("gemini")}}, "retry: {attempts: 1}");
    const Answer broken = stage_.ask(post("/v1beta/models/m:streamGenerateContent", body, bearer()));
    EXPECT_FALSE(broken.whole());
    const auto list = nlohmann::json::parse(broken.body + "]", nullptr, false);
    ASSERT_TRUE(list.is_array()) << broken.body;
    EXPECT_EQ(list.size(), 2u);
    EXPECT_EQ(list.back()["error"]["code"], upstream == &failing ? 503 : 502) << broken.body;
  }
}

TEST_F(Dialects, a_broken_array_says_why_and_stays_open) {
  auto& upstream = stage_.upstream(Script().read_request().send(stream_head() + chunk(delta_event("one"))).close());
  open({{&upstream, {}}}, "retry: {attempts: 1}");
  const Answer cut = stage_.ask(post("/v1beta/models/m:streamGenerateContent",
                                     R"({"contents":[{"role":"user","parts":[{"text":"hi"}]}]})", bearer()));
  EXPECT_FALSE(cut.whole());
  EXPECT_FALSE(nlohmann::json::accept(cut.body)) << cut.body;
  const auto list = nlohmann::json::parse(cut.body + "]", nullptr, false);
  ASSERT_TRUE(list.is_array()) << cut.body;
  EXPECT_EQ(list.back()["error"]["code"], 502) << cut.body;
}

TEST_F(Dialects, names_that_callers_make_up_are_harmless_in_the_field_that_lists_them) {
  auto& upstream = stage_.upstream(always(whole_stream(message_begins + message_says("one") + message_ends)));
  open({{&upstream, speaks("anthropic_messages")}});
  const std::string body =
      R"({"model":"m","stream":true,"a\r\nset-cookie: x=1":1,"b, c":2,"\u00e9":3,"messages":[{"role":"user","content":"hi"}]})";
  const Answer answer = stage_.ask(post("/v1/chat/completions", body, bearer()));
  EXPECT_EQ(answer.status, 200);
  EXPECT_FALSE(answer.has("set-cookie"));
  const std::string names = answer.field("x-sluice-dropped");
  EXPECT_NE(names.find("a??set-cookie??x?1"), std::string::npos) << names;
  EXPECT_NE(names.find("b??c"), std::string::npos) << names;
  const std::string metrics = stage_.gateway().metrics();
  EXPECT_EQ(metrics.find("set-cookie"), std::string::npos);
  EXPECT_NE(metrics.find("sluice_dropped_fields_total"), std::string::npos);
}

// The head has gone out when a stream shows what is lost of it.
TEST_F(Dialects, what_is_lost_of_a_streamed_answer_is_logged_and_counted) {
  auto& upstream = stage_.upstream(always(whole_stream(
      message_begins + message_says("one") +
      event("message_delta",
            R"({"type":"message_delta","delta":{"stop_reason":"pause_turn"},"usage":{"output_tokens":3}})") +
      event("message_stop", R"({"type":"message_stop"})"))));
  open({{&upstream, speaks("anthropic_messages")}});
  const std::string body = R"({"contents":[{"role":"user","parts":[{"text":"hi"}]}]})";
  const Answer answer = stage_.ask(post("/v1beta/models/m:streamGenerateContent?alt=sse", body, bearer()));
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(stage_.lines().back()["dropped"], "finish_reason");
  EXPECT_EQ(stage_.gateway().metric("sluice_dropped_fields_total", {"field=\"finish_reason\""}), 1);
}

TEST_F(Dialects, what_is_lost_of_a_whole_answer_is_told_and_counted) {
  auto& upstream = stage_.upstream(always(response(
      200, R"({"id":"a","type":"message","role":"assistant","model":"x","content":[{"type":"text","text":"one"}],)"
           R"("stop_reason":"pause_turn","usage":{"input_tokens":3,"output_tokens":4}})")));
  open({{&upstream, speaks("anthropic_messages")}});
  const std::string body = R"({"contents":[{"role":"user","parts":[{"text":"hi"}]}]})";
  const Answer answer = stage_.ask(post("/v1beta/models/m:generateContent", body, bearer()));
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.field("x-sluice-dropped"), "finish_reason");
  EXPECT_EQ(stage_.gateway().metric("sluice_dropped_fields_total", {"field=\"finish_reason\""}), 1);
}

TEST_F(Dialects, a_provider_that_refuses_options_of_streams_is_sent_none_of_ours) {
  auto& upstream = stage_.upstream(always(streamed({delta_event("one")})));
  open({{&upstream, {.more = ", unsupported: [stream_options]"}}});
  stage_.ask(post("/v1/chat/completions", R"({"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]})",
                  bearer()));
  EXPECT_EQ(upstream.seen().back().body.find("stream_options"), std::string::npos) << upstream.seen().back().body;
}

TEST_F(Dialects, a_provider_may_say_that_what_it_refused_is_worth_asking_again) {
  Script script;
  script.read_request().send(response(409, R"({"error":{"message":"locked"}})", "x-should-retry: true\r\n"));
  script.read_request().send(completion("fine"));
  auto& upstream = stage_.upstream(script);
  open({{&upstream, {}}});
  EXPECT_EQ(words_of(stage_.ask(chat())), "fine");
  EXPECT_EQ(upstream.seen().size(), 2u);
}

TEST_F(Dialects, a_provider_that_tells_usage_unasked_is_not_asked) {
  auto& upstream =
      stage_.upstream(always(whole_stream("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"one\"},"
                                          "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":3,"
                                          "\"completion_tokens\":1}}\n\ndata: [DONE]\n\n")));
  open({{&upstream, {.kind = "mistral"}}});
  const std::string plain = R"({"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}])";
  EXPECT_EQ(stage_.ask(post("/v1/chat/completions", plain + "}", bearer())).status, 200);
  EXPECT_EQ(upstream.seen().back().body.find("stream_options"), std::string::npos) << upstream.seen().back().body;
  const std::string more = plain + R"(,"stream_options":{"include_usage":true},"max_completion_tokens":9,"seed":4})";
  const Answer answer = stage_.ask(post("/v1/chat/completions", more, bearer()));
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_NE(answer.body.find("\"prompt_tokens\":3"), std::string::npos) << answer.body;
  const auto sent = nlohmann::json::parse(upstream.seen().back().body);
  EXPECT_FALSE(sent.contains("stream_options"));
  EXPECT_EQ(sent["max_tokens"], 9);
  EXPECT_EQ(sent["random_seed"], 4);
  EXPECT_FALSE(sent.contains("max_completion_tokens") || sent.contains("seed")) << sent;
}

TEST_F(Dialects, a_provider_may_say_that_asking_again_is_of_no_use) {
  auto& upstream = stage_.upstream(always(response(503, R"({"error":{"message":"no"}})", "x-should-retry: false\r\n")));
  open({{&upstream, {}}});
  expect_error(stage_.ask(chat()), 503);
  EXPECT_EQ(upstream.seen().size(), 1u);
}

// Older models know no schemas: they call a tool that has it, and the caller hears nothing of that.
TEST_F(Dialects, a_model_without_schemas_answers_by_a_tool_in_its_place) {
  const std::string whole =
      R"({"id":"a","type":"message","role":"assistant","model":"x","content":[{"type":"tool_use","id":"t","name":"json_answer",)"
      R"("input":{"city":"Cowes"}}],"stop_reason":"tool_use","usage":{"input_tokens":3,"output_tokens":4}})";
  const std::string streamed_answer =
      message_begins +
      event(
          "content_block_start",
          R"({"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"json_answer","input":{}}})") +
      event(
          "content_block_delta",
          R"({"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"city\":"}})") +
      event(
          "content_block_delta",
          R"({"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"\"Cowes\"}"}})") +
      event("content_block_stop", R"({"type":"content_block_stop","index":0})") +
      event("message_delta",
            R"({"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":3}})") +
      event("message_stop", R"({"type":"message_stop"})");
  Script script;
  script.read_request().decide([&](const SeenRequest& request) {
    Script answer;
    const bool streams = request.body.find("\"stream\":true") != std::string::npos;
    answer.send(streams ? whole_stream(streamed_answer) : response(200, whole));
    return answer;
  });
  auto& upstream = stage_.upstream(script.again());
  stage_.open_with(
      "server: {listen: \"127.0.0.1:0\", workers: 1}\nadmin: {listen: \"127.0.0.1:0\"}\n"
      "providers:\n  p: {kind: anthropic, api_key: k, allow_private: true, base_url: \"http://127.0.0.1:" +
      std::to_string(upstream.port()) +
      "/v1\"}\nmodels:\n  m: {targets: [{provider: p, model: claude-3-5-haiku-20241022}]}\n"
      "keys:\n  - {name: app, secret: \"" +
      std::string(caller_key) + "\"}\n");
  const std::string body =
      R"({"model":"m","messages":[{"role":"user","content":"where?"}],"response_format":{"type":"json_schema","json_schema":)"
      R"({"name":"place","schema":{"type":"object","properties":{"city":{"type":"string"}}}}})";
  const Answer answer = stage_.ask(post("/v1/chat/completions", body + "}", bearer()));
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto sent = nlohmann::json::parse(upstream.seen().back().body);
  EXPECT_FALSE(sent.contains("output_config")) << sent;
  EXPECT_EQ(sent["tools"][0]["input_schema"]["properties"]["city"]["type"], "string");
  EXPECT_EQ(sent["tool_choice"]["name"], "json_answer");
  const auto choice = nlohmann::json::parse(answer.body)["choices"][0];
  EXPECT_EQ(choice["message"]["content"], R"({"city":"Cowes"})");
  EXPECT_FALSE(choice["message"].contains("tool_calls")) << choice;
  EXPECT_EQ(choice["finish_reason"], "stop");
  EXPECT_FALSE(answer.has("x-sluice-dropped")) << answer.field("x-sluice-dropped");

  const Answer stream = stage_.ask(post("/v1/chat/completions", body + R"(,"stream":true})", bearer()));
  EXPECT_TRUE(stream.whole());
  EXPECT_EQ(stream.body.find("tool_calls"), std::string::npos) << stream.body;
  EXPECT_NE(stream.body.find(R"("content":"{\"city\":")"), std::string::npos) << stream.body;
  EXPECT_NE(stream.body.find(R"("finish_reason":"stop")"), std::string::npos) << stream.body;
}

TEST_F(Dialects, how_long_to_wait_may_stand_in_the_body) {
  auto& upstream = stage_.upstream(
      always(response(429, R"({"error":{"code":429,"message":"Slow down.","status":"RESOURCE_EXHAUSTED","details":[)"
                           R"({"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"33.2s"}]}})")));
  open({{&upstream, speaks("gemini")}}, "retry: {attempts: 1}");
  const Answer answer = stage_.ask(chat());
  expect_error(answer, 429);
  EXPECT_EQ(answer.field("retry-after"), "34");
}

TEST_F(Dialects, an_answer_that_its_provider_gives_up_is_another_targets_to_give) {
  const std::string given_up =
      R"({"candidates":[{"content":{"role":"model","parts":[{"text":"half"}]},"finishReason":"MALFORMED_FUNCTION_CALL"}]})";
  const std::string given =
      R"({"candidates":[{"content":{"role":"model","parts":[{"text":"here"}]},"finishReason":"STOP"}]})";
  auto& first = stage_.upstream(always(response(200, given_up)));
  auto& second = stage_.upstream(always(response(200, given)));
  open({{&first, speaks("gemini")}, {&second, speaks("gemini")}});
  EXPECT_EQ(words_of(stage_.ask(chat())), "here");
  open({{&first, speaks("gemini")}}, "retry: {attempts: 1}");
  expect_error(stage_.ask(chat()), 502);
}

TEST_F(Dialects, what_tools_gave_back_as_data_reaches_other_dialects) {
  auto& upstream = stage_.upstream(always(
      response(200, R"({"candidates":[{"content":{"role":"model","parts":[{"text":"a"}]},"finishReason":"STOP"}]})")));
  open({{&upstream, speaks("gemini")}});
  const std::string body =
      R"({"model":"m","messages":[{"role":"user","content":"q"},{"role":"assistant","tool_calls":[{"id":"c1","type":)"
      R"("function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c1","content":[{"type":)"
      R"("document","document":{"data":{"tide":4.50}}}]}]})";
  const Answer answer = stage_.ask(post("/v2/chat", body, bearer()));
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_FALSE(answer.has("x-sluice-dropped")) << answer.field("x-sluice-dropped");
  EXPECT_NE(upstream.seen().back().body.find("4.50"), std::string::npos) << upstream.seen().back().body;
}

TEST_F(Dialects, marks_of_another_dialect_stay_here_when_the_next_turn_is_the_callers_own) {
  auto& upstream = stage_.upstream(always(whole_stream(message_begins + message_says("one") + message_ends)));
  open({{&upstream, speaks("anthropic_messages")}});
  const std::string body =
      R"({"model":"m","stream":true,"max_tokens":9,"messages":[{"role":"user","content":"q"},{"role":"assistant",)"
      R"("content":[{"type":"thinking","thinking":"t","signature":""},{"type":"text","text":"a"}]},)"
      R"({"role":"user","content":"r"}]})";
  const Answer answer = stage_.ask(post("/v1/messages", body, bearer()));
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.field("x-sluice-dropped"), "messages.reasoning");
  EXPECT_EQ(upstream.seen().back().body.find("signature"), std::string::npos) << upstream.seen().back().body;
  EXPECT_EQ(answer.body, message_begins + message_says("one") + message_ends)
      << "what is said next needs no translation";
}

TEST_F(Dialects, a_failure_means_what_the_configuration_says_of_its_provider) {
  auto& upstream = stage_.upstream(always(response(400, R"({"error":{"message":"No such KEY here."}})")));
  open({{&upstream, {.more = ", failures: [{status: 400, says: no such key, means: credential}]"}}},
       "retry: {attempts: 1}");
  expect_error(stage_.ask(chat()), 502, "upstream_auth");
}

TEST_F(Dialects, every_word_for_a_failure_is_one_that_a_configuration_may_use) {
  auto& upstream = stage_.upstream(always(response(400, R"({"error":{"message":"x"}})")));
  for (const std::string_view word : chat::failure_words()) {
    open({{&upstream, {.more = ", failures: [{status: 400, means: " + std::string(word) + "}]"}}},
         "retry: {attempts: 1}");
    EXPECT_GE(stage_.ask(chat()).status, 400) << word;
  }
}

TEST_F(Dialects, what_one_dialect_s_provider_refuses_another_s_may_answer) {
  auto& overloaded = stage_.upstream(
      always(response(529, R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})")));
  auto& other = stage_.upstream(always(
      response(200, R"({"candidates":[{"content":{"role":"model","parts":[{"text":"here"}]},"finishReason":"STOP"}],)"
                    R"("usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":1,"totalTokenCount":2}})")));
  open({{&overloaded, speaks("anthropic_messages")}, {&other, speaks("gemini")}});
  const Answer answer = stage_.ask(chat());
  EXPECT_EQ(words_of(answer), "here");
  EXPECT_EQ(answer.field("x-sluice-attempts"), "2");
  const auto told = nlohmann::json::parse(answer.body);
  EXPECT_GT(told["created"].get<std::int64_t>(), 1'700'000'000) << "which that provider does not tell";
  EXPECT_FALSE(told["id"].get<std::string>().empty());
  EXPECT_EQ(told["model"], "real-model");
  ASSERT_EQ(other.requests(), 1u);
  EXPECT_EQ(other.seen()[0].target(), "/v1/models/real-model:generateContent");
  EXPECT_NE(other.seen()[0].body.find("\"contents\""), std::string::npos);
}

TEST_F(Dialects, a_caller_who_leaves_a_translated_stream_cancels_it) {
  Script script;
  script.read_request().send(stream_head() + chunk(message_begins + message_says("one"))).hang();
  auto& upstream = stage_.upstream(script);
  open({{&upstream, speaks("anthropic_messages")}});
  RawClient client = stage_.gateway().client();
  stage_.count(1);
  client.send(chat_stream());
  Answer answer = client.read_head();
  ASSERT_TRUE(client.read_until(answer, "one"));
  client.close();
  EXPECT_TRUE(upstream.await_left(0)) << "the upstream request was not cancelled";
  EXPECT_EQ(stage_.gateway().await_metric("sluice_upstream_attempts_total", 1, {"outcome=\"cancelled\""}), 1);
}

TEST_F(Dialects, a_translated_stream_without_its_end_never_ends_cleanly) {
  auto& upstream = stage_.upstream(always(whole_stream(message_begins + message_says("one"))));
  open({{&upstream, speaks("anthropic_messages")}});
  const Answer answer = stage_.ask(chat_stream());
  EXPECT_EQ(answer.status, 200);
  EXPECT_FALSE(answer.whole());
  EXPECT_EQ(answer.body.find("[DONE]"), std::string::npos) << answer.body;
}

TEST_F(Dialects, a_whole_answer_is_not_asked_for_with_what_only_streams_may_have) {
  auto& upstream = stage_.upstream(always(completion("fine")));
  open({{&upstream, {}}});
  const std::string request = R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}])";
  EXPECT_EQ(stage_.ask(post("/v1/messages", request + "}", bearer())).status, 200);
  EXPECT_EQ(upstream.seen().back().body.find("stream_options"), std::string::npos) << upstream.seen().back().body;
}

TEST_F(Dialects, who_wants_it_strict_is_refused_whatever_word_says_so_and_what_is_changed_counts_as_lost) {
  auto& upstream = stage_.upstream(always(whole_stream(message_begins + message_says("one") + message_ends)));
  open({{&upstream, speaks("anthropic_messages")}});
  const std::string warm =
      R"({"model":"m","stream":true,"temperature":1.7,"messages":[{"role":"user","content":"hi"}]})";
  EXPECT_EQ(stage_.ask(post("/v1/chat/completions", warm, bearer())).field("x-sluice-dropped"), "temperature");
  for (const char* const word : {"1", "true", "TRUE", "yes"}) {
    const std::string field = "x-sluice-strict: "s + word + "\r\n";
    expect_error(stage_.ask(post("/v1/chat/completions", warm, bearer() + field)), 400, "unsupported_parameter");
  }
  for (const char* const word : {"0", "false", "False"}) {
    const std::string field = "x-sluice-strict: "s + word + "\r\n";
    EXPECT_EQ(stage_.ask(post("/v1/chat/completions", warm, bearer() + field)).status, 200) << word;
  }
}

TEST_F(Dialects, history_that_only_another_provider_could_look_up_is_refused_not_forgotten) {
  auto& upstream = stage_.upstream(always(whole_stream(message_begins + message_says("one") + message_ends)));
  open({{&upstream, speaks("anthropic_messages")}});
  for (const std::string member :
       {R"("previous_response_id":"resp_1","input":"hi")", R"("conversation":"c_1","input":"hi")",
        R"("input":[{"type":"item_reference","id":"msg_1"},{"role":"user","content":"hi"}])"}) {
    const Answer answer = stage_.ask(post("/v1/responses", "{\"model\":\"m\"," + member + "}", bearer()));
    expect_error(answer, 400, "unsupported_parameter");
  }
  EXPECT_EQ(upstream.requests(), 0u);
  const std::string none = R"({"model":"m","stream":true,"previous_response_id":null,"input":"hi"})";
  EXPECT_EQ(stage_.ask(post("/v1/responses", none, bearer())).status, 200);
}

TEST_F(Dialects, a_list_of_names_that_is_too_long_says_that_there_are_more) {
  auto& upstream = stage_.upstream(always(whole_stream(message_begins + message_says("one") + message_ends)));
  open({{&upstream, speaks("anthropic_messages")}});
  const std::string before =
      R"({"model":"m","stream":true,"messages":[{"role":"user","content":[{"type":"text","text":"hi"})";
  std::string many = before;
  for (int i = 0; i < 500; ++i) many += R"(,{"type":"t)" + std::to_string(i) + R"("})";
  many += "]}]}";
  const std::string listed = stage_.ask(post("/v1/chat/completions", many, bearer())).field("x-sluice-dropped");
  EXPECT_TRUE(listed.ends_with(", more")) << listed;
  EXPECT_LE(listed.size(), 1100u);
  const std::string one_long = before + R"(,{"type":")" + std::string(1100, 'A') + R"("},{"type":"other"}]}]})";
  const std::string cut = stage_.ask(post("/v1/chat/completions", one_long, bearer())).field("x-sluice-dropped");
  EXPECT_NE(cut.find("AAAAAAAA"), std::string::npos) << cut;
  EXPECT_NE(cut.find("other"), std::string::npos) << cut;
}

TEST_F(Dialects, a_request_of_more_values_or_tools_than_any_conversation_has_is_refused) {
  auto& upstream = stage_.upstream(always(whole_stream(message_begins + message_says("one") + message_ends)));
  open({{&upstream, speaks("anthropic_messages")}});
  const std::string before = R"({"model":"m","messages":[{"role":"user","content":"hi"}],)";
  std::string values = before + R"("odd":[0)";
  for (int i = 0; i < 100'000; ++i) values += ",0";
  expect_error(stage_.ask(post("/v1/chat/completions", values + "]}", bearer())), 400, "invalid_request");
  std::string tools = before + R"("tools":[)";
  for (int i = 0; i < 1'001; ++i) {
    tools += (i == 0 ? "" : ",") + R"({"type":"function","function":{"name":"f)"s + std::to_string(i) + R"("}})";
  }
  expect_error(stage_.ask(post("/v1/chat/completions", tools + "]}", bearer())), 400, "invalid_request");
  EXPECT_EQ(upstream.requests(), 0u);
}

TEST_F(Dialects, what_translation_holds_counts_among_the_bodies_and_is_given_back_when_the_stream_begins) {
  Script script;
  script.read_request().send(stream_head() + chunk(message_begins + message_says("one"))).wait_for("go on");
  script.send(chunk(message_ends) + std::string(last_chunk));
  auto& upstream = stage_.upstream(script);
  open({{&upstream, speaks("anthropic_messages")}}, "retry: {attempts: 1}", "limits: {body: 1MiB, buffered: 4MiB}");
  std::string body = R"({"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}],"odd":[0)";
  const std::string whole = body + "]}";
  for (int i = 0; i < 20'000; ++i) body += ",0";
  expect_error(stage_.ask(post("/v1/chat/completions", body + "]}", bearer())), 503, "service_unavailable");
  // Four at once that hold 1.5 MiB each until their first event, one after the other.
  std::string large = whole.substr(0, whole.size() - 2);
  for (int i = 0; i < 2'500; ++i) large += ",0";
  std::vector<RawClient> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(stage_.gateway().client());
    stage_.count(1);
    clients.back().send(post("/v1/chat/completions", large + "]}", bearer()));
    Answer answer = clients.back().read_head();
    EXPECT_EQ(answer.status, 200) << "stream " << i;
  }
  upstream.signal("go on");
  for (RawClient& client : clients) client.close();
}

TEST_F(Dialects, a_stream_may_end_with_the_answer_where_its_dialect_lets_it) {
  const std::string events =
      event("message-start", R"({"type":"message-start","id":"1","delta":{"message":{"role":"assistant"}}})") +
      event("content-start",
            R"({"type":"content-start","index":0,"delta":{"message":{"content":{"type":"text","text":""}}}})") +
      event("content-delta", R"({"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"one"}}}})") +
      event("content-end", R"({"type":"content-end","index":0})") +
      event("message-end", R"({"type":"message-end","delta":{"finish_reason":"COMPLETE","usage":{"tokens":)"
                           R"({"input_tokens":3,"output_tokens":5}}}})");
  auto& upstream = stage_.upstream(always(whole_stream(events)));
  open({{&upstream, speaks("cohere_v2")}});
  const std::string request = R"({"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]})";
  const Answer answer = stage_.ask(post("/v2/chat", request, bearer()));
  EXPECT_EQ(answer.body, events);
  EXPECT_TRUE(answer.whole());
  EXPECT_TRUE(stage_.ask(chat_stream()).whole());
}

TEST_F(Dialects, a_stream_that_ends_inside_an_event_is_broken_for_callers_of_any_dialect) {
  const std::string end = R"(data: {"id":"1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})"
                          "\n\n";
  const std::string usage = R"(data: {"id":"1","choices":[],"usage":{"prompt_tokens":3,"comp)";
  auto& upstream = stage_.upstream(always(whole_stream(delta_event("one") + end + usage)));
  open({{&upstream, {}}}, "retry: {attempts: 1}");
  const Answer answer = stage_.ask(post("/v1/messages", message_request, bearer()));
  EXPECT_FALSE(answer.whole()) << answer.body;
}

TEST_F(Dialects, comments_do_not_put_the_first_event_off_for_ever) {
  std::string drip;
  for (int i = 0; i < 400; ++i) drip += ": still here\n\n";
  Script script;
  script.read_request().send(stream_head()).drip(chunk(drip), 60, std::chrono::milliseconds(10)).hang();
  auto& upstream = stage_.upstream(script);
  open({{&upstream, {}}}, "retry: {attempts: 1}, timeouts: {first_byte: 300ms}");
  const Moment before = std::chrono::steady_clock::now();
  expect_error(stage_.ask(chat_stream()), 504);
  EXPECT_LT(microseconds_since(before), 5'000'000);
}

}  // namespace
}  // namespace sluice::test

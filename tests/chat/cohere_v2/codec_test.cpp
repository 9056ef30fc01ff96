#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <sluice/chat/dialect.hpp>

#include "chat/events.hpp"
#include "chat/exchanges.hpp"

namespace sluice::chat {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Dialect& dialect() { return cohere_v2(); }
const Codec& codec() { return *cohere_v2().codec(); }

Request asking(std::string text) {
  Request request;
  request.model = "m";
  request.messages.push_back({Role::user, {{Text{std::move(text), {}, {}}, {}}}, {}});
  return request;
}

struct Written {
  json body;
  Dropped dropped;
};

Written written(const Request& request, const Quirks& quirks = {}) {
  const auto rendered = codec().encode_request(request, quirks);
  EXPECT_TRUE(rendered);
  return rendered ? Written{json::parse(rendered->body), rendered->dropped} : Written{};
}

Request read(const std::string& body) {
  auto request = codec().decode_request(body, "m", false);
  EXPECT_TRUE(request) << request.error().message();
  return request ? *std::move(request) : Request{};
}

TEST(CohereV2, splices_only_the_model) {
  std::string scratch;
  const std::string body = R"({"messages": [], "model" : "a", "stream":true})";
  const auto outline = dialect().outline({}, body, scratch);
  ASSERT_TRUE(outline);
  EXPECT_TRUE(outline->stream);
  std::string sent;
  const http::Slices slices = dialect().retarget(body, *outline, "\"b\"", true);
  for (const std::string_view piece : slices.pieces()) sent += piece;
  EXPECT_EQ(sent, R"({"messages": [], "model" : "b", "stream":true})");
  std::string path;
  dialect().append_path({}, path);
  EXPECT_EQ(path, "/chat");
  EXPECT_FALSE(dialect().outline({}, R"({"messages":[]})", scratch));
  EXPECT_FALSE(dialect().outline({}, R"({"model":"a","model":"a"})", scratch));
}

TEST(CohereV2Request, says_what_it_can_and_names_the_rest) {
  Request request = asking("Hi");
  request.stream = true;
  request.messages.insert(request.messages.begin(), {Role::developer, {{Text{"Brief.", {}, {}}, {}}}, {}});
  request.sampling.max_tokens = 9;
  request.sampling.temperature = Number{"0.10"};
  request.sampling.top_p = Number{"1"};
  request.sampling.top_k = Number{"5"};
  request.sampling.seed = -3;
  request.sampling.stop = {"a"};
  request.sampling.choices = 2;
  request.sampling.min_p = Number{"0"};
  request.user = "u";
  request.reasoning.effort = "high";
  request.format = {OutputFormat::Kind::json_schema, "n", {}, {R"({"type":"object"})"}, true};
  const Written out = written(request);
  EXPECT_EQ(out.body, json::parse(R"({"model":"m","stream":true,
    "messages":[{"role":"system","content":"Brief."},{"role":"user","content":"Hi"}],
    "max_tokens":9,"temperature":0.10,"p":1,"k":5,"seed":-3,"stop_sequences":["a"],
    "response_format":{"type":"json_object","json_schema":{"type":"object"}}})"));
  EXPECT_THAT(out.dropped, ElementsAre("reasoning_effort", "n", "min_p", "user"));
}

TEST(CohereV2Request, maps_the_choice_of_tools) {
  Request request = asking("a");
  request.tools.push_back({"clock", "d", {R"({"type":"object"})"}, {}, {}, {}, false});
  request.tools.push_back({"ring", {}, {}, {}, {}, {}, false});
  using Mode = ToolChoice::Mode;
  request.tool_choice.mode = Mode::automatic;
  EXPECT_FALSE(written(request).body.contains("tool_choice"));
  request.tool_choice.mode = Mode::required;
  EXPECT_EQ(written(request).body["tool_choice"], "REQUIRED");
  EXPECT_EQ(written(request).body["tools"].size(), 2U);
  request.tool_choice.mode = Mode::none;
  EXPECT_EQ(written(request).body["tool_choice"], "NONE");
  request.tool_choice = {Mode::named, "ring", {}, false};
  const Written named = written(request);
  EXPECT_EQ(named.body["tool_choice"], "REQUIRED");
  EXPECT_EQ(named.body["tools"], json::parse(R"([{"type":"function","function":{"name":"ring",
    "parameters":{"type":"object","properties":{}}}}])"));
  EXPECT_THAT(named.dropped, ElementsAre("parallel_tool_calls"));
  // One that is left out cannot be forced, and takes no other with it.
  request.tools.push_back({.name = "free", .is_custom = true});
  request.tool_choice = {Mode::named, "free", {}, {}};
  EXPECT_EQ(written(request).body["tools"].size(), 2U);
  EXPECT_FALSE(written(request).body.contains("tool_choice"));
  EXPECT_THAT(written(request).dropped, ElementsAre("tools.custom", "tool_choice"));
}

TEST(CohereV2Request, has_one_message_for_each_tool_result) {
  Request request = asking("a");
  request.messages.push_back({Role::assistant,
                              {{Thinking{"plan", {}, {}, {}, "cohere-tool-plan-v1", false}, {}},
                               {ToolCall{"1", "t", "{}", {}, {}, false}, {}},
                               {ToolCall{"2", "t", "junk", {}, {}, false}, {}}},
                              {}});
  request.messages.push_back({Role::user,
                              {{ToolResult{"1", {}, {Text{"x", {}, {}}}, {}, false}, {}},
                               {ToolResult{"2", {}, {}, {R"({"y":1})"}, true}, {}},
                               {Text{"b", {}, {}}, {}}},
                              {}});
  const Written out = written(request);
  EXPECT_EQ(out.body["messages"], json::parse(R"([{"role":"user","content":"a"},
    {"role":"assistant","tool_plan":"plan","tool_calls":[
      {"id":"1","type":"function","function":{"name":"t","arguments":"{}"}},
      {"id":"2","type":"function","function":{"name":"t","arguments":"junk"}}]},
    {"role":"tool","tool_call_id":"1","content":"x"},
    {"role":"tool","tool_call_id":"2","content":"{\"y\":1}"},
    {"role":"user","content":"b"}])"));
  EXPECT_THAT(out.dropped, ElementsAre("messages.is_error"));
}

TEST(CohereV2Request, writes_images_and_names_other_media) {
  Request request;
  request.messages.push_back({Role::user,
                              {{Media{Media::Kind::image, "image/png", "AAAA", {}, {}, {}, "low"}, {}},
                               {Media{Media::Kind::image, {}, {}, "https://example.org/a", {}, {}, {}}, {}},
                               {Media{Media::Kind::audio, "audio/wav", "AAAA", {}, {}, {}, {}}, {}},
                               {Media{Media::Kind::document, {}, {}, {}, "file-1", {}, {}}, {}}},
                              {}});
  const Written out = written(request);
  EXPECT_EQ(out.body["messages"][0]["content"], json::parse(R"([
    {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}},
    {"type":"image_url","image_url":{"url":"https://example.org/a"}}])"));
  EXPECT_THAT(out.dropped, ElementsAre("messages.input_audio", "messages.file"));
}

TEST(CohereV2Request, sends_back_no_thoughts_of_other_families) {
  Request request = asking("a");
  request.messages.push_back({Role::assistant,
                              {{Thinking{"t", "s", {}, {}, thinking_format::anthropic, false}, {}},
                               {Thinking{"own", {}, {}, {}, {}, false}, {}},
                               {Thinking{"told", {}, {}, "rs_1", thinking_format::responses, true}, {}},
                               {ToolCall{"1", "t", "{}", "proof", {}, false}, {}}},
                              {}});
  const Written out = written(request);
  EXPECT_EQ(out.body["messages"][1]["content"], json::parse(R"([{"type":"thinking","thinking":"own"},
    {"type":"thinking","thinking":"told"}])"));
  EXPECT_FALSE(out.body["messages"][1]["tool_calls"][0].contains("signature"));
  EXPECT_THAT(out.dropped, ElementsAre("messages.reasoning", "messages.tool_calls.extra_content"));
}

TEST(CohereV2Request, reads_what_it_has_words_for_and_keeps_the_rest) {
  const Request request = read(R"({"model":"m","messages":[
      {"role":"user","content":[{"type":"text","text":"a"},{"type":"document","document":{"data":{}}}]},
      {"role":"assistant","tool_plan":"p","content":"c"}],
    "thinking":{"type":"enabled","token_budget":50},"safety_mode":"NONE","documents":["x"],
    "response_format":{"type":"json_object"},"tool_choice":"NONE"})");
  EXPECT_EQ(std::get<Opaque>(request.messages[0].parts[1].what).kind, "messages.document");
  EXPECT_EQ(std::get<Thinking>(request.messages[1].parts[1].what).format, "cohere-tool-plan-v1");
  EXPECT_EQ(request.reasoning.budget_tokens, 50U);
  EXPECT_EQ(request.format.kind, OutputFormat::Kind::json_object);
  EXPECT_EQ(request.tool_choice.mode, ToolChoice::Mode::none);
  ASSERT_EQ(request.extras.size(), 2U);
  EXPECT_EQ(request.extras[0].name, "safety_mode");
}

TEST(CohereV2Request, refuses_what_makes_no_sense_by_name) {
  const std::vector<std::pair<std::string, std::string>> table{
      {R"({"messages":3})", "messages"},
      {R"({"messages":[{"role":"robot"}]})", "messages[0].role"},
      {R"({"messages":[{"role":"user","content":3}]})", "messages[0]"},
      {R"({"messages":[{"role":"tool","content":"x"}]})", "messages[0]"},
      {R"({"max_tokens":"5"})", "max_tokens"},
      {R"({"stop_sequences":[1]})", "stop_sequences"},
      {R"({"tools":{}})", "tools"},
      {R"({"tools":[{"function":{}}]})", "tools"}};
  for (const auto& [body, param] : table) {
    const auto request = codec().decode_request(body, "m", false);
    ASSERT_FALSE(request) << body;
    EXPECT_EQ(request.error().param(), param);
  }
}

Response saying(std::vector<Part> parts, Finish finish = Finish::stop) {
  Response response;
  response.id = "r";
  response.choices.push_back({std::move(parts), {finish, {}, {}}, {}});
  return response;
}

TEST(CohereV2Answer, carries_foreign_proofs_to_the_caller_and_back) {
  const Thinking thought{"t", "sig", "enc", "rs_1", thinking_format::responses, true};
  const ToolCall call{"1", "clock", "{}", "proof", {}, false};
  const Text text{"x", "other proof", {}};
  std::string body;
  Dropped dropped;
  codec().encode_response(saying({{thought, {}}, {text, {}}, {call, {}}}), {}, body, dropped);
  EXPECT_THAT(dropped, IsEmpty());
  const json turn{{"messages", {json::parse(body)["message"]}}};
  const Request request = read(turn.dump());
  const auto& parts = request.messages.at(0).parts;
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(std::get<Thinking>(parts[0].what), thought);
  EXPECT_EQ(std::get<Text>(parts[1].what), text);
  EXPECT_EQ(std::get<ToolCall>(parts[2].what), call);
}

TEST(CohereV2Answer, maps_the_end_both_ways) {
  using Row = std::pair<Finish, std::string>;
  for (const auto& [finish, raw] :
       {Row{Finish::stop, "COMPLETE"}, Row{Finish::length, "MAX_TOKENS"}, Row{Finish::tool_calls, "TOOL_CALL"},
        Row{Finish::content_filter, "ERROR"}, Row{Finish::error, "ERROR"}, Row{Finish::pause, "COMPLETE"}}) {
    std::string body;
    Dropped dropped;
    codec().encode_response(saying({}, finish), {}, body, dropped);
    EXPECT_EQ(json::parse(body)["finish_reason"], raw);
  }
  for (const char* const failed : {"ERROR", "TIMEOUT"}) {
    const auto response = codec().decode_response(std::string(R"({"message":{},"finish_reason":")") + failed + "\"}");
    ASSERT_FALSE(response);
    EXPECT_TRUE(response.error().retryable());
  }
}

TEST(CohereV2Stream, needs_its_end) {
  const std::string start = "data: {\"id\":\"a\",\"type\":\"message-start\"}\n\n";
  const std::string end = "data: {\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"COMPLETE\"}}\n\n";
  EXPECT_TRUE(fold(events_of(codec(), start + end)));
  const auto cut = fold(events_of(codec(), start + "data: [DONE]\n\n"));
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().outcome(), Outcome::truncated);
  EXPECT_FALSE(fold(events_of(codec(), start + "data: {\n\n" + end)));
}

TEST(CohereV2Stream, has_the_usual_member_in_every_delta_with_a_proof_too) {
  const Text text{"x", "of the text", {}};
  const ToolCall call{"1", "clock", "{}", "of the call", {}, false};
  const auto encoder = codec().stream_encoder({});
  std::string written;
  for (const Event& event : unfold(saying({{text, {}}, {call, {}}}))) encoder->encode(event, written);
  http::SseReader reader;
  http::SseEvent event;
  std::vector<std::string> proofs;
  for (std::string_view rest = written; reader.next(rest, event); rest.remove_prefix(event.raw.size())) {
    if (event.data == "[DONE]") break;
    const json said = json::parse(event.data);
    const json message = said.value("delta", json::object()).value("message", json::object());
    if (said["type"] == "content-delta") {
      EXPECT_TRUE(message["content"]["text"].is_string()) << event.data;
      proofs.push_back(message["content"].value("signature", ""));
    } else if (said["type"] == "tool-call-delta") {
      EXPECT_TRUE(message["tool_calls"]["function"]["arguments"].is_string()) << event.data;
      proofs.push_back(message["tool_calls"].value("signature", ""));
    }
  }
  EXPECT_THAT(proofs, ::testing::IsSupersetOf({"of the text", "of the call"}));
}

TEST(CohereV2Stream, reports_failures) {
  const std::string event =
      "event: message-end\ndata: "
      "{\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"ERROR\",\"error\":\"no\"}}\n\n";
  EXPECT_FALSE(fold(events_of(codec(), event)));
  const Error error(Fault::unavailable, Blame::upstream, "upstream_error", "Away.");
  std::string written;
  dialect().encode_error_event(error, written);
  http::SseReader reader;
  http::SseEvent read;
  ASSERT_TRUE(reader.next(written, read));
  EXPECT_EQ(dialect().sense(read).kind, EventSense::Kind::error);
  EXPECT_THAT(dialect().decode_error(200, read.data).message(), ::testing::HasSubstr("Away."));
}

TEST(CohereV2Errors, are_told_apart_by_status_and_words) {
  const std::vector<std::tuple<int, std::string, Fault, std::string>> table{
      {400, R"({"error_type":"TOO_MANY_TOKENS","message":"?"})", Fault::bad_request, "context_length_exceeded"},
      {400, R"({"message":"bad"})", Fault::bad_request, "invalid_request"},
      {401, R"({"message":"invalid api token"})", Fault::upstream_failed, "upstream_auth"},
      {404, R"({"message":"model 'x' not found"})", Fault::not_found, "model_not_found"},
      {429, R"({"message":"limited to 20 API calls / minute"})", Fault::rate_limited, "rate_limit_exceeded"},
      {429, R"({"message":"limited to 1000 API calls / month"})", Fault::rate_limited, "insufficient_quota"},
      {498, R"({"message":"blocked"})", Fault::bad_request, "content_policy_violation"},
      {499, "{}", Fault::upstream_timeout, "upstream_timeout"},
      {500, "", Fault::upstream_failed, "upstream_error"},
      {503, "", Fault::unavailable, "upstream_error"},
      {200, R"({"delta":{"error":"x","error_type":"INVALID_TOOL_GENERATION"}})", Fault::upstream_failed,
       "upstream_error"},
  };
  for (const auto& [status, body, fault, code] : table) {
    const Error error = dialect().decode_error(status, body);
    EXPECT_EQ(error.fault(), fault) << status << body;
    EXPECT_EQ(error.code(), code) << status << body;
  }
  std::string out;
  dialect().encode_error(Error(Fault::bad_request, Blame::client, "context_length_exceeded", "Too long."), out);
  EXPECT_EQ(json::parse(out), json::parse(R"({"message":"Too long.","error_type":"TOO_MANY_TOKENS"})"));
}

TEST(CohereV2Usage, counts_what_the_model_saw_and_each_token_once) {
  const auto usage = dialect().usage_of(R"({"usage":{"billed_units":{"input_tokens":1,"output_tokens":2},
    "tokens":{"input_tokens":50,"output_tokens":20,"reasoning_tokens":5},"cached_tokens":30}})");
  EXPECT_EQ(counts_of(usage), (std::vector<std::uint64_t>{20, 30, 0, 15, 5}));
  EXPECT_FALSE(dialect().usage_of(R"({"usage":{"tokens":{"input_tokens":-1}}})"));
  EXPECT_FALSE(dialect().usage_of(R"({"usage":{}})"));
}

TEST(CohereV2Usage, tells_what_is_paid_for_where_that_is_not_what_the_model_saw) {
  const auto billed_of = [](std::string_view billed) {
    const auto usage = dialect().usage_of(R"({"usage":{"billed_units":)" + std::string(billed) +
                                          R"(,"tokens":{"input_tokens":1508,"output_tokens":67}}})");
    return usage ? usage->billed : std::nullopt;
  };
  EXPECT_EQ(billed_of(R"({"input_tokens":98,"output_tokens":35})"), (Usage::Billed{98, 35}));
  EXPECT_EQ(billed_of(R"({"input_tokens":98})"), (Usage::Billed{98, 67}));
  EXPECT_FALSE(billed_of(R"({"input_tokens":1508,"output_tokens":67})"));
  EXPECT_FALSE(billed_of(R"({"input_tokens":0,"output_tokens":0})")) << "nothing is not believed";
  EXPECT_FALSE(billed_of(R"({"input_tokens":"98","output_tokens":35})"));
  EXPECT_FALSE(billed_of(R"({"search_units":1})"));
  EXPECT_FALSE(dialect().usage_of(R"({"usage":{"billed_units":{"input_tokens":98,"output_tokens":35}}})")->billed);
}

TEST(CohereV2Usage, of_a_stream_is_told_with_what_is_paid_for) {
  const auto encoder = dialect().codec()->stream_encoder({});
  std::string told;
  for (const Event& event :
       std::vector<Event>{AnswerStart{"r", "m", 1, {}, {}}, ChoiceEnd{0, {Finish::stop, "", {}}},
                          UsageSeen{{.input = 1508, .output = 67, .billed = Usage::Billed{98, 35}}}, AnswerEnd{}}) {
    encoder->encode(event, told);
  }
  EXPECT_NE(told.find(R"("billed_units":{"input_tokens":98,"output_tokens":35},"tokens":{"input_tokens":1508)"),
            std::string::npos)
      << told;
}

}  // namespace
}  // namespace sluice::chat

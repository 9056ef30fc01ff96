#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <sluice/chat/dialect.hpp>
#include <sluice/http/event_stream.hpp>

#include "chat/events.hpp"
#include "chat/exchanges.hpp"
#include "chat/schemas.hpp"

namespace sluice::chat {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Dialect& dialect() { return bedrock_converse(); }
const Codec& codec() { return *bedrock_converse().codec(); }

Request asking(std::string text) {
  Request request;
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

json content_of(const Request& request, std::size_t message = 0) {
  return written(request).body.at("messages").at(message).at("content");
}

TEST(BedrockConverse, writes_model_and_stream_into_the_path) {
  std::string path;
  dialect().append_path({Task::chat, "us.acme.wren-v1:0", false}, path);
  EXPECT_EQ(path, "/model/us.acme.wren-v1%3A0/converse");
  path.clear();
  dialect().append_path({Task::chat, "arn:x:1:profile/wren ä", true}, path);
  EXPECT_EQ(path, "/model/arn%3Ax%3A1%3Aprofile%2Fwren%20%C3%A4/converse-stream");
}

TEST(BedrockConverse, takes_model_and_stream_from_the_path_and_leaves_the_body_alone) {
  std::string scratch;
  const std::string body = R"({"messages":[]} )";
  const auto outline = dialect().outline({Task::chat, "wren", true}, body, scratch);
  ASSERT_TRUE(outline);
  EXPECT_EQ(outline->model, "wren");
  EXPECT_TRUE(outline->stream);
  const http::Slices slices = dialect().retarget(body, *outline, "\"other\"", true);
  ASSERT_EQ(slices.pieces().size(), 1U);
  EXPECT_EQ(slices.pieces()[0], body);
  EXPECT_FALSE(dialect().outline({Task::chat, "", false}, body, scratch));
  EXPECT_FALSE(dialect().outline({Task::chat, "wren", false}, R"({"messages":[],"messages":[]})", scratch));
  EXPECT_FALSE(dialect().outline({Task::chat, "wren", false}, R"({"Messages":[]})", scratch));
  EXPECT_FALSE(dialect().outline({Task::chat, "wren", false}, "[]", scratch));
}

TEST(BedrockConverseRequest, says_what_it_can_and_names_the_rest) {
  Request request = asking("Hi");
  request.messages.insert(request.messages.begin(), {Role::system, {{Text{"Brief.", {}, {}}, CacheMark{}}}, {}});
  request.messages.push_back({Role::developer, {{Text{"English.", {}, {}}, {}}}, {}});
  request.sampling.max_tokens = 3000;
  request.sampling.temperature = Number{"0.10"};
  request.sampling.top_p = Number{"1"};
  request.sampling.top_k = Number{"5"};
  request.sampling.stop = {"a", "b"};
  request.sampling.seed = 3;
  request.sampling.choices = 2;
  request.sampling.frequency_penalty = Number{"1"};
  request.sampling.logprobs = true;
  request.user = "u";
  request.metadata.bytes = R"({"k":"v"})";
  request.service_tier = "flex";
  request.reasoning.budget_tokens = 2000;
  const Written out = written(request);
  EXPECT_EQ(out.body, json::parse(R"({
    "messages":[{"role":"user","content":[{"text":"Hi"}]}],
    "system":[{"text":"Brief."},{"cachePoint":{"type":"default"}},{"text":"English."}],
    "inferenceConfig":{"maxTokens":3000,"topP":1,"stopSequences":["a","b"]},
    "additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":2000}},
    "requestMetadata":{"k":"v"},"serviceTier":{"type":"flex"}})"));
  EXPECT_THAT(out.dropped, ElementsAre("messages.position", "temperature", "top_k", "n", "seed", "frequency_penalty",
                                       "logprobs", "user"));
}

// By the service's model of itself, and by what its models refuse.
TEST(BedrockConverseRequest, keeps_to_the_limits_of_the_service) {
  Request request = asking("Hi");
  request.sampling.temperature = Number{"1.5"};
  request.sampling.stop = {" ", "END"};
  request.metadata.bytes = R"({"topic":"\u041f"})";
  request.tool_choice = {ToolChoice::Mode::named, "free", {}, {}};
  request.tools.push_back({.name = "free", .is_custom = true});
  request.tools.push_back({.name = "f", .schema = {R"({"properties":{}})"}});
  const Written out = written(request);
  EXPECT_EQ(out.body["inferenceConfig"], json::parse(R"({"temperature":1,"stopSequences":["END"]})"));
  EXPECT_FALSE(out.body.contains("requestMetadata"));
  EXPECT_EQ(out.body["toolConfig"], json::parse(R"({"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":
    {"type":"object","properties":{}}}}}]})"));
  EXPECT_THAT(out.dropped, ElementsAre("temperature", "stop", "tools.custom", "tool_choice", "metadata"));
}

TEST(BedrockConverseRequest, begins_with_the_user) {
  Request request = asking("Hi");
  request.messages.insert(request.messages.begin(), {Role::assistant, {{Text{"Hello.", {}, {}}, {}}}, {}});
  EXPECT_EQ(written(request).body["messages"][0], json::parse(R"({"role":"user","content":[{"text":"."}]})"));
  EXPECT_EQ(written(request).body["messages"][1]["role"], "assistant");
  request.messages = {{Role::system, {{Text{"Write a haiku.", {}, {}}, {}}}, {}}};
  EXPECT_EQ(written(request).body["messages"].size(), 1u);
}

TEST(BedrockConverseRequest, gives_each_document_a_name_of_its_own) {
  Request request = asking("Hi");
  const Media paper{.kind = Media::Kind::document, .media_type = "application/pdf", .data = "AAAA"};
  for (int i = 0; i < 2; ++i) request.messages[0].parts.push_back({paper, {}});
  const json content = written(request).body["messages"][0]["content"];
  EXPECT_EQ(content[1]["document"]["name"], "document");
  EXPECT_EQ(content[2]["document"]["name"], "document-2");
}

// A model refuses to go on behind white space.
TEST(BedrockConverseRequest, ends_what_shall_be_gone_on_with_in_words) {
  Request request = asking("Hi");
  request.messages.push_back({Role::assistant, {{Text{"The answer is \n", {}, {}}, {}}}, {}});
  EXPECT_EQ(written(request).body["messages"][1]["content"], json::parse(R"([{"text":"The answer is"}])"));
  request.messages.push_back({Role::system, {{Text{"Briefly.", {}, {}}, {}}}, {}});
  request.messages[1].parts.push_back({Text{" ", {}, {}}, {}});
  EXPECT_EQ(written(request).body["messages"][1]["content"], json::parse(R"([{"text":"The answer is"}])"));
  request.messages[1].parts = {{Refusal{"no "}, {}}};
  EXPECT_EQ(written(request).body["messages"][1]["content"], json::parse(R"([{"text":"no"}])"));
  request.messages[1].parts = {{Text{"The answer is \n", {}, {}}, {}}};
  request.messages[2] = {Role::user, {{Text{" ", {}, {}}, CacheMark{}}}, {}};
  EXPECT_EQ(written(request).body["messages"].size(), 3u) << "a question that says nothing is the provider's to refuse";
  EXPECT_THAT(written(request).dropped, ElementsAre("messages.cache_control"));
  request.messages.pop_back();
  request.messages.push_back({Role::user, {{Text{"Go on ", {}, {}}, {}}}, {}});
  EXPECT_EQ(written(request).body["messages"][1]["content"], json::parse(R"([{"text":"The answer is \n"}])"));
  EXPECT_EQ(written(request).body["messages"][2]["content"], json::parse(R"([{"text":"Go on "}])"));
}

TEST(BedrockConverseRequest, keeps_the_spelling_of_numbers_and_schemas) {
  Request request = asking("Hi");
  request.sampling.temperature = Number{"0.10"};
  request.tools.push_back({"t", "", {R"({"b":1.50, "a":{}})"}, {}, {}, {}, false});
  const auto rendered = codec().encode_request(request, {});
  ASSERT_TRUE(rendered);
  EXPECT_NE(rendered->body.find(R"("temperature":0.10)"), std::string::npos);
  EXPECT_NE(rendered->body.find(R"({"json":{"type":"object","b":1.50, "a":{}}})"), std::string::npos);
}

TEST(BedrockConverseRequest, lets_roles_take_turns_and_groups_tool_results) {
  Request request = asking("a");
  request.messages.push_back({Role::user, {{Text{"b", {}, {}}, {}}}, {}});
  request.messages.push_back({Role::assistant, {{ToolCall{"1", "t", "{}", {}, {}}, {}}}, {}});
  request.messages.push_back({Role::assistant, {{ToolCall{"2", "t", "oops", {}, {}}, {}}}, {}});
  request.messages.push_back({Role::tool, {{ToolResult{"1", "t", {Text{"x", {}, {}}}, {}, false}, {}}}, {}});
  request.messages.push_back({Role::tool, {{ToolResult{"2", "t", {}, {R"({"y":1})"}, true}, {}}}, {}});
  request.messages.push_back({Role::user, {{Text{"c", {}, {}}, {}}}, {}});
  EXPECT_EQ(written(request).body.at("messages"), json::parse(R"([
    {"role":"user","content":[{"text":"a"},{"text":"b"}]},
    {"role":"assistant","content":[{"toolUse":{"toolUseId":"1","name":"t","input":{}}},
                                   {"toolUse":{"toolUseId":"2","name":"t","input":{"_raw":"oops"}}}]},
    {"role":"user","content":[{"toolResult":{"toolUseId":"1","content":[{"text":"x"}]}},
                              {"toolResult":{"toolUseId":"2","content":[{"json":{"y":1}}],"status":"error"}},
                              {"text":"c"}]}])"));
}

TEST(BedrockConverseRequest, leaves_out_blank_texts_and_messages_without_anything) {
  Request request = asking("a");
  request.messages.push_back({Role::assistant, {{Text{" \n", {}, {}}, {}}}, {}});
  request.messages.push_back({Role::user, {{Text{"b", {}, {}}, {}}}, {}});
  EXPECT_EQ(written(request).body.at("messages"),
            json::parse(R"([{"role":"user","content":[{"text":"a"},{"text":"b"}]}])"));
}

TEST(BedrockConverseRequest, names_media_it_cannot_send) {
  Request request = asking("a");
  Media picture;
  picture.url = "https://example.org/a.png";
  request.messages.push_back({Role::assistant, {{picture, {}}}, {}});
  Media sound;
  sound.kind = Media::Kind::audio;
  sound.media_type = "audio/strange";
  sound.data = "AAAA";
  request.messages.push_back({Role::user, {{sound, {}}}, {}});
  const Written out = written(request);
  EXPECT_EQ(out.body.at("messages"), json::parse(R"([{"role":"user","content":[{"text":"a"}]}])"));
  EXPECT_THAT(out.dropped, ElementsAre("messages.image_url", "messages.input_audio"));
}

TEST(BedrockConverseRequest, gives_a_document_a_name_and_a_text) {
  Request request;
  Media document{Media::Kind::document, "application/pdf", "AAAA", {}, {}, "my_list.pdf", {}};
  request.messages.push_back({Role::user, {{document, {}}}, {}});
  const json content = content_of(request);
  ASSERT_EQ(content.size(), 2U);
  EXPECT_EQ(content[0].at("document").at("name"), "my-list-pdf");
  EXPECT_TRUE(content[1].contains("text"));
}

Request about_tools() {
  Request request = asking("a");
  request.messages.push_back({Role::assistant, {{ToolCall{"1", "clock", "{}", {}, {}}, {}}}, {}});
  request.messages.push_back({Role::tool, {{ToolResult{"1", {}, {Text{"x", {}, {}}}, {}, false}, {}}}, {}});
  return request;
}

TEST(BedrockConverseRequest, always_has_tools_where_the_conversation_is_about_some) {
  const Written out = written(about_tools());
  ASSERT_TRUE(out.body.contains("toolConfig"));
  EXPECT_EQ(out.body["toolConfig"]["tools"][0]["toolSpec"]["name"], "clock");
  Request result_only;
  result_only.messages.push_back({Role::tool, {{ToolResult{"1", {}, {}, {}, false}, {}}}, {}});
  EXPECT_TRUE(written(result_only).body.contains("toolConfig"));
}

TEST(BedrockConverseRequest, has_no_tools_when_none_may_be_called_unless_history_needs_them) {
  Request request = asking("a");
  request.tools.push_back({"clock", {}, {}, {}, {}, {}, false});
  request.tool_choice.mode = ToolChoice::Mode::none;
  const Written without = written(request);
  EXPECT_FALSE(without.body.contains("toolConfig"));
  EXPECT_THAT(without.dropped, IsEmpty());
  Request history = about_tools();
  history.tools = request.tools;
  history.tool_choice = request.tool_choice;
  const Written with = written(history);
  EXPECT_TRUE(with.body.contains("toolConfig"));
  EXPECT_FALSE(with.body["toolConfig"].contains("toolChoice"));
  EXPECT_THAT(with.dropped, ElementsAre("tool_choice"));
}

TEST(BedrockConverseRequest, maps_the_choice_of_tools) {
  Request request = asking("a");
  request.tools.push_back({"clock", "d", {}, true, CacheMark{"1h"}, {}, false});
  request.tools.push_back({"ring", {}, {}, {}, {}, {}, false});
  using Mode = ToolChoice::Mode;
  const std::vector<std::pair<Mode, std::string>> table{{Mode::automatic, R"({"auto":{}})"},
                                                        {Mode::required, R"({"any":{}})"},
                                                        {Mode::named, R"({"tool":{"name":"ring"}})"}};
  for (const auto& [mode, wire] : table) {
    request.tool_choice = {mode, mode == Mode::named ? "ring" : "", {}, {}};
    EXPECT_EQ(written(request).body["toolConfig"]["toolChoice"], json::parse(wire));
  }
  request.tool_choice = {Mode::required, {}, {"clock"}, false};
  const Written out = written(request);
  EXPECT_EQ(out.body["toolConfig"]["tools"], json::parse(R"([
    {"toolSpec":{"name":"clock","description":"d","strict":true,
                 "inputSchema":{"json":{"type":"object","properties":{}}}}},
    {"cachePoint":{"type":"default","ttl":"1h"}}])"));
  EXPECT_THAT(out.dropped, ElementsAre("parallel_tool_calls"));
}

TEST(BedrockConverseRequest, writes_a_schema_as_text) {
  Request request = asking("a");
  request.format = {OutputFormat::Kind::json_schema, "n", "d", {R"({"type":"object"})"}, true};
  EXPECT_EQ(written(request).body["outputConfig"], json::parse(R"({"textFormat":{"type":"json_schema",
    "structure":{"jsonSchema":{"schema":"{\"type\":\"object\",\"additionalProperties\":false}","name":"n","description":"d"}}}})"));
  request.format = {OutputFormat::Kind::json_object, {}, {}, {}, {}};
  EXPECT_THAT(written(request).dropped, ElementsAre("response_format"));
  EXPECT_EQ(written(request).body["system"][0]["text"], json_wish) << "the model can still be asked";
}

TEST(BedrockConverseRequest, gives_models_without_schemas_a_tool_in_its_place) {
  Request request = asking("a");
  request.model = "old";
  request.format = {OutputFormat::Kind::json_schema, "n", "d", {R"({"type":"object"})"}, true};
  Quirks quirks;
  quirks.models = {{{"old"}, {.schemas = false}}};
  const auto rendered = codec().encode_request(request, quirks);
  EXPECT_EQ(rendered->answer_tool, "json_answer");
  const json body = json::parse(rendered->body);
  EXPECT_FALSE(body.contains("outputConfig")) << body;
  EXPECT_EQ(body["toolConfig"]["toolChoice"]["tool"]["name"], "json_answer");
  EXPECT_TRUE(rendered->dropped.empty());
}

TEST(BedrockConverseRequest, sends_back_only_thoughts_whose_proof_is_understood) {
  Request request = asking("a");
  Thinking ours{"t", "s", {}, {}, thinking_format::anthropic, false};
  Thinking hidden{{}, {}, "secret", {}, thinking_format::anthropic, false};
  Thinking foreign{"t", "s", {}, {}, thinking_format::gemini, false};
  Thinking bare{"t", {}, {}, {}, {}, false};
  request.messages.push_back({Role::assistant, {{ours, {}}, {hidden, {}}, {foreign, {}}, {bare, {}}}, {}});
  const Written out = written(request);
  EXPECT_EQ(out.body["messages"][1]["content"], json::parse(R"([
    {"reasoningContent":{"reasoningText":{"text":"t","signature":"s"}}},
    {"reasoningContent":{"redactedContent":"c2VjcmV0"}}])"));
  EXPECT_THAT(out.dropped, ElementsAre("messages.reasoning"));
}

TEST(BedrockConverseRequest, drops_what_other_dialects_say_alone_by_name) {
  Request request = asking("a");
  request.dialect = "other";
  request.extras.push_back({"safety_settings", {"[]"}});
  request.messages[0].parts.push_back({Opaque{"other", "messages.widget", {"{}"}}, {}});
  request.tools.push_back({{}, {}, {}, {}, {}, Opaque{"other", "tools.web_search", {"{}"}}, false});
  request.tools.push_back({"free", {}, {}, {}, {}, {}, true});
  EXPECT_THAT(written(request).dropped,
              ElementsAre("messages.widget", "tools.web_search", "tools.custom", "safety_settings"));
}

TEST(BedrockConverseRequest, asks_a_model_to_think_in_the_way_that_it_takes) {
  Quirks quirks;
  quirks.models = {{{"older*"}, {.adaptive = false, .effort = false}},
                   {{"silent*"}, {.budget = false, .adaptive = false}},
                   {{"newer*"}, {.budget = false, .xhigh = false}}};
  Request request = asking("a");
  request.reasoning.effort = "xhigh";
  request.model = "newer-1";
  Written out = written(request, quirks);
  EXPECT_EQ(out.body["additionalModelRequestFields"],
            json::parse(R"({"thinking":{"type":"adaptive"},"output_config":{"effort":"high"}})"));
  EXPECT_THAT(out.dropped, ElementsAre("reasoning_effort")) << "less than was asked for";
  request.model = "silent-1";
  out = written(request, quirks);
  EXPECT_FALSE(out.body.contains("additionalModelRequestFields")) << out.body;
  EXPECT_THAT(out.dropped, ElementsAre("reasoning_effort"));
  request.model = "older-1";
  request.sampling.max_tokens = 20;
  EXPECT_THAT(written(request, quirks).dropped, ElementsAre("reasoning_effort")) << "no room to think";
  request.sampling.max_tokens.reset();
  request.sampling.temperature = Number{"0.3"};
  out = written(request, quirks);
  EXPECT_GT(out.body["inferenceConfig"]["maxTokens"],
            out.body["additionalModelRequestFields"]["thinking"]["budget_tokens"]);
  EXPECT_THAT(out.dropped, ElementsAre("temperature")) << "a model that thinks takes no other than 1";
}

TEST(BedrockConverseRequest, minds_how_a_provider_departs) {
  Request request = asking("a");
  request.sampling.temperature = Number{"1"};
  Quirks quirks;
  quirks.max_tokens = "maxNewTokens";
  quirks.default_max_tokens = 100;
  quirks.unsupported = {"temperature"};
  const Written out = written(request, quirks);
  EXPECT_EQ(out.body["inferenceConfig"], json::parse(R"({"maxNewTokens":100})"));
  EXPECT_THAT(out.dropped, ElementsAre("temperature"));
}

TEST(BedrockConverseRequest, reads_what_it_has_words_for_and_keeps_the_rest) {
  const Request request = read(R"({
    "system":[{"text":"Brief."},{"cachePoint":{"type":"default"}}],
    "messages":[{"role":"user","content":[{"guardContent":{"text":{"text":"x"}}},{"cachePoint":{"type":"default"}}]}],
    "inferenceConfig":{"maxTokens":5,"typicalP":0.5},"promptVariables":{"a":{"text":"b"}},
    "additionalModelRequestFields":{"thinking":{"type":"disabled"},"own":1},
    "toolConfig":{"tools":[{"systemTool":{"name":"s"}}]}})");
  EXPECT_EQ(request.dialect, "bedrock_converse");
  EXPECT_EQ(request.messages[0].role, Role::system);
  EXPECT_TRUE(request.messages[0].parts[0].cache);
  EXPECT_EQ(std::get<Opaque>(request.messages[1].parts[0].what).kind, "messages.guardContent");
  EXPECT_TRUE(request.messages[1].parts[0].cache);
  EXPECT_EQ(request.sampling.max_tokens, 5U);
  EXPECT_EQ(request.reasoning.enabled, false);
  ASSERT_EQ(request.extras.size(), 3U);
  EXPECT_EQ(request.extras[0].within, "inferenceConfig");
  EXPECT_EQ(request.extras[1].within, "additionalModelRequestFields");
  EXPECT_EQ(request.extras[2].name, "promptVariables");
  ASSERT_TRUE(request.tools.at(0).opaque);
}

TEST(BedrockConverseRequest, refuses_what_makes_no_sense_by_name) {
  const std::vector<std::pair<std::string, std::string>> table{
      {R"({"messages":3})", "messages"},
      {R"({"messages":[{"role":"robot","content":[]}]})", "messages[0].role"},
      {R"({"messages":[{"role":"user","content":"hi"}]})", "messages[0].content"},
      {R"({"messages":[{"role":"user","content":[{"toolResult":{}}]}]})", "messages[0].content"},
      {R"({"inferenceConfig":{"maxTokens":"5"}})", "inferenceConfig.maxTokens"},
      {R"({"inferenceConfig":{"stopSequences":[1]}})", "inferenceConfig.stopSequences"},
      {R"({"toolConfig":[]})", "toolConfig"},
      {R"({"toolConfig":{"tools":[{"toolSpec":{}}]}})", "toolConfig.tools"},
      {R"({"system":{}})", "system"},
      {R"({"outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"schema":"x"}}}}})",
       "outputConfig.textFormat"}};
  for (const auto& [body, param] : table) {
    const auto request = codec().decode_request(body, "m", false);
    ASSERT_FALSE(request) << body;
    EXPECT_EQ(request.error().param(), param);
    EXPECT_EQ(request.error().fault(), Fault::bad_request);
  }
}

Response saying(std::vector<Part> parts, Finish finish = Finish::stop) {
  Response response;
  response.choices.push_back({std::move(parts), {finish, {}, {}}, {}});
  return response;
}

TEST(BedrockConverseAnswer, carries_foreign_proofs_to_the_caller_and_back) {
  const Thinking thought{"t", "sig", "enc", "rs_1", thinking_format::responses, true};
  const ToolCall call{"1", "clock", "{}", "proof", {}, false};
  const Text text{"x", "other proof", {}};
  std::string body;
  Dropped dropped;
  codec().encode_response(saying({{thought, {}}, {text, {}}, {call, {}}}), {}, body, dropped);
  EXPECT_THAT(dropped, IsEmpty());
  const json content = json::parse(body)["output"]["message"]["content"];
  const json turn{{"messages", {{{"role", "assistant"}, {"content", content}}}}};
  const Request request = read(turn.dump());
  const auto& parts = request.messages.at(0).parts;
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(std::get<Thinking>(parts[0].what), thought);
  EXPECT_EQ(std::get<Text>(parts[1].what), text);
  EXPECT_EQ(std::get<ToolCall>(parts[2].what), call);
}

std::string streamed(const Response& response) {
  const auto encoder = codec().stream_encoder({});
  std::string stream;
  for (const Event& event : unfold(response)) encoder->encode(event, stream);
  return stream;
}

// The blocks that a caller puts together from a stream.
json blocks_of(std::string_view stream) {
  std::map<int, json> blocks;
  http::SseEvent event;
  for (; dialect().next_frame(stream, event); stream.remove_prefix(event.raw.size())) {
    const json payload = json::parse(event.data);
    if (!payload.contains("delta")) continue;
    const json thought = payload["delta"].value("reasoningContent", json::object());
    json& block = blocks[payload["contentBlockIndex"].get<int>()];
    if (block.is_null()) block = json::object();
    for (const char* const member : {"text", "signature"}) {
      if (thought.contains(member)) block[member] = block.value(member, "") + thought[member].get<std::string>();
    }
  }
  json list = json::array();
  for (const auto& [index, block] : blocks) list.push_back(block);
  return list;
}

TEST(BedrockConverseAnswer, carries_foreign_proofs_in_streams_too) {
  const Thinking thought{"t", "sig", {}, {}, thinking_format::gemini, false};
  const json blocks =
      blocks_of(streamed(saying({{thought, {}}, {ToolCall{"1", "clock", "{}", "proof", {}, false}, {}}})));
  ASSERT_EQ(blocks.size(), 3U);
  EXPECT_EQ(blocks[0], json::parse(R"({"text":"t","signature":"sluice:google-gemini-v1:sig"})"));
  EXPECT_EQ(blocks[2]["signature"], "sluice:previous:proof");
}

TEST(BedrockConverseAnswer, maps_the_end_both_ways) {
  const std::vector<std::tuple<std::string, Finish>> table{
      {"end_turn", Finish::stop},
      {"stop_sequence", Finish::stop},
      {"max_tokens", Finish::length},
      {"model_context_window_exceeded", Finish::length},
      {"tool_use", Finish::tool_calls},
      {"content_filtered", Finish::content_filter},
      {"guardrail_intervened", Finish::content_filter},
      {"malformed_model_output", Finish::error},
      {"malformed_tool_use", Finish::error},
      {"something_new", Finish::stop},
  };
  for (const auto& [raw, finish] : table) {
    const auto response =
        codec().decode_response(R"({"output":{"message":{"content":[]}},"stopReason":")" + raw + "\"}");
    ASSERT_TRUE(response);
    EXPECT_EQ(response->choices[0].ending.finish, finish) << raw;
    EXPECT_EQ(response->choices[0].ending.raw, raw);
    Response back = *response;
    std::string body;
    Dropped dropped;
    codec().encode_response(back, {}, body, dropped);
    EXPECT_EQ(json::parse(body)["stopReason"], raw == "something_new" ? "end_turn" : raw);
    back.choices[0].ending.raw = "FOREIGN";
    body.clear();
    codec().encode_response(back, {}, body, dropped);
    const std::string said = json::parse(body)["stopReason"];
    EXPECT_EQ(codec().decode_response(body)->choices[0].ending.finish, finish) << said;
  }
}

TEST(BedrockConverseAnswer, derives_tool_calls_from_calls_that_are_there) {
  const auto response = codec().decode_response(
      R"({"output":{"message":{"content":[{"toolUse":{"name":"t","input":"junk"}}]}},"stopReason":"end_turn"})");
  ASSERT_TRUE(response);
  EXPECT_EQ(response->choices[0].ending.finish, Finish::tool_calls);
  const auto& call = std::get<ToolCall>(response->choices[0].parts[0].what);
  EXPECT_EQ(call.id, "call_0");
  EXPECT_EQ(call.arguments, R"({"_raw":"junk"})");
}

TEST(BedrockConverseAnswer, names_what_it_cannot_say) {
  Response response =
      saying({{Text{"x", {}, {R"([{"type":"url_citation"}])"}}, {}}, {Opaque{"other", "widget", {}}, {}}});
  response.dialect = "other";
  response.extras.push_back({"x_other", {"1"}});
  response.choices.push_back(response.choices[0]);
  response.choices[0].logprobs.bytes = "[]";
  std::string body;
  Dropped dropped;
  codec().encode_response(response, {}, body, dropped);
  EXPECT_THAT(dropped, ElementsAre("n", "logprobs", "messages.annotations", "widget", "x_other"));
  const auto encoder = codec().stream_encoder({});
  std::string stream;
  for (const Event& event : unfold(response)) encoder->encode(event, stream);
  EXPECT_THAT(encoder->dropped(), ElementsAre("messages.annotations", "logprobs", "widget", "n"));
  EXPECT_TRUE(fold(events_of(codec(), stream)));
}

// Clients put the input together from pieces, and take none for no call.
TEST(BedrockConverseAnswer, streams_an_input_for_each_call) {
  const auto encoder = codec().stream_encoder({});
  std::string stream;
  for (const Event& event :
       std::vector<Event>{AnswerStart{}, BlockStart{0, 0, {ToolCall{.id = "c", .name = "now"}, {}}}, BlockEnd{0},
                          ChoiceEnd{0, {Finish::tool_calls, "", {}}}, AnswerEnd{}}) {
    encoder->encode(event, stream);
  }
  EXPECT_NE(stream.find(R"({"toolUse":{"input":"{}"}})"), std::string::npos);
}

TEST(BedrockConverseAnswer, wraps_free_text_for_a_tool) {
  const auto response = fold(events_of(codec(), streamed(saying({{ToolCall{"1", "t", "a \"b\"", {}, {}, true}, {}}}))));
  ASSERT_TRUE(response);
  EXPECT_EQ(std::get<ToolCall>(response->choices[0].parts[0].what).arguments, R"({"_raw":"a \"b\""})");
}

TEST(BedrockConverseAnswer, that_cannot_be_read_is_the_providers_fault) {
  for (const char* const body : {"", "{}", "[]", R"({"output":{"message":{"content":3}}})",
                                 R"({"output":{"message":{"content":[{"toolUse":{}}]}}})"}) {
    const auto response = codec().decode_response(body);
    ASSERT_FALSE(response) << body;
    EXPECT_EQ(response.error().outcome(), Outcome::server_error);
    EXPECT_TRUE(response.error().retryable());
  }
}

std::string frame_of(std::string_view type, std::string_view payload, std::string_view kind = "event") {
  std::string frame;
  http::append_frame(frame, {{kind == "event" ? ":event-type" : ":exception-type", type}, {":message-type", kind}},
                     payload);
  return frame;
}

TEST(BedrockConverseStream, needs_its_end) {
  const std::string start = frame_of("messageStart", R"({"role":"assistant"})");
  const std::string stop = frame_of("messageStop", R"({"stopReason":"end_turn"})");
  EXPECT_TRUE(fold(events_of(codec(), start + stop)));
  const auto cut = fold(events_of(codec(), start));
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().outcome(), Outcome::truncated);
  const auto half = fold(events_of(codec(), start + stop + std::string(2, '\0')));
  EXPECT_FALSE(half) << "cut inside of a frame";
  std::string partial = start + stop + frame_of("metadata", "{}");
  partial.pop_back();
  EXPECT_FALSE(fold(events_of(codec(), partial)));
}

TEST(BedrockConverseStream, passes_over_events_it_does_not_know) {
  const std::string stream = frame_of("initial-response", "{}") + frame_of("novelty", "not json") +
                             frame_of("messageStop", R"({"stopReason":"end_turn"})") + frame_of("metadata", "{}");
  EXPECT_TRUE(fold(events_of(codec(), stream)));
}

TEST(BedrockConverseStream, reports_exceptions_by_their_type) {
  const std::vector<std::tuple<std::string, std::string, Fault>> table{
      {"throttlingException", "?", Fault::rate_limited},
      {"validationException", "Input is too long for it.", Fault::bad_request},
      {"serviceUnavailableException", "?", Fault::unavailable},
      {"modelStreamErrorException", "?", Fault::upstream_failed},
      {"internalServerException", "?", Fault::upstream_failed},
  };
  for (const auto& [type, message, fault] : table) {
    const std::string frame = frame_of(type, R"({"message":")" + message + "\"}", "exception");
    const auto response = fold(events_of(codec(), frame));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().fault(), fault) << type;
    EXPECT_EQ(dialect().decode_error(200, frame).fault(), fault) << type;
    http::SseEvent event;
    ASSERT_TRUE(dialect().next_frame(frame, event));
    EXPECT_EQ(event.name, type);
    EXPECT_EQ(dialect().sense(event).kind, EventSense::Kind::error);
  }
}

TEST(BedrockConverseStream, senses_bytes_that_are_no_frame_as_an_error) {
  const std::string json_body = R"({"message":"this is not a stream"})";
  http::SseEvent event;
  ASSERT_TRUE(dialect().next_frame(json_body, event));
  EXPECT_EQ(event.raw, "") << "no caller could read them";
  EXPECT_EQ(dialect().sense(event).kind, EventSense::Kind::error);
  EXPECT_FALSE(dialect().next_frame(json_body.substr(0, 5), event));
}

TEST(BedrockConverseErrors, are_told_apart_by_status_and_words) {
  const std::vector<std::tuple<int, std::string, Fault, std::string, bool>> table{
      {400, R"({"message":"Input Tokens Exceeded: too many"})", Fault::bad_request, "context_length_exceeded", false},
      {400, R"({"message":"Malformed input"})", Fault::bad_request, "invalid_request", false},
      {400, R"({"message":"The provided model identifier is invalid."})", Fault::not_found, "model_not_found", true},
      {400, R"({"__type":"a#ServiceQuotaExceededException","message":"?"})", Fault::rate_limited, "insufficient_quota",
       true},
      {403, R"({"Message":"expired"})", Fault::upstream_failed, "upstream_auth", true},
      {404, R"({"message":"no such model"})", Fault::not_found, "model_not_found", true},
      {408, R"({"message":"slow"})", Fault::upstream_timeout, "upstream_timeout", true},
      {424, R"({"message":"?"})", Fault::upstream_failed, "upstream_error", true},
      {429, R"({"message":"Too many requests"})", Fault::rate_limited, "rate_limit_exceeded", true},
      {429, R"({"message":"The model is not ready"})", Fault::unavailable, "upstream_error", true},
      {500, "<html>", Fault::upstream_failed, "upstream_error", true},
      {503, "", Fault::unavailable, "upstream_error", true},
  };
  for (const auto& [status, body, fault, code, retryable] : table) {
    const Error error = dialect().decode_error(status, body);
    EXPECT_EQ(error.fault(), fault) << status << body;
    EXPECT_EQ(error.code(), code) << status << body;
    EXPECT_EQ(error.retryable(), retryable) << status << body;
  }
}

TEST(BedrockConverseErrors, are_written_with_the_types_of_the_dialect) {
  const Error error(Fault::rate_limited, Blame::gateway, "rate_limit_exceeded", "Slow \"down\".");
  std::string body;
  dialect().encode_error(error, body);
  EXPECT_EQ(json::parse(body), json::parse(R"({"__type":"ThrottlingException","message":"Slow \"down\"."})"));
  std::string frame;
  dialect().encode_error_event(error, frame);
  http::Frame read;
  ASSERT_EQ(http::read_frame(frame, read), http::FrameStep::done);
  EXPECT_EQ(read.message_type, "exception");
  EXPECT_EQ(read.name, "throttlingException");
  EXPECT_EQ(dialect().decode_error(200, frame).fault(), Fault::rate_limited);
}

TEST(BedrockConverseUsage, counts_each_token_once) {
  const auto usage = dialect().usage_of(R"({"usage":{"inputTokens":5,"outputTokens":6,"cacheReadInputTokens":7,
    "cacheReadInputTokenCount":7,"cacheWriteInputTokens":8,"cacheDetails":[{"ttl":"1h","inputTokens":3}]}})");
  EXPECT_EQ(counts_of(usage), (std::vector<std::uint64_t>{5, 7, 8, 6, 0}));
  EXPECT_EQ(usage->cache_write_1h, 3U);
  for (const char* const bad :
       {R"({"inputTokens":-1})", R"({"inputTokens":1.5})", R"({"inputTokens":"1"})", "{}", "3"}) {
    EXPECT_FALSE(dialect().usage_of(std::string(R"({"usage":)") + bad + "}")) << bad;
  }
}

}  // namespace
}  // namespace sluice::chat

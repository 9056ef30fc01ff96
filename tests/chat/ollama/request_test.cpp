#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <sluice/chat/dialect.hpp>

namespace sluice::chat::request_test {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Codec& codec() { return *ollama().codec(); }
const CallerCodec& prompts() { return *ollama().caller_codec(Task::completion); }

constexpr const char* picture = "iVBORw0KGgoAAAANSUhEUg==";

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

Request read(const CallerCodec& by, const std::string& body) {
  auto request = by.decode_request(body, "m", false);
  EXPECT_TRUE(request) << request.error().message();
  return request ? *std::move(request) : Request{};
}

Request read(const std::string& body) { return read(codec(), body); }

TEST(OllamaRequest, says_what_it_can_and_names_the_rest) {
  Request request = asking("Hi");
  request.messages.insert(request.messages.begin(), {Role::developer, {{Text{"Brief.", {}, {}}, {}}}, {}});
  request.sampling.max_tokens = 9;
  request.sampling.temperature = Number{"0.10"};
  request.sampling.top_p = Number{"1"};
  request.sampling.top_k = Number{"5"};
  request.sampling.min_p = Number{"0.05"};
  request.sampling.seed = -3;
  request.sampling.stop = {"a"};
  request.sampling.choices = 2;
  request.user = "u";
  request.reasoning.effort = "high";
  request.format = {OutputFormat::Kind::json_schema, "n", {}, {R"({"type":"object"})"}, true};
  const Written out = written(request);
  EXPECT_EQ(out.body, json::parse(R"({"model":"m","stream":false,
    "messages":[{"role":"system","content":"Brief."},{"role":"user","content":"Hi"}],
    "format":{"type":"object"},"think":"high",
    "options":{"num_predict":9,"temperature":0.10,"top_p":1,"top_k":5,"min_p":0.05,"seed":-3,"stop":["a"]}})"));
  EXPECT_THAT(out.dropped, ElementsAre("n", "user"));
}

// A server cuts off the beginning of what does not fit into the few thousand tokens it has room for by itself.
TEST(OllamaRequest, asks_for_as_much_room_as_the_conversation_needs) {
  EXPECT_FALSE(written(asking("Hi")).body.contains("options"));
  EXPECT_EQ(written(asking(std::string(30'000, 'a'))).body["options"]["num_ctx"], 16'384);
  Request request = asking("Hi");
  request.sampling.max_tokens = 8'000;
  EXPECT_EQ(written(request).body["options"]["num_ctx"], 8'192);
  request.messages.push_back(
      {Role::user, {{Media{Media::Kind::image, "image/png", std::string(90'000, 'A')}, {}}}, {}});
  EXPECT_EQ(written(request).body["options"]["num_ctx"], 16'384) << "a picture is not as long as its bytes";
  EXPECT_EQ(written(asking(std::string(9'000'000, 'a'))).body["options"]["num_ctx"], 262'144);
  EXPECT_FALSE(written(request, {.unsupported = {"num_ctx"}}).body["options"].contains("num_ctx"));
}

TEST(OllamaRequest, keeps_to_how_a_provider_departs_from_the_dialect) {
  Request request = asking("Hi");
  request.sampling.seed = 1;
  Quirks quirks;
  quirks.max_tokens = "max_new";
  quirks.default_max_tokens = 64;
  quirks.unsupported = {"seed"};
  const Written out = written(request, quirks);
  EXPECT_EQ(out.body["options"], json::parse(R"({"max_new":64})"));
  EXPECT_THAT(out.dropped, ElementsAre("seed"));
}

TEST(OllamaRequest, maps_thinking) {
  struct Row {
    Reasoning reasoning;
    json think;
    Dropped dropped;
  };
  const std::vector<Row> table{{{}, nullptr, {}},
                               {{.effort = "none"}, false, {}},
                               {{.effort = "minimal"}, "low", {}},
                               {{.effort = "xhigh"}, "max", {}},
                               {{.effort = "huge"}, nullptr, {"reasoning_effort"}},
                               {{.budget_tokens = 900}, true, {"reasoning.max_tokens"}},
                               {{.enabled = false}, false, {}},
                               {{.enabled = true}, true, {}},
                               {{.adaptive = true}, true, {}},
                               {{.effort = "low", .summary = "auto"}, "low", {"reasoning.summary"}}};
  for (const auto& [reasoning, think, dropped] : table) {
    Request request = asking("a");
    request.reasoning = reasoning;
    const Written out = written(request);
    EXPECT_EQ(out.body.value("think", json()), think);
    EXPECT_EQ(out.dropped, dropped);
  }
  EXPECT_EQ(read(R"({"messages":[],"think":true})").reasoning.enabled, true);
  EXPECT_EQ(read(R"({"messages":[],"think":"max"})").reasoning.effort, "xhigh");
}

TEST(OllamaRequest, offers_what_a_choice_of_tools_leaves_and_names_what_it_cannot_say) {
  Request request = asking("a");
  request.tools.push_back({"clock", "d", {R"({"type":"object"})"}, {}, {}, {}, false});
  request.tools.push_back({"ring", {}, {}, {}, {}, {}, false});
  using Mode = ToolChoice::Mode;
  request.tool_choice.mode = Mode::automatic;
  EXPECT_EQ(written(request).body["tools"].size(), 2U);
  EXPECT_THAT(written(request).dropped, IsEmpty());
  request.tool_choice.mode = Mode::none;
  EXPECT_FALSE(written(request).body.contains("tools"));
  request.tool_choice = {Mode::named, "ring", {}, false};
  const Written named = written(request);
  EXPECT_EQ(named.body["tools"], json::parse(R"([{"type":"function","function":{"name":"ring",
    "parameters":{"type":"object","properties":{}}}}])"));
  EXPECT_THAT(named.dropped, ElementsAre("tool_choice", "parallel_tool_calls"));
}

TEST(OllamaRequest, has_arguments_as_objects_and_one_message_for_each_result) {
  Request request = asking("a");
  request.messages.push_back({Role::assistant,
                              {{Thinking{"Hm.", {}, {}, {}, {}, false}, {}},
                               {ToolCall{"1", "clock", R"({"a": 1.50})", {}, {}, false}, {}},
                               {ToolCall{"2", "ring", "junk", {}, {}, false}, {}}},
                              {}});
  request.messages.push_back({Role::user,
                              {{ToolResult{"1", {}, {Text{"x", {}, {}}, Text{"z", {}, {}}}, {}, false}, {}},
                               {ToolResult{"2", {}, {}, {R"({"y":1})"}, true}, {}},
                               {Text{"b", {}, {}}, {}}},
                              {}});
  const Written out = written(request);
  EXPECT_EQ(out.body["messages"], json::parse(R"([{"role":"user","content":"a"},
    {"role":"assistant","content":"","thinking":"Hm.","tool_calls":[
      {"id":"1","function":{"index":0,"name":"clock","arguments":{"a":1.50}}},
      {"id":"2","function":{"index":1,"name":"ring","arguments":{"_raw":"junk"}}}]},
    {"role":"tool","tool_name":"clock","tool_call_id":"1","content":"x\nz"},
    {"role":"tool","tool_name":"ring","tool_call_id":"2","content":"{\"y\":1}"},
    {"role":"user","content":"b"}])"));
  EXPECT_THAT(out.dropped, ElementsAre("messages.is_error"));
  const auto rendered = codec().encode_request(request, {});
  EXPECT_THAT(rendered->body, HasSubstr(R"({"a": 1.50})")) << "in the bytes of whoever wrote it";
}

TEST(OllamaRequest, writes_pictures_and_names_what_it_would_have_to_fetch) {
  Request request;
  request.messages.push_back({Role::user,
                              {{Text{"What", {}, {}}, {}},
                               {Media{Media::Kind::image, "image/png", picture, {}, {}, {}, {}}, {}},
                               {Text{"is this?", {}, {}}, {}},
                               {Media{Media::Kind::image, {}, {}, "https://example.org/a", {}, {}, {}}, {}},
                               {Media{Media::Kind::audio, "audio/wav", "AAAA", {}, {}, {}, {}}, {}},
                               {Media{Media::Kind::document, {}, {}, {}, "file-1", {}, {}}, {}}},
                              {}});
  const Written out = written(request);
  EXPECT_EQ(out.body["messages"][0], json({{"role", "user"}, {"content", "What\n\nis this?"}, {"images", {picture}}}));
  EXPECT_THAT(out.dropped, ElementsAre("messages.image_url", "messages.input_audio", "messages.file"));
}

TEST(OllamaRequest, sends_back_no_thoughts_of_other_families) {
  Request request = asking("a");
  request.messages.push_back({Role::assistant,
                              {{Thinking{"t", "s", {}, {}, thinking_format::anthropic, false}, {}},
                               {Thinking{"own", {}, {}, {}, {}, false}, {}},
                               {ToolCall{"1", "t", "{}", "proof", {}, false}, {}}},
                              {}});
  const Written out = written(request);
  EXPECT_EQ(out.body["messages"][1]["thinking"], "own");
  EXPECT_FALSE(out.body["messages"][1].contains("thinking_proofs"));
  EXPECT_FALSE(out.body["messages"][1]["tool_calls"][0].contains("signature"));
  EXPECT_THAT(out.dropped, ElementsAre("messages.reasoning", "messages.tool_calls.extra_content"));
}

TEST(OllamaRequest, reads_what_it_has_words_for_and_keeps_the_rest) {
  const Request request = read(R"({"model":"m","keep_alive":"5m","format":"json","messages":[
      {"role":"USER","content":"a","images":[")" +
                               std::string(picture) + R"(","/9j/4AAQSkZJRgAB"]}],
    "options":{"num_ctx":4096,"num_predict":-1,"temperature":null,"stop":"END"}})");
  const auto& parts = request.messages[0].parts;
  EXPECT_EQ(request.messages[0].role, Role::user);
  EXPECT_EQ(std::get<Media>(parts[1].what).media_type, "image/png");
  EXPECT_EQ(std::get<Media>(parts[2].what).media_type, "image/jpeg");
  EXPECT_EQ(request.format.kind, OutputFormat::Kind::json_object);
  EXPECT_THAT(request.sampling.stop, ElementsAre("END"));
  EXPECT_FALSE(request.sampling.max_tokens) << "below zero there is no limit";
  std::vector<std::string> names;
  names.reserve(request.extras.size());
  for (const Extra& extra : request.extras) names.push_back(extra.within + "/" + extra.name);
  EXPECT_THAT(names, ElementsAre("options/num_ctx", "options/num_predict", "/keep_alive"));
  const json again = written(request).body;
  EXPECT_EQ(again["options"], json::parse(R"({"num_ctx":4096,"num_predict":-1,"stop":["END"]})"));
  EXPECT_EQ(again["keep_alive"], "5m");
}

TEST(OllamaRequest, finds_the_call_of_a_result_by_id_by_name_or_by_order) {
  const Request request = read(R"({"messages":[{"role":"assistant","tool_calls":[
      {"function":{"name":"a","arguments":{}}},{"function":{"name":"b","arguments":{}}},
      {"id":"third","function":{"name":"b","arguments":{}}},{"function":{"name":"c","arguments":{}}}]},
    {"role":"tool","tool_name":"b","content":"1"},{"role":"tool","tool_call_id":"third","content":"2"},
    {"role":"tool","content":"3"},{"role":"tool","tool_name":"c","content":"4"},{"role":"tool","content":"5"}]})");
  std::vector<std::string> calls;
  for (const Part& part : request.messages[0].parts) calls.push_back(std::get<ToolCall>(part.what).id);
  std::vector<std::string> results;
  std::vector<std::string> names;
  for (std::size_t at = 1; at < request.messages.size(); ++at) {
    const auto& result = std::get<ToolResult>(request.messages[at].parts[0].what);
    results.push_back(result.call_id);
    names.push_back(result.name);
  }
  EXPECT_EQ(calls[2], "third");
  EXPECT_NE(calls[0], calls[1]);
  EXPECT_THAT(results, ElementsAre(calls[1], calls[2], calls[0], calls[3], ::testing::StartsWith("call_")));
  EXPECT_THAT(names, ElementsAre("b", "b", "a", "c", ""));
}

TEST(OllamaRequest, refuses_what_makes_no_sense_by_name) {
  const std::vector<std::pair<std::string, std::string>> table{
      {R"({"messages":3})", "messages"},
      {R"({"messages":[{"role":"robot"}]})", "messages[0].role"},
      {R"({"messages":[{"role":"user","content":[]}]})", "messages[0]"},
      {R"({"messages":[{"role":"user","images":"x"}]})", "messages[0]"},
      {R"({"messages":[{"role":"assistant","tool_calls":[{"function":{"name":"a","arguments":[]}}]}]})", "messages[0]"},
      {R"({"options":3})", "options"},
      {R"({"options":{"num_predict":"5"}})", "options.num_predict"},
      {R"({"options":{"stop":[1]}})", "options.stop"},
      {R"({"format":3})", "format"},
      {R"({"think":"hard"})", "think"},
      {R"({"tools":{}})", "tools"},
      {R"({"tools":[{"function":{}}]})", "tools"}};
  for (const auto& [body, param] : table) {
    const auto request = codec().decode_request(body, "m", false);
    ASSERT_FALSE(request) << body;
    EXPECT_EQ(request.error().param(), param);
  }
  EXPECT_EQ(prompts().decode_request(R"({"prompt":["a"]})", "m", false).error().param(), "prompt");
  EXPECT_EQ(prompts().decode_request(R"({"images":[3]})", "m", false).error().param(), "images");
}

TEST(OllamaPrompt, is_a_conversation_with_one_question) {
  const Request request =
      read(prompts(), R"({"model":"m","prompt":"Why?","system":"Brief.","images":[")" + std::string(picture) +
                          R"("],"suffix":"","raw":false,"context":[],"template":null,
    "options":{"num_predict":7},"think":false,"messages":[1]})");
  ASSERT_EQ(request.messages.size(), 2U);
  EXPECT_EQ(request.messages[0].role, Role::system);
  EXPECT_EQ(std::get<Text>(request.messages[1].parts.at(0).what).text, "Why?");
  EXPECT_EQ(std::get<Media>(request.messages[1].parts.at(1).what).data, picture);
  EXPECT_EQ(request.sampling.max_tokens, 7U);
  EXPECT_EQ(request.reasoning.enabled, false);
  ASSERT_EQ(request.extras.size(), 1U) << "what says nothing is nothing";
  EXPECT_EQ(request.extras[0].name, "messages");
  const Request cut = read(prompts(), R"({"prompt":"a","suffix":"b","context":[1],"raw":true})");
  EXPECT_EQ(cut.extras.size(), 3U) << "so that other dialects name them";
}

}  // namespace
}  // namespace sluice::chat::request_test

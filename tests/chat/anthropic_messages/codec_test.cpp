#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <sluice/chat/dialect.hpp>

#include "chat/exchanges.hpp"
#include "chat/schemas.hpp"

namespace sluice::chat {
namespace {

using nlohmann::json;

const Codec& codec() { return *anthropic_messages().codec(); }

Part text(std::string words) { return {Text{.text = std::move(words)}, std::nullopt}; }

Message said(Role role, std::string words) { return {role, {text(std::move(words))}, {}}; }

Request asking(std::vector<Message> messages) {
  Request request;
  request.model = "owl-1";
  request.messages = std::move(messages);
  return request;
}

Request hello() { return asking({said(Role::user, "Hello")}); }

Rendered rendered(const Request& request, const Quirks& quirks = {}) {
  auto result = codec().encode_request(request, quirks);
  EXPECT_TRUE(result) << result.error().message();
  return result ? *std::move(result) : Rendered{};
}

json sent(const Request& request, const Quirks& quirks = {}) { return json::parse(rendered(request, quirks).body); }

Request understood(const std::string& body) {
  auto result = codec().decode_request(body, "owl-1", false);
  EXPECT_TRUE(result) << result.error().message();
  return result ? *std::move(result) : Request{};
}

bool has(const Dropped& dropped, std::string_view name) {
  return std::find(dropped.begin(), dropped.end(), name) != dropped.end();
}

json answered(const Response& response, Dropped& dropped) {
  std::string out;
  codec().encode_response(response, {}, out, dropped);
  return json::parse(out);
}

Response answer(std::vector<Part> parts, Ending ending = {}) {
  Response response;
  response.id = "id";
  response.model = "m";
  response.choices.push_back({.parts = std::move(parts), .ending = std::move(ending)});
  return response;
}

// What a reader of a stream of these events gets.
Response streamed(const std::vector<Event>& events, Dropped* dropped = nullptr) {
  const auto encoder = codec().stream_encoder({});
  std::string out;
  for (const Event& event : events) encoder->encode(event, out);
  if (dropped != nullptr) *dropped = encoder->dropped();
  auto response = fold(events_of(codec(), out));
  EXPECT_TRUE(response) << out;
  return response ? *std::move(response) : Response{};
}

// ---- Requests to a provider

TEST(AnthropicRequests, have_the_limit_that_the_dialect_demands) {
  EXPECT_EQ(sent(hello())["max_tokens"], 4096);
  EXPECT_EQ(sent(hello(), {.default_max_tokens = 8000})["max_tokens"], 8000);
  Request request = hello();
  request.sampling.max_tokens = 7;
  EXPECT_EQ(sent(request, {.default_max_tokens = 8000})["max_tokens"], 7);
  EXPECT_EQ(sent(request, {.max_tokens = "limit"})["limit"], 7);
}

TEST(AnthropicRequests, say_what_plain_requests_say) {
  Request request = asking({said(Role::system, "Be kind."), said(Role::developer, "Be brief."),
                            said(Role::user, "Hello"), said(Role::user, "Are you there?")});
  request.stream = true;
  request.user = "u-1";
  request.sampling.temperature = Number{"0.10"};
  request.sampling.top_p = Number{"0.5"};
  request.sampling.top_k = Number{"40"};
  request.sampling.stop = {"END", " \n"};
  request.service_tier = "default";
  const Rendered result = rendered(request);
  EXPECT_NE(result.body.find("\"temperature\":0.10,"), std::string::npos);
  EXPECT_EQ(json::parse(result.body), json::parse(R"({
    "model": "owl-1", "max_tokens": 4096, "stream": true, "metadata": {"user_id": "u-1"}, "temperature": 0.1,
    "top_p": 0.5, "top_k": 40, "stop_sequences": ["END"], "service_tier": "standard_only",
    "system": [{"type": "text", "text": "Be kind."}, {"type": "text", "text": "Be brief."}],
    "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello"},
                                              {"type": "text", "text": "Are you there?"}]}]})"));
  EXPECT_EQ(result.dropped, Dropped{"stop"});
}

// Newer models refuse one of two ways to choose words beside the other, and the newest any.
TEST(AnthropicRequests, say_how_to_choose_words_as_far_as_the_model_takes_it) {
  Request request = hello();
  request.dialect = "gemini";
  request.sampling.temperature = Number{"0.7"};
  request.sampling.top_p = Number{"0.95"};
  request.sampling.top_k = Number{"64"};
  const auto sampled = [&](bool sampling, bool both) {
    Quirks quirks;
    quirks.models = {{{"*"}, {.sampling = sampling, .both = both}}};
    const Rendered result = rendered(request, quirks);
    const json body = json::parse(result.body);
    std::string told;
    for (const char* name : {"temperature", "top_p", "top_k"})
      told += body.contains(name) ? std::string(name) + " " : "";
    for (const std::string& name : result.dropped) told += "-" + name + " ";
    return told;
  };
  EXPECT_EQ(sampled(true, true), "temperature top_p top_k ");
  EXPECT_EQ(sampled(true, false), "temperature top_k -top_p ");
  EXPECT_EQ(sampled(false, false), "-temperature -top_p -top_k ");
  request.sampling.temperature = Number{"1.0"};
  request.sampling.top_p = Number{"1"};
  request.sampling.top_k.reset();
  EXPECT_EQ(sampled(false, false), "") << "what happens anyway";
}

TEST(AnthropicRequests, close_the_schema_of_an_answer) {
  Request request = hello();
  request.dialect = "ollama";
  request.format.kind = OutputFormat::Kind::json_schema;
  request.format.schema.bytes = R"({"type":"object","properties":{"age":{"type":"integer","minimum":0}}})";
  const Rendered result = rendered(request);
  EXPECT_EQ(json::parse(result.body)["output_config"]["format"]["schema"],
            json::parse(R"({"type":"object","properties":{"age":{"type":"integer"}},"additionalProperties":false})"));
  EXPECT_EQ(result.dropped, Dropped{"response_format.schema"});
}

TEST(AnthropicRequests, say_that_instructions_stood_elsewhere) {
  const Rendered result = rendered(asking({said(Role::user, "Hello"), said(Role::developer, "Be brief.")}));
  EXPECT_EQ(json::parse(result.body)["system"], "Be brief.");
  EXPECT_EQ(result.dropped, Dropped{"messages.position"});
  const Request nothing = asking(
      {said(Role::user, " "), said(Role::system, "Be brief."), said(Role::user, "Hello"), said(Role::developer, "\n")});
  EXPECT_TRUE(rendered(nothing).dropped.empty()) << "nothing moved";
}

// They are refused.
TEST(AnthropicRequests, have_no_texts_in_which_nothing_stands) {
  const json body = sent(asking({said(Role::user, "Hello"), said(Role::user, " \n"), said(Role::assistant, "\t")}));
  EXPECT_EQ(body["messages"], json::parse(R"([{"role":"user","content":"Hello"}])"));
  EXPECT_EQ(
      sent(asking({said(Role::user, "Hello"), said(Role::assistant, "So "), said(Role::user, " ")}))["messages"].size(),
      3u)
      << "a question that says nothing is the provider's to refuse";
  const json system = sent(asking({said(Role::system, " "), said(Role::system, "Be kind."), said(Role::user, "Hi")}));
  EXPECT_EQ(system["system"], "Be kind.");
  EXPECT_FALSE(sent(asking({said(Role::system, " "), said(Role::user, "Hi")})).contains("system"));
}

TEST(AnthropicRequests, name_what_the_dialect_cannot_say) {
  Request request = hello();
  request.sampling.seed = 3;
  request.sampling.choices = 2;
  request.sampling.frequency_penalty = Number{"0.5"};
  request.sampling.presence_penalty = Number{"0.0"};
  request.sampling.logprobs = true;
  request.sampling.top_logprobs = 4;
  request.sampling.min_p = Number{"0.1"};
  request.metadata = {R"({"a":"b"})"};
  request.verbosity = "low";
  request.store = true;
  request.service_tier = "flex";
  request.format.kind = OutputFormat::Kind::json_object;
  request.dialect = "openai_chat";
  request.extras = {{"logit_bias", {"{}"}}};
  request.messages.push_back({Role::user, {{Media{.kind = Media::Kind::audio, .data = "AAAA"}, {}}, text("?")}, "Ann"});
  EXPECT_NE(rendered(request).body.find(json_wish), std::string::npos) << "the model can still be asked";
  Dropped dropped = rendered(request).dropped;
  std::sort(dropped.begin(), dropped.end());
  EXPECT_EQ(dropped,
            (Dropped{"frequency_penalty", "logit_bias", "logprobs", "messages.input_audio", "messages.name", "metadata",
                     "min_p", "n", "response_format", "seed", "service_tier", "store", "top_logprobs", "verbosity"}));
}

TEST(AnthropicRequests, keep_all_results_of_a_turn_together_and_first) {
  const auto call = [](const char* id) {
    return Part{ToolCall{.id = id, .name = "f", .arguments = R"({"x": 1.50})"}, {}};
  };
  const auto result = [](const char* id) {
    return Message{Role::tool, {{ToolResult{.call_id = id, .content = {Text{.text = "r"}}}, {}}}, {}};
  };
  const Request request = asking({said(Role::user, "go"),
                                  {Role::assistant, {text("ok"), call("a"), call("b")}, {}},
                                  result("a"),
                                  said(Role::user, "hurry"),
                                  result("b")});
  const Rendered done = rendered(request);
  EXPECT_NE(done.body.find(R"("input":{"x": 1.50})"), std::string::npos) << "arguments in the writer's own bytes";
  const json messages = json::parse(done.body)["messages"];
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_EQ(messages[2], json::parse(R"({"role": "user", "content": [
    {"type": "tool_result", "tool_use_id": "a", "content": "r"},
    {"type": "tool_result", "tool_use_id": "b", "content": "r"}, {"type": "text", "text": "hurry"}]})"));
}

TEST(AnthropicRequests, wrap_arguments_that_are_no_object) {
  Request request = asking({said(Role::user, "go")});
  const std::vector<std::pair<std::string, json>> cases{{"", json::object()},
                                                        {"{}", json::object()},
                                                        {"{\"a\":", {{"_raw", "{\"a\":"}}},
                                                        {"[1]", {{"_raw", "[1]"}}},
                                                        {" {\"a\":1} ", {{"a", 1}}}};
  for (const auto& [arguments, expected] : cases) {
    request.messages = {said(Role::user, "go"),
                        {Role::assistant, {{ToolCall{.id = "a", .name = "f", .arguments = arguments}, {}}}, {}}};
    EXPECT_EQ(sent(request)["messages"][1]["content"][0]["input"], expected) << arguments;
  }
}

TEST(AnthropicRequests, leave_out_empty_texts_and_white_space_before_the_answer) {
  const Request request = asking(
      {said(Role::user, "go"), said(Role::assistant, ""), said(Role::user, "on"), said(Role::assistant, "Well, \n")});
  EXPECT_EQ(sent(request)["messages"], json::parse(R"([{"role": "user", "content": "go"},
    {"role": "user", "content": "on"}, {"role": "assistant", "content": "Well,"}])"));
  const auto nothing = codec().encode_request(asking({said(Role::system, "x"), said(Role::user, "")}), {});
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().param(), "messages");
}

TEST(AnthropicRequests, describe_tools) {
  Request request = hello();
  request.tools = {
      {.name = "a", .description = "d", .schema = {R"({"properties": {"b": {}, "a": {}}})"}, .strict = true},
      {.name = "none"},
      {.name = "free", .is_custom = true},
      {.name = "theirs", .opaque = Opaque{"openai_responses", "tools.web_search", {"{}"}}}};
  request.tool_choice = {.mode = ToolChoice::Mode::named, .name = "a", .parallel = false};
  const Rendered result = rendered(request);
  EXPECT_NE(result.body.find(R"({"type":"object","properties": {"b": {}, "a": {}}})"), std::string::npos);
  const json body = json::parse(result.body);
  ASSERT_EQ(body["tools"].size(), 2u);
  EXPECT_EQ(body["tools"][0]["strict"], true);
  EXPECT_EQ(body["tools"][1]["input_schema"], json::parse(R"({"type": "object", "properties": {}})"));
  EXPECT_EQ(body["tool_choice"], json::parse(R"({"type": "tool", "name": "a", "disable_parallel_tool_use": true})"));
  EXPECT_EQ(result.dropped, (Dropped{"tools.custom", "tools.web_search"}));
}

TEST(AnthropicRequests, choose_tools) {
  using Mode = ToolChoice::Mode;
  const std::vector<std::pair<ToolChoice, json>> cases{
      {{}, nullptr},
      {{.mode = Mode::automatic}, {{"type", "auto"}}},
      {{.mode = Mode::required}, {{"type", "any"}}},
      {{.mode = Mode::none, .parallel = false}, {{"type", "none"}}},
      {{.parallel = false}, {{"type", "auto"}, {"disable_parallel_tool_use", true}}},
      {{.mode = Mode::named, .name = "unknown"}, nullptr}};
  for (const auto& [choice, expected] : cases) {
    Request request = hello();
    request.tools = {{.name = "a"}, {.name = "b"}};
    request.tool_choice = choice;
    EXPECT_EQ(sent(request).value("tool_choice", json()), expected);
    request.tools.clear();
    EXPECT_FALSE(sent(request).contains("tool_choice")) << "a choice without tools is refused";
  }
  Request request = hello();
  request.tools = {{.name = "a"}, {.name = "b"}};
  request.tool_choice = {.mode = Mode::required, .only = {"b"}};
  EXPECT_EQ(sent(request)["tools"].size(), 1u);
}

TEST(AnthropicRequests, say_how_much_to_think) {
  struct Case {
    Reasoning wanted;
    std::optional<std::uint64_t> max_tokens;
    std::vector<std::string> unsupported;
    json thinking;
    json config;
  };
  const json adaptive{{"type", "adaptive"}};
  const auto budget = [](int tokens) { return json{{"type", "enabled"}, {"budget_tokens", tokens}}; };
  const std::vector<Case> cases{
      {{.effort = "high"}, {}, {}, adaptive, {{"effort", "high"}}},
      {{.effort = "minimal"}, {}, {}, adaptive, {{"effort", "low"}}},
      {{.effort = "none"}, {}, {}, {{"type", "disabled"}}, nullptr},
      {{.enabled = false}, {}, {}, {{"type", "disabled"}}, nullptr},
      {{.effort = "high", .summary = "auto"},
       {},
       {},
       {{"type", "adaptive"}, {"display", "summarized"}},
       {{"effort", "high"}}},
      {{.effort = "high"}, {10'000}, {"output_config"}, budget(8000), nullptr},
      {{.effort = "low"}, {2000}, {"output_config"}, budget(1024), nullptr},
      {{.effort = "low"}, {1000}, {"output_config"}, nullptr, nullptr},
      {{.effort = "low"}, {}, {"thinking", "output_config"}, nullptr, nullptr},
      {{.budget_tokens = 5000}, {}, {}, budget(5000), nullptr},
      {{.budget_tokens = 5000}, {3000}, {}, budget(2999), nullptr},
      {{.budget_tokens = 10}, {3000}, {}, budget(1024), nullptr},
  };
  for (const Case& one : cases) {
    Request request = hello();
    request.reasoning = one.wanted;
    request.sampling.max_tokens = one.max_tokens;
    const Rendered result = rendered(request, {.unsupported = one.unsupported});
    const json body = json::parse(result.body);
    EXPECT_EQ(body.value("thinking", json()), one.thinking) << result.body;
    EXPECT_EQ(body.value("output_config", json()), one.config) << result.body;
    EXPECT_EQ(has(result.dropped, "reasoning_effort"), one.thinking.is_null()) << result.body;
    EXPECT_TRUE(!one.wanted.budget_tokens || body["max_tokens"] > body["thinking"]["budget_tokens"]);
  }
}

TEST(AnthropicRequests, do_not_think_where_the_rest_forbids_it) {
  Request request = hello();
  request.reasoning.effort = "high";
  request.sampling.temperature = Number{"0.3"};
  request.sampling.top_k = Number{"5"};
  Rendered result = rendered(request);
  EXPECT_EQ(result.dropped, (Dropped{"temperature", "top_k"}));

  request.tools = {{.name = "f"}};
  request.tool_choice.mode = ToolChoice::Mode::required;
  result = rendered(request);
  EXPECT_EQ(result.dropped, Dropped{"reasoning_effort"});
  EXPECT_FALSE(json::parse(result.body).contains("thinking"));

  request.tool_choice = {};
  request.messages.push_back({Role::assistant, {{ToolCall{.id = "a", .name = "f", .arguments = "{}"}, {}}}, {}});
  request.messages.push_back({Role::tool, {{ToolResult{.call_id = "a"}, {}}}, {}});
  EXPECT_TRUE(sent(request).contains("thinking"));
  EXPECT_FALSE(sent(request, {.unsupported = {"output_config"}}).contains("thinking")) << "its last thought is lost";

  Request hot = hello();
  hot.sampling.temperature = Number{"1.7"};
  EXPECT_EQ(sent(hot)["temperature"], 1);
}

TEST(AnthropicRequests, send_back_only_thoughts_of_their_own_family) {
  const Request request =
      asking({said(Role::user, "go"),
              {Role::assistant,
               {{Thinking{.text = "mine", .signature = "s", .format = thinking_format::anthropic}, {}},
                {Thinking{.data = "hidden", .format = thinking_format::anthropic}, {}},
                {Thinking{.text = "theirs", .signature = "t", .format = thinking_format::gemini}, {}},
                {Thinking{.text = "unsigned"}, {}},
                text("ok")},
               {}},
              said(Role::user, "on")});
  const Rendered result = rendered(request);
  EXPECT_EQ(json::parse(result.body)["messages"][1]["content"],
            json::parse(R"([{"type": "thinking", "thinking": "mine", "signature": "s"},
              {"type": "redacted_thinking", "data": "hidden"}, {"type": "text", "text": "ok"}])"));
  EXPECT_EQ(result.dropped, Dropped{"messages.reasoning"});
}

TEST(AnthropicRequests, carry_a_text_without_text_and_a_redacted_thought_without_data_as_they_are) {
  for (const std::string odd :
       {R"({"type":"redacted_thinking","@ata":"aGlk"})", R"({"type":"text","tex|":"I see."})"}) {
    const Request request = understood(
        R"({"model":"owl-1","max_tokens":9,"messages":[{"role":"user","content":"Go on."},{"role":"assistant","content":[)" +
        odd + R"(,{"type":"text","text":"I see."}]},{"role":"user","content":"So?"}]})");
    EXPECT_EQ(sent(request)["messages"][1]["content"][0], json::parse(odd));
  }
}

TEST(AnthropicRequests, carry_media) {
  using Kind = Media::Kind;
  const std::vector<std::pair<Media, json>> cases{
      {{.kind = Kind::image, .media_type = "image/gif", .data = "AA=="},
       {{"type", "base64"}, {"media_type", "image/gif"}, {"data", "AA=="}}},
      {{.kind = Kind::image, .data = "iVBORw=="},
       {{"type", "base64"}, {"media_type", "image/png"}, {"data", "iVBORw=="}}},
      {{.kind = Kind::image, .url = "https://x.example/a"}, {{"type", "url"}, {"url", "https://x.example/a"}}},
      {{.kind = Kind::document, .file_id = "f"}, {{"type", "file"}, {"file_id", "f"}}},
      {{.kind = Kind::document, .media_type = "text/csv", .data = "YSxiCsOk"},
       {{"type", "text"}, {"media_type", "text/plain"}, {"data", "a,b\nä"}}},
      {{.kind = Kind::document, .media_type = "application/pdf", .data = "JVBE"},
       {{"type", "base64"}, {"media_type", "application/pdf"}, {"data", "JVBE"}}},
      {{.kind = Kind::document, .media_type = "application/zip", .data = "AA=="}, nullptr},
      {{.kind = Kind::video, .url = "https://x.example/v"}, nullptr}};
  for (const auto& [media, expected] : cases) {
    const Rendered result = rendered(asking({{Role::user, {text("see"), {media, {}}}, {}}}));
    const json content = json::parse(result.body)["messages"][0]["content"];
    EXPECT_EQ(content.size(), expected.is_null() ? 1u : 2u);
    EXPECT_EQ(content.size() == 2 ? content[1]["source"] : json(), expected);
    EXPECT_EQ(result.dropped.empty(), !expected.is_null());
  }
}

TEST(AnthropicRequests, leave_out_what_a_provider_refuses) {
  Request request = hello();
  request.sampling.top_k = Number{"3"};
  request.user = "u";
  request.format = {.kind = OutputFormat::Kind::json_schema, .schema = {"{}"}};
  const Rendered result = rendered(request, {.unsupported = {"top_k", "metadata", "output_config"}});
  EXPECT_EQ(result.dropped, (Dropped{"top_k", "response_format", "user"}));
  EXPECT_EQ(json::parse(result.body).size(), 3u);
}

// ---- Requests of callers

TEST(AnthropicCallers, are_understood) {
  const Request request = understood(R"({"model": "owl-1", "max_tokens": 9, "system": [{"type": "text", "text": "S",
    "cache_control": {"type": "ephemeral", "ttl": "1h"}}], "top_k": 5, "stop_sequences": ["a"],
    "tool_choice": {"type": "any", "disable_parallel_tool_use": true}, "thinking": {"type": "enabled",
    "budget_tokens": 2048}, "output_config": {"effort": "low", "task_budget": {"total": 1}}, "container": "c",
    "metadata": {"user_id": "u", "team": "t"}, "service_tier": "standard_only", "anthropic_beta": ["x"],
    "tools": [{"name": "f", "input_schema": {"type": "object"}, "defer_loading": true},
              {"type": "bash_20250124", "name": "bash"}],
    "messages": [{"role": "user", "content": [{"type": "text", "text": "T"},
      {"type": "tool_result", "tool_use_id": "i", "content": [{"type": "text", "text": "R"}]}]}]})");
  EXPECT_EQ(request.sampling.max_tokens, 9u);
  ASSERT_EQ(request.messages.size(), 3u);
  EXPECT_EQ(request.messages[0].role, Role::system);
  EXPECT_EQ(request.messages[0].parts[0].cache, CacheMark{"1h"});
  EXPECT_EQ(request.messages[1].role, Role::user);
  EXPECT_EQ(request.messages[2].role, Role::tool);
  EXPECT_EQ(request.tool_choice, (ToolChoice{.mode = ToolChoice::Mode::required, .parallel = false}));
  EXPECT_EQ(request.reasoning, (Reasoning{.effort = "low", .budget_tokens = 2048, .enabled = true}));
  EXPECT_EQ(request.user, "u");
  EXPECT_EQ(request.service_tier, "default");
  ASSERT_EQ(request.tools.size(), 2u);
  EXPECT_EQ(request.tools[1].opaque->kind, "tools.bash_20250124");
  const std::vector<Extra> extras{{"defer_loading", {R"({"f":true})"}, "tools"},
                                  {"task_budget", {R"({"total": 1})"}, "output_config"},
                                  {"container", {R"("c")"}},
                                  {"team", {R"("t")"}, "metadata"},
                                  {"anthropic_beta", {R"(["x"])"}}};
  EXPECT_EQ(request.extras, extras);
  const json again = sent(request);
  EXPECT_EQ(again["tools"][0]["defer_loading"], true);
  EXPECT_EQ(again["output_config"]["task_budget"]["total"], 1);
  EXPECT_EQ(again["metadata"]["team"], "t");
}

TEST(AnthropicCallers, are_told_which_member_cannot_be_understood) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {R"({"messages": 3})", "messages"},
      {R"({})", "messages"},
      {R"({"messages": [{"role": "robot", "content": "x"}]})", "messages[0].role"},
      {R"({"messages": [{"role": "user", "content": "x"}, {"role": "user"}]})", "messages[1].content"},
      {R"({"messages": [{"role": "user", "content": [{"text": "x"}]}]})", "messages[0].content"},
      {R"({"messages": [7]})", "messages[0].content"},
      {R"({"messages": [], "max_tokens": "9"})", "max_tokens"},
      {R"({"messages": [], "max_tokens": -9})", "max_tokens"},
      {R"({"messages": [], "temperature": "hot"})", "temperature"},
      {R"({"messages": [], "stop_sequences": [1]})", "stop_sequences"},
      {R"({"messages": [], "tools": {}})", "tools"},
      {R"({"messages": [], "tools": [{"input_schema": {}}]})", "tools"},
      {R"({"messages": [], "tool_choice": "auto"})", "tool_choice"},
      {R"({"messages": [], "tool_choice": {"type": "tool"}})", "tool_choice.name"},
      {R"({"messages": [], "system": 4})", "system"}};
  for (const auto& [body, member] : cases) {
    const auto result = codec().decode_request(body, "m", false);
    ASSERT_FALSE(result) << body;
    EXPECT_EQ(result.error().param(), member) << body;
    EXPECT_EQ(result.error().fault(), Fault::bad_request);
  }
  EXPECT_FALSE(codec().decode_request("[]", "m", false));
}

TEST(AnthropicCallers, keep_what_no_other_dialect_has) {
  const std::string body = R"({"messages":[{"role":"user","content":[{"type":"document","source":{"type":"text",)"
                           R"("media_type":"text/plain","data":"d"},"context":"c","citations":{"enabled":true}},)"
                           R"({"type":"search_result","content":[]}]}]})";
  const Request request = understood(body);
  ASSERT_EQ(request.messages.size(), 1u);
  ASSERT_EQ(request.messages[0].parts.size(), 4u);
  EXPECT_EQ(std::get<Opaque>(request.messages[0].parts[0].what).kind, "document.context");
  EXPECT_EQ(sent(request)["messages"], json::parse(body)["messages"]);
}

// ---- Answers

TEST(AnthropicAnswers, end_with_the_dialects_words) {
  struct Case {
    Ending ending;
    bool calls;
    std::string word;
  };
  const std::vector<Case> cases{
      {{Finish::stop, "STOP", ""}, false, "end_turn"},
      {{Finish::stop, "stop", ""}, true, "tool_use"},
      {{Finish::stop, "", "END"}, false, "stop_sequence"},
      {{Finish::length, "MAX_TOKENS", ""}, false, "max_tokens"},
      {{Finish::length, "model_context_window_exceeded", ""}, false, "model_context_window_exceeded"},
      {{Finish::tool_calls, "end_turn", ""}, true, "tool_use"},
      {{Finish::content_filter, "SAFETY", ""}, false, "refusal"},
      {{Finish::pause, "", ""}, false, "pause_turn"},
      {{}, false, "end_turn"}};
  for (const Case& one : cases) {
    std::vector<Part> parts{text("x")};
    if (one.calls) parts.push_back({ToolCall{.id = "a", .name = "f", .arguments = "{}"}, {}});
    const Response response = answer(parts, one.ending);
    Dropped dropped;
    const json body = answered(response, dropped);
    EXPECT_EQ(body["stop_reason"], one.word);
    EXPECT_EQ(body["stop_sequence"], one.ending.stop_sequence.empty() ? json() : json(one.ending.stop_sequence));
    EXPECT_TRUE(dropped.empty());
    EXPECT_EQ(streamed(unfold(response)).choices[0].ending.raw, one.word);
  }
}

TEST(AnthropicAnswers, always_have_counts) {
  Response response = answer({text("x")});
  Dropped dropped;
  EXPECT_EQ(answered(response, dropped)["usage"]["output_tokens"], 0);
  response.usage =
      Usage{.input = 1, .cache_read = 2, .cache_write = 7, .cache_write_1h = 4, .output = 5, .reasoning = 6};
  EXPECT_EQ(answered(response, dropped)["usage"], json::parse(R"({"input_tokens": 1, "cache_read_input_tokens": 2,
    "cache_creation_input_tokens": 7, "cache_creation": {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 4},
    "output_tokens": 11, "output_tokens_details": {"thinking_tokens": 6}})"));
}

TEST(AnthropicAnswers, do_not_make_wrong_counts_into_money) {
  const auto usage = [](const std::string& counts) {
    return anthropic_messages().usage_of(R"({"content":[],"usage":)" + counts + "}");
  };
  EXPECT_FALSE(usage(R"({"input_tokens":-1,"output_tokens":2})"));
  EXPECT_FALSE(usage(R"({"input_tokens":"1","output_tokens":2})"));
  EXPECT_FALSE(usage(R"({"input_tokens":1.5,"output_tokens":2})"));
  EXPECT_FALSE(usage(R"({"input_tokens":0,"output_tokens":0})"));
  EXPECT_FALSE(usage("3"));
  EXPECT_EQ(usage(R"({"input_tokens":3,"output_tokens":2,"cache_creation":{"ephemeral_1h_input_tokens":4}})"),
            (Usage{.input = 3, .cache_write = 4, .cache_write_1h = 4, .output = 2}));
}

TEST(AnthropicAnswers, drop_by_name_what_the_dialect_has_no_block_for) {
  Response response = answer({text("x"),
                              {Media{.kind = Media::Kind::image, .data = "AA=="}, {}},
                              {Opaque{"openai_responses", "code_interpreter_call", {"{}"}}, {}}});
  response.system_fingerprint = "fp";
  response.dialect = "openai_chat";
  response.extras = {{"provider", {"1"}}};
  response.choices[0].logprobs = {"[]"};
  response.choices.push_back({});
  Dropped dropped;
  EXPECT_EQ(answered(response, dropped)["content"].size(), 1u);
  std::sort(dropped.begin(), dropped.end());
  EXPECT_EQ(dropped, (Dropped{"code_interpreter_call", "logprobs", "messages.image_url", "n", "provider",
                              "system_fingerprint"}));
  Dropped in_stream;
  streamed(unfold(response), &in_stream);
  std::sort(in_stream.begin(), in_stream.end());
  EXPECT_EQ(in_stream, (Dropped{"code_interpreter_call", "logprobs", "messages.image_url", "n", "system_fingerprint"}));
}

TEST(AnthropicAnswers, that_cannot_be_read_are_the_providers_fault) {
  for (const char* const body : {"", "{}", "[]", "nonsense", R"({"content": 3})", R"({"type":"error"})"}) {
    const auto result = codec().decode_response(body);
    ASSERT_FALSE(result) << body;
    EXPECT_EQ(result.error().blame(), Blame::upstream);
    EXPECT_TRUE(result.error().retryable());
    EXPECT_EQ(result.error().outcome(), Outcome::server_error);
  }
}

// ---- Proofs of other families

TEST(AnthropicProofs, of_other_families_come_back_with_the_next_turn) {
  const std::vector<Part> parts{
      {Thinking{.text = "g", .signature = "sig:1", .format = thinking_format::gemini}, {}},
      {Thinking{.text = "sum", .data = "enc", .id = "rs_1", .format = thinking_format::responses, .is_summary = true},
       {}},
      {Thinking{.signature = "s", .format = ""}, {}},
      {Thinking{.text = "own", .signature = "s2", .format = thinking_format::anthropic}, {}},
      {Text{.text = "said", .signature = "on text"}, {}},
      {ToolCall{.id = "a:1", .name = "f", .arguments = "{}", .signature = "on call"}, {}},
      {ToolCall{.id = "b", .name = "f", .arguments = "{}"}, {}}};
  const Response response = answer(parts);
  Dropped dropped;
  const json whole = answered(response, dropped)["content"];
  EXPECT_TRUE(dropped.empty());
  const auto encoder = codec().stream_encoder({});
  std::string stream;
  for (const Event& event : unfold(response)) encoder->encode(event, stream);
  std::string again;
  codec().encode_response(*fold(events_of(codec(), stream)), {}, again, dropped);
  for (const json& content : {whole, json::parse(again)["content"]}) {
    const json turn{{"messages", {{{"role", "assistant"}, {"content", content}}}}};
    const Request request = understood(turn.dump());
    ASSERT_EQ(request.messages.size(), 1u);
    EXPECT_EQ(request.messages[0].parts, parts) << content;
  }
}

TEST(AnthropicProofs, that_come_after_a_call_began_still_come_back) {
  const Response response = streamed({AnswerStart{}, BlockStart{0, 0, {ToolCall{.id = "a", .name = "f"}, {}}},
                                      BlockDelta{.block = 0, .text = "{}"}, BlockDelta{.block = 0, .signature = "late"},
                                      BlockEnd{0}, ChoiceEnd{}, AnswerEnd{}});
  Dropped dropped;
  const json turn{{"messages", {{{"role", "assistant"}, {"content", answered(response, dropped)["content"]}}}}};
  const Request request = understood(turn.dump());
  ASSERT_EQ(request.messages[0].parts.size(), 1u);
  EXPECT_EQ(std::get<ToolCall>(request.messages[0].parts[0].what).signature, "late");
}

// ---- Streams

TEST(AnthropicStreams, tell_overlapping_blocks_one_after_the_other) {
  const auto call = [](std::string id) { return Part{ToolCall{.id = std::move(id), .name = "f"}, {}}; };
  const auto more = [](std::size_t block, std::string words) {
    return BlockDelta{.block = block, .text = std::move(words)};
  };
  const Response response = streamed({AnswerStart{"i", "m", 0, "", ""}, BlockStart{0, 0, text("")}, more(0, "one "),
                                      BlockStart{1, 0, call("a")}, more(1, "{\"x\""), BlockStart{2, 0, call("b")},
                                      more(0, "two"), more(2, "{\"y\":2}"), more(1, ":1}"), BlockEnd{2}, BlockEnd{1},
                                      BlockEnd{0}, ChoiceEnd{0, {Finish::tool_calls, "", ""}}, AnswerEnd{}});
  std::vector<std::string> calls;
  std::string words;
  for (const Part& part : response.choices[0].parts) {
    if (const auto* said = std::get_if<Text>(&part.what)) words += said->text;
    if (const auto* one = std::get_if<ToolCall>(&part.what)) calls.push_back(one->id + one->arguments);
  }
  EXPECT_EQ(words, "one two");
  EXPECT_EQ(calls, (std::vector<std::string>{R"(a{"x":1})", R"(b{"y":2})"}));
}

TEST(AnthropicStreams, wrap_the_free_text_of_custom_tools) {
  const Response response =
      streamed({AnswerStart{}, BlockStart{0, 0, {ToolCall{.id = "a", .name = "f", .is_custom = true}, {}}},
                BlockDelta{.block = 0, .text = "say \"hi\"\n"}, BlockDelta{.block = 0, .text = "twice"}, BlockEnd{0},
                ChoiceEnd{}, AnswerEnd{}});
  EXPECT_EQ(json::parse(std::get<ToolCall>(response.choices[0].parts[0].what).arguments),
            json::parse(R"({"_raw": "say \"hi\"\ntwice"})"));
}

TEST(AnthropicStreams, tell_of_failures) {
  const auto encoder = codec().stream_encoder({});
  std::string out;
  encoder->encode(AnswerFailed{Error(Fault::unavailable, Blame::upstream, "x", "Busy.")}, out);
  EXPECT_EQ(
      out,
      "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Busy.\"}}\n\n");
  const auto truncated =
      fold(events_of(codec(), "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{}}\n\n"));
  ASSERT_FALSE(truncated);
  EXPECT_EQ(truncated.error().outcome(), Outcome::truncated);
  EXPECT_FALSE(fold(events_of(codec(), "data: nonsense\n\n")));
}

TEST(AnthropicStreams, say_no_member_of_the_answer_twice) {
  const auto response = fold(events_of(
      codec(),
      "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"a\",\"model\":\"owl-1\"}}\n\n"
      "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},"
      "\"model\":\"other\",\"usage.cost\":1,\"container\":{\"id\":\"c\"}}\n\n"
      "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"));
  ASSERT_TRUE(response);
  std::string written;
  Dropped dropped;
  codec().encode_response(*response, {}, written, dropped);
  EXPECT_EQ(written.find("other"), std::string::npos) << written;
  EXPECT_EQ(written.find("usage.cost"), std::string::npos) << written;
  EXPECT_EQ(json::parse(written)["model"], "owl-1");
  EXPECT_EQ(json::parse(written)["container"], (json{{"id", "c"}}));
}

TEST(AnthropicStreams, mint_the_same_id_in_one_piece_and_streamed) {
  const auto whole = codec().decode_response(
      R"({"content":[{"type":"text","text":"x"},{"type":"tool_use","name":"f","input":{}}],"stop_reason":"tool_use"})");
  ASSERT_TRUE(whole);
  const auto stream = fold(events_of(
      codec(),
      "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"x\"}}\n\n"
      "data: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
      "data: "
      "{\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"name\":\"f\"}}\n\n"
      "data: {\"type\":\"message_stop\"}\n\n"));
  ASSERT_TRUE(stream);
  EXPECT_EQ(whole->choices[0].parts, stream->choices[0].parts);
  EXPECT_EQ(std::get<ToolCall>(stream->choices[0].parts[1].what).id, "call_1");
  EXPECT_EQ(stream->choices[0].ending.finish, Finish::tool_calls);
}

// ---- The shallow half

TEST(AnthropicMessages, outlines_bodies) {
  std::string scratch;
  const std::string body = R"({"model": "a\u0062", "stream": true, "messages": []})" + std::string(64, ' ');
  const std::string_view text(body.data(), body.size() - 64);
  const auto outline = anthropic_messages().outline({}, text, scratch);
  ASSERT_TRUE(outline);
  EXPECT_EQ(outline->model, "ab");
  EXPECT_TRUE(outline->stream);
  std::string joined;
  const http::Slices slices = anthropic_messages().retarget(text, *outline, R"("c")", true);
  for (const auto piece : slices.pieces()) joined += piece;
  EXPECT_EQ(joined, R"({"model": "c", "stream": true, "messages": []})");

  const std::string bare = R"({"anthropic_version": "x", "messages": []})" + std::string(64, ' ');
  const std::string_view bare_text(bare.data(), bare.size() - 64);
  EXPECT_FALSE(anthropic_messages().outline({}, bare_text, scratch));
  const auto in_path = anthropic_messages().outline({.model = "m", .stream = true}, bare_text, scratch);
  ASSERT_TRUE(in_path);
  EXPECT_EQ(in_path->model, "m");
  EXPECT_TRUE(in_path->stream);
  joined.clear();
  const http::Slices slices_again = anthropic_messages().retarget(bare_text, *in_path, R"("c")", true);
  for (const auto piece : slices_again.pieces()) joined += piece;
  EXPECT_EQ(joined, bare_text);

  for (const char* const twice : {R"({"model":"a","model":"a"})", R"({"model":"a","Messages":[]})",
                                  R"({"model":"a","max_tokens":1,"max_tokens":2})", R"({"model":"a","stream":1})"}) {
    const std::string padded = std::string(twice) + std::string(64, ' ');
    EXPECT_FALSE(anthropic_messages().outline({}, std::string_view(padded.data(), padded.size() - 64), scratch))
        << twice;
  }
  std::string path;
  anthropic_messages().append_path({}, path);
  EXPECT_EQ(path, "/messages");
  EXPECT_EQ(dialect_named("anthropic_messages"), &anthropic_messages());
}

TEST(AnthropicMessages, understands_failures) {
  struct Case {
    int status;
    std::string type;
    std::string message;
    Fault fault;
    std::string_view code;
    bool retryable;
  };
  const std::vector<Case> cases{
      {400, "invalid_request_error", "temperature: too high", Fault::bad_request, "invalid_request", false},
      {400, "invalid_request_error", "prompt is too long: 9 > 8", Fault::bad_request, "context_length_exceeded", false},
      {400, "invalid_request_error", "Your credit balance is too low", Fault::rate_limited, "insufficient_quota", true},
      {401, "authentication_error", "invalid x-api-key", Fault::upstream_failed, "upstream_auth", true},
      {402, "billing_error", "pay", Fault::rate_limited, "insufficient_quota", true},
      {403, "permission_error", "no", Fault::upstream_failed, "upstream_auth", true},
      {404, "not_found_error", "model: x", Fault::not_found, "model_not_found", true},
      {413, "request_too_large", "big", Fault::too_large, "request_too_large", false},
      {429, "rate_limit_error", "slow", Fault::rate_limited, "rate_limit_exceeded", true},
      {500, "api_error", "oops", Fault::upstream_failed, "upstream_error", true},
      {504, "timeout_error", "late", Fault::upstream_timeout, "upstream_timeout", true},
      {529, "overloaded_error", "busy", Fault::unavailable, "upstream_error", true},
      {200, "overloaded_error", "busy", Fault::unavailable, "upstream_error", true},
      {200, "rate_limit_error", "slow", Fault::rate_limited, "rate_limit_exceeded", true},
      {200, "unheard_of", "?", Fault::upstream_failed, "upstream_error", true},
  };
  for (const Case& one : cases) {
    const json body{{"type", "error"}, {"error", {{"type", one.type}, {"message", one.message}}}};
    const Error error = anthropic_messages().decode_error(one.status, body.dump());
    EXPECT_EQ(error.fault(), one.fault) << one.type << one.message;
    EXPECT_EQ(error.code(), one.code) << one.type << one.message;
    EXPECT_EQ(error.retryable(), one.retryable) << one.type << one.message;
  }
  EXPECT_EQ(anthropic_messages().decode_error(502, "<html>").code(), "upstream_error");
  EXPECT_EQ(anthropic_messages().decode_error(401, "key sk-12345678").message().find("sk-"), std::string::npos);
}

TEST(AnthropicMessages, has_a_word_for_every_fault) {
  const std::vector<std::pair<Fault, std::string>> cases{{Fault::bad_request, "invalid_request_error"},
                                                         {Fault::unauthenticated, "authentication_error"},
                                                         {Fault::forbidden, "permission_error"},
                                                         {Fault::not_found, "not_found_error"},
                                                         {Fault::method_not_allowed, "invalid_request_error"},
                                                         {Fault::too_large, "request_too_large"},
                                                         {Fault::rate_limited, "rate_limit_error"},
                                                         {Fault::internal, "api_error"},
                                                         {Fault::upstream_failed, "api_error"},
                                                         {Fault::unavailable, "overloaded_error"},
                                                         {Fault::upstream_timeout, "timeout_error"}};
  for (const auto& [fault, type] : cases) {
    std::string out;
    anthropic_messages().encode_error(Error(fault, Blame::gateway, "c", "Why \"so\"?"), out);
    EXPECT_EQ(json::parse(out), (json{{"type", "error"}, {"error", {{"type", type}, {"message", "Why \"so\"?"}}}}));
  }
  std::string out;
  anthropic_messages().encode_error(
      Error(Fault::bad_request, Blame::client, "context_length_exceeded", "Too many tokens."), out);
  EXPECT_NE(out.find("prompt is too long: Too many"), std::string::npos) << "clients look for these words";
}

// What no tool can stand for is left out and named: the model would refuse it.
TEST(AnthropicMessagesRequest, leaves_a_schema_out_where_its_model_knows_none_and_no_tool_can_take_it) {
  Quirks quirks;
  quirks.models = {{{"old"}, {.budget = false, .adaptive = false, .effort = false, .schemas = false}}};
  Request request;
  request.model = "old";
  request.dialect = "openai_chat";
  request.messages = {{Role::user, {{Text{"a", {}, {}}, {}}}, {}}};
  request.format = {OutputFormat::Kind::json_schema, "n", {}, {R"({"type":"array"})"}, true};
  const auto list = codec().encode_request(request, quirks);
  EXPECT_EQ(list->body.find("output_config"), std::string::npos) << list->body;
  EXPECT_EQ(list->answer_tool, "");
  EXPECT_EQ(list->dropped, Dropped{"response_format"});

  request.format.schema.bytes = R"({"type":"object"})";
  request.reasoning.effort = "high";
  const auto thoughtful = codec().encode_request(request, quirks);
  EXPECT_EQ(thoughtful->answer_tool, "json_answer");
  EXPECT_EQ(thoughtful->dropped, Dropped{"reasoning_effort"}) << "it cannot think and have to call a tool";
}

}  // namespace
}  // namespace sluice::chat

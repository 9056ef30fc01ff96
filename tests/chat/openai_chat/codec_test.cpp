#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/chat/dialect.hpp>

#include "chat/events.hpp"
#include "chat/exchanges.hpp"

namespace sluice::chat {
namespace {

using nlohmann::json;

const Codec& codec() { return *openai_chat().codec(); }

Request read(const std::string& body, bool stream = false) {
  auto request = codec().decode_request(body, "m", stream);
  EXPECT_TRUE(request) << (request ? "" : request.error().message());
  return request ? *std::move(request) : Request{};
}

// What a caller of another dialect would have made of the conversation.
Request foreign() {
  Request request;
  request.model = "m";
  request.dialect = "another";
  return request;
}

Message says(Role role, std::string words) { return {role, {{Text{std::move(words), {}, {}}, {}}}, {}}; }

Request asking(std::vector<Message> messages) {
  Request request = foreign();
  request.messages = std::move(messages);
  return request;
}

struct Written {
  json body;
  Dropped dropped;
};

Written write(const Request& request, const Quirks& quirks = {}) {
  auto rendered = codec().encode_request(request, quirks);
  EXPECT_TRUE(rendered);
  return {json::parse(rendered->body), rendered->dropped};
}

Response answer_of(std::vector<Part> parts, Ending ending = {Finish::stop, "stop", ""}) {
  Response response;
  response.id = "a1";
  response.model = "m";
  response.created = 7;
  response.choices.push_back({std::move(parts), std::move(ending), {}});
  return response;
}

Written written(const Response& response) {
  std::string out;
  Dropped dropped;
  codec().encode_response(response, {}, out, dropped);
  return {json::parse(out), dropped};
}

std::vector<json> chunks_of(const std::vector<Event>& events, const AnswerForm& form = {}) {
  const auto encoder = codec().stream_encoder(form);
  std::string stream;
  for (const Event& event : events) encoder->encode(event, stream);
  std::vector<json> chunks;
  http::SseReader reader;
  http::SseEvent event;
  std::string_view rest = stream;
  while (reader.next(rest, event)) {
    chunks.push_back(event.data == "[DONE]" ? json("[DONE]") : json::parse(event.data));
    rest.remove_prefix(event.raw.size());
  }
  EXPECT_TRUE(rest.empty());
  return chunks;
}

std::string chunk(std::string_view choice) {
  return R"(data: {"id":"c","created":1,"model":"m","choices":[)" + std::string(choice) + "]}\n\n";
}

Response streamed(const std::string& stream) {
  auto response = fold(events_of(codec(), stream));
  EXPECT_TRUE(response) << (response ? "" : response.error().message());
  return response ? *std::move(response) : Response{};
}

template <class What>
std::vector<What> all(const Response& response) {
  std::vector<What> found;
  for (const Part& part : response.choices.at(0).parts) {
    if (const auto* what = std::get_if<What>(&part.what)) found.push_back(*what);
  }
  return found;
}

TEST(OpenAiChatRequest, without_a_list_of_messages_or_with_a_wrong_type_names_the_member) {
  const std::vector<std::pair<std::string, std::string>> wrong{
      {R"({"model":"m"})", "messages"},
      {R"({"messages":{}})", "messages"},
      {R"({"messages":[3]})", "messages[0]"},
      {R"({"messages":[{"role":"user","content":3}]})", "messages[0].content"},
      {R"({"messages":[{"role":"robot","content":"x"}]})", "messages[0].role"},
      {R"({"messages":[{"role":"tool","content":"x"}]})", "messages[0].tool_call_id"},
      {R"({"messages":[{"role":"assistant","tool_calls":[{}]}]})", "messages[0].tool_calls[0].function.name"},
      {R"({"messages":[],"tools":[{"function":{}}]})", "tools[0].function.name"},
      {R"({"messages":[],"tools":3})", "tools"},
      {R"({"messages":[],"temperature":"hot"})", "temperature"},
      {R"({"messages":[],"max_tokens":-1})", "max_tokens"},
      {R"({"messages":[],"n":1.5})", "n"},
      {R"({"messages":[],"seed":"x"})", "seed"},
      {R"({"messages":[],"logprobs":1})", "logprobs"},
      {R"({"messages":[],"stop":[1]})", "stop"},
      {R"({"messages":[],"stop":{}})", "stop"},
      {R"({"messages":[],"user":1})", "user"},
      {R"({"messages":[],"metadata":[]})", "metadata"},
      {R"({"messages":[],"response_format":"json"})", "response_format"},
      {R"({"messages":[],"parallel_tool_calls":1})", "parallel_tool_calls"},
  };
  for (const auto& [body, member] : wrong) {
    const auto request = codec().decode_request(body, "m", false);
    ASSERT_FALSE(request) << body;
    EXPECT_EQ(request.error().param(), member) << body;
    EXPECT_EQ(request.error().fault(), Fault::bad_request) << body;
    EXPECT_EQ(request.error().blame(), Blame::client) << body;
  }
}

TEST(OpenAiChatRequest, with_a_member_that_is_called_like_an_item_does_not_gain_one) {
  const Request request = read(R"({"messages":[{"role":"user","content.":"a","content.text":{"type":"text"}}]})");
  EXPECT_TRUE(request.messages.at(0).parts.empty());
}

TEST(OpenAiChatRequest, takes_null_for_nothing_everywhere) {
  const Request request = read(
      R"({"messages":[{"role":"user","content":null,"name":null,"tool_calls":null}],"tools":null,"tool_choice":null,)"
      R"("stop":null,"temperature":null,"user":null,"response_format":null,"reasoning":null,"logit_bias":null})");
  Request expected;
  expected.model = "m";
  expected.dialect = "openai_chat";
  expected.messages.push_back({});
  EXPECT_TRUE(request == expected);
}

TEST(OpenAiChatRequest, keeps_numbers_schemas_and_arguments_as_they_were_written) {
  const Request request = read(
      R"({"messages":[{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","arguments":"{ \"b\":1.0,\"a\":2 }"}}]}],)"
      R"("tools":[{"function":{"name":"f","parameters":{"z": 1.50, "a":{} }}}],"temperature":0.10,"max_tokens":12.0})");
  EXPECT_EQ(request.sampling.temperature->spelled, "0.10");
  EXPECT_EQ(request.sampling.max_tokens, 12U);
  EXPECT_EQ(request.tools.at(0).schema.bytes, R"({"z": 1.50, "a":{} })");
  EXPECT_EQ(std::get<ToolCall>(request.messages.at(0).parts.at(0).what).arguments, R"({ "b":1.0,"a":2 })");
  const auto rendered = codec().encode_request(request, {});
  EXPECT_NE(rendered->body.find(R"("temperature":0.10)"), std::string::npos);
  EXPECT_NE(rendered->body.find(R"({"z": 1.50, "a":{} })"), std::string::npos);
}

TEST(OpenAiChatRequest, says_how_long_an_answer_may_be_in_the_word_the_provider_takes) {
  Request request = read(R"({"messages":[],"max_tokens":5,"max_completion_tokens":9})");
  EXPECT_EQ(write(request).body["max_completion_tokens"], 9);
  EXPECT_EQ(write(request, {.max_tokens = "max_tokens"}).body["max_tokens"], 9);
}

TEST(OpenAiChatRequest, leaves_out_what_the_provider_does_not_support_and_says_so) {
  const Request request = read(
      R"({"messages":[],"seed":1,"temperature":1,"user":"u","stream_options":{"include_usage":true},"logit_bias":{}})",
      true);
  const auto [body, dropped] = write(request, {.unsupported = {"seed", "user", "stream_options", "logit_bias", "n"}});
  EXPECT_EQ(body, json::parse(R"({"model":"m","messages":[],"temperature":1,"stream":true})"));
  EXPECT_EQ(dropped, (Dropped{"seed", "user", "stream_options", "logit_bias"}));
}

TEST(OpenAiChatRequest, from_another_dialect_asks_for_the_usage_of_a_stream) {
  Request request = foreign();
  request.stream = true;
  EXPECT_EQ(write(request).body["stream_options"]["include_usage"], true);
  request.dialect = "openai_chat";
  EXPECT_FALSE(write(request).body.contains("stream_options"));
}

TEST(OpenAiChatRequest, does_not_ask_for_the_usage_where_it_comes_unasked) {
  Request request = asking({says(Role::user, "a")});
  request.stream = true;
  const Written out = write(request, {.tells_usage = true});
  EXPECT_FALSE(out.body.contains("stream_options"));
  EXPECT_TRUE(out.dropped.empty());
}

TEST(OpenAiChatRequest, has_the_providers_names_and_ids) {
  const Quirks quirks{.max_tokens = "max_tokens", .members = {{"seed", "random_seed"}}, .call_ids = 9};
  Request request = asking({says(Role::developer, "Brief."), says(Role::user, "a")});
  request.sampling.seed = 7;
  request.messages.push_back({Role::assistant, {{ToolCall{"toolu_01A09q90", "tide", "{}", {}, {}, false}, {}}}, {}});
  ToolResult result;
  result.call_id = "toolu_01A09q90";
  result.content.emplace_back(Text{"high", {}, {}});
  request.messages.push_back({Role::tool, {{result, {}}}, {}});
  const json body = write(request, quirks).body;
  EXPECT_EQ(body["random_seed"], 7);
  EXPECT_FALSE(body.contains("seed"));
  EXPECT_EQ(body["messages"][0]["role"], "system");
  const std::string id = body["messages"][2]["tool_calls"][0]["id"];
  EXPECT_EQ(id.size(), 9u);
  EXPECT_TRUE(std::all_of(id.begin(), id.end(), [](unsigned char c) { return std::isalnum(c) != 0; })) << id;
  EXPECT_EQ(body["messages"][3]["tool_call_id"], id);
  EXPECT_EQ(body["messages"][3]["name"], "tide");

  std::get<ToolCall>(request.messages[2].parts[0].what).id = "aB3dE6gH9";
  EXPECT_EQ(write(request, quirks).body["messages"][2]["tool_calls"][0]["id"], "aB3dE6gH9");
}

TEST(OpenAiChatRequest, of_its_own_is_written_anew_only_where_the_provider_takes_it_otherwise) {
  const Quirks quirks{
      .max_tokens = "max_tokens", .members = {{"seed", "random_seed"}}, .call_ids = 9, .tells_usage = true};
  for (const char* body : {R"({"max_completion_tokens":5})", R"({"seed":1})", R"({"stream_options":{}})",
                           R"({"messages":[{"role":"tool","tool_call_id":"call_1"}]})"}) {
    EXPECT_TRUE(codec().must_rewrite(body, quirks)) << body;
    EXPECT_FALSE(codec().must_rewrite(body, {})) << body;
  }
  for (const char* body :
       {R"({"max_tokens":5,"random_seed":1})", R"({"messages":[{"role":"user","content":"\"seed\""}]})",
        R"({"messages":[{"role":"tool","tool_call_id" : "aB3dE6gH9"},{"tool_call_id":null}]})"}) {
    EXPECT_FALSE(codec().must_rewrite(body, quirks)) << body;
  }
}

TEST(OpenAiChatRequest, takes_proofs_along_where_the_provider_has_a_place_for_them) {
  Request request = asking({says(Role::user, "a")});
  const Thinking proven{"t", "sig", {}, {}, thinking_format::anthropic, false};
  const ToolCall call{"1", "f", "{}", "c2ln", {}, false};
  request.messages.push_back({Role::assistant, {{proven, {}}, {call, {}}}, {}});
  const Written out = write(request, {.proofs = true});
  const json& message = out.body["messages"][1];
  EXPECT_EQ(message["reasoning_details"], json::parse(R"([{"type":"reasoning.text","text":"t","signature":"sig",
    "format":"anthropic-claude-v1","index":0}])"));
  EXPECT_EQ(message["tool_calls"][0]["extra_content"]["google"]["thought_signature"], "c2ln");
  EXPECT_TRUE(out.dropped.empty());
  EXPECT_EQ(write(request).dropped, (Dropped{"messages.reasoning", "messages.tool_calls.extra_content"}));
}

TEST(OpenAiChatRequest, sends_thoughts_without_a_proof_back_whatever_dialect_they_went_through) {
  for (const Thinking& thought : {Thinking{"t", {}, {}, "rs_1", thinking_format::responses, true},
                                  Thinking{"t", {}, {}, {}, thinking_format::gemini, true},
                                  Thinking{"t", {}, {}, {}, thinking_format::anthropic, false}}) {
    Request request = asking({says(Role::user, "a")});
    request.messages.push_back({Role::assistant, {{thought, {}}}, {}});
    const Written out = write(request);
    EXPECT_EQ(out.body["messages"][1]["reasoning_content"], "t") << thought.format;
    EXPECT_FALSE(out.body["messages"][1].contains("reasoning_details"));
    EXPECT_TRUE(out.dropped.empty());
  }
}

TEST(OpenAiChatRequest, sends_thoughts_back_where_the_provider_looks_for_them) {
  const Quirks quirks{.members = {{"reasoning_content", "reasoning"}}};
  const std::string body = R"({"messages":[{"role":"assistant","content":"a","reasoning_content":"t"}]})";
  EXPECT_TRUE(codec().must_rewrite(body, quirks));
  EXPECT_EQ(write(read(body), quirks).body["messages"],
            json::parse(R"([{"role":"assistant","content":"a","reasoning":"t"}])"));
}

TEST(OpenAiChatRequest, has_no_options_of_a_stream_when_it_asks_for_none) {
  Request request = foreign();
  request.wants_usage = true;
  EXPECT_FALSE(write(request).body.contains("stream_options"));
  request.stream = true;
  EXPECT_EQ(write(request).body["stream_options"], (json{{"include_usage", true}}));
}

TEST(OpenAiChatRequest, names_what_it_cannot_say_of_another_dialect) {
  Request request = foreign();
  request.sampling.top_k = Number{"40"};
  request.sampling.min_p = Number{"0.1"};
  request.extras.push_back({"safetySettings", {"[]"}});
  request.service_tier = "standard_only";
  request.cache = CacheMark{};
  request.reasoning.summary = "auto";
  request.tools.push_back({.opaque = Opaque{"another", "tools.web_search", {"{}"}}});
  request.tool_choice.mode = ToolChoice::Mode::required;
  Message message;
  message.parts.push_back({.what = Opaque{"another", "messages.container", {"{}"}}});
  message.parts.push_back({.what = Media{.kind = Media::Kind::document, .url = "https://d.example/x.pdf"}});
  message.parts.push_back({.what = Media{.kind = Media::Kind::audio, .url = "https://d.example/x.wav"}});
  message.parts.push_back({.what = Text{.text = "hi"}, .cache = CacheMark{"1h"}});
  request.messages.push_back(message);
  const auto [body, dropped] = write(request);
  EXPECT_EQ(body, json::parse(R"({"model":"m","messages":[{"role":"user","content":"hi"}]})"));
  EXPECT_EQ(dropped,
            (Dropped{"messages.container", "messages.file", "messages.input_audio", "messages.cache_control",
                     "tools.web_search", "top_k", "min_p", "reasoning.summary", "service_tier", "safetySettings"}));
}

// What OpenAI's own schema and servers take of requests that other dialects may make.
TEST(OpenAiChatRequest, of_another_dialect_keeps_to_the_limits_of_this_one) {
  Request request = foreign();
  request.sampling.stop = {"1", "2", "3", "4", "5"};
  request.user = std::string(65, 'u');
  request.metadata = {R"({"a":"b"})"};
  const auto [body, dropped] = write(request);
  EXPECT_EQ(body["stop"], (json{"1", "2", "3", "4"}));
  EXPECT_EQ(body["user"].get<std::string>().size(), 64u);
  EXPECT_EQ(write(request).body["user"], body["user"]) << "the same for the same user";
  EXPECT_FALSE(body.contains("metadata")) << "nothing is kept that it could stand beside";
  EXPECT_EQ(dropped, (Dropped{"stop", "user", "metadata"}));
  request.store = true;
  EXPECT_TRUE(write(request).body.contains("metadata"));
}

TEST(OpenAiChatRequest, puts_results_before_what_the_user_says_and_their_images_behind_the_last) {
  Request request = foreign();
  Message message;
  ToolResult first{.call_id = "a"};
  first.content.emplace_back(Text{.text = "one"});
  first.content.emplace_back(Text{.text = "two"});
  first.content.emplace_back(Media{.media_type = "image/png", .data = "QQ=="});
  ToolResult second{.call_id = "b", .json = {R"({"x": 1})"}, .is_error = true};
  message.parts.push_back({.what = Text{.text = "go on"}});
  message.parts.push_back({.what = first});
  message.parts.push_back({.what = second});
  request.messages.push_back(message);
  const auto [body, dropped] = write(request);
  EXPECT_EQ(body["messages"], json::parse(R"([
    {"role":"tool","tool_call_id":"a","content":"one\ntwo"},
    {"role":"tool","tool_call_id":"b","content":"{\"x\": 1}"},
    {"role":"user","content":[{"type":"text","text":"Attached to the result of a:"},
                              {"type":"image_url","image_url":{"url":"data:image/png;base64,QQ=="}}]},
    {"role":"user","content":"go on"}])"));
  EXPECT_EQ(dropped, (Dropped{"messages.is_error"}));
}

TEST(OpenAiChatRequest, sends_thinking_only_where_it_means_something) {
  Request request = foreign();
  Message message{.role = Role::assistant};
  message.parts.push_back({.what = Thinking{.text = "t", .signature = "s", .format = thinking_format::anthropic}});
  message.parts.push_back({.what = Thinking{.data = "d", .format = thinking_format::responses}});
  message.parts.push_back({.what = Text{.text = "a"}});
  message.parts.push_back({.what = Text{.text = "b"}});
  request.messages.push_back(message);
  auto result = write(request);
  EXPECT_EQ(result.body["messages"], json::parse(R"([{"role":"assistant","content":"ab"}])"));
  EXPECT_EQ(result.dropped, (Dropped{"messages.reasoning"}));
  request.messages[0].parts[0].what = Thinking{.text = "plain"};
  EXPECT_EQ(write(request).body["messages"][0]["reasoning_content"], "plain");
  const Quirks refuses{.unsupported = {"messages.reasoning"}};
  EXPECT_FALSE(write(request, refuses).body["messages"][0].contains("reasoning_content"));
}

TEST(OpenAiChatRequest, turns_a_number_of_thinking_tokens_into_an_effort) {
  Request request = foreign();
  for (const auto& [budget, effort] :
       std::vector<std::pair<std::uint64_t, std::string>>{{1024, "low"}, {8000, "medium"}, {32000, "high"}}) {
    request.reasoning.budget_tokens = budget;
    const auto [body, dropped] = write(request);
    EXPECT_EQ(body["reasoning_effort"], effort);
    EXPECT_EQ(dropped, (Dropped{"reasoning.max_tokens"}));
  }
  request.reasoning.budget_tokens = 0;
  const auto [body, dropped] = write(request);
  EXPECT_FALSE(body.contains("reasoning_effort")) << "not every model knows the word for none";
  EXPECT_EQ(dropped, (Dropped{"reasoning.enabled"}));
  request.reasoning.effort = "xhigh";
  EXPECT_EQ(write(request).body["reasoning_effort"], "xhigh");
}

TEST(OpenAiChatRequest, reads_every_way_to_say_how_much_to_think) {
  EXPECT_EQ(read(R"({"messages":[],"reasoning_effort":"low"})").reasoning, Reasoning{.effort = "low"});
  EXPECT_EQ(read(R"({"messages":[],"reasoning":{"effort":"high","max_tokens":9,"exclude":true}})").reasoning,
            (Reasoning{.effort = "high", .budget_tokens = 9, .include_thoughts = false}));
  EXPECT_EQ(read(R"({"messages":[],"thinking":{"type":"disabled"}})").reasoning, Reasoning{.enabled = false});
  EXPECT_EQ(read(R"({"messages":[],"thinking":{"type":"enabled","budget_tokens":8}})").reasoning,
            (Reasoning{.budget_tokens = 8, .enabled = true}));
  EXPECT_EQ(read(R"({"messages":[],"thinking":{"type":"adaptive"}})").reasoning, Reasoning{.adaptive = true});
  EXPECT_EQ(read(R"({"messages":[],"enable_thinking":false,"thinking_budget":3})").reasoning,
            (Reasoning{.budget_tokens = 3, .enabled = false}));
}

TEST(OpenAiChatRequest, reads_and_writes_every_choice_of_tools) {
  const std::string tools =
      R"("tools":[{"type":"function","function":{"name":"f"}},{"type":"custom","custom":{"name":"g"}}])";
  for (
      const std::string choice :
      {R"("auto")", R"("none")", R"("required")", R"({"type":"function","function":{"name":"f"}})",
       R"({"type":"custom","custom":{"name":"g"}})",
       R"({"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"custom","custom":{"name":"g"}}]}})",
       R"({"type":"something","new":1})"}) {
    std::string body = R"({"messages":[],)";
    body.append(tools).append(R"(,"tool_choice":)").append(choice).append("}");
    const Request request = read(body);
    EXPECT_EQ(write(request).body["tool_choice"], json::parse(choice));
  }
  EXPECT_EQ(read(R"({"messages":[],"tool_choice":"any"})").tool_choice.mode, ToolChoice::Mode::required);
}

TEST(OpenAiChatRequest, keeps_members_that_it_does_not_know_where_they_stood) {
  const std::string body =
      R"({"model":"m","messages":[{"role":"assistant","content":"x","prefix":true},)"
      R"({"role":"user","content":[{"type":"text","text":"t","cache_control":{"type":"ephemeral","ttl":"1h"}},{"type":"reference","reference_ids":[1]}]}],)"
      R"("tools":[{"type":"function","function":{"name":"f","deep":1},"eager":true,"cache_control":{"type":"ephemeral"}},{"type":"search","n":2}],)"
      R"("thinking":{"clear":false},"stream_options":{"include_usage":true,"include_obfuscation":false},"provider":{"only":["x"]}})";
  const Request request = read(body, true);
  json expected = json::parse(body);
  expected["stream"] = true;
  EXPECT_EQ(write(request).body, expected);
}

TEST(OpenAiChatRequest, matches_results_without_ids_to_the_calls_that_wait) {
  const Request request = read(
      R"({"messages":[{"role":"assistant","tool_calls":[{"id":"","function":{"name":"f","arguments":""}},{"id":"","function":{"name":"g","arguments":null}}]},)"
      R"({"role":"tool","tool_call_id":"","name":"g","content":"G"},{"role":"tool","tool_call_id":"","content":"F"}]})");
  const auto id = [&](std::size_t message, std::size_t part) {
    const Part& at = request.messages.at(message).parts.at(part);
    const auto* call = std::get_if<ToolCall>(&at.what);
    return call != nullptr ? call->id : std::get<ToolResult>(at.what).call_id;
  };
  EXPECT_EQ(id(1, 0), id(0, 1));
  EXPECT_EQ(id(2, 0), id(0, 0));
  EXPECT_EQ(std::get<ToolCall>(request.messages[0].parts[0].what).arguments, "{}");
}

TEST(OpenAiChatRequest, puts_pieces_of_one_thought_together_again) {
  const Request request = read(
      R"({"messages":[{"role":"assistant","content":"x","reasoning_content":"ab","reasoning_details":[)"
      R"({"type":"reasoning.text","text":"a","index":0,"format":"f"},{"type":"reasoning.text","text":"b","index":0,"format":"f"},)"
      R"({"type":"reasoning.text","signature":"s","index":0},{"type":"reasoning.encrypted","data":"d","index":1}]}]})");
  ASSERT_EQ(request.messages.at(0).parts.size(), 3U);
  EXPECT_EQ(std::get<Thinking>(request.messages[0].parts[0].what),
            (Thinking{.text = "ab", .signature = "s", .format = "f"}));
  EXPECT_EQ(std::get<Thinking>(request.messages[0].parts[1].what), Thinking{.data = "d"});
}

TEST(OpenAiChatAnswer, for_a_caller_is_what_the_dialect_promises) {
  Response response = answer_of({{.what = Text{.text = "Hi"}}});
  response.usage = Usage{.input = 5, .cache_read = 3, .cache_write = 2, .output = 4, .reasoning = 6};
  const auto [body, dropped] = written(response);
  EXPECT_EQ(body, json::parse(R"({"id":"a1","object":"chat.completion","created":7,"model":"m","choices":[{"index":0,
    "message":{"role":"assistant","content":"Hi","refusal":null},"logprobs":null,"finish_reason":"stop"}],
    "usage":{"prompt_tokens":10,"completion_tokens":10,"total_tokens":20,
             "prompt_tokens_details":{"cached_tokens":3,"cache_write_tokens":2},
             "completion_tokens_details":{"reasoning_tokens":6}}})"));
  EXPECT_TRUE(dropped.empty());
}

TEST(OpenAiChatAnswer, carries_foreign_proofs_so_that_they_come_back) {
  const Response response = answer_of({{.what = Thinking{.text = "t", .signature = "s", .format = "f1"}},
                                       {.what = Thinking{.data = "d", .id = "i", .format = "f2"}},
                                       {.what = ToolCall{.id = "c", .name = "n", .arguments = "{}", .signature = "g"}}},
                                      {Finish::tool_calls, "tool_use", ""});
  const json message = written(response).body["choices"][0]["message"];
  EXPECT_EQ(message["reasoning_content"], "t");
  EXPECT_EQ(message["reasoning_details"], json::parse(R"([
    {"type":"reasoning.text","text":"t","signature":"s","format":"f1","index":0},
    {"type":"reasoning.encrypted","data":"d","id":"i","format":"f2","index":1}])"));
  EXPECT_EQ(message["tool_calls"][0]["extra_content"]["google"]["thought_signature"], "g");
  // As the next turn of the caller has it.
  const json turn{{"messages", json::array({message})}};
  const Request request = read(turn.dump());
  EXPECT_TRUE(request.messages.at(0).parts == response.choices.at(0).parts);
}

TEST(OpenAiChatAnswer, ends_in_the_words_of_the_dialect_and_keeps_the_providers_own) {
  const std::vector<std::tuple<Ending, std::string, json>> endings{
      {{Finish::stop, "end_turn", ""}, "stop", "end_turn"},
      {{Finish::pause, "pause_turn", ""}, "stop", "pause_turn"},
      {{Finish::length, "MAX_TOKENS", ""}, "length", "MAX_TOKENS"},
      {{Finish::content_filter, "refusal", ""}, "content_filter", "refusal"},
      {{Finish::stop, "stop", ""}, "stop", nullptr},
      {{Finish::unset, "", ""}, "stop", nullptr},
  };
  for (const auto& [ending, word, native] : endings) {
    const json choice = written(answer_of({{.what = Text{.text = "x"}}}, ending)).body["choices"][0];
    EXPECT_EQ(choice["finish_reason"], word);
    EXPECT_EQ(choice.value("native_finish_reason", json(nullptr)), native);
  }
  const Part call{.what = ToolCall{.id = "c", .name = "n", .arguments = "{}"}};
  EXPECT_EQ(written(answer_of({call}, {Finish::tool_calls, "STOP", ""})).body["choices"][0]["finish_reason"],
            "tool_calls");
}

TEST(OpenAiChatAnswer, names_what_it_cannot_say) {
  Response response = answer_of({{.what = Opaque{"another", "messages.server_tool_use", {"{}"}}},
                                 {.what = ToolResult{.call_id = "x"}},
                                 {.what = Media{.kind = Media::Kind::audio, .data = "QQ=="}},
                                 {.what = Text{.text = "x", .citations = {R"([{"type":"char_location"}])"}}}});
  response.dialect = "another";
  response.extras.push_back({"container", {"{}"}});
  EXPECT_EQ(written(response).dropped, (Dropped{"messages.server_tool_use", "messages.tool", "messages.input_audio",
                                                "messages.annotations", "container"}));
}

TEST(OpenAiChatAnswer, that_cannot_be_read_is_the_providers_failure) {
  for (const char* const body : {"", "x", "[]", "{}", R"({"choices":{}})", R"({"choices":[]})", R"({"choices":[3]})",
                                 R"({"error":{"message":"x"}})", R"({"error":"x","choices":[{"index":0}]})",
                                 R"({"choices":[{"message":{"content":"x"},"finish_reason":"network_error"}]})"}) {
    const auto response = codec().decode_response(body);
    ASSERT_FALSE(response) << body;
    EXPECT_EQ(response.error().fault(), Fault::upstream_failed) << body;
    EXPECT_EQ(response.error().outcome(), Outcome::server_error) << body;
    EXPECT_TRUE(response.error().retryable()) << body;
  }
}

TEST(OpenAiChatStream, looks_as_the_dialect_promises) {
  Response response = answer_of({{.what = Text{.text = "Hi"}}});
  response.usage = Usage{.input = 1, .output = 2};
  const auto chunks = chunks_of(unfold(response), {.usage = true});
  ASSERT_EQ(chunks.size(), 5U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(chunks[i]["object"], "chat.completion.chunk");
    EXPECT_EQ(chunks[i]["model"], response.model);
  }
  EXPECT_EQ(chunks[0]["choices"][0]["delta"], json::parse(R"({"role":"assistant","content":"","refusal":null})"));
  EXPECT_EQ(chunks[1]["choices"][0], json::parse(R"({"index":0,"delta":{"content":"Hi"},"finish_reason":null})"));
  EXPECT_TRUE(chunks[1]["usage"].is_null());
  EXPECT_EQ(chunks[2]["choices"][0], json::parse(R"({"index":0,"delta":{},"finish_reason":"stop"})"));
  EXPECT_EQ(chunks[3]["choices"], json::array());
  EXPECT_EQ(chunks[3]["usage"]["total_tokens"], 3);
  EXPECT_EQ(chunks[4], "[DONE]");
  const auto unasked = chunks_of(unfold(response), {.usage = false});
  EXPECT_EQ(unasked.size(), 4U);
  EXPECT_FALSE(unasked[1].contains("usage"));
}

TEST(OpenAiChatStream, that_failed_ends_with_an_error_and_without_the_mark_of_the_end) {
  const Error error(Fault::upstream_failed, Blame::upstream, "upstream_error", "It broke.");
  const auto chunks =
      chunks_of({AnswerStart{}, BlockStart{0, 0, {}}, BlockDelta{.block = 0, .text = "x"}, AnswerFailed{error}});
  ASSERT_EQ(chunks.size(), 3U);
  EXPECT_EQ(chunks.back()["error"]["message"], "It broke.");
}

TEST(OpenAiChatStream, never_breaks_a_line_inside_an_event) {
  Part part{.what = Text{.text = "x\ny", .citations = {"[\n{\"type\":\"url_citation\",\n\"url_citation\":{}}\n]"}}};
  Response response = answer_of({part, {.what = Opaque{"openai_chat", "messages.audio", {"{\n\"id\":\n\"a\"}"}}}});
  response.choices[0].logprobs = {"[\r\n{}\r\n]"};
  EXPECT_EQ(chunks_of(unfold(response)).size(), 6U);
}

TEST(OpenAiChatStream, without_a_mark_of_the_end_is_whole_when_every_choice_has_ended) {
  const std::string begun = chunk(R"({"index":0,"delta":{"content":"a"}})");
  EXPECT_FALSE(fold(events_of(codec(), begun)));
  EXPECT_FALSE(fold(events_of(codec(), "")));
  EXPECT_FALSE(fold(events_of(codec(), ": only a comment\n\n")));
  EXPECT_FALSE(fold(events_of(codec(), "data: [DONE]\n\n")));
  const std::string ended = begun + chunk(R"({"index":0,"delta":{},"finish_reason":"length"})");
  EXPECT_EQ(streamed(ended).choices.at(0).ending.finish, Finish::length);
  EXPECT_FALSE(fold(events_of(codec(), ended + chunk(R"({"index":1,"delta":{"content":"b"}})"))));
  EXPECT_EQ(streamed(begun + "data: [DONE]\n\n").choices.at(0).ending.finish, Finish::stop);
}

TEST(OpenAiChatStream, tells_calls_apart_however_they_are_numbered) {
  const auto names = [](const std::string& stream) {
    std::string found;
    for (const ToolCall& call : all<ToolCall>(streamed(stream + "data: [DONE]\n\n"))) {
      found += call.name + call.arguments + " ";
    }
    return found;
  };
  const auto calls = [](std::string_view list) {
    return chunk(R"({"index":0,"delta":{"tool_calls":[)" + std::string(list) + "]}}");
  };
  // Whole, each with an id and no number; all with the number 0; without either.
  EXPECT_EQ(
      names(calls(
          R"({"id":"a","function":{"name":"f","arguments":"{}"}},{"id":"b","function":{"name":"f","arguments":"[1]"}})")),
      "f{} f[1] ");
  EXPECT_EQ(
      names(calls(
          R"({"index":0,"id":"a","function":{"name":"f","arguments":"{}"}},{"index":0,"id":"b","function":{"name":"g","arguments":"{}"}})")),
      "f{} g{} ");
  EXPECT_EQ(names(calls(R"({"function":{"name":"f","arguments":"{}"}},{"function":{"name":"g","arguments":{"x":1}}})")),
            "f{} g{\"x\":1} ");
  // Calls without ids that are all numbered with 0, and one whose name is said again.
  EXPECT_EQ(names(calls(R"({"index":0,"id":"","function":{"name":"f","arguments":"{}"}},)"
                        R"({"index":0,"id":"","function":{"name":"g","arguments":"{\"x\":1}"}})")),
            "f{} g{\"x\":1} ");
  EXPECT_EQ(names(calls(R"({"index":0,"function":{"name":"f","arguments":"{\"x\""}})") +
                  calls(R"({"index":0,"function":{"name":"f","arguments":":1}"}})")),
            "f{\"x\":1} ");
  // Fragments that take turns, and one that comes before its name.
  EXPECT_EQ(
      names(
          calls(R"({"index":0,"id":"a","function":{"name":"f"}},{"index":1,"id":"b","function":{"name":"g"}})") +
          calls(R"({"index":0,"function":{"arguments":"{\"x\""}},{"index":1,"function":{"arguments":"{\"y\""}})") +
          calls(R"({"index":0,"function":{"arguments":":1}"}},{"index":1,"function":{"name":"","arguments":":2}"}})")),
      "f{\"x\":1} g{\"y\":2} ");
  EXPECT_EQ(names(calls(R"({"index":0,"id":"a","function":{"arguments":"{"}})") +
                  calls(R"({"index":0,"function":{"name":"late","arguments":"}"}})")),
            "late{} ");
}

TEST(OpenAiChatStream, gives_a_call_without_an_id_one_of_its_own) {
  const Response response = streamed(chunk(
      R"({"index":0,"delta":{"tool_calls":[{"index":0,"function":{"name":"f"}},{"index":1,"function":{"name":"f"}}]},"finish_reason":"stop"})"));
  const auto calls = all<ToolCall>(response);
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_FALSE(calls[0].id.empty());
  EXPECT_NE(calls[0].id, calls[1].id);
  EXPECT_EQ(calls[0].arguments, "{}");
  EXPECT_EQ(response.choices[0].ending.finish, Finish::tool_calls);
}

TEST(OpenAiChatStream, ends_blocks_as_soon_as_it_can) {
  const auto events = events_of(
      codec(),
      chunk(
          R"({"index":0,"delta":{"reasoning":"r","content":"t","tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}},{"index":1,"id":"b","function":{"name":"f","arguments":"{}"}}]}})") +
          "data: [DONE]\n\n");
  std::size_t open = 0;
  for (const Event& event : events) {
    if (std::holds_alternative<BlockStart>(event)) ++open;
    EXPECT_LE(open, 1U);
    if (std::holds_alternative<BlockEnd>(event)) --open;
  }
  EXPECT_EQ(open, 0U);
}

TEST(OpenAiChatStream, puts_the_signature_of_a_message_on_its_text_or_its_first_call) {
  const std::string signature = R"("extra_content":{"google":{"thought_signature":"s"}})";
  const std::string end = R"(},"finish_reason":"stop"})";
  const auto on_text = streamed(chunk(R"({"index":0,"delta":{"content":"t",)" + signature + end));
  EXPECT_EQ(all<Text>(on_text).at(0).signature, "s");
  const auto on_call = streamed(
      chunk(R"({"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}],)" +
            signature + end));
  EXPECT_EQ(all<ToolCall>(on_call).at(0).signature, "s");
  EXPECT_TRUE(all<Text>(on_call).empty());
  const auto alone = streamed(chunk(R"({"index":0,"delta":{)" + signature + end));
  EXPECT_EQ(all<Text>(alone).at(0).signature, "s");
}

TEST(OpenAiChatStream, takes_the_last_count_wherever_it_stands) {
  const auto usage = [](const std::string& member) {
    return streamed(
               R"(data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}})"
               "\n\ndata: {\"choices\":[]," +
               member + "}\n\n")
        .usage;
  };
  const std::string counts =
      R"({"prompt_tokens":4,"completion_tokens":2,"completion_tokens_details":{"reasoning_tokens":1}})";
  EXPECT_EQ(usage("\"usage\":" + counts)->reasoning, 1U);
  EXPECT_EQ(usage("\"usage\":null")->input, 1U);
  EXPECT_EQ(usage("\"x_own\":{\"usage\":" + counts + "}")->input, 4U);
}

TEST(OpenAiChatStream, that_is_no_json_cannot_be_read) {
  const auto decoder = codec().stream_decoder();
  std::vector<Event> events;
  EXPECT_FALSE(decoder->decode("data: {\"a\n\n", events));
  EXPECT_FALSE(codec().stream_decoder()->decode("data: 3\n\n", events));
  EXPECT_TRUE(codec().stream_decoder()->decode("data: \n\n", events));
}

}  // namespace
}  // namespace sluice::chat

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "chat/events.hpp"
#include "chat/exchanges.hpp"

namespace sluice::chat {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

const Codec& codec() { return *gemini().codec(); }

std::string path_of(std::string_view model, bool stream) {
  std::string path;
  gemini().append_path({Task::chat, model, stream}, path);
  return path;
}

Result<Outline> outline_of(const std::string& body, std::string_view model = "gemini-3-flash") {
  std::string scratch;
  return gemini().outline({Task::chat, model, true}, body, scratch);
}

TEST(Gemini, has_the_model_and_the_stream_in_its_path) {
  EXPECT_EQ(path_of("gemini-3-flash", false), "/models/gemini-3-flash:generateContent");
  EXPECT_EQ(path_of("gemini-3-flash", true), "/models/gemini-3-flash:streamGenerateContent?alt=sse");
  EXPECT_EQ(path_of("models/gemini-3-flash", false), "/models/gemini-3-flash:generateContent");
  EXPECT_EQ(path_of("group/model 1?", false), "/models/group/model%201%3F:generateContent");
  EXPECT_EQ(path_of("../../other", false), "/models/..%2F..%2Fother:generateContent");
}

TEST(Gemini, takes_the_model_from_the_path) {
  const std::string body = R"({"contents":[]})";
  const auto outline = outline_of(body);
  ASSERT_TRUE(outline);
  EXPECT_EQ(outline->model, "gemini-3-flash");
  EXPECT_TRUE(outline->stream);
  std::string sent;
  const http::Slices slices = gemini().retarget(body, *outline, R"("other")", true);
  for (const auto piece : slices.pieces()) sent += piece;
  EXPECT_EQ(sent, body);
}

TEST(Gemini, lets_a_body_repeat_the_model_but_not_name_another) {
  const std::string body = R"({"model":"models/gemini-3-flash","contents":[]})";
  const auto outline = outline_of(body);
  ASSERT_TRUE(outline);
  std::string sent;
  const http::Slices slices = gemini().retarget(body, *outline, R"("other")", false);
  for (const auto piece : slices.pieces()) sent += piece;
  EXPECT_EQ(sent, R"({"model":"other","contents":[]})");
  EXPECT_FALSE(outline_of(R"({"model":"models/gemini-3-pro","contents":[]})"));
}

TEST(Gemini, refuses_what_could_be_read_in_two_ways) {
  for (const char* const body :
       {R"({"contents":[],"contents":[]})", R"({"contents":[],"systemInstruction":{},"system_instruction":{}})",
        R"({"contents":[],"GenerationConfig":{}})", R"({"contents":[],"generation_config":{},"generationConfig":{}})",
        R"([])", R"({"contents":[],"model":3})"}) {
    const auto outline = outline_of(body);
    ASSERT_FALSE(outline) << body;
    EXPECT_EQ(outline.error().fault(), Fault::bad_request) << body;
  }
  EXPECT_FALSE(outline_of(R"({"contents":[]})", ""));
}

// ---- Requests to a provider

Message says(Role role, std::string text) { return {role, {{Text{std::move(text), {}, {}}, {}}}, {}}; }

Message calls(std::vector<ToolCall> all) {
  Message message{Role::assistant, {}, {}};
  for (ToolCall& call : all) message.parts.push_back({std::move(call), {}});
  return message;
}

Message answers(std::string id, std::string text) {
  ToolResult result;
  result.call_id = std::move(id);
  result.content.emplace_back(Text{std::move(text), {}, {}});
  return {Role::tool, {{std::move(result), {}}}, {}};
}

Request asking(std::vector<Message> messages, std::string model = "gemini-2.5-flash") {
  Request request;
  request.model = std::move(model);
  request.dialect = "openai_chat";
  request.messages = std::move(messages);
  return request;
}

struct Sent {
  json body;
  Dropped dropped;
};

Sent sent(const Request& request, const Quirks& quirks = {}) {
  const auto rendered = codec().encode_request(request, quirks);
  EXPECT_TRUE(rendered) << rendered.error().message();
  return rendered ? Sent{json::parse(rendered->body), rendered->dropped} : Sent{};
}

TEST(GeminiRequest, gathers_system_messages_and_lets_turns_alternate) {
  const Sent request =
      sent(asking({says(Role::system, "Be brief."), says(Role::user, "A?"), says(Role::user, "B?"),
                   says(Role::assistant, "C."), says(Role::developer, "In French."), says(Role::user, "D?")}));
  EXPECT_EQ(request.body, json::parse(R"({
    "systemInstruction":{"parts":[{"text":"Be brief."},{"text":"In French."}]},
    "contents":[{"role":"user","parts":[{"text":"A?"},{"text":"B?"}]},
                {"role":"model","parts":[{"text":"C."}]},
                {"role":"user","parts":[{"text":"D?"}]}]})"));
  EXPECT_EQ(request.dropped, Dropped{"messages.position"}) << "it stood in the midst";
}

TEST(GeminiRequest, begins_with_the_user) {
  const json begin = json::parse(R"({"role":"user","parts":[{"text":" "}]})");
  EXPECT_EQ(sent(asking({says(Role::assistant, "Hello.")})).body["contents"][0], begin);
  EXPECT_EQ(sent(asking({says(Role::system, "Hello.")})).body["contents"], json::array({begin}));
}

TEST(GeminiRequest, finds_the_names_of_results_and_keeps_them_behind_their_calls) {
  const Sent request =
      sent(asking({says(Role::user, "Go."),
                   calls({{"c1", "tide", R"({"at":1.50})", {}, {}, false}, {"c2", "wind", "not json", {}, {}, false}}),
                   answers("c2", "calm"), answers("c1", "high"), says(Role::user, "Thanks.")}));
  EXPECT_EQ(request.body["contents"], json::parse(R"([
    {"role":"user","parts":[{"text":"Go."}]},
    {"role":"model","parts":[{"functionCall":{"id":"c1","name":"tide","args":{"at":1.50}}},
                             {"functionCall":{"id":"c2","name":"wind","args":{"_raw":"not json"}}}]},
    {"role":"user","parts":[{"functionResponse":{"id":"c2","name":"wind","response":{"output":"calm"}}},
                            {"functionResponse":{"id":"c1","name":"tide","response":{"output":"high"}}},
                            {"text":"Thanks."}]}])"));
  const auto orphan = codec().encode_request(asking({says(Role::user, "Go."), answers("c9", "high")}), {});
  ASSERT_FALSE(orphan);
  EXPECT_EQ(orphan.error().param(), "messages[1].tool_call_id");
}

TEST(GeminiRequest, wraps_what_tools_give_back_in_an_object) {
  struct Case {
    ToolResult result;
    std::string response;
  };
  ToolResult none;
  ToolResult failed;
  failed.is_error = true;
  failed.content.emplace_back(Text{"no boat", {}, {}});
  ToolResult object;
  object.json.bytes = R"({"boats":[1]})";
  ToolResult list;
  list.json.bytes = "[1,2]";
  for (Case each : {Case{none, "{}"}, Case{failed, R"({"error":"no boat"})"}, Case{object, R"({"boats":[1]})"},
                    Case{list, R"({"output":[1,2]})"}}) {
    each.result.name = "count";
    const Sent request = sent(asking({says(Role::user, "Go."), {Role::tool, {{each.result, {}}}, {}}}));
    // It stands before the text: it must follow its call.
    EXPECT_EQ(request.body["contents"][0]["parts"][0]["functionResponse"]["response"], json::parse(each.response));
  }
}

TEST(GeminiRequest, sends_thoughts_without_a_proof_as_the_words_they_are) {
  const Thinking plain{"t", {}, {}, "rs_1", thinking_format::responses, true};
  const Thinking proven{"u", "sig", {}, {}, thinking_format::anthropic, false};
  const Message answer{Role::assistant, {{plain, {}}, {proven, {}}, {Text{"a", {}, {}}, {}}}, {}};
  const Sent request = sent(asking({says(Role::user, "Go."), answer, says(Role::user, "On.")}));
  EXPECT_EQ(request.body["contents"][1]["parts"], json::parse(R"([{"text":"t","thought":true},{"text":"a"}])"));
  EXPECT_EQ(request.dropped, Dropped{"messages.reasoning"});
}

TEST(GeminiRequest, says_where_pictures_are) {
  Media inlined{Media::Kind::image, "image/png", "AAAA", {}, {}, {}, {}};
  Media linked{Media::Kind::image, {}, {}, "https://pictures.example/a.webp?size=2", {}, {}, "high"};
  Media kept{Media::Kind::document, {}, {}, {}, "file-7", {}, {}};
  const Sent request = sent(asking({{Role::user, {{inlined, {}}, {linked, {}}, {kept, CacheMark{}}}, {}}}));
  EXPECT_EQ(request.body["contents"][0]["parts"], json::parse(R"([
    {"inlineData":{"mimeType":"image/png","data":"AAAA"}},
    {"fileData":{"mimeType":"image/webp","fileUri":"https://pictures.example/a.webp?size=2"}}])"));
  EXPECT_EQ(request.dropped, (Dropped{"messages.image_url.detail", "messages.cache_control", "messages.file"}));
}

TEST(GeminiRequest, puts_pictures_of_tools_where_the_model_takes_them) {
  ToolResult result;
  result.name = "draw";
  result.content.emplace_back(Text{"done", {}, {}});
  result.content.emplace_back(Media{Media::Kind::image, "image/png", "AAAA", {}, {}, {}, {}});
  const Message message{Role::tool, {{result, {}}}, {}};
  const json parts =
      sent(asking({says(Role::user, "Go."), message, says(Role::user, "Well?")})).body["contents"][0]["parts"];
  ASSERT_EQ(parts.size(), 4u);
  EXPECT_EQ(parts[1], json::parse(R"({"inlineData":{"mimeType":"image/png","data":"AAAA"}})"));
  EXPECT_EQ(parts[3]["text"], "Well?") << "what is said of it comes behind it";
  // The result comes first: it must follow its call.
  const json newer = sent(asking({says(Role::user, "Go."), message}, "gemini-3-flash")).body["contents"][0]["parts"];
  EXPECT_EQ(newer[0]["functionResponse"]["parts"],
            json::parse(R"([{"inlineData":{"mimeType":"image/png","data":"AAAA"}}])"));
}

TEST(GeminiRequest, asks_for_tools_in_the_callers_own_schema) {
  Request request = asking({says(Role::user, "Go.")});
  Tool tide;
  tide.name = "tide";
  tide.description = "The tide.";
  tide.schema.bytes = R"({"type":"object","properties":{"z":{"const":1.0},"a":{"$ref":"#/$defs/x"}}})";
  tide.strict = true;
  Tool plain;
  plain.name = "plain";
  Tool foreign;
  foreign.opaque = Opaque{"openai_chat", "tools.web_search", {"{}"}};
  request.tools = {tide, foreign, plain};
  request.tool_choice = {ToolChoice::Mode::named, "tide", {}, false};
  const auto rendered = codec().encode_request(request, {});
  ASSERT_TRUE(rendered);
  EXPECT_NE(rendered->body.find(tide.schema.bytes), std::string::npos);
  const json body = json::parse(rendered->body);
  EXPECT_EQ(body["tools"].size(), 1U);
  EXPECT_EQ(body["tools"][0]["functionDeclarations"][1], json::parse(R"({"name":"plain"})"));
  EXPECT_EQ(body["toolConfig"],
            json::parse(R"({"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["tide"]}})"));
  EXPECT_EQ(rendered->dropped, (Dropped{"tools.strict", "tools.web_search", "parallel_tool_calls"}));
}

TEST(GeminiRequest, says_how_tools_may_be_chosen) {
  struct Case {
    ToolChoice choice;
    std::string config;
  };
  using Mode = ToolChoice::Mode;
  for (const Case& each :
       {Case{{Mode::automatic, {}, {}, {}}, R"({"mode":"AUTO"})"}, Case{{Mode::none, {}, {}, {}}, R"({"mode":"NONE"})"},
        Case{{Mode::required, {}, {}, {}}, R"({"mode":"ANY"})"},
        Case{{Mode::required, {}, {"a", "b"}, {}}, R"({"mode":"ANY","allowedFunctionNames":["a","b"]})"},
        Case{{Mode::automatic, {}, {"a"}, {}}, R"({"mode":"VALIDATED","allowedFunctionNames":["a"]})"}}) {
    Request request = asking({says(Role::user, "Go.")});
    request.tools.emplace_back().name = "a";
    request.tool_choice = each.choice;
    EXPECT_EQ(sent(request).body["toolConfig"]["functionCallingConfig"], json::parse(each.config));
  }
}

TEST(GeminiRequest, writes_numbers_as_they_were_spelled_and_names_what_it_cannot_say) {
  Request request = asking({says(Role::user, "Go.")});
  Sampling& sampling = request.sampling;
  sampling.max_tokens = 100;
  sampling.temperature = Number{"0.10"};
  sampling.top_p = Number{"1e-1"};
  sampling.min_p = Number{"0.1"};
  sampling.seed = 5'000'000'000;
  sampling.stop = {"a", "b", "c", "d", "e", "f"};
  sampling.choices = 2;
  sampling.logprobs = true;
  sampling.top_logprobs = 3;
  request.user = "u1";
  request.metadata.bytes = "{}";
  request.verbosity = "low";
  request.service_tier = "flex";
  request.store = true;
  request.cache = CacheMark{};
  request.extras = {{"logit_bias", {"{}"}}};
  const auto rendered = codec().encode_request(request, {});
  ASSERT_TRUE(rendered);
  EXPECT_NE(rendered->body.find(R"("temperature":0.10,"topP":1e-1)"), std::string::npos) << rendered->body;
  EXPECT_EQ(json::parse(rendered->body)["generationConfig"],
            json::parse(R"({"maxOutputTokens":100,"temperature":0.10,"topP":0.1,"candidateCount":2,
                            "responseLogprobs":true,"logprobs":3,"stopSequences":["a","b","c","d","e"]})"));
  EXPECT_EQ(rendered->dropped, (Dropped{"min_p", "seed", "stop", "logit_bias", "user", "metadata", "verbosity",
                                        "service_tier", "store", "cache_control"}));
}

TEST(GeminiRequest, heeds_what_a_provider_does_otherwise) {
  Request request = asking({says(Role::user, "Go.")});
  request.sampling.top_k = Number{"4"};
  const Sent changed = sent(request, {.max_tokens = "maxTokens", .default_max_tokens = 9, .unsupported = {"top_k"}});
  EXPECT_EQ(changed.body["generationConfig"], json::parse(R"({"maxTokens":9})"));
  EXPECT_EQ(changed.dropped, Dropped{"top_k"});
}

TEST(GeminiRequest, asks_for_thinking_in_the_models_own_measure) {
  struct Case {
    const char* model;
    Reasoning reasoning;
    const char* config;
  };
  Reasoning budget;
  budget.budget_tokens = 2000;
  Reasoning off;
  off.enabled = false;
  Reasoning adaptive;
  adaptive.adaptive = true;
  adaptive.include_thoughts = true;
  const auto effort = [](const char* word) {
    Reasoning reasoning;
    reasoning.effort = word;
    return reasoning;
  };
  for (const Case& each : {Case{"gemini-2.5-flash", effort("low"), R"({"thinkingBudget":1024})"},
                           Case{"gemini-2.5-flash", effort("xhigh"), R"({"thinkingBudget":24576})"},
                           Case{"gemini-2.5-flash", off, R"({"thinkingBudget":0})"},
                           Case{"gemini-2.5-pro", effort("none"), R"({"thinkingBudget":128})"},
                           Case{"gemini-2.5-pro", adaptive, R"({"thinkingBudget":-1,"includeThoughts":true})"},
                           Case{"publishers/x/gemini-3-flash", effort("none"), R"({"thinkingLevel":"MINIMAL"})"},
                           Case{"gemini-3-pro", effort("minimal"), R"({"thinkingLevel":"LOW"})"},
                           Case{"gemini-3-pro", effort("high"), R"({"thinkingLevel":"HIGH"})"},
                           Case{"gemini-3-pro", adaptive, R"({"includeThoughts":true})"},
                           Case{"gemini-3-pro", budget, R"({"thinkingLevel":"LOW"})"},
                           Case{"gemini-2.5-flash", budget, R"({"thinkingBudget":2000})"},
                           Case{"another", effort("medium"), R"({"thinkingBudget":8192})"}}) {
    Request request = asking({says(Role::user, "Go.")}, each.model);
    request.reasoning = each.reasoning;
    EXPECT_EQ(sent(request).body["generationConfig"]["thinkingConfig"], json::parse(each.config)) << each.model;
  }
}

TEST(GeminiRequest, asks_for_json) {
  Request request = asking({says(Role::user, "Go.")});
  request.format.kind = OutputFormat::Kind::json_object;
  EXPECT_EQ(sent(request).body["generationConfig"], json::parse(R"({"responseMimeType":"application/json"})"));
  request.format.kind = OutputFormat::Kind::json_schema;
  request.format.schema.bytes = R"({"type":"object"})";
  EXPECT_EQ(sent(request).body["generationConfig"],
            json::parse(R"({"responseMimeType":"application/json","responseJsonSchema":{"type":"object"}})"));
}

TEST(GeminiRequest, sends_back_its_own_proofs_and_leaves_out_those_of_others) {
  Message message{Role::assistant, {}, {}};
  message.parts.push_back({Thinking{"hm", "b3du", {}, {}, thinking_format::gemini, true}, {}});
  message.parts.push_back({Thinking{"so", "sig", {}, {}, thinking_format::anthropic, false}, {}});
  message.parts.push_back({Text{"Yes.", "dGV4dA==", {}}, {}});
  message.parts.push_back({ToolCall{"c1", "tide", "{}", "Y2FsbA==", {}, false}, {}});
  const Sent request = sent(asking({says(Role::user, "Go."), message}, "gemini-3-flash"));
  EXPECT_EQ(request.body["contents"][1]["parts"], json::parse(R"([
    {"text":"hm","thought":true,"thoughtSignature":"b3du"},
    {"text":"Yes.","thoughtSignature":"dGV4dA=="},
    {"functionCall":{"id":"c1","name":"tide","args":{}},"thoughtSignature":"Y2FsbA=="}])"));
  EXPECT_EQ(request.dropped, Dropped{"messages.reasoning"});
}

TEST(GeminiRequest, vouches_for_calls_that_another_model_made) {
  const auto signature_of = [](const std::string& model, std::size_t number) {
    const Sent request = sent(asking(
        {says(Role::user, "Go."), calls({{"c1", "tide", "{}", {}, {}, false}, {"c2", "tide", "{}", {}, {}, false}})},
        model));
    return request.body["contents"][1]["parts"][number].value("thoughtSignature", "");
  };
  EXPECT_EQ(signature_of("gemini-3-flash", 0), "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=");
  EXPECT_EQ(signature_of("gemini-3-flash", 1), "");
  EXPECT_EQ(signature_of("gemini-2.5-flash", 0), "");
}

// ---- Requests from a caller

Request received(const std::string& body) {
  auto request = codec().decode_request(body, "gemini-3-flash", false);
  EXPECT_TRUE(request) << request.error().message();
  return request ? *request : Request{};
}

TEST(GeminiRequest, is_read_in_both_spellings) {
  const Request camel = received(R"({"systemInstruction":{"parts":[{"text":"S"}]},"contents":[{"role":"user","parts":[
    {"inlineData":{"mimeType":"image/png","data":"AAAA"}}]}],"generationConfig":{"maxOutputTokens":7,"topK":3,
    "responseMimeType":"application/json","thinkingConfig":{"thinkingBudget":5,"includeThoughts":true}},
    "toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["a"]}},"safetySettings":[]})");
  const Request snake = received(R"({"system_instruction":{"parts":{"text":"S"}},"contents":{"parts":[
    {"inline_data":{"mime_type":"image/png","data":"AAAA"}}]},"generation_config":{"max_output_tokens":7,"top_k":3,
    "response_mime_type":"application/json","thinking_config":{"thinking_budget":5,"include_thoughts":true}},
    "tool_config":{"function_calling_config":{"mode":"ANY","allowed_function_names":["a"]}},"safety_settings":[]})");
  EXPECT_TRUE(camel == snake);
  EXPECT_EQ(camel.sampling.max_tokens, 7U);
  EXPECT_EQ(camel.tool_choice.name, "a");
  EXPECT_EQ(camel.reasoning.budget_tokens, 5U);
  EXPECT_EQ(camel.messages.size(), 2U);
}

TEST(GeminiRequest, gives_ids_to_calls_and_results_that_have_none) {
  const Request request = received(R"({"contents":[
    {"role":"model","parts":[{"functionCall":{"name":"a"}},{"functionCall":{"name":"b","id":"call_0"}},
                             {"functionCall":{"name":"a","args":{"x":1}}}]},
    {"role":"user","parts":[{"functionResponse":{"name":"a","response":{"output":"1"}}},
                            {"functionResponse":{"name":"b","id":"call_0","response":{}}},
                            {"functionResponse":{"name":"a","response":{"output":"2"}}},
                            {"text":"Go on."}]}]})");
  ASSERT_EQ(request.messages.size(), 3U);
  const auto& made = request.messages[0].parts;
  const auto& given = request.messages[1].parts;
  EXPECT_EQ(request.messages[1].role, Role::tool);
  EXPECT_EQ(std::get<ToolCall>(made[0].what).id, "call_1");
  EXPECT_EQ(std::get<ToolCall>(made[0].what).arguments, "{}");
  EXPECT_EQ(std::get<ToolCall>(made[2].what).id, "call_2");
  EXPECT_EQ(std::get<ToolResult>(given[0].what).call_id, "call_1");
  EXPECT_EQ(std::get<ToolResult>(given[1].what).call_id, "call_0");
  EXPECT_EQ(std::get<ToolResult>(given[2].what).call_id, "call_2");
  EXPECT_EQ(request.messages[2].role, Role::user);
}

TEST(GeminiRequest, reads_nullable_as_one_more_choice) {
  const Request request = received(R"({"contents":[],"tools":[{"functionDeclarations":[{"name":"f","parameters":
    {"type":"OBJECT","properties":{"a":{"anyOf":[{"type":"INTEGER"},{"type":"STRING"}],"nullable":true},
     "b":{"$ref":"#/$defs/x","nullable":true}}}}]}]})");
  EXPECT_EQ(json::parse(request.tools[0].schema.bytes)["properties"], json::parse(R"({
    "a":{"anyOf":[{"type":"integer"},{"type":"string"},{"type":"null"}]},
    "b":{"anyOf":[{"$ref":"#/$defs/x"},{"type":"null"}]}})"));
}

TEST(GeminiRequest, asks_for_as_much_thinking_as_the_model_has) {
  const auto asked = [](const std::string& model, const Reasoning& reasoning) {
    Request request = asking({says(Role::user, "Go.")}, model);
    request.reasoning = reasoning;
    const Sent out = sent(request);
    std::string told = out.body["generationConfig"]["thinkingConfig"].dump();
    for (const std::string& name : out.dropped) told += " " + name;
    return told;
  };
  EXPECT_EQ(asked("gemini-2.5-flash", {.budget_tokens = 31999}), R"({"thinkingBudget":24576} reasoning.max_tokens)");
  EXPECT_EQ(asked("gemini-2.5-pro", {.budget_tokens = 31999}), R"({"thinkingBudget":31999})");
  EXPECT_EQ(asked("gemini-2.5-pro", {.budget_tokens = 0}), R"({"thinkingBudget":128} reasoning.max_tokens)");
  EXPECT_EQ(asked("gemini-2.5-flash-lite", {.budget_tokens = 100}), R"({"thinkingBudget":512} reasoning.max_tokens)");
  EXPECT_EQ(asked("gemini-2.5-flash", {.budget_tokens = 0}), R"({"thinkingBudget":0})");
  EXPECT_EQ(asked("gemini-3-pro-preview", {.effort = "medium"}), R"({"thinkingLevel":"HIGH"} reasoning_effort)");
  EXPECT_EQ(asked("gemini-3.1-pro-preview", {.effort = "medium"}), R"({"thinkingLevel":"MEDIUM"})");
}

TEST(GeminiRequest, reads_older_schemas_as_json_schema) {
  const Request request = received(R"({"contents":[],"tools":[{"functionDeclarations":[{"name":"f","parameters":
    {"type":"OBJECT","properties":{"type":{"type":"STRING","nullable":true,"enum":["A"]},
     "list":{"type":"ARRAY","items":{"type":"NUMBER"},"minItems":"2"}},"required":["type"]}}]}]})");
  EXPECT_EQ(json::parse(request.tools[0].schema.bytes), json::parse(R"({"type":"object","properties":{
    "type":{"type":["string","null"],"enum":["A",null]},
    "list":{"type":"array","items":{"type":"number"},"minItems":2}},"required":["type"]})"));
}

// Providers want to be told, and what goes on is of the kind that came.
TEST(GeminiRequest, knows_media_without_a_type_by_how_they_begin) {
  const Request request = received(R"({"contents":[{"parts":[{"inlineData":{"data":"iVBORw0KGgo="}},
    {"inlineData":{"data":"AAAA","displayName":"tides.csv"}},{"fileData":{"fileUri":"https://a.example/b.mp4"}},
    {"inlineData":{"data":"AAAA"}}]}]})");
  const std::vector<std::pair<Media::Kind, std::string>> expected{{Media::Kind::image, "image/png"},
                                                                  {Media::Kind::document, "text/csv"},
                                                                  {Media::Kind::video, "video/mp4"},
                                                                  {Media::Kind::document, ""}};
  std::vector<std::pair<Media::Kind, std::string>> known;
  for (const Part& part : request.messages[0].parts) {
    const auto& media = std::get<Media>(part.what);
    known.emplace_back(media.kind, media.media_type);
  }
  EXPECT_EQ(known, expected);
}

TEST(GeminiRequest, keeps_schemas_and_arguments_in_their_own_bytes) {
  const Request request = received(
      R"({"contents":[{"role":"model","parts":[{"functionCall":{"name":"f","args":{ "b" : 1.0, "a":2}}}]}],
      "tools":[{"functionDeclarations":[{"name":"f","parametersJsonSchema":{ "z":1, "type":"object"}}]}]})");
  EXPECT_EQ(std::get<ToolCall>(request.messages[0].parts[0].what).arguments, R"({ "b" : 1.0, "a":2})");
  EXPECT_EQ(request.tools[0].schema.bytes, R"({ "z":1, "type":"object"})");
}

TEST(GeminiRequest, refuses_what_it_cannot_understand) {
  struct Case {
    const char* body;
    const char* param;
  };
  for (const Case& each :
       {Case{R"({})", "contents"}, Case{R"({"contents":[3]})", "contents[0]"},
        Case{R"({"contents":[{"role":"robot","parts":[]}]})", "contents[0].role"},
        Case{R"({"contents":[{"parts":[{"text":"a"},{}]}]})", "contents[0].parts[1]"},
        Case{R"({"contents":[],"generationConfig":[]})", "generationConfig"},
        Case{R"({"contents":[],"generationConfig":{"topP":"x"}})", "generationConfig.topP"},
        Case{R"({"contents":[],"generationConfig":{"maxOutputTokens":-1}})", "generationConfig.maxOutputTokens"},
        Case{R"({"contents":[],"tools":[1]})", "tools"}, Case{R"({"contents":[],"toolConfig":1})", "toolConfig"},
        Case{R"({"contents":[],"toolConfig":{"functionCallingConfig":{"mode":"SOME"}}})",
             "toolConfig.functionCallingConfig.mode"}}) {
    const auto request = codec().decode_request(each.body, "gemini-3-flash", false);
    ASSERT_FALSE(request) << each.body;
    EXPECT_EQ(request.error().fault(), Fault::bad_request) << each.body;
    EXPECT_EQ(request.error().param(), each.param);
  }
}

TEST(GeminiRequest, puts_together_what_a_streaming_client_sends_back_in_pieces) {
  const Request request = received(R"({"contents":[{"role":"model","parts":[
    {"text":"so ","thought":true},{"text":"what","thought":true},{"text":"","thought":true,"thoughtSignature":"cHJvb2Y="},
    {"text":"Yes"},{"text":", sir."},{"text":""},{"text":"","thoughtSignature":"ZW5k"}]}]})");
  const auto& parts = request.messages[0].parts;
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(std::get<Thinking>(parts[0].what).text, "so what");
  EXPECT_EQ(std::get<Thinking>(parts[0].what).signature, "cHJvb2Y=");
  EXPECT_EQ(std::get<Text>(parts[1].what).text, "Yes, sir.");
  EXPECT_EQ(std::get<Text>(parts[2].what).signature, "ZW5k");
}

// ---- Answers

Response answer_with(std::vector<Part> parts, Ending ending) {
  Response response;
  response.id = "a1";
  response.model = "m";
  response.choices.push_back({std::move(parts), std::move(ending), {}});
  response.usage = Usage{10, 5, 0, 0, 7, 3};
  return response;
}

std::string streamed(const Response& response, const AnswerForm& form = {}) {
  const auto encoder = codec().stream_encoder(form);
  std::string stream;
  for (const Event& event : unfold(response)) encoder->encode(event, stream);
  return stream;
}

TEST(GeminiAnswer, is_written_for_callers) {
  Response response =
      answer_with({{Text{"Hi", {}, {}}, {}}, {ToolCall{"c1", "f", "{\n \"a\": 1 }", {}, {}, false}, {}}},
                  {Finish::tool_calls, "tool_use", {}});
  response.service_tier = "default";
  response.created = 1'772'353'530;
  response.system_fingerprint = "fp";
  response.extras = {{"x", {"1"}}};
  std::string body;
  Dropped dropped;
  codec().encode_response(response, {}, body, dropped);
  EXPECT_EQ(json::parse(body), json::parse(R"({"candidates":[{"content":{"parts":[{"text":"Hi"},
      {"functionCall":{"id":"c1","name":"f","args":{"a":1}}}],"role":"model"},"finishReason":"STOP","index":0}],
    "usageMetadata":{"promptTokenCount":15,"candidatesTokenCount":7,"totalTokenCount":25,"cachedContentTokenCount":5,
      "thoughtsTokenCount":3,"serviceTier":"standard"},
    "modelVersion":"m","createTime":"2026-03-01T08:25:30Z","responseId":"a1"})"));
  EXPECT_EQ(dropped, (Dropped{"system_fingerprint", "x"}));
}

TEST(GeminiAnswer, ends_in_the_words_of_the_dialect) {
  struct Case {
    Ending ending;
    const char* word;
  };
  for (const Case& each :
       {Case{{Finish::stop, "end_turn", {}}, "STOP"}, Case{{Finish::length, "max_tokens", {}}, "MAX_TOKENS"},
        Case{{Finish::content_filter, "refusal", {}}, "SAFETY"},
        Case{{Finish::content_filter, "RECITATION", {}}, "RECITATION"}, Case{{Finish::pause, "pause_turn", {}}, "STOP"},
        Case{{Finish::error, {}, {}}, "OTHER"}}) {
    std::string body;
    Dropped dropped;
    codec().encode_response(answer_with({}, each.ending), {}, body, dropped);
    EXPECT_EQ(json::parse(body)["candidates"][0]["finishReason"], each.word);
  }
}

TEST(GeminiAnswer, reads_why_a_model_stopped) {
  struct Case {
    const char* candidate;
    Finish finish;
    const char* raw;
  };
  for (const Case& each :
       {Case{R"({"content":{"parts":[{"text":"a"}]},"finishReason":"OTHER"})", Finish::stop, "OTHER"},
        Case{R"({"finishReason":"OTHER"})", Finish::error, "OTHER"},
        Case{R"({"finishReason":8})", Finish::content_filter, "SPII"},
        Case{R"({"content":{"parts":[{"functionCall":{"name":"f"}}]},"finishReason":1})", Finish::tool_calls, "STOP"},
        Case{R"({"content":{"parts":[{"text":"a"}]},"finishReason":"NEW_WORD"})", Finish::stop, "NEW_WORD"},
        Case{R"({"finishReason":"IMAGE_SAFETY"})", Finish::content_filter, "IMAGE_SAFETY"},
        Case{R"({"content":{}})", Finish::unset, ""}}) {
    const auto response = codec().decode_response(std::string(R"({"candidates":[)") + each.candidate + "]}");
    ASSERT_TRUE(response) << each.candidate;
    EXPECT_EQ(response->choices[0].ending.finish, each.finish) << each.candidate;
    EXPECT_EQ(response->choices[0].ending.raw, each.raw);
  }
}

TEST(GeminiAnswer, gives_calls_ids_that_differ_between_answers) {
  const auto id_in = [](const std::string& answer_id) {
    const auto response = codec().decode_response(R"({"responseId":")" + answer_id + R"(","candidates":[{"content":
      {"parts":[{"text":"a"},{"functionCall":{"name":"f"}}]},"finishReason":"STOP"}]})");
    return std::get<ToolCall>(response->choices[0].parts[1].what).id;
  };
  EXPECT_EQ(id_in("Ab-1_"), "call_Ab-1__1");
  EXPECT_EQ(id_in(""), "call_1");
  EXPECT_EQ(id_in("a b"), "call_1");
  EXPECT_LE(id_in(std::string(100, 'x')).size(), 40U);
}

TEST(GeminiAnswer, does_not_take_wrong_counts_for_money) {
  for (const char* const usage : {R"({"promptTokenCount":-1})", R"({"promptTokenCount":"5"})", R"({"trafficType":1})",
                                  R"([])", R"({"promptTokenCount":1,"thoughtsTokenCount":0.5})"}) {
    const std::string body = std::string(R"({"candidates":[{}],"usageMetadata":)") + usage + "}";
    EXPECT_FALSE(gemini().usage_of(body)) << usage;
    EXPECT_FALSE(codec().decode_response(body)->usage) << usage;
  }
}

TEST(GeminiAnswer, carries_proofs_of_other_models_to_the_next_turn) {
  const std::vector<Thinking> thoughts{
      {"why not", "sig+/=", {}, {}, thinking_format::anthropic, false},
      {"", {}, "cmVkYWN0ZWQ=", {}, thinking_format::anthropic, false},
      {"in short", {}, "ZW5jcnlwdGVk", "rs_1", thinking_format::responses, true},
  };
  for (const Thinking& thought : thoughts) {
    const Response response = answer_with({{thought, {}}, {Text{"Yes.", {}, {}}, {}}}, {Finish::stop, {}, {}});
    std::string body;
    Dropped dropped;
    codec().encode_response(response, {}, body, dropped);
    EXPECT_TRUE(dropped.empty());
    json content = json::parse(body)["candidates"][0]["content"];
    const Request back = received(json{{"contents", {content}}}.dump());
    EXPECT_TRUE(std::get<Thinking>(back.messages[0].parts[0].what) == thought) << body;

    // Clients that take it for bytes may write it in the other alphabet.
    for (json& part : content["parts"]) {
      if (!part.contains("thoughtSignature")) continue;
      std::string signature = part["thoughtSignature"];
      for (char& c : signature) c = c == '+' ? '-' : c == '/' ? '_' : c;
      while (signature.ends_with('=')) signature.pop_back();
      part["thoughtSignature"] = signature;
    }
    const Request other = received(json{{"contents", {content}}}.dump());
    EXPECT_TRUE(std::get<Thinking>(other.messages[0].parts[0].what) == thought) << body;

    // In pieces, as a stream brings them.
    json pieces = json::array();
    std::string_view rest = std::string_view();
    const std::string stream = streamed(response);
    rest = stream;
    http::SseReader reader;
    http::SseEvent event;
    while (reader.next(rest, event)) {
      const json chunk = json::parse(event.data);
      for (const json& part : chunk["candidates"][0]["content"]["parts"]) pieces.push_back(part);
      rest.remove_prefix(event.raw.size());
    }
    const Request last = received(json{{"contents", {{{"role", "model"}, {"parts", pieces}}}}}.dump());
    EXPECT_TRUE(std::get<Thinking>(last.messages[0].parts[0].what) == thought) << stream;
  }
}

TEST(GeminiAnswer, that_cannot_be_read_is_the_providers_failure) {
  for (const char* const body : {"", "[]", "{}", "3", R"({"candidates":[]})", "<html>"}) {
    const auto response = codec().decode_response(body);
    ASSERT_FALSE(response) << body;
    EXPECT_EQ(response.error().fault(), Fault::upstream_failed);
    EXPECT_TRUE(response.error().retryable());
    EXPECT_EQ(response.error().outcome(), Outcome::server_error);
  }
}

// ---- Streams

TEST(GeminiStream, ends_with_the_counts_beside_the_reason) {
  const std::string stream = streamed(answer_with({{Text{"Hi", {}, {}}, {}}}, {Finish::stop, {}, {}}));
  EXPECT_EQ(
      stream,
      R"(data: {"candidates":[{"content":{"parts":[{"text":"Hi"}],"role":"model"},"index":0}],"modelVersion":"m","responseId":"a1"})"
      "\r\n\r\n"
      R"(data: {"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":15,"candidatesTokenCount":7,"totalTokenCount":25,"cachedContentTokenCount":5,"thoughtsTokenCount":3},"modelVersion":"m","responseId":"a1"})"
      "\r\n\r\n");
}

TEST(GeminiStream, can_be_one_json_array) {
  const AnswerForm form{.json_array = true};
  const Response response = answer_with({{Text{"Hi", {}, {}}, {}}, {ToolCall{"c", "f", "{}", {}, {}, false}, {}}},
                                        {Finish::tool_calls, "STOP", {}});
  const std::string stream = streamed(response, form);
  EXPECT_EQ(json::parse(stream).size(), 3U);
  EXPECT_EQ(codec().stream_type(form), "application/json");
  EXPECT_EQ(codec().stream_type({}), "text/event-stream");
  const auto again = fold(events_of(codec(), stream));
  ASSERT_TRUE(again);
  EXPECT_EQ(text_of(*again), text_of(response));
}

TEST(GeminiStream, tells_its_reader_that_it_failed) {
  const Error error(Fault::unavailable, Blame::upstream, "upstream_error", "Gone.");
  for (const bool array : {false, true}) {
    const auto encoder = codec().stream_encoder({.json_array = array});
    std::string stream;
    encoder->encode(AnswerStart{"a1", "m", 0, {}, {}}, stream);
    encoder->encode(BlockStart{0, 0, {Text{}, {}}}, stream);
    encoder->encode(BlockDelta{0, "Hi", {}, {}, {}}, stream);
    encoder->encode(AnswerFailed{error}, stream);
    encoder->encode(AnswerEnd{}, stream);
    const auto events = events_of(codec(), stream);
    ASSERT_TRUE(std::holds_alternative<AnswerFailed>(events.back())) << stream;
    EXPECT_EQ(std::get<AnswerFailed>(events.back()).error.fault(), Fault::unavailable);
    if (array) {
      EXPECT_FALSE(json::accept(stream)) << "what broke does not look whole";
      EXPECT_EQ(json::parse(stream + "]").size(), 2U);
    } else {
      std::string event;
      gemini().encode_error_event(error, event);
      EXPECT_TRUE(stream.ends_with(event)) << stream;
    }
  }
}

TEST(GeminiStream, that_ends_without_a_reason_was_cut) {
  for (const char* const stream :
       {"", "[", "data: {}\r\n\r\n", "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}]}\r\n\r\n",
        R"([{"candidates":[{"finishReason":"STOP"}]},{"cand)",
        "data: {\"candidates\":[{\"finishReason\":\"STOP\"}]}"}) {
    const auto decoder = codec().stream_decoder();
    std::vector<Event> events;
    ASSERT_TRUE(decoder->decode(stream, events)) << stream;
    const auto finished = decoder->finish(events);
    ASSERT_FALSE(finished) << stream;
    EXPECT_EQ(finished.error().outcome(), Outcome::truncated);
    EXPECT_TRUE(finished.error().retryable());
  }
}

TEST(GeminiStream, of_garbage_is_an_error) {
  for (const char* const stream :
       {"data: nonsense\n\n", "data: 3\n\n", "[3]", "[{]}]", "data: {\"candidates\":[{\"index\":5000}]}\n\n"}) {
    const auto decoder = codec().stream_decoder();
    std::vector<Event> events;
    const auto taken = decoder->decode(stream, events);
    ASSERT_FALSE(taken && decoder->finish(events)) << stream;
  }
}

TEST(GeminiStream, is_sensed_without_being_decoded) {
  using Sense = EventSense::Kind;
  struct Case {
    const char* data;
    Sense kind;
  };
  for (const Case& each :
       {Case{R"({"candidates":[{"content":{"parts":[{"text":"\"finishReason\":\"STOP\""}]}}]})", Sense::content},
        Case{R"({"candidates":[{"finishReason":"STOP"}]})", Sense::end},
        Case{R"({"candidates":[{"finishReason":"STOP"},{"index":1}]})", Sense::content},
        Case{R"({"promptFeedback":{"blockReason":"SAFETY"}})", Sense::end},
        Case{R"({"error":{"code":500}})", Sense::error}, Case{R"([{"error":{"code":500}}])", Sense::error},
        Case{R"({"error":null,"usageMetadata":{"promptTokenCount":3}})", Sense::content},
        Case{"garbage", Sense::content}}) {
    EXPECT_EQ(gemini().sense(event_of(each.data)).kind, each.kind) << each.data;
  }
  const auto sense = gemini().sense(event_of(R"({"usageMetadata":{"promptTokenCount":3,"thoughtsTokenCount":2}})"));
  EXPECT_EQ(counts_of(sense.usage), (std::vector<std::uint64_t>{3, 0, 0, 0, 2}));
}

// ---- Errors

TEST(GeminiErrors, of_a_provider_are_sorted_by_what_they_mean) {
  struct Case {
    int status;
    const char* error;
    Fault fault;
    const char* code;
    bool retryable;
  };
  for (const Case& each : {
           Case{400, R"({"code":400,"message":"no","status":"INVALID_ARGUMENT"})", Fault::bad_request,
                "invalid_request", false},
           Case{400, R"({"message":"API key not valid. Please pass one.","status":"INVALID_ARGUMENT"})",
                Fault::upstream_failed, "upstream_auth", true},
           Case{400, R"({"message":"The input token count (9) exceeds the maximum number of tokens allowed (8)."})",
                Fault::bad_request, "context_length_exceeded", false},
           Case{401, R"({"status":"UNAUTHENTICATED"})", Fault::upstream_failed, "upstream_auth", true},
           Case{403, R"({"status":"PERMISSION_DENIED"})", Fault::upstream_failed, "upstream_auth", true},
           Case{404, R"({"status":"NOT_FOUND"})", Fault::not_found, "model_not_found", true},
           Case{429, R"({"status":"RESOURCE_EXHAUSTED"})", Fault::rate_limited, "rate_limit_exceeded", true},
           Case{429, R"({"details":[{"violations":[{"quotaId":"RequestsPerDayPerModel"}]}]})", Fault::rate_limited,
                "insufficient_quota", true},
           Case{500, R"({"status":"INTERNAL"})", Fault::upstream_failed, "upstream_error", true},
           Case{503, R"({"status":"UNAVAILABLE"})", Fault::unavailable, "upstream_error", true},
           Case{504, R"({"status":"DEADLINE_EXCEEDED"})", Fault::upstream_timeout, "upstream_timeout", true},
           Case{200, R"({"code":429})", Fault::rate_limited, "rate_limit_exceeded", true},
           Case{200, R"({"status":"UNAVAILABLE"})", Fault::unavailable, "upstream_error", true},
           Case{200, R"("odd")", Fault::upstream_failed, "upstream_error", true},
       }) {
    const std::string object = std::string(R"({"error":)") + each.error + "}";
    for (const std::string& body : {object, "[" + object + "]"}) {
      const Error error = gemini().decode_error(each.status, body);
      EXPECT_EQ(error.fault(), each.fault) << each.error;
      EXPECT_EQ(error.code(), each.code) << each.error;
      EXPECT_EQ(error.retryable(), each.retryable) << each.error;
    }
  }
}

TEST(GeminiErrors, say_when_to_come_back) {
  using std::chrono::milliseconds;
  const auto wait = [](const std::string& error) {
    return gemini().decode_error(429, R"({"error":)" + error + "}").retry_after();
  };
  EXPECT_EQ(wait(R"({"details":[{"retryDelay":"34.4s"}]})"), milliseconds(34400));
  EXPECT_EQ(wait(R"({"message":"Please retry in 1.5s."})"), milliseconds(1500));
  EXPECT_EQ(wait(R"({"message":"Please retry in 644ms."})"), milliseconds(644));
  EXPECT_EQ(wait(R"({"details":[{"retryDelay":"400000s"}]})"), milliseconds(60000));
  for (const char* const odd : {R"({"details":[{"retryDelay":"-1s"}]})", R"({"details":[{"retryDelay":"soon"}]})",
                                R"({"details":[{"retryDelay":"nan"}]})", R"({"details":3})"}) {
    EXPECT_FALSE(wait(odd)) << odd;
  }
}

TEST(GeminiErrors, are_written_in_the_words_of_the_dialect) {
  std::string out;
  gemini().encode_error(Error(Fault::rate_limited, Blame::client, "rate_limit_exceeded", "Slow \"down\".")
                            .with_retry_after(std::chrono::milliseconds(1200)),
                        out);
  EXPECT_EQ(json::parse(out),
            json::parse(R"({"error":{"code":429,"message":"Slow \"down\".","status":"RESOURCE_EXHAUSTED",
    "details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"2s"}]}})"));
  struct Case {
    Fault fault;
    const char* status;
  };
  for (const Case& each :
       {Case{Fault::bad_request, "INVALID_ARGUMENT"}, Case{Fault::unauthenticated, "UNAUTHENTICATED"},
        Case{Fault::forbidden, "PERMISSION_DENIED"}, Case{Fault::not_found, "NOT_FOUND"},
        Case{Fault::internal, "INTERNAL"}, Case{Fault::upstream_failed, "UNAVAILABLE"},
        Case{Fault::upstream_timeout, "DEADLINE_EXCEEDED"}}) {
    std::string body;
    gemini().encode_error(Error(each.fault, Blame::gateway, "", "x"), body);
    EXPECT_EQ(json::parse(body)["error"]["status"], each.status);
  }
}

}  // namespace
}  // namespace sluice::chat

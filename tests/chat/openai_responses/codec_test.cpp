#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "chat/events.hpp"
#include "chat/exchanges.hpp"

namespace sluice::chat {
namespace {

using nlohmann::json;

const Dialect& dialect() { return openai_responses(); }
const Codec& codec() { return *openai_responses().codec(); }

Part text(std::string words) { return {Text{std::move(words), {}, {}}, {}}; }

// A request as another dialect's caller makes it.
Request foreign(std::vector<Message> messages = {{Role::user, {text("Hi")}, {}}}) {
  Request request;
  request.model = "m";
  request.dialect = "openai_chat";
  request.messages = std::move(messages);
  return request;
}

json body_of(const Request& request, Dropped* dropped = nullptr, const Quirks& quirks = {}) {
  const auto rendered = codec().encode_request(request, quirks);
  EXPECT_TRUE(rendered);
  if (dropped != nullptr) *dropped = rendered->dropped;
  return json::parse(rendered->body);
}

Request decoded(const std::string& body) {
  const auto request = codec().decode_request(body, "m", false);
  EXPECT_TRUE(request) << request.error().message();
  return request ? *request : Request{};
}

Response answer(std::vector<Part> parts, Finish finish = Finish::stop) {
  Response response;
  response.id = "r1";
  response.model = "m";
  response.created = 17;
  response.choices.push_back({std::move(parts), {finish, "", {}}, {}});
  return response;
}

json body_of(const Response& response, Dropped* dropped = nullptr) {
  std::string out;
  Dropped left_out;
  codec().encode_response(response, {}, out, left_out);
  if (dropped != nullptr) *dropped = left_out;
  return json::parse(out);
}

std::string streamed(const std::vector<Event>& events, Dropped* dropped = nullptr) {
  const auto encoder = codec().stream_encoder({});
  std::string out;
  for (const Event& event : events) encoder->encode(event, out);
  if (dropped != nullptr) *dropped = encoder->dropped();
  return out;
}

std::vector<json> data_of(std::string_view stream) {
  std::vector<json> found;
  http::SseReader reader;
  http::SseEvent event;
  while (reader.next(stream, event)) {
    found.push_back(json::parse(event.data));
    EXPECT_EQ(found.back()["type"], std::string(event.name));
    stream.remove_prefix(event.raw.size());
  }
  EXPECT_TRUE(stream.empty());
  return found;
}

std::vector<std::string> types_of(const std::vector<json>& events) {
  std::vector<std::string> types;
  types.reserve(events.size());
  for (const json& event : events) types.push_back(event["type"]);
  return types;
}

// The shallow half.

TEST(OpenAiResponsesOutline, tells_model_and_stream) {
  std::string scratch;
  const auto outline = dialect().outline({Task::chat}, R"({"stream":true,"model":"a","input":"x"})", scratch);
  ASSERT_TRUE(outline);
  EXPECT_EQ(outline->model, "a");
  EXPECT_TRUE(outline->stream);
}

TEST(OpenAiResponsesOutline, refuses_deciding_members_twice) {
  std::string scratch;
  for (const std::string member : {"model", "stream", "input", "instructions", "tools", "store", "conversation",
                                   "previous_response_id", "max_output_tokens", "metadata"}) {
    std::string body = R"({"model":"m",")";
    body.append(member).append(R"(":null,")").append(member).append(R"(":null})");
    const auto outline = dialect().outline({Task::chat}, body, scratch);
    ASSERT_FALSE(outline) << member;
    EXPECT_EQ(outline.error().param(), member);
  }
}

TEST(OpenAiResponsesOutline, puts_another_model_in_and_nothing_else) {
  std::string scratch;
  const std::string body = R"({"input": [1.50], "model" : "a", "stream":true })";
  const auto outline = dialect().outline({Task::chat}, body, scratch);
  ASSERT_TRUE(outline);
  std::string sent;
  const auto slices = dialect().retarget(body, *outline, R"("b")", true);
  for (const auto piece : slices.pieces()) sent += piece;
  EXPECT_EQ(sent, R"({"input": [1.50], "model" : "b", "stream":true })");
}

TEST(OpenAiResponsesOutline, has_a_path_of_its_own) {
  std::string path;
  dialect().append_path({Task::chat}, path);
  EXPECT_EQ(path, "/responses");
}

TEST(OpenAiResponsesSense, sees_ends_failures_and_usage) {
  using Kind = EventSense::Kind;
  const std::string done =
      R"({"type":"response.completed","response":{"usage":{"input_tokens":9,"output_tokens":4,"total_tokens":13}}})";
  EXPECT_EQ(dialect().sense(event_of(done, "response.completed")).kind, Kind::end);
  EXPECT_EQ(dialect().sense(event_of(done)).kind, Kind::end);
  EXPECT_EQ(counts_of(dialect().sense(event_of(done)).usage), (std::vector<std::uint64_t>{9, 0, 0, 4, 0}));
  EXPECT_EQ(dialect().sense(event_of(R"({"type":"response.failed","response":{}})")).kind, Kind::error);
  EXPECT_EQ(dialect().sense(event_of(R"({"type":"error","message":"x"})")).kind, Kind::error);
  EXPECT_EQ(dialect().sense(event_of(R"({"error":{"message":"x"}})")).kind, Kind::error);
  EXPECT_EQ(dialect().sense(event_of("nonsense", "error")).kind, Kind::error);
  EXPECT_EQ(dialect().sense(event_of(R"({"type":"response.created","response":{"error":null}})")).kind, Kind::content);
  EXPECT_EQ(dialect().sense(event_of(R"({"delta":"\"response.completed\""})")).kind, Kind::content);
  EXPECT_EQ(dialect().sense(event_of("\"response.completed\"")).kind, Kind::content);
  // What was said in pieces is said again as a whole, which is paid once.
  EXPECT_EQ(dialect().sense(event_of(R"({"text":"Hello"})", "response.output_text.done")).said, 0u);
  EXPECT_EQ(dialect().sense(event_of(R"({"item":{}})", "response.output_item.done")).said, 0u);
  EXPECT_FALSE(dialect().sense(event_of(R"({"delta":"Hello"})", "response.output_text.delta")).said);
}

TEST(OpenAiResponsesErrors, are_told_apart_wherever_they_lie) {
  struct Case {
    int status;
    std::string body;
    Fault fault;
    std::string_view code;
    bool retryable;
  };
  const std::vector<Case> cases{
      {400, R"({"error":{"message":"m","code":"context_length_exceeded"}})", Fault::bad_request,
       "context_length_exceeded", false},
      {200, R"({"type":"response.failed","response":{"error":{"code":"x","message":"exceeds the context window"}}})",
       Fault::bad_request, "context_length_exceeded", false},
      {400, R"({"error":{"message":"m","code":"insufficient_quota"}})", Fault::rate_limited, "insufficient_quota",
       true},
      {429, R"({"error":{"message":"m","code":"rate_limit_exceeded"}})", Fault::rate_limited, "rate_limit_exceeded",
       true},
      {200, R"({"type":"error","sequence_number":2,"error":{"code":"rate_limit_exceeded","message":"m"}})",
       Fault::rate_limited, "rate_limit_exceeded", true},
      {200, R"({"type":"error","code":"server_error","message":"m","param":null})", Fault::upstream_failed,
       "upstream_error", true},
      {401, R"({"error":{"message":"m"}})", Fault::upstream_failed, "upstream_auth", true},
      {400, R"({"code":"c","error":"Incorrect API key provided."})", Fault::upstream_failed, "upstream_auth", true},
      {400, R"({"error":{"message":"bad temperature","param":"temperature"}})", Fault::bad_request, "invalid_request",
       false},
      {503, "<html>", Fault::unavailable, "upstream_error", true},
  };
  for (const Case& c : cases) {
    const Error error = dialect().decode_error(c.status, c.body);
    EXPECT_EQ(error.fault(), c.fault) << c.body;
    EXPECT_EQ(error.code(), c.code) << c.body;
    EXPECT_EQ(error.retryable(), c.retryable) << c.body;
  }
}

TEST(OpenAiResponsesErrors, are_events_in_both_shapes_that_clients_know) {
  std::string out;
  dialect().encode_error_event(Error(Fault::unavailable, Blame::gateway, "full", "We are full."), out);
  const auto events = data_of(out);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]["code"], "full");
  EXPECT_EQ(events[0]["message"], "We are full.");
  EXPECT_EQ(events[0]["error"]["type"], "server_error");
  EXPECT_EQ(events[0]["sequence_number"], 0);
}

// Requests to providers.

TEST(OpenAiResponsesRequest, says_every_setting_by_its_own_name) {
  Request request = foreign({{Role::system, {text("Be brief.")}, {}}, {Role::user, {text("Hi")}, {}}});
  request.stream = true;
  request.sampling.max_tokens = 50;
  request.sampling.temperature = Number{"0.10"};
  request.sampling.logprobs = true;
  request.sampling.top_logprobs = 2;
  request.reasoning = {.effort = "high", .summary = "auto"};
  request.verbosity = "low";
  request.format = {OutputFormat::Kind::json_schema, "city", "", {R"({"type":"object","x":1.0})"}, true};
  request.tools = {{.name = "f", .description = "d", .schema = {R"({"type":"object"})"}},
                   {.name = "g", .strict = true}};
  request.tool_choice = {ToolChoice::Mode::required, "", {"f"}, false};
  request.user = "u";
  request.metadata.bytes = R"({"a":"b"})";
  request.service_tier = "flex";
  Dropped dropped;
  EXPECT_EQ(body_of(request, &dropped), json::parse(R"({"model":"m","instructions":"Be brief.","stream":true,
    "input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"Hi"}]}],
    "tools":[{"type":"function","name":"f","description":"d","parameters":{"type":"object"},"strict":false},
             {"type":"function","name":"g","parameters":{"type":"object","properties":{}},"strict":true}],
    "parallel_tool_calls":false,
    "tool_choice":{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"f"}]},
    "text":{"format":{"type":"json_schema","name":"city","schema":{"type":"object","x":1.0},"strict":true},
            "verbosity":"low"},
    "reasoning":{"effort":"high","summary":"auto"},"max_output_tokens":50,"temperature":0.10,"top_logprobs":2,
    "store":false,"include":["reasoning.encrypted_content","message.output_text.logprobs"],
    "user":"u","metadata":{"a":"b"},"service_tier":"flex"})"));
  EXPECT_EQ(dropped, Dropped{});
  EXPECT_NE(codec().encode_request(request, {})->body.find("\"temperature\":0.10"), std::string::npos);
}

TEST(OpenAiResponsesRequest, names_what_it_leaves_out) {
  Request request = foreign();
  request.sampling.seed = 7;
  request.sampling.stop = {"x"};
  request.sampling.choices = 2;
  request.sampling.top_k = Number{"3"};
  request.sampling.frequency_penalty = Number{"1"};
  request.cache = CacheMark{};
  request.messages[0].name = "Ann";
  request.messages[0].parts.push_back({Media{.kind = Media::Kind::audio, .data = "AA=="}, {}});
  request.messages.push_back(
      {Role::assistant,
       {{Thinking{.text = "t", .signature = "s", .format = thinking_format::anthropic}, {}}, text("a")},
       {}});
  request.extras = {{"logit_bias", {"{}"}}};
  Dropped dropped;
  body_of(request, &dropped);
  EXPECT_EQ(dropped, (Dropped{"messages.name", "messages.input_audio", "messages.reasoning", "top_k",
                              "frequency_penalty", "seed", "stop", "n", "cache_control", "logit_bias"}));
}

TEST(OpenAiResponsesRequest, obeys_a_provider_that_takes_less) {
  Request request = foreign({{Role::system, {text("s")}, {}}});
  request.sampling.max_tokens = 5;
  request.user = "u";
  Dropped dropped;
  const json body =
      body_of(request, &dropped, {.max_tokens = "most", .unsupported = {"user", "store", "instructions"}});
  EXPECT_EQ(body, json::parse(R"({"model":"m","most":16,
    "input":[{"type":"message","role":"system","content":[{"type":"input_text","text":"s"}]}]})"));
  EXPECT_EQ(dropped, (Dropped{"max_tokens", "user"})) << "16 are the fewest there are";
}

TEST(OpenAiResponsesRequest, gives_turns_back_item_by_item) {
  Thinking thinking{
      .text = "hm", .data = "proof", .id = "rs_1", .format = thinking_format::responses, .is_summary = true};
  ToolResult result{.call_id = "c1", .content = {Text{"2 m", {}, {}}}};
  ToolResult values{.call_id = "c2", .json = {R"({"a": 1})"}};
  const Request request =
      foreign({{Role::assistant,
                {{thinking, {}},
                 text("Wait."),
                 {ToolCall{.id = "c1", .name = "f", .arguments = R"({"x": 1.0})", .item_id = "fc_1"}, {}}},
                {}},
               {Role::user, {{result, {}}, {values, {}}, text("And now?")}, {}}});
  EXPECT_EQ(body_of(request)["input"], json::parse(R"([
    {"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"proof"},
    {"type":"message","role":"assistant","content":"Wait."},
    {"id":"fc_1","type":"function_call","call_id":"c1","name":"f","arguments":"{\"x\": 1.0}"},
    {"type":"function_call_output","call_id":"c1","output":"2 m"},
    {"type":"function_call_output","call_id":"c2","output":"{\"a\": 1}"},
    {"type":"message","role":"user","content":[{"type":"input_text","text":"And now?"}]}])"));
}

TEST(OpenAiResponsesRequest, turns_a_budget_into_an_effort) {
  for (const auto& [budget, effort] :
       std::vector<std::pair<std::uint64_t, std::string>>{{1024, "low"}, {8000, "medium"}, {32000, "high"}}) {
    Request request = foreign();
    request.reasoning.budget_tokens = budget;
    EXPECT_EQ(body_of(request)["reasoning"]["effort"], effort);
  }
  // Not every model knows the word for not thinking at all.
  Request off = foreign();
  Dropped dropped;
  off.reasoning.enabled = false;
  EXPECT_FALSE(body_of(off, &dropped).contains("reasoning"));
  EXPECT_EQ(dropped, Dropped{"reasoning.enabled"});
  off.reasoning = {.budget_tokens = 0};
  EXPECT_FALSE(body_of(off, &dropped).contains("reasoning"));
  EXPECT_EQ(dropped, Dropped{"reasoning.enabled"});
}

// Some clients bring their tools so. To providers of this dialect they stay where they were.
TEST(OpenAiResponsesRequest, reads_tools_that_an_item_of_the_input_brings) {
  const std::string body = R"({"model":"m","input":[
    {"type":"additional_tools","role":"developer","tools":[{"type":"function","name":"shell","parameters":{"type":"object"},
     "strict":false},{"type":"namespace","name":"mcp","tools":[]}]},
    {"type":"message","role":"user","content":[{"type":"input_text","text":"ls"}]}],"tool_choice":"auto"})";
  const Request request = decoded(body);
  ASSERT_EQ(request.tools.size(), 2u);
  EXPECT_EQ(request.tools[0].name, "shell");
  const json again = body_of(request);
  EXPECT_EQ(again["input"], json::parse(body)["input"]);
  EXPECT_FALSE(again.contains("tools"));
  Request elsewhere = request;
  prepare_for(elsewhere, "openai_chat");
  ASSERT_EQ(elsewhere.messages.size(), 1u) << "nobody said anything by it";
  const auto chat = openai_chat().codec()->encode_request(elsewhere, {});
  ASSERT_TRUE(chat);
  EXPECT_EQ(json::parse(chat->body)["tools"][0]["function"]["name"], "shell");
  EXPECT_EQ(json::parse(chat->body)["messages"], json::parse(R"([{"role":"user","content":"ls"}])"));
  EXPECT_EQ(chat->dropped, Dropped{"tools.namespace"});
}

// Requests of callers.

TEST(OpenAiResponsesRequest, is_read_into_turns) {
  const Request request = decoded(R"({"model":"m","instructions":"I","input":[
    {"role":"user","content":"q"},
    {"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"e"},
    {"type":"function_call","call_id":"c","name":"f","arguments":""},
    {"type":"function_call_output","call_id":"c","output":"r"},
    {"type":"web_search_call","id":"ws"},
    {"role":"assistant","content":[{"type":"output_text","text":"a"}]}]})");
  ASSERT_EQ(request.messages.size(), 5U);
  EXPECT_EQ(request.messages[0].role, Role::system);
  ASSERT_EQ(request.messages[2].parts.size(), 2U);
  const auto& thinking = std::get<Thinking>(request.messages[2].parts[0].what);
  EXPECT_EQ(thinking.data, "e");
  EXPECT_EQ(thinking.format, thinking_format::responses);
  EXPECT_EQ(std::get<ToolCall>(request.messages[2].parts[1].what).arguments, "{}");
  EXPECT_EQ(request.messages[3].role, Role::tool);
  ASSERT_EQ(request.messages[4].parts.size(), 2U);
  EXPECT_EQ(std::get<Opaque>(request.messages[4].parts[0].what).kind, "web_search_call");
}

TEST(OpenAiResponsesRequest, keeps_what_no_word_covers) {
  const Request request = decoded(R"({"model":"m","input":"q","previous_response_id":"r0","conversation":null,
    "background":true,"reasoning":{"effort":"low","context":"all_turns"},"truncation":"disabled"})");
  std::vector<std::string> names;
  names.reserve(request.extras.size());
  for (const Extra& extra : request.extras) names.push_back(extra.within + "/" + extra.name);
  EXPECT_EQ(names, (std::vector<std::string>{"reasoning/context", "/previous_response_id", "/background"}));
  EXPECT_EQ(request.dialect, "openai_responses");
}

TEST(OpenAiResponsesRequest, asks_for_proofs_only_where_they_are_needed) {
  EXPECT_TRUE(decoded(R"({"input":"q","store":false,"reasoning":{"effort":"low"},
    "include":["reasoning.encrypted_content"]})")
                  .extras.empty());
  const Request stored = decoded(R"({"input":"q","include":["reasoning.encrypted_content"]})");
  EXPECT_TRUE(stored.extras.empty()) << "other dialects have them without being asked";
  EXPECT_EQ(body_of(stored)["include"], json::parse(R"(["reasoning.encrypted_content"])"));
  EXPECT_FALSE(body_of(foreign()).contains("include"));
  EXPECT_EQ(body_of(foreign())["store"], false);
  EXPECT_FALSE(body_of(decoded(R"({"input":"q"})")).contains("store"));
}

TEST(OpenAiResponsesRequest, names_the_member_that_cannot_be_understood) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {R"({"input":3})", "input"},
      {R"({"input":[3]})", "input"},
      {R"({"input":[{"role":"judge","content":"x"}]})", "input[0].role"},
      {R"({"input":[{"role":"user","content":3}]})", "input[0].content"},
      {R"({"input":["x"]})", "input"},
      {R"({"input":[{"type":"function_call","name":"f"}]})", "input[0].call_id"},
      {R"({"input":[{"type":"function_call_output","call_id":"c"}]})", "input[0].output"},
      {R"({"input":[{}]})", "input[0].type"},
      {R"({"tools":{}})", "tools"},
      {R"({"tool_choice":"maybe"})", "tool_choice"},
      {R"({"text":{"format":{"type":"json_schema"}}})", "text.format.schema"},
      {R"({"temperature":"warm"})", "temperature"},
      {R"({"max_output_tokens":1.5})", "max_output_tokens"},
      {R"({"store":"no"})", "store"},
      {R"({"metadata":[]})", "metadata"},
      {R"({"include":"all"})", "include"},
      {R"({"reasoning":"much"})", "reasoning"},
  };
  for (const auto& [body, param] : cases) {
    const auto request = codec().decode_request(body, "m", false);
    ASSERT_FALSE(request) << body;
    EXPECT_EQ(request.error().param(), param);
    EXPECT_EQ(request.error().fault(), Fault::bad_request);
  }
}

// Answers.

TEST(OpenAiResponsesAnswer, has_the_members_that_clients_require) {
  Response response = answer({text("Hi")});
  response.usage = Usage{.input = 5, .cache_read = 3, .cache_write = 2, .output = 4, .reasoning = 1};
  const json body = body_of(response);
  for (const char* const member :
       {"id", "object", "created_at", "error", "incomplete_details", "instructions", "model", "tools", "output",
        "parallel_tool_calls", "metadata", "tool_choice", "temperature", "top_p", "status"}) {
    EXPECT_TRUE(body.contains(member)) << member;
  }
  EXPECT_EQ(body["output"], json::parse(R"([{"id":"msg_sluice_0_r1","type":"message","status":"completed",
    "role":"assistant","content":[{"type":"output_text","text":"Hi","annotations":[],"logprobs":[]}]}])"));
  EXPECT_EQ(body["usage"], json::parse(R"({"input_tokens":10,"output_tokens":5,"total_tokens":15,
    "input_tokens_details":{"cached_tokens":3,"cache_write_tokens":2},
    "output_tokens_details":{"reasoning_tokens":1}})"));
}

TEST(OpenAiResponsesAnswer, maps_every_ending) {
  const std::vector<std::tuple<Finish, std::string, std::string>> cases{
      {Finish::stop, "completed", ""},
      {Finish::tool_calls, "completed", ""},
      {Finish::unset, "completed", ""},
      {Finish::length, "incomplete", "max_output_tokens"},
      {Finish::content_filter, "incomplete", "content_filter"},
      {Finish::pause, "incomplete", ""},
      {Finish::error, "failed", ""},
  };
  for (const auto& [finish, status, reason] : cases) {
    const json body = body_of(answer({text("x")}, finish));
    EXPECT_EQ(body["status"], status);
    EXPECT_EQ(reason.empty() ? "" : body["incomplete_details"]["reason"].get<std::string>(), reason);
  }
}

TEST(OpenAiResponsesAnswer, drops_what_only_others_say) {
  Response response = answer({{Opaque{"anthropic_messages", "web_search_tool_result", {"{}"}}, {}}, text("x")});
  response.choices.push_back(response.choices[0]);
  response.system_fingerprint = "fp";
  response.dialect = "openai_chat";
  response.extras = {{"provider", {"1"}}};
  std::get<Text>(response.choices[0].parts[1].what).citations = {R"([{"type":"char_location"},
    {"type":"url_citation","url_citation":{"url":"u","title":"t"}}])"};
  Dropped dropped;
  const json body = body_of(response, &dropped);
  EXPECT_EQ(dropped,
            (Dropped{"n", "system_fingerprint", "provider", "web_search_tool_result", "messages.annotations"}));
  EXPECT_EQ(body["output"][0]["content"][0]["annotations"],
            json::parse(R"([{"type":"url_citation","url":"u","title":"t","start_index":0,"end_index":0}])"));
}

// What the caller's client sends back: the output as input.
Request next_turn(const json& output) { return decoded(json{{"model", "m"}, {"input", output}}.dump()); }

std::vector<Part> proven() {
  return {
      {Thinking{.text = "deep", .signature = "sig:1", .format = thinking_format::anthropic}, {}},
      {Thinking{.data = "hidden", .format = thinking_format::anthropic}, {}},
      {Thinking{.text = "brief", .data = "own", .id = "rs_9", .format = thinking_format::responses, .is_summary = true},
       {}},
      {Text{"words", "text-proof", {}}, {}},
      {ToolCall{.id = "c:1", .name = "f", .arguments = "{}", .signature = "call-proof"}, {}},
      {ToolCall{.id = "c2", .name = "g", .arguments = "{}"}, {}}};
}

// Functions are promised to say more of themselves than callers have to.
TEST(OpenAiResponsesAnswer, repeats_what_the_request_said) {
  AnswerForm form;
  form.repeats = codec().repeats(R"({"model":"m","input":"x","instructions":"be\nbrief","temperature":0.20,"top_p":null,
    "tools":[{"type":"function","name":"f","parameters":{ "b":1, "a":2 }},
             {"type":"function","name":"g","strict":true},{"type":"custom","name":"c"}],
    "tool_choice":{"type":"function","name":"f"},"text":{"verbosity":"low"},"parallel_tool_calls":false,
    "max_output_tokens":50,"top_logprobs":2,"reasoning":{"effort":"low"},"metadata":{"team":"a"},"user":"u",
    "store":true,"truncation":"auto","include":[]})");
  EXPECT_EQ(form.repeats.find('\n'), std::string::npos);
  EXPECT_NE(form.repeats.find(R"("temperature":0.20)"), std::string::npos) << form.repeats;
  std::string out;
  Dropped none;
  codec().encode_response(answer({text("hi")}), form, out, none);
  const json said = json::parse(out);
  EXPECT_EQ(said["instructions"], "be\nbrief");
  EXPECT_EQ(said["tools"], json::parse(R"([
    {"type":"function","name":"f","parameters":{"b":1,"a":2},"strict":null},
    {"type":"function","name":"g","parameters":null,"strict":true},{"type":"custom","name":"c"}])"));
  EXPECT_EQ(said["tool_choice"]["name"], "f");
  EXPECT_EQ(said["text"], json::parse(R"({"format":{"type":"text"},"verbosity":"low"})"));
  EXPECT_EQ(said["parallel_tool_calls"], false);
  EXPECT_EQ(said["max_output_tokens"], 50);
  EXPECT_EQ(said["top_logprobs"], 2);
  EXPECT_EQ(said["reasoning"]["effort"], "low");
  EXPECT_EQ(said["metadata"]["team"], "a");
  EXPECT_EQ(said["user"], "u");
  EXPECT_EQ(said["top_p"], 1.0);
  EXPECT_EQ(said["store"], false) << "nothing is kept here";
  EXPECT_EQ(said["truncation"], "disabled");
}

// What would break a reader's types, or cost a stream more than it is worth, is not said again.
TEST(OpenAiResponsesAnswer, repeats_only_what_has_the_promised_form_and_no_more_than_so_much) {
  const auto repeated = [](const std::string& members) {
    return json::parse("{" + codec().repeats(R"({"model":"m","input":"x",)" + members + "}") + "}");
  };
  const json odd = repeated(R"("text":{"format":null,"verbosity":"low"},"prompt_cache_key":5,"safety_identifier":{},
    "max_output_tokens":12.0,"user":null,"tools":[{"type":"function","name":"f","name":"g","strict":null}])");
  EXPECT_EQ(odd["text"], json::parse(R"({"format":{"type":"text"},"verbosity":"low"})"));
  EXPECT_FALSE(odd.contains("prompt_cache_key") || odd.contains("safety_identifier") || odd.contains("user"));
  EXPECT_EQ(odd["max_output_tokens"].dump(), "12");
  EXPECT_EQ(odd["tools"], json::parse(R"([{"parameters":null,"strict":null,"type":"function","name":"g"}])"));
  const json large = repeated(R"("temperature":0.5,"instructions":")" + std::string(70'000, 'x') + "\"");
  EXPECT_EQ(large["temperature"], 0.5);
  EXPECT_TRUE(large["instructions"].is_null());
}

TEST(OpenAiResponsesStream, repeats_the_request_in_each_event_about_the_whole) {
  AnswerForm form;
  form.repeats = codec().repeats(R"({"model":"m","input":"x","instructions":"be brief"})");
  const auto encoder = codec().stream_encoder(form);
  std::string out;
  for (const Event& event : unfold(answer({text("hi")}))) encoder->encode(event, out);
  std::size_t wholes = 0;
  for (const json& event : data_of(out)) {
    if (!event.contains("response")) continue;
    ++wholes;
    EXPECT_EQ(event["response"]["instructions"], "be brief");
    EXPECT_EQ(event["response"]["tool_choice"], "auto");
  }
  EXPECT_EQ(wholes, 3u);
}

// They come behind the words they belong to, and stand with them wherever these are told as a whole.
TEST(OpenAiResponsesStream, tells_log_probabilities_where_the_words_are) {
  const std::string first = R"([{"token":"h","logprob":-0.10,"bytes":[104],"top_logprobs":[]}])";
  const std::string second = R"([{"token":"i","logprob":-0.20,"bytes":[105],"top_logprobs":[]}])";
  const std::vector<Event> events{AnswerStart{"r", "m", 1, {}, {}},
                                  LogprobsSeen{0, {first}},
                                  BlockStart{0, 0, text("")},
                                  BlockDelta{.block = 0, .text = "h"},
                                  BlockDelta{.block = 0, .text = "i"},
                                  LogprobsSeen{0, {second}},
                                  BlockEnd{0},
                                  ChoiceEnd{0, {Finish::stop, "", {}}},
                                  AnswerEnd{}};
  Dropped none;
  json told = json::array();
  const json both = json::parse(first.substr(0, first.size() - 1) + "," + second.substr(1));
  for (const json& event : data_of(streamed(events, &none))) {
    if (event["type"] == "response.output_text.delta")
      told.insert(told.end(), event["logprobs"].begin(), event["logprobs"].end());
    if (event["type"] == "response.output_text.done") {
      EXPECT_EQ(event["logprobs"], both);
    }
    if (event["type"] == "response.content_part.done") {
      EXPECT_EQ(event["part"]["logprobs"], both);
    }
    if (event["type"] == "response.completed") {
      EXPECT_EQ(event["response"]["output"][0]["content"][0]["logprobs"], both);
    }
  }
  EXPECT_EQ(told, both);
  EXPECT_TRUE(none.empty());
  const std::vector<Event> without_words{events[0], events[1], events[7], events[8]};
  streamed(without_words, &none);
  EXPECT_EQ(none, Dropped{"logprobs"});
}

TEST(OpenAiResponsesAnswer, carries_foreign_proofs_to_the_next_turn) {
  const json body = body_of(answer(proven(), Finish::tool_calls));
  const Request request = next_turn(body["output"]);
  ASSERT_EQ(request.messages.size(), 1U);
  EXPECT_EQ(request.messages[0].parts, proven());
}

TEST(OpenAiResponsesStream, carries_foreign_proofs_to_the_next_turn) {
  const auto events = data_of(streamed(unfold(answer(proven(), Finish::tool_calls))));
  ASSERT_EQ(events.back()["type"], "response.completed");
  const Request request = next_turn(events.back()["response"]["output"]);
  ASSERT_EQ(request.messages.size(), 1U);
  EXPECT_EQ(request.messages[0].parts, proven());
  json items = json::array();
  for (const json& event : events) {
    if (event["type"] == "response.output_item.done") items.push_back(event["item"]);
  }
  EXPECT_EQ(items, events.back()["response"]["output"]);
}

TEST(OpenAiResponsesStream, tells_every_step) {
  const auto events = data_of(
      streamed(unfold(answer({{Thinking{.text = "hm", .format = thinking_format::responses, .is_summary = true}, {}},
                              text("Hi"),
                              {Refusal{"No"}, {}},
                              {ToolCall{.id = "c", .name = "f", .arguments = "{}"}, {}},
                              {ToolCall{.id = "d", .name = "s", .arguments = "ls", .is_custom = true}, {}}},
                             Finish::tool_calls))));
  EXPECT_EQ(types_of(events), (std::vector<std::string>{
                                  "response.created",
                                  "response.in_progress",
                                  "response.output_item.added",
                                  "response.reasoning_summary_part.added",
                                  "response.reasoning_summary_text.delta",
                                  "response.reasoning_summary_text.done",
                                  "response.reasoning_summary_part.done",
                                  "response.output_item.done",
                                  "response.output_item.added",
                                  "response.content_part.added",
                                  "response.output_text.delta",
                                  "response.output_text.done",
                                  "response.content_part.done",
                                  "response.content_part.added",
                                  "response.refusal.delta",
                                  "response.refusal.done",
                                  "response.content_part.done",
                                  "response.output_item.done",
                                  "response.output_item.added",
                                  "response.function_call_arguments.delta",
                                  "response.function_call_arguments.done",
                                  "response.output_item.done",
                                  "response.output_item.added",
                                  "response.custom_tool_call_input.delta",
                                  "response.custom_tool_call_input.done",
                                  "response.output_item.done",
                                  "response.completed",
                              }));
  for (std::size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i]["sequence_number"], i);
  EXPECT_EQ(events[14]["content_index"], 1);
  EXPECT_EQ(events[14]["output_index"], 1);
  EXPECT_EQ(events[19]["item_id"], events[18]["item"]["id"]);
}

TEST(OpenAiResponsesStream, lets_calls_overlap) {
  const auto call = [](std::string id) { return Part{ToolCall{.id = std::move(id), .name = "f"}, {}}; };
  const std::vector<Event> events{AnswerStart{"r", "m"},
                                  BlockStart{0, 0, call("a")},
                                  BlockStart{1, 0, call("b")},
                                  BlockDelta{1, "{\"y\"", {}, {}, {}},
                                  BlockDelta{0, "{}", {}, {}, {}},
                                  BlockEnd{0},
                                  BlockDelta{1, ":1}", {}, {}, {}},
                                  BlockEnd{1},
                                  ChoiceEnd{0, {Finish::tool_calls, "", {}}},
                                  AnswerEnd{}};
  const auto response = fold(events_of(codec(), streamed(events)));
  ASSERT_TRUE(response) << response.error().message();
  ASSERT_EQ(response->choices[0].parts.size(), 2U);
  EXPECT_EQ(std::get<ToolCall>(response->choices[0].parts[1].what).arguments, "{\"y\":1}");
  EXPECT_EQ(response->choices[0].ending.finish, Finish::tool_calls);
}

TEST(OpenAiResponsesStream, ends_a_broken_answer_as_failed) {
  const std::vector<Event> events{
      AnswerStart{"r", "m"}, BlockStart{0, 0, text("")}, BlockDelta{0, "Hal", {}, {}, {}},
      AnswerFailed{Error(Fault::rate_limited, Blame::upstream, "rate_limit_exceeded", "Slow down.")}};
  const auto data = data_of(streamed(events));
  ASSERT_GE(data.size(), 2U);
  EXPECT_EQ(data[data.size() - 2]["type"], "error");
  EXPECT_EQ(data.back()["type"], "response.failed");
  EXPECT_EQ(data.back()["response"]["error"]["code"], "rate_limit_exceeded");
  const auto response = fold(events_of(codec(), streamed(events)));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().fault(), Fault::rate_limited);
}

// Servers that say things only as a whole.
TEST(OpenAiResponsesStream, is_read_where_only_the_whole_is_told) {
  const auto event = [](const std::string& type, const std::string& members) {
    return "event: " + type + "\ndata: {\"type\":\"" + type + "\"," + members + "}\n\n";
  };
  const std::string begin =
      event("response.created", R"("response":{"id":"r","model":"m"})") +
      event("response.output_item.added", R"("output_index":0,"item":{"id":"fc","type":"function_call",)"
                                          R"("call_id":"c","name":"f","arguments":""})");
  const std::string end =
      event("response.completed", R"("response":{"id":"r","status":"completed","output":[{"id":"fc",)"
                                  R"("type":"function_call","call_id":"c","name":"f","arguments":"{\"a\":1}"}]})");
  const std::string done =
      event("response.function_call_arguments.done", R"("output_index":0,"arguments":"{\"a\":1}")");
  for (const std::string& stream : {begin + done + end, begin + end}) {
    const auto response = fold(events_of(codec(), stream));
    ASSERT_TRUE(response);
    EXPECT_EQ(std::get<ToolCall>(response->choices[0].parts[0].what).arguments, R"({"a":1})");
  }
  const std::string text = event("response.created", R"("response":{"id":"r"})") +
                           event("response.output_text.done", R"("output_index":0,"content_index":0,"text":"Hello")") +
                           event("response.completed", R"("response":{"id":"r","status":"completed"})");
  EXPECT_EQ(std::get<Text>(fold(events_of(codec(), text))->choices[0].parts[0].what).text, "Hello");
}

TEST(OpenAiResponsesStream, without_its_end_is_cut) {
  const auto response = fold(events_of(codec(), "event: response.created\ndata: {\"response\":{\"id\":\"r\"}}\n\n"));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().outcome(), Outcome::truncated);
}

TEST(OpenAiResponsesStream, mints_ids_for_calls_without_one) {
  const auto response = codec().decode_response(
      R"({"output":[{"type":"function_call","id":"x","name":"f","arguments":""},{"type":"custom_tool_call","call_id":"c","name":"g","input":""}]})");
  ASSERT_TRUE(response);
  const auto& call = std::get<ToolCall>(response->choices[0].parts[0].what);
  EXPECT_EQ(call.id, "x");
  EXPECT_EQ(call.arguments, "{}");
  EXPECT_EQ(std::get<ToolCall>(response->choices[0].parts[1].what).arguments, "");
  const json body = body_of(answer({{ToolCall{.name = "f", .arguments = "{}"}, {}}}));
  EXPECT_EQ(body["output"][0]["call_id"], "call_0");
}

}  // namespace
}  // namespace sluice::chat

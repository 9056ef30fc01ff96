#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include <sluice/chat/dialect.hpp>

#include "chat/exchanges.hpp"

namespace sluice::chat {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Dialect& dialect() { return ollama(); }
const Codec& codec() { return *ollama().codec(); }
const CallerCodec& prompts() { return *ollama().caller_codec(Task::completion); }

Response saying(std::vector<Part> parts, Finish finish = Finish::stop) {
  Response response;
  response.model = "m";
  response.created = 1'790'000'000;
  response.choices.push_back({std::move(parts), {finish, {}, {}}, {}});
  response.usage = Usage{.input = 5, .cache_read = 2, .output = 3, .reasoning = 1};
  return response;
}

std::vector<json> lines_of(const CallerCodec& by, const Response& response) {
  const auto encoder = by.stream_encoder({});
  std::string stream;
  for (const Event& event : unfold(response)) encoder->encode(event, stream);
  EXPECT_TRUE(stream.ends_with('\n'));
  std::vector<json> lines;
  std::istringstream rest(stream);
  for (std::string line; std::getline(rest, line);) lines.push_back(json::parse(line));
  return lines;
}

const std::string first_line =
    R"({"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"content":"a"},"done":false})"
    "\n";
const std::string last_line = R"({"model":"m","message":{"content":""},"done":true,"done_reason":"stop"})"
                              "\n";

TEST(OllamaPrompt, is_answered_in_its_own_shape) {
  const Response response =
      saying({{Thinking{"Hm.", "s", {}, {}, thinking_format::anthropic, false}, {}}, {Text{"Because.", {}, {}}, {}}});
  std::string body;
  Dropped dropped;
  prompts().encode_response(response, {}, body, dropped);
  const json expected = json::parse(R"({"model":"m","created_at":"2026-09-21T14:13:20Z","response":"Because.",
    "thinking":"Hm.","done":true,"done_reason":"stop","prompt_eval_count":7,"eval_count":4})");
  EXPECT_EQ(json::parse(body), expected);
  EXPECT_THAT(dropped, IsEmpty());
  std::string text;
  std::string thinking;
  const auto lines = lines_of(prompts(), response);
  for (const json& line : lines) {
    EXPECT_FALSE(line.contains("message")) << line;
    text += line["response"].get<std::string>();
    thinking += line.value("thinking", "");
    EXPECT_EQ(line["done"], &line == &lines.back()) << line;
  }
  EXPECT_EQ(text, "Because.");
  EXPECT_EQ(thinking, "Hm.");
  EXPECT_EQ(lines.back()["eval_count"], 4);
}

TEST(OllamaAnswer, carries_foreign_proofs_to_the_caller_and_back) {
  const Thinking plain{"p\u00e9", {}, {}, {}, {}, false};
  const Thinking thought{"t", "sig", "enc", "rs_1", thinking_format::responses, true};
  const Thinking hidden{{}, {}, "redacted", {}, thinking_format::anthropic, false};
  const ToolCall call{"1", "clock", "{}", "proof", {}, false};
  const Text text{"x", {}, {}};
  const Response response = saying({{plain, {}}, {thought, {}}, {hidden, {}}, {text, {}}, {call, {}}});
  std::string body;
  Dropped dropped;
  codec().encode_response(response, {}, body, dropped);
  EXPECT_THAT(dropped, IsEmpty());
  // In a stream the same members come one by one, for the reader to put together.
  json streamed = {{"role", "assistant"}, {"content", ""}, {"thinking", ""}, {"thinking_proofs", json::array()}};
  for (const json& line : lines_of(codec(), response)) {
    const json& message = line["message"];
    for (const char* const name : {"content", "thinking"}) {
      streamed[name] = streamed[name].get<std::string>() + message.value(name, "");
    }
    for (const json& proof : message.value("thinking_proofs", json::array())) streamed["thinking_proofs"] += proof;
    if (message.contains("tool_calls")) streamed["tool_calls"] = message["tool_calls"];
  }
  for (const json& message : {json::parse(body)["message"], streamed}) {
    const auto request = codec().decode_request(json{{"messages", {message}}}.dump(), "m", false);
    ASSERT_TRUE(request);
    const auto& parts = request->messages.at(0).parts;
    ASSERT_EQ(parts.size(), 5U) << message;
    EXPECT_EQ(std::get<Thinking>(parts[0].what), plain);
    EXPECT_EQ(std::get<Thinking>(parts[1].what), thought);
    EXPECT_EQ(std::get<Thinking>(parts[2].what), hidden);
    EXPECT_EQ(std::get<Text>(parts[3].what), text);
    EXPECT_EQ(std::get<ToolCall>(parts[4].what), call);
  }
}

TEST(OllamaAnswer, does_not_believe_proofs_that_do_not_fit) {
  for (const char* const proofs : {R"([{"from":0,"bytes":9,"proof":"sluice:a:b"}])", R"([{"from":9,"bytes":0}])",
                                   R"([{"bytes":1}])", R"([{"from":1,"bytes":1}])", R"(["x"])"}) {
    const std::string body =
        R"({"messages":[{"role":"assistant","thinking":"\u00e9.","thinking_proofs":)" + std::string(proofs) + "}]}";
    const auto request = codec().decode_request(body, "m", false);
    ASSERT_TRUE(request) << proofs;
    ASSERT_EQ(request->messages[0].parts.size(), 1U) << proofs;
    EXPECT_EQ(std::get<Thinking>(request->messages[0].parts[0].what), (Thinking{"\u00e9.", {}, {}, {}, {}, false}));
  }
}

TEST(OllamaAnswer, gives_calls_without_an_id_one_that_stays) {
  const auto answer = [](const std::string& created) {
    return codec().decode_response(R"({"created_at":")" + created + R"(","done":true,"message":{"tool_calls":[
      {"function":{"name":"a","arguments":{}}},{"function":{"name":"a","arguments":{}}}]}})");
  };
  const auto id_of = [](const Result<Response>& response, std::size_t number) {
    return std::get<ToolCall>(response->choices[0].parts.at(number).what).id;
  };
  const auto first = answer("2026-01-01T00:00:00.1Z");
  ASSERT_TRUE(first);
  EXPECT_THAT(id_of(first, 0), ::testing::MatchesRegex("call_[0-9a-v]{12}"));
  EXPECT_NE(id_of(first, 0), id_of(first, 1)) << "within an answer";
  EXPECT_NE(id_of(first, 0), id_of(answer("2026-01-01T00:00:00.2Z"), 0)) << "between answers";
  EXPECT_EQ(id_of(first, 0), id_of(answer("2026-01-01T00:00:00.1Z"), 0)) << "for the same answer";
}

TEST(OllamaAnswer, maps_the_end_both_ways) {
  using Row = std::pair<Finish, std::string>;
  for (const auto& [finish, raw] :
       {Row{Finish::stop, "stop"}, Row{Finish::length, "length"}, Row{Finish::tool_calls, "stop"},
        Row{Finish::content_filter, "content_filter"}, Row{Finish::error, "error"}, Row{Finish::pause, "stop"}}) {
    std::string body;
    Dropped dropped;
    codec().encode_response(saying({}, finish), {}, body, dropped);
    EXPECT_EQ(json::parse(body)["done_reason"], raw);
  }
  const auto old = codec().decode_response(R"({"message":{"content":"a"},"done":true})");
  ASSERT_TRUE(old);
  EXPECT_EQ(old->choices[0].ending.finish, Finish::stop);
}

TEST(OllamaAnswer, that_is_not_one_is_the_providers_failure) {
  for (const char* const body : {"{}", R"({"message":"a"})", R"({"message":{"content":3}})",
                                 R"({"message":{"content":"a"},"done":false})", R"({"error":"no"})", "[1]", ""}) {
    const auto response = codec().decode_response(body);
    ASSERT_FALSE(response) << body;
    EXPECT_TRUE(response.error().retryable()) << body;
  }
}

TEST(OllamaStream, needs_its_last_line_whole) {
  EXPECT_TRUE(fold(events_of(codec(), first_line + "\r\n" + last_line)));
  for (const std::string& cut : {std::string(), first_line, first_line + last_line.substr(0, last_line.size() - 1)}) {
    const auto response = fold(events_of(codec(), cut));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().outcome(), Outcome::truncated);
  }
  EXPECT_FALSE(fold(events_of(codec(), "{\n" + first_line + last_line)));
}

TEST(OllamaStream, has_tools_calls_in_one_line_and_never_a_line_end_inside) {
  const auto encoder = codec().stream_encoder({});
  std::string stream;
  encoder->encode(AnswerStart{}, stream);
  encoder->encode(BlockStart{0, 0, {ToolCall{"1", "a", {}, {}, {}, false}, {}}}, stream);
  const std::string before = stream;
  encoder->encode(BlockDelta{0, "{\n\"x\"", {}, {}, {}}, stream);
  encoder->encode(BlockDelta{0, ":1}", {}, {}, {}}, stream);
  EXPECT_EQ(stream, before) << "half an object cannot be said";
  encoder->encode(BlockEnd{0}, stream);
  encoder->encode(ChoiceEnd{0, {Finish::tool_calls, {}, {}}}, stream);
  encoder->encode(AnswerEnd{}, stream);
  EXPECT_EQ(std::count(stream.begin(), stream.end(), '\n'), 3);
  const auto response = fold(events_of(codec(), stream));
  ASSERT_TRUE(response);
  const auto& call = std::get<ToolCall>(response->choices[0].parts.at(0).what);
  EXPECT_EQ(json::parse(call.arguments), json::parse(R"({"x":1})"));
  EXPECT_EQ(response->choices[0].ending.finish, Finish::tool_calls);
}

TEST(OllamaStream, reports_failures) {
  const auto failed = fold(events_of(codec(), first_line + "{\"error\":\"out of memory\"}\n" + last_line));
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message(), HasSubstr("out of memory"));
  const Error error(Fault::unavailable, Blame::upstream, "upstream_error", "Away\nnow.");
  std::string written;
  dialect().encode_error_event(error, written);
  EXPECT_EQ(written.find('\n'), written.size() - 1);
  http::SseEvent read;
  ASSERT_TRUE(dialect().next_frame(written, read));
  EXPECT_EQ(dialect().sense(read).kind, EventSense::Kind::error);
  EXPECT_THAT(dialect().decode_error(200, read.raw).message(), HasSubstr("Away"));
}

}  // namespace
}  // namespace sluice::chat

#include "app/demo_answers.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace sluice::app {
namespace {

constexpr std::string_view chat_path = "/v1/chat/completions";

DemoAnswer post(std::string_view path, const std::string& body) { return answer_demo(http::Method::post, path, body); }

Json document(const DemoAnswer& answer) {
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.events, nullptr);
  return Json::parse(answer.body, nullptr, false);
}

// A chat request with the user's text and more members (", …").
std::string asking(const std::string& text, const std::string& more = "") {
  return R"({"model":"demo","messages":[{"role":"user","content":)" + Json(text).dump() + "}]" + more + "}";
}

Json chat(const std::string& body) { return document(post(chat_path, body)); }

std::string content(const Json& answer) { return answer["choices"][0]["message"]["content"].get<std::string>(); }

// The data of all events; checks that each is one whole event and that the last one is the end.
std::vector<Json> stream(std::string_view path, const std::string& body) {
  const DemoAnswer answer = post(path, body);
  EXPECT_EQ(answer.status, 200) << answer.body;
  std::vector<Json> chunks;
  if (!answer.events) {
    ADD_FAILURE() << "not a stream";
    return chunks;
  }
  std::vector<std::string> events;
  for (std::string event; answer.events->next(event);) events.push_back(event);
  EXPECT_EQ(events.back(), "data: [DONE]\n\n");
  events.pop_back();
  for (const std::string& event : events) {
    EXPECT_EQ(event.find("data: "), 0u);
    EXPECT_EQ(event.find('\n'), event.size() - 2);
    chunks.push_back(Json::parse(event.substr(6), nullptr, false));
    EXPECT_TRUE(chunks.back().is_object());
  }
  return chunks;
}

const std::string weather_tool =
    R"({"type":"function","function":{"name":"get_weather","parameters":{"type":"object",)"
    R"("properties":{"city":{"type":"string"},"days":{"type":"integer"},"unit":{"enum":["C","F"]}},)"
    R"("required":["city","unit"]}}})";
const std::string time_tool = R"({"type":"function","function":{"name":"get_time"}})";
const std::string tools = R"(,"tools":[)" + weather_tool + "," + time_tool + "]";

TEST(DemoAnswers, echoes_the_last_user_message) {
  const Json answer =
      chat(R"({"model":"demo","messages":[{"role":"system","content":"Be kind."},{"role":"user","content":"First"},)"
           R"({"role":"assistant","content":"Yes"},{"role":"user","content":"Hello there"}]})");
  EXPECT_EQ(content(answer), "You said: Hello there");
  EXPECT_EQ(answer["object"], "chat.completion");
  EXPECT_EQ(answer["model"], "demo");
  EXPECT_EQ(answer["choices"][0]["index"], 0);
  EXPECT_EQ(answer["choices"][0]["message"]["role"], "assistant");
  EXPECT_EQ(answer["choices"][0]["finish_reason"], "stop");
}

TEST(DemoAnswers, counts_words_as_tokens) {
  const Json answer = chat(
      R"({"model":"demo","messages":[{"role":"system","content":"Be kind."},{"role":"user","content":"Hello there you"}]})");
  EXPECT_EQ(answer["usage"]["prompt_tokens"], 5);
  EXPECT_EQ(answer["usage"]["completion_tokens"], 5);
  EXPECT_EQ(answer["usage"]["total_tokens"], 10);
}

TEST(DemoAnswers, joins_the_text_parts_of_a_message) {
  const Json answer = chat(R"({"model":"demo","messages":[{"role":"user","content":[{"type":"text","text":"one "},)"
                           R"({"type":"image_url","image_url":{"url":"data:,x"}},{"type":"text","text":"two"}]}]})");
  EXPECT_EQ(content(answer), "You said: one two");
}

TEST(DemoAnswers, gives_the_same_bytes_for_the_same_request) {
  EXPECT_EQ(post(chat_path, asking("Hi")).body, post(chat_path, asking("Hi")).body);
  EXPECT_NE(chat(asking("Hi"))["id"], chat(asking("Ho"))["id"]);
  EXPECT_EQ(chat(asking("Hi"))["created"], chat(asking("Ho"))["created"]);
}

TEST(DemoAnswers, stops_at_the_token_limit_of_either_name) {
  for (const std::string name : {"max_tokens", "max_completion_tokens"}) {
    const Json answer = chat(asking("a b c", ",\"" + name + "\":3"));
    EXPECT_EQ(content(answer), "You said: a") << name;
    EXPECT_EQ(answer["choices"][0]["finish_reason"], "length") << name;
    EXPECT_EQ(answer["usage"]["completion_tokens"], 3) << name;
  }
}

TEST(DemoAnswers, a_limit_that_is_not_reached_changes_nothing) {
  EXPECT_EQ(chat(asking("a", ",\"max_tokens\":3"))["choices"][0]["finish_reason"], "stop");
}

TEST(DemoAnswers, ends_before_the_first_stop_sequence) {
  const Json answer = chat(asking("a b c d", R"(,"stop":["c"," b"])"));
  EXPECT_EQ(content(answer), "You said: a");
  EXPECT_EQ(answer["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(content(chat(asking("a b", R"(,"stop":" b")"))), "You said: a");
}

TEST(DemoAnswers, gives_as_many_choices_as_asked_for) {
  const Json answer = chat(asking("a", ",\"n\":3"));
  ASSERT_EQ(answer["choices"].size(), 3u);
  EXPECT_EQ(answer["choices"][2]["index"], 2);
  EXPECT_EQ(answer["choices"][2]["message"]["content"], "You said: a");
  EXPECT_EQ(answer["usage"]["completion_tokens"], 9);
}

TEST(DemoAnswers, calls_the_tool_the_user_names) {
  const Json answer = chat(asking("please get_weather now", tools));
  const Json& message = answer["choices"][0]["message"];
  EXPECT_TRUE(message["content"].is_null());
  ASSERT_EQ(message["tool_calls"].size(), 1u);
  EXPECT_EQ(message["tool_calls"][0]["type"], "function");
  EXPECT_EQ(message["tool_calls"][0]["function"]["name"], "get_weather");
  EXPECT_EQ(message["tool_calls"][0]["function"]["arguments"], R"({"city":"demo","unit":"C"})");
  EXPECT_EQ(answer["choices"][0]["finish_reason"], "tool_calls");
}

TEST(DemoAnswers, calls_several_tools_unless_only_one_at_a_time_is_wanted) {
  const std::string both = "get_time and get_weather";
  const Json calls = chat(asking(both, tools))["choices"][0]["message"]["tool_calls"];
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_NE(calls[0]["id"], calls[1]["id"]);
  EXPECT_EQ(calls[1]["function"]["arguments"], "{}");
  EXPECT_EQ(chat(asking(both, tools + R"(,"parallel_tool_calls":false)"))["choices"][0]["message"]["tool_calls"].size(),
            1u);
}

TEST(DemoAnswers, obeys_the_tool_choice) {
  const auto called = [](const std::string& text, const std::string& choice) {
    const Json answer = chat(asking(text, tools + R"(,"tool_choice":)" + choice));
    const Json calls = answer["choices"][0]["message"].value("tool_calls", Json::array());
    return calls.empty() ? "" : calls[0]["function"]["name"].get<std::string>();
  };
  EXPECT_EQ(called("get_weather", "\"none\""), "");
  EXPECT_EQ(called("hello", "\"auto\""), "");
  EXPECT_EQ(called("get_time", "\"auto\""), "get_time");
  EXPECT_EQ(called("hello", "\"required\""), "get_weather");
  EXPECT_EQ(called("get_time", "\"required\""), "get_time");
  EXPECT_EQ(called("get_weather", R"({"type":"function","function":{"name":"get_time"}})"), "get_time");
}

TEST(DemoAnswers, repeats_what_a_tool_said_even_when_a_call_is_required) {
  const std::string body =
      R"({"model":"demo","messages":[{"role":"user","content":"get_weather"},{"role":"assistant","content":null,)"
      R"("tool_calls":[{"id":"c","type":"function","function":{"name":"get_weather","arguments":"{}"}}]},)"
      R"({"role":"tool","tool_call_id":"c","content":"sunny"}],"tool_choice":"required")" +
      tools + "}";
  EXPECT_EQ(content(chat(body)), "The tool said: sunny");
}

TEST(DemoAnswers, answers_in_the_format_asked_for) {
  EXPECT_EQ(content(chat(asking("a", R"(,"response_format":{"type":"json_object"})"))), R"({"answer":"You said: a"})");
  EXPECT_EQ(content(chat(asking("a", R"(,"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":)"
                                     R"({"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}}})"))),
            R"({"n":1})");
  EXPECT_EQ(content(chat(asking("a", R"(,"response_format":{"type":"text"})"))), "You said: a");
}

TEST(DemoAnswers, names_the_member_it_refuses) {
  const std::pair<std::string, std::string> cases[] = {
      {R"({"messages":[{"role":"user","content":"a"}]})", "model"},
      {R"({"model":"demo"})", "messages"},
      {R"({"model":"demo","messages":[]})", "messages"},
      {R"({"model":"demo","messages":[1]})", "messages[0].role"},
      {R"({"model":"demo","messages":[{"role":"pirate","content":"a"}]})", "messages[0].role"},
      {asking("a", R"(,"n":0)"), "n"},
      {asking("a", R"(,"n":129)"), "n"},
      {asking("a", R"(,"max_tokens":"7")"), "max_tokens"},
      {asking("a", R"(,"max_tokens":0)"), "max_tokens"},
      {asking("a", R"(,"stream":"yes")"), "stream"},
      {asking("a", R"(,"stream_options":{"include_usage":true})"), "stream_options"},
      {asking("a", R"(,"stream":true,"stream_options":{"include_usage":1})"), "include_usage"},
      {asking("a", R"(,"stop":[1])"), "stop"},
      {asking("a", R"(,"stop":["1","2","3","4","5"])"), "stop"},
      {asking("a", R"(,"tools":{})"), "tools"},
      {asking("a", R"(,"tools":[{"type":"function"}])"), "tools[0]"},
      {asking("a", R"(,"tool_choice":"required")"), "tool_choice"},
      {asking("a", tools + R"(,"tool_choice":"maybe")"), "tool_choice"},
      {asking("a", tools + R"(,"tool_choice":{"type":"function","function":{"name":"x"}})"), "tool_choice"},
      {asking("a", R"(,"response_format":{"type":"xml"})"), "response_format"},
      {asking("a", R"(,"response_format":{"type":"json_schema"})"), "response_format"},
  };
  for (const auto& [body, param] : cases) {
    const DemoAnswer answer = post(chat_path, body);
    EXPECT_EQ(answer.status, 400) << body;
    const Json error = Json::parse(answer.body, nullptr, false)["error"];
    EXPECT_EQ(error["type"], "invalid_request_error") << body;
    EXPECT_EQ(error["param"], param) << body;
  }
}

TEST(DemoAnswers, refuses_what_is_no_json_object) {
  for (const std::string_view path : {"/v1/chat/completions", "/v1/completions", "/v1/embeddings"}) {
    const DemoAnswer answer = post(path, "{\"model\":");
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(Json::parse(answer.body)["error"]["code"], "invalid_json");
  }
}

TEST(DemoAnswers, refuses_choices_that_multiply_into_something_enormous) {
  const std::string body = asking(std::string(1 << 20, 'x'), ",\"n\":100");
  EXPECT_EQ(Json::parse(post(chat_path, body).body)["error"]["param"], "n");
}

TEST(DemoAnswers, streams_the_role_then_word_by_word_then_the_reason) {
  const auto chunks = stream(chat_path, asking("a  b", R"(,"stream":true)"));
  ASSERT_EQ(chunks.size(), 6u);
  EXPECT_EQ(chunks[0]["choices"][0]["delta"]["role"], "assistant");
  EXPECT_EQ(chunks[0]["choices"][0]["delta"]["content"], "");
  const std::vector<std::string> words = {"You", " said:", " a", "  b"};
  for (std::size_t at = 0; at < words.size(); ++at) {
    EXPECT_EQ(chunks[at + 1]["choices"][0]["delta"], Json({{"content", words[at]}}));
    EXPECT_TRUE(chunks[at + 1]["choices"][0]["finish_reason"].is_null());
  }
  EXPECT_EQ(chunks[5]["choices"][0]["delta"], Json::object());
  EXPECT_EQ(chunks[5]["choices"][0]["finish_reason"], "stop");
  for (const Json& chunk : chunks) {
    EXPECT_EQ(chunk["object"], "chat.completion.chunk");
    EXPECT_EQ(chunk["id"], chunks[0]["id"]);
    EXPECT_FALSE(chunk.contains("usage"));
  }
}

TEST(DemoAnswers, streams_the_usage_last_and_only_when_asked) {
  const auto chunks = stream(chat_path, asking("a b", R"(,"stream":true,"stream_options":{"include_usage":true})"));
  ASSERT_EQ(chunks.size(), 7u);
  EXPECT_EQ(chunks.back()["choices"], Json::array());
  EXPECT_EQ(chunks.back()["usage"]["completion_tokens"], 4);
  for (std::size_t at = 0; at + 1 < chunks.size(); ++at) {
    EXPECT_TRUE(chunks[at].contains("usage"));
    EXPECT_TRUE(chunks[at]["usage"].is_null());
  }
}

TEST(DemoAnswers, streams_choices_in_turns_with_a_reason_each) {
  const auto chunks = stream(chat_path, asking("a", R"(,"stream":true,"n":2)"));
  ASSERT_EQ(chunks.size(), 10u);
  for (std::size_t at = 0; at < chunks.size(); ++at) EXPECT_EQ(chunks[at]["choices"][0]["index"], at % 2);
  EXPECT_EQ(chunks[8]["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(chunks[9]["choices"][0]["finish_reason"], "stop");
}

TEST(DemoAnswers, streams_the_arguments_of_tool_calls_in_two_pieces) {
  const auto chunks = stream(chat_path, asking("get_weather get_time", tools + R"(,"stream":true)"));
  ASSERT_EQ(chunks.size(), 8u);
  EXPECT_TRUE(chunks[0]["choices"][0]["delta"]["content"].is_null());
  const Json& first = chunks[1]["choices"][0]["delta"]["tool_calls"][0];
  EXPECT_EQ(first["index"], 0);
  EXPECT_EQ(first["type"], "function");
  EXPECT_EQ(first["function"]["name"], "get_weather");
  EXPECT_EQ(first["function"]["arguments"], "");
  std::string arguments;
  for (const std::size_t at : {2u, 3u}) {
    const Json& piece = chunks[at]["choices"][0]["delta"]["tool_calls"][0];
    EXPECT_FALSE(piece.contains("id"));
    EXPECT_FALSE(piece["function"]["arguments"].get<std::string>().empty());
    arguments += piece["function"]["arguments"].get<std::string>();
  }
  EXPECT_EQ(arguments, R"({"city":"demo","unit":"C"})");
  EXPECT_EQ(chunks[4]["choices"][0]["delta"]["tool_calls"][0]["index"], 1);
  EXPECT_EQ(chunks[7]["choices"][0]["finish_reason"], "tool_calls");
}

TEST(DemoAnswers, splits_arguments_between_characters) {
  const std::string tool = R"({"type":"function","function":{"name":"f","parameters":{"const":{"k":"äöüßäöüß"}}}})";
  const auto chunks = stream(chat_path, asking("f", R"(,"stream":true,"tools":[)" + tool + "]"));
  ASSERT_EQ(chunks.size(), 5u);
  std::string arguments;
  for (const Json& chunk : chunks) {
    const Json calls = chunk["choices"][0]["delta"].value("tool_calls", Json::array());
    if (!calls.empty()) arguments += calls[0]["function"]["arguments"].get<std::string>();
  }
  EXPECT_EQ(arguments, R"({"k":"äöüßäöüß"})");
}

TEST(DemoAnswers, completes_a_prompt) {
  const Json answer = document(post("/v1/completions", R"({"model":"demo","prompt":"Once upon","max_tokens":3})"));
  EXPECT_EQ(answer["object"], "text_completion");
  EXPECT_EQ(answer["choices"][0]["text"], "You said: Once");
  EXPECT_EQ(answer["choices"][0]["finish_reason"], "length");
  EXPECT_EQ(answer["usage"]["prompt_tokens"], 2);
}

TEST(DemoAnswers, completes_every_prompt_of_a_list_n_times) {
  const Json answer = document(post("/v1/completions", R"({"model":"demo","prompt":["a","b"],"n":2})"));
  ASSERT_EQ(answer["choices"].size(), 4u);
  EXPECT_EQ(answer["choices"][1]["text"], "You said: a");
  EXPECT_EQ(answer["choices"][2]["text"], "You said: b");
}

TEST(DemoAnswers, streams_a_completed_prompt) {
  const auto chunks = stream("/v1/completions", R"({"model":"demo","prompt":"a b","stream":true})");
  std::string text;
  for (const Json& chunk : chunks) text += chunk["choices"][0]["text"].get<std::string>();
  EXPECT_EQ(text, "You said: a b");
  ASSERT_EQ(chunks.size(), 5u);
  EXPECT_EQ(chunks.back()["choices"][0]["finish_reason"], "stop");
}

TEST(DemoAnswers, refuses_a_prompt_that_is_missing) {
  EXPECT_EQ(Json::parse(post("/v1/completions", R"({"model":"demo"})").body)["error"]["param"], "prompt");
}

TEST(DemoAnswers, embeds) {
  EXPECT_EQ(document(post("/v1/embeddings", R"({"model":"demo","input":"a"})"))["data"].size(), 1u);
}

TEST(DemoAnswers, lists_its_one_model) {
  const Json list = document(answer_demo(http::Method::get, "/v1/models?limit=1000", ""));
  EXPECT_EQ(list["object"], "list");
  EXPECT_EQ(list["data"][0]["id"], "demo");
  EXPECT_EQ(document(answer_demo(http::Method::get, "/v1/models/demo", "")), list["data"][0]);
  EXPECT_EQ(answer_demo(http::Method::get, "/v1/models/other", "").status, 404);
}

TEST(DemoAnswers, takes_paths_without_a_version) {
  EXPECT_EQ(post("/chat/completions", asking("Hi")).status, 200);
  EXPECT_EQ(post("/v1/chat/completions?x=1", asking("Hi")).status, 200);
}

TEST(DemoAnswers, says_which_method_a_path_is_for) {
  const DemoAnswer get = answer_demo(http::Method::get, chat_path, "");
  EXPECT_EQ(get.status, 405);
  EXPECT_EQ(get.allow, "POST");
  EXPECT_EQ(post("/v1/models", "{}").status, 405);
  EXPECT_EQ(post("/v1/nowhere", "{}").status, 404);
  EXPECT_EQ(post("", "{}").status, 404);
}

}  // namespace
}  // namespace sluice::app

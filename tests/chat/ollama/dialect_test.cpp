#include <gtest/gtest.h>

#include <sluice/chat/dialect.hpp>

#include "chat/events.hpp"

namespace sluice::chat::dialect_test {
namespace {

const Dialect& dialect() { return ollama(); }

Outline outline_of(const std::string& body) {
  static std::string scratch;
  const auto outline = dialect().outline({}, body, scratch);
  EXPECT_TRUE(outline);
  return outline ? *outline : Outline{};
}

TEST(Ollama, streams_unless_told_otherwise) {
  EXPECT_TRUE(outline_of(R"({"model":"a"})").stream);
  EXPECT_TRUE(outline_of(R"({"model":"a","stream":null})").stream);
  EXPECT_TRUE(outline_of(R"({"model":"a","stream":true})").stream);
  EXPECT_FALSE(outline_of(R"({"model":"a","stream":false})").stream);
  std::string scratch;
  EXPECT_FALSE(dialect().outline({}, R"({"model":"a","stream":"no"})", scratch));
  EXPECT_FALSE(dialect().outline({}, R"({"model":"a","Stream":false})", scratch)) << "servers fold case";
}

TEST(Ollama, splices_only_the_model) {
  const std::string body = R"({"messages": [], "model" : "a", "stream":true})";
  std::string sent;
  const Outline outline = outline_of(body);
  const http::Slices slices = dialect().retarget(body, outline, "\"b\"", true);
  for (const std::string_view piece : slices.pieces()) sent += piece;
  EXPECT_EQ(sent, R"({"messages": [], "model" : "b", "stream":true})");
  std::string scratch;
  EXPECT_FALSE(dialect().outline({}, R"({"messages":[]})", scratch));
  EXPECT_FALSE(dialect().outline({}, R"({"model":"a","options":{},"options":{}})", scratch));
}

TEST(Ollama, has_a_path_for_messages_and_one_for_prompts) {
  std::string path;
  dialect().append_path({Task::chat}, path);
  dialect().append_path({Task::completion}, path);
  EXPECT_EQ(path, "/chat/generate");
  EXPECT_EQ(dialect().caller_codec(Task::chat), ollama().codec());
  EXPECT_EQ(dialect().caller_codec(Task::embedding), nullptr);
  EXPECT_EQ(openai_chat().caller_codec(Task::completion), nullptr);
}

TEST(OllamaStream, is_known_by_its_lines) {
  using Kind = EventSense::Kind;
  const std::vector<std::pair<std::string, Kind>> table{
      {R"({"message":{"content":"\"done\":true \"error\":"},"done":false})", Kind::content},
      {R"({"message":{"tool_calls":[{"function":{"arguments":{"done":true}}}]},"done":false})", Kind::content},
      {R"({"message":{"tool_calls":[{"function":{"arguments":{"error":"x"}}}]},"done":false})", Kind::content},
      {R"({"done" : true})", Kind::end},
      {R"({"error":"x"})", Kind::error},
      {R"({"done":true,"error":{"message":"x"}})", Kind::error},
      {R"({"done":true)", Kind::content}};
  for (const auto& [line, kind] : table) EXPECT_EQ(dialect().sense(event_of(line)).kind, kind) << line;
  http::SseEvent event;
  EXPECT_FALSE(dialect().next_frame(R"({"done":true})", event)) << "its end may still come";
  ASSERT_TRUE(dialect().next_frame("\n{}", event));
  EXPECT_FALSE(event.has_data);
  EXPECT_EQ(event.raw, "\n");
}

TEST(OllamaErrors, are_told_apart_by_status_and_words) {
  const std::vector<std::tuple<int, std::string, Fault, std::string>> table{
      {400, R"({"error":"the input length exceeds the context length"})", Fault::bad_request,
       "context_length_exceeded"},
      {400, R"({"error":"prompt too long; exceeded max context length by 9 tokens"})", Fault::bad_request,
       "context_length_exceeded"},
      {500, R"({"error":"input after truncation exceeds maximum context length"})", Fault::bad_request,
       "context_length_exceeded"},
      {400, R"({"error":"\"m\" does not support thinking"})", Fault::bad_request, "invalid_request"},
      {401, R"({"error":"unauthorized"})", Fault::upstream_failed, "upstream_auth"},
      {403, R"({"error":"this model needs a subscription"})", Fault::upstream_failed, "upstream_auth"},
      {404, R"({"error":"model 'x' not found"})", Fault::not_found, "model_not_found"},
      {429, R"({"error":"too many concurrent requests"})", Fault::rate_limited, "rate_limit_exceeded"},
      {429, R"({"error":"you have reached your weekly usage limit"})", Fault::rate_limited, "insufficient_quota"},
      {499, R"({"error":"request canceled"})", Fault::upstream_timeout, "upstream_timeout"},
      {500, R"({"error":"model runner has stopped"})", Fault::upstream_failed, "upstream_error"},
      {503, R"({"error":"server busy, please try again."})", Fault::unavailable, "upstream_error"},
      {200, R"({"error":"server busy, please try again."})", Fault::unavailable, "upstream_error"},
      {200, R"({"error":"model \"x\" not found, try pulling it first"})", Fault::not_found, "model_not_found"},
      {200, R"({"error":"unexpected EOF"})", Fault::upstream_failed, "upstream_error"},
      {400, R"({"error":{"message":"prompt is too long"}})", Fault::bad_request, "context_length_exceeded"},
      {502, "<html>", Fault::upstream_failed, "upstream_error"},
  };
  for (const auto& [status, body, fault, code] : table) {
    const Error error = dialect().decode_error(status, body);
    EXPECT_EQ(error.fault(), fault) << status << body;
    EXPECT_EQ(error.code(), code) << status << body;
  }
  std::string out;
  dialect().encode_error(Error(Fault::bad_request, Blame::client, "context_length_exceeded", "Too \"long\"."), out);
  EXPECT_EQ(out, R"({"error":"Too \"long\"."})");
}

TEST(OllamaUsage, counts_what_is_there) {
  EXPECT_EQ(counts_of(dialect().usage_of(R"({"prompt_eval_count":26,"eval_count":9})")),
            (std::vector<std::uint64_t>{26, 0, 0, 9, 0}));
  EXPECT_EQ(counts_of(dialect().usage_of(R"({"eval_count":9})")), (std::vector<std::uint64_t>{0, 0, 0, 9, 0}));
  for (const char* const body : {"{}", R"({"eval_count":-1})", R"({"eval_count":1.5})", R"({"eval_count":"9"})",
                                 R"({"eval_count":9,"prompt_eval_count":"x"})", "[]", "x"}) {
    EXPECT_FALSE(dialect().usage_of(body)) << body;
  }
}

}  // namespace
}  // namespace sluice::chat::dialect_test

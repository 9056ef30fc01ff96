#include "chat/operations.hpp"

namespace sluice::chat {
namespace {

const CountCodec& counting() { return *anthropic_messages().count_codec(); }

TEST(AnthropicCounting, asks_without_what_does_not_change_the_count) {
  Request request =
      question(counting(), R"({"model":"m","system":"be brief","messages":[{"role":"user","content":"hi"}],
      "tools":[{"name":"f","input_schema":{"type":"object","properties":{}}}]})");
  request.sampling.max_tokens = 9;
  request.sampling.temperature = Number{"0.5"};
  request.sampling.stop = {"x"};
  request.user = "u";
  request.stream = true;
  const Json body = written(counting(), request);
  for (const char* absent : {"max_tokens", "temperature", "stop_sequences", "metadata", "stream"}) {
    EXPECT_FALSE(body.contains(absent)) << absent;
  }
  EXPECT_EQ(body["model"], "m");
  EXPECT_EQ(body["messages"].size(), 1u);
  EXPECT_EQ(body["tools"][0]["name"], "f");
  EXPECT_TRUE(body.contains("system"));
  EXPECT_TRUE(dropped(counting(), request).empty()) << "nothing that counts was lost";
}

TEST(AnthropicCounting, answers_with_a_number) {
  const Request request;
  EXPECT_EQ(answer_in(counting(), R"({"input_tokens":669})", request).tokens, 669u);
  EXPECT_EQ(answered(counting(), TokenCount{669}, request), Json::parse(R"({"input_tokens":669})"));
  for (const char* wrong : {"", "{}", R"({"input_tokens":"1"})", R"({"input_tokens":1.5})"}) {
    EXPECT_FALSE(counting().decode_answer(wrong, request)) << wrong;
  }
}

TEST(AnthropicCounting, does_not_look_at_stream) {
  std::string scratch;
  const std::string body = R"({"model":"m","messages":[],"stream":true})" + std::string(64, ' ');
  const auto outline = anthropic_messages().outline({Task::count}, body, scratch);
  ASSERT_TRUE(outline);
  EXPECT_FALSE(outline->stream);
}

}  // namespace
}  // namespace sluice::chat

#include "chat/operations.hpp"

namespace sluice::chat {
namespace {

const CountCodec& counting() { return *openai_responses().count_codec(); }

TEST(ResponsesCounting, asks_without_what_does_not_change_the_count) {
  Request request = question(counting(), R"({"model":"m","instructions":"be brief","input":"hi","max_output_tokens":9,
      "temperature":0.5,"store":false,"metadata":{"a":"b"},"user":"u"})");
  const Json body = written(counting(), request);
  for (const char* absent : {"max_output_tokens", "temperature", "store", "metadata", "user", "stream", "include"}) {
    EXPECT_FALSE(body.contains(absent)) << absent;
  }
  EXPECT_EQ(body["model"], "m");
  EXPECT_TRUE(body.contains("input"));
}

TEST(ResponsesCounting, answers_with_a_number) {
  const Request request;
  EXPECT_EQ(answer_in(counting(), R"({"object":"response.input_tokens","input_tokens":11})", request).tokens, 11u);
  EXPECT_EQ(answered(counting(), TokenCount{11}, request),
            Json::parse(R"({"object":"response.input_tokens","input_tokens":11})"));
}

TEST(ResponsesCounting, has_a_path_of_its_own) {
  std::string path;
  openai_responses().append_path({Task::count}, path);
  EXPECT_EQ(path, "/responses/input_tokens");
}

}  // namespace
}  // namespace sluice::chat

#include "app/demo_embeddings.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>

#include <gtest/gtest.h>

namespace sluice::app {
namespace {

Json embed_ok(const std::string& request) {
  const auto answer = embed(Json::parse(request));
  EXPECT_TRUE(answer) << request;
  return answer ? Json::parse(*answer) : Json();
}

TEST(DemoEmbeddings, vectors_have_length_one_and_depend_on_the_text) {
  const auto one = embedding_of("one", 16);
  ASSERT_EQ(one.size(), 16u);
  double squares = 0;
  for (const float value : one) squares += static_cast<double>(value) * static_cast<double>(value);
  EXPECT_NEAR(squares, 1, 1e-6);
  EXPECT_EQ(one, embedding_of("one", 16));
  EXPECT_NE(one, embedding_of("two", 16));
}

TEST(DemoEmbeddings, base64_is_that_of_little_endian_floats) {
  EXPECT_EQ(in_base64({1.0f}), "AACAPw==");
  EXPECT_EQ(in_base64({1.0f, -2.0f}), "AACAPwAAAMA=");
  EXPECT_EQ(in_base64({1.0f, -2.0f, 0.0f}), "AACAPwAAAMAAAAAA");
  EXPECT_EQ(in_base64({}), "");
}

TEST(DemoEmbeddings, answers_a_text_with_sixteen_numbers) {
  const Json answer = embed_ok(R"({"model":"m","input":"two words"})");
  EXPECT_EQ(answer["object"], "list");
  EXPECT_EQ(answer["model"], "m");
  ASSERT_EQ(answer["data"].size(), 1u);
  EXPECT_EQ(answer["data"][0]["object"], "embedding");
  EXPECT_EQ(answer["data"][0]["embedding"].size(), 16u);
  EXPECT_EQ(answer["usage"], Json::parse(R"({"prompt_tokens":2,"total_tokens":2})"));
}

TEST(DemoEmbeddings, the_numbers_written_are_those_of_the_vector) {
  const Json answer = embed_ok(R"({"model":"m","input":"x","dimensions":5})");
  EXPECT_EQ(answer["data"][0]["embedding"].get<std::vector<float>>(), embedding_of("x", 5));
}

TEST(DemoEmbeddings, answers_every_element_of_a_list_in_order) {
  const Json answer = embed_ok(R"({"model":"m","input":["a","b"],"encoding_format":"base64"})");
  ASSERT_EQ(answer["data"].size(), 2u);
  EXPECT_EQ(answer["data"][1]["index"], 1);
  EXPECT_EQ(answer["data"][1]["embedding"], in_base64(embedding_of("b", 16)));
}

TEST(DemoEmbeddings, takes_token_numbers_as_one_text_or_several) {
  EXPECT_EQ(embed_ok(R"({"model":"m","input":[1,2,3]})")["usage"]["total_tokens"], 3);
  EXPECT_EQ(embed_ok(R"({"model":"m","input":[[1],[2,3]]})")["data"].size(), 2u);
}

TEST(DemoEmbeddings, names_the_member_it_refuses) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"input":"a"})", "model"},
      {R"({"model":"m"})", "input"},
      {R"({"model":"m","input":[]})", "input"},
      {R"({"model":"m","input":["a",{}]})", "input"},
      {R"({"model":"m","input":"a","dimensions":0})", "dimensions"},
      {R"({"model":"m","input":"a","dimensions":5000})", "dimensions"},
      {R"({"model":"m","input":"a","encoding_format":"hex"})", "encoding_format"},
  };
  for (const auto& [request, param] : cases) {
    const auto answer = embed(Json::parse(request));
    ASSERT_FALSE(answer) << request;
    EXPECT_EQ(answer.error().param(), param) << request;
  }
}

TEST(DemoEmbeddings, refuses_an_answer_that_would_be_enormous) {
  Json request = Json::parse(R"({"model":"m","dimensions":4096})");
  request["input"] = std::vector<std::string>(2048, "a");
  EXPECT_FALSE(embed(request));
}

}  // namespace
}  // namespace sluice::app

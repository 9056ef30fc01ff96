#include "chat/operations.hpp"

namespace sluice::chat {
namespace {

const EmbeddingCodec& embeddings() { return *bedrock_converse().embedding_codec(); }
const CountCodec& counting() { return *bedrock_converse().count_codec(); }
const Quirks lists{.text_lists = {"maker.*", "m"}};

TEST(BedrockEmbeddings, are_asked_for_in_the_form_the_model_takes) {
  EmbeddingRequest request = asks_for({"a"});
  request.dimensions = 256;
  EXPECT_EQ(written(embeddings(), request), Json::parse(R"({"inputText":"a","dimensions":256})"));
  EXPECT_EQ(written(embeddings(), request, lists),
            Json::parse(R"({"texts":["a"],"input_type":"search_document","output_dimension":256})"));
  request.purpose = Purpose::query;
  EXPECT_EQ(dropped(embeddings(), request), Dropped{"input_type"});
  EXPECT_EQ(written(embeddings(), request, lists)["input_type"], "search_query");
}

TEST(BedrockEmbeddings, take_several_texts_only_where_the_model_does) {
  EXPECT_EQ(untold(embeddings(), asks_for({"a", "b"})), "unsupported_parameter");
  EXPECT_EQ(written(embeddings(), asks_for({"a", "b"}), lists)["texts"].size(), 2u);
  EmbeddingRequest request = asks_for({});
  request.inputs = {picture()};
  EXPECT_EQ(untold(embeddings(), request, lists), "unsupported_parameter");
}

TEST(BedrockEmbeddings, answer_in_the_form_of_the_question) {
  const EmbeddingRequest one = question(embeddings(), R"({"inputText":"a","dimensions":8,"normalize":true})");
  EXPECT_EQ(one.dimensions, 8u);
  const EmbeddingAnswer answer = answer_in(embeddings(), R"({"embedding":[0.5],"inputTextTokenCount":3})", one);
  EXPECT_EQ(answer.usage->all_input(), 3u);
  EXPECT_EQ(answered(embeddings(), answer, one), Json::parse(R"({"embedding":[0.5],"inputTextTokenCount":3})"));
  const EmbeddingRequest many = question(embeddings(), R"({"texts":["a"],"input_type":"search_query"})");
  EXPECT_EQ(answered(embeddings(), answer, many)["embeddings"], Json::parse("[[0.5]]"));
  const EmbeddingRequest typed = question(embeddings(), R"({"texts":["a"],"embedding_types":["float"]})");
  EXPECT_EQ(answered(embeddings(), answer, typed)["embeddings"], Json::parse(R"({"float":[[0.5]]})"));
  for (const char* body : {R"({"embeddings":[[0.5]]})", R"({"embeddings":{"float":[[0.5]]}})"}) {
    EXPECT_EQ(answer_in(embeddings(), body, many).sets, (std::vector<VectorSet>{{"float", {"[0.5]"}}}));
  }
  EXPECT_FALSE(embeddings().decode_answer(R"({"embeddings":[]})", many));
  EXPECT_FALSE(embeddings().decode_answer("{}", one));
}

std::string outlined(Task task, const std::string& body) {
  std::string scratch;
  const auto outline = bedrock_converse().outline({task, "m", false}, body + std::string(64, ' '), scratch);
  return outline ? "accepted" : outline.error().param();
}

TEST(BedrockOutline, lets_only_embeddings_through_to_models_in_their_own_words) {
  EXPECT_EQ(outlined(Task::embedding, R"({"inputText":"a"})"), "accepted");
  EXPECT_EQ(outlined(Task::embedding, R"({"texts":["a"]})"), "accepted");
  EXPECT_EQ(outlined(Task::embedding, R"({"messages":[],"max_tokens":9})"), "inputText");
  EXPECT_EQ(outlined(Task::count, R"({"input":{"converse":{}}})"), "accepted");
}

TEST(BedrockUsage, is_found_in_embeddings) {
  EXPECT_EQ(bedrock_converse().usage_of(R"({"embedding":[1],"inputTextTokenCount":3})")->all_input(), 3u);
}

TEST(BedrockCounting, sends_what_a_conversation_s_input_is_and_nothing_else) {
  const Request request = question(counting(), R"({"input":{"converse":{"messages":[{"role":"user",
      "content":[{"text":"hi"}]}],"system":[{"text":"be brief"}]}}})");
  Request more = request;
  more.sampling.max_tokens = 9;
  more.user = "u";
  EXPECT_EQ(written(counting(), more), Json::parse(R"({"input":{"converse":{"messages":[{"role":"user",
      "content":[{"text":"hi"}]}],"system":[{"text":"be brief"}]}}})"));
  EXPECT_EQ(refused_member(counting(), R"({"input":{"invokeModel":{"body":"e30="}}})"), "input.converse");
  EXPECT_EQ(answer_in(counting(), R"({"inputTokens":11})", request).tokens, 11u);
  EXPECT_EQ(answered(counting(), TokenCount{11}, request), Json::parse(R"({"inputTokens":11})"));
}

}  // namespace
}  // namespace sluice::chat

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "chat/features.hpp"

// Which turns belong to one conversation, and that nobody's bodies make this dear or dangerous.
namespace sluice::chat {
namespace {

std::uint64_t opening(const Dialect& dialect, std::string_view body, Task task = Task::chat,
                      std::uint64_t key = test_key) {
  return features_of(dialect, body, task, key).opening;
}

// A conversation's first turn, a later one with other settings, and the first turn of another.
struct Turns {
  const Dialect& dialect;
  std::string first;
  std::string later;
  std::string other;
};

std::vector<Turns> all_turns() {
  return {
      {openai_chat(), R"({"messages":[{"role":"system","content":"be"},{"role":"user","content":"a"}]})",
       R"({"temperature":1,"messages":[{"role":"system","content":"be"},{"role":"user","content":"a"},{"role":"assistant","content":"x"},{"role":"user","content":"y"}],"max_tokens":3})",
       R"({"messages":[{"role":"system","content":"be"},{"role":"user","content":"b"}]})"},
      {openai_responses(), R"({"instructions":"be","input":[{"role":"user","content":"a"}]})",
       R"({"input":[{"role":"user","content":"a"},{"type":"reasoning","summary":[]},{"role":"user","content":"y"}],"instructions":"be","top_p":1})",
       R"({"instructions":"be","input":[{"role":"user","content":"b"}]})"},
      {anthropic_messages(),
       R"({"system":"be","messages":[{"content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}],"role":"user"}],"max_tokens":1})",
       R"({"max_tokens":9,"system":"be","messages":[{"content":[{"type":"text","text":"a"}],"role":"user"},{"role":"assistant","content":"x"}]})",
       R"({"system":"me","messages":[{"content":[{"type":"text","text":"a"}],"role":"user"}],"max_tokens":1})"},
      {gemini(), R"({"contents":[{"parts":[{"text":"a"}]}]})",
       R"({"contents":[{"parts":[{"text":"a"}]},{"role":"model","parts":[{"text":"x"}]}],"generationConfig":{"temperature":1}})",
       R"({"contents":[{"parts":[{"text":"b"}]}]})"},
      {bedrock_converse(),
       R"({"messages":[{"role":"user","content":[{"text":"a"},{"cachePoint":{"type":"default"}}]}]})",
       R"({"messages":[{"role":"user","content":[{"text":"a"}]},{"role":"assistant","content":[{"text":"x"}]}],"inferenceConfig":{"maxTokens":2}})",
       R"({"messages":[{"role":"user","content":[{"text":"a"},{"text":"a"}]}]})"},
      {cohere_v2(), R"({"messages":[{"role":"user","content":"a"}]})",
       R"({"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"x"}],"p":0.5})",
       R"({"messages":[{"role":"user","content":"ab"}]})"},
      {ollama(), R"({"messages":[{"role":"User","content":"a"}]})",
       R"({"messages":[{"role":"User","content":"a"},{"role":"assistant","content":"x"}],"options":{"seed":1}})",
       R"({"messages":[{"role":"User","content":"a","images":["AA"]}]})"},
  };
}

TEST(Openings, are_the_same_for_all_turns_of_a_conversation_and_no_other) {
  for (const Turns& turns : all_turns()) {
    const std::uint64_t first = opening(turns.dialect, turns.first);
    EXPECT_NE(first, 0) << turns.dialect.name();
    EXPECT_EQ(opening(turns.dialect, turns.later), first) << turns.dialect.name();
    EXPECT_NE(opening(turns.dialect, turns.other), first) << turns.dialect.name();
    EXPECT_NE(opening(turns.dialect, turns.first, Task::chat, test_key + 1), first) << turns.dialect.name();
  }
}

TEST(Openings, are_of_conversations_and_prompts_only) {
  const std::string_view chat = R"({"messages":[{"role":"user","content":"a"}],"input":"a","prompt":"a"})";
  for (const Task task : {Task::embedding, Task::rerank, Task::moderation, Task::image, Task::speech}) {
    EXPECT_EQ(opening(openai_chat(), chat, task), 0);
  }
  EXPECT_EQ(opening(anthropic_messages(), chat, Task::count), 0);
  EXPECT_NE(opening(openai_chat(), R"({"prompt":"a"})", Task::completion), 0);
  EXPECT_NE(opening(ollama(), R"({"prompt":"a"})", Task::completion), 0);
  EXPECT_NE(opening(ollama(), R"({"prompt":"a"})", Task::completion),
            opening(ollama(), R"({"prompt":"b"})", Task::completion));
  EXPECT_EQ(opening(openai_chat(), R"({"messages":[{"role":"system","content":"be"}]})"), 0);
  EXPECT_NE(opening(openai_responses(), R"({"input":"a"})"), 0);
}

TEST(Openings, tell_where_a_text_ends) {
  EXPECT_NE(opening(openai_chat(), R"({"messages":[{"role":"system","content":"ab"},{"role":"user","content":"c"}]})"),
            opening(openai_chat(), R"({"messages":[{"role":"system","content":"a"},{"role":"user","content":"bc"}]})"));
}

TEST(Features, have_few_and_short_tags) {
  std::string body = R"({"messages":[],"metadata":{)";
  for (int i = 0; i < 100; ++i) body += "\"m" + std::to_string(i) + "\":\"" + std::string(300, 'x') + "\",";
  body += R"("end":"e"},"user":")";
  for (int i = 0; i < 200; ++i) body += "\u00e9";
  body += "\"}";
  const Features features = features_of(openai_chat(), body);
  ASSERT_EQ(features.tags.size(), 16);
  EXPECT_EQ(features.tags[0].value, std::string(256, 'x'));
  EXPECT_EQ(features.tags[15].name, "user");
  EXPECT_EQ(features.tags[15].value.size(), 256);
}

TEST(Features, read_names_as_they_mean) {
  EXPECT_EQ(
      told(features_of(openai_chat(), R"( { "\u006dessages" : [ { "role" : "user" , "cont\u0065nt" : "a" } ] } )")),
      "text 1");
}

TEST(Features, end_with_any_text_and_any_depth) {
  std::string deep = R"({"messages":)";
  for (int i = 0; i < 120; ++i) deep += i % 2 == 0 ? "[" : R"({"content":)";
  for (const std::string& body : {std::string(), std::string("{"), std::string("[1]"), std::string(R"({"a)"),
                                  std::string(R"({"messages":[{"content":"\)"), std::string(R"({"\u00)"), deep}) {
    for (const Dialect* const dialect : dialects()) {
      EXPECT_LE(features_of(*dialect, body).prompt_bytes, body.size()) << dialect->name() << ' ' << body;
    }
  }
}

TEST(Features, estimate_tokens_by_what_there_is) {
  Features features;
  features.prompt_bytes = 400;
  features.images = 2;
  features.documents = 1;
  features.audio = 1;
  EXPECT_EQ(features.prompt_tokens(), 100 + 2'000 + 4'000);
}

TEST(AnswerIds, are_those_of_answers_that_are_kept) {
  const Dialect& dialect = openai_responses();
  EXPECT_EQ(dialect.answer_id(R"({"id":"resp_1","object":"response","output":[]})"), "resp_1");
  EXPECT_EQ(dialect.answer_id(R"({"type":"response.created","response":{"id":"resp_2","object":"response"}})"),
            "resp_2");
  EXPECT_EQ(dialect.answer_id(R"({"id":"resp_1","object":"response","store":false})"), "");
  for (const std::string_view other :
       {"", "[DONE]", R"({"id":"x","object":"chat.completion"})", R"({"object":"response","id":3})",
        R"({"type":"response.output_text.delta","delta":"a"})", R"({"type":"response.created","response":[]})",
        R"({"type":"response.completed","response":{"id":"resp_2","object":"response"}})"}) {
    EXPECT_EQ(dialect.answer_id(other), "") << other;
  }
  EXPECT_EQ(openai_chat().answer_id(R"({"id":"resp_1","object":"response"})"), "");
}

}  // namespace
}  // namespace sluice::chat

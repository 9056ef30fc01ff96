#include <sluice/chat/conversation.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sluice/chat/dialect.hpp>
#include <sluice/chat/operation.hpp>

namespace sluice::chat {
namespace {

TEST(WhatToolsGaveBack, reaches_other_dialects_in_words_where_it_was_data) {
  const std::vector<std::pair<std::string_view, std::string_view>> requests{
      {"cohere_v2", R"({"messages":[{"role":"user","content":"q"},{"role":"assistant","tool_calls":[
         {"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c1",
         "content":[{"type":"document","document":{"id":"1","data":{"tide": 4.50}}},
                    {"type":"document","document":{"data":"as text"}}]}]})"},
      {"bedrock_converse", R"({"messages":[{"role":"user","content":[{"text":"q"}]},{"role":"assistant","content":[
         {"toolUse":{"toolUseId":"c1","name":"f","input":{}}}]},{"role":"user","content":[{"toolResult":
         {"toolUseId":"c1","content":[{"json":{"tide": 4.50}},{"text":"as text"}]}}]}]})"}};
  for (const auto& [name, body] : requests) {
    const auto read = dialect_named(name)->codec()->decode_request(body, "m", false);
    ASSERT_TRUE(read) << name;
    Request own = *read;
    prepare_for(own, name);
    EXPECT_EQ(own, *read) << "its own dialect gets it as it was";
    for (const Dialect* provider : dialects()) {
      if (provider->name() == name) continue;
      Request request = *read;
      prepare_for(request, provider->name());
      const auto written = provider->codec()->encode_request(request, {});
      ASSERT_TRUE(written);
      EXPECT_NE(written->body.find("4.50"), std::string::npos) << provider->name() << ' ' << written->body;
      EXPECT_NE(written->body.find("as text"), std::string::npos) << provider->name() << ' ' << written->body;
      EXPECT_TRUE(written->dropped.empty()) << provider->name() << ' ' << written->dropped.front();
    }
  }
}

// Some dialects take it alone, and others refuse it.
TEST(HowManyTokensWereLikely, is_asked_only_where_any_are_asked_for) {
  Request request;
  request.dialect = "openai_responses";
  request.sampling.top_logprobs = 3;
  Request same = request;
  prepare_for(same, "openai_responses");
  EXPECT_EQ(same.sampling.top_logprobs, 3u);
  Request alone = request;
  prepare_for(alone, "openai_chat");
  EXPECT_FALSE(alone.sampling.top_logprobs);
  request.sampling.logprobs = true;
  prepare_for(request, "openai_chat");
  EXPECT_EQ(request.sampling.top_logprobs, 3u);
}

std::string refused(const Request& request) {
  const auto checked = check_schemas(request);
  return checked ? "fine" : checked.error().param();
}

TEST(Schemas, must_be_objects_wherever_they_stand) {
  Request request;
  request.tools.push_back({.name = "any"});
  request.tools.push_back({.name = "f", .schema = {R"( {"type":"object"})"}});
  request.tools.push_back({.name = "free", .schema = {R"("text")"}, .is_custom = true});
  EXPECT_EQ(refused(request), "fine");
  for (const char* wrong : {R"("str")", "[1]", "true", "7"}) {
    request.tools[1].schema.bytes = wrong;
    EXPECT_EQ(refused(request), "tools") << wrong;
    request.tools[1].schema.bytes = "{}";
    request.format.schema.bytes = wrong;
    EXPECT_EQ(refused(request), "response_format") << wrong;
    request.format.schema.bytes.clear();
  }
}

// Counting asks the same of them.
TEST(Schemas, must_be_objects_where_tokens_are_counted_too) {
  const auto counted = [](const std::string& schema) {
    const auto read = Operation::read(
        anthropic_messages(), Task::count,
        R"({"messages":[{"role":"user","content":"q"}],"tools":[{"name":"f","input_schema":)" + schema + "}]}", "m");
    return read ? "fine" : read.error().param();
  };
  EXPECT_EQ(counted("{}"), "fine");
  EXPECT_EQ(counted("null"), "fine");
  EXPECT_EQ(counted(R"("str")"), "tools");
}

}  // namespace
}  // namespace sluice::chat

#include <sluice/chat/conversation.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sluice/chat/dialect.hpp>

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
    put_in_words(own, name);
    EXPECT_EQ(own, *read) << "its own dialect gets it as it was";
    for (const Dialect* provider : dialects()) {
      if (provider->name() == name) continue;
      Request request = *read;
      put_in_words(request, provider->name());
      const auto written = provider->codec()->encode_request(request, {});
      ASSERT_TRUE(written);
      EXPECT_NE(written->body.find("4.50"), std::string::npos) << provider->name() << ' ' << written->body;
      EXPECT_NE(written->body.find("as text"), std::string::npos) << provider->name() << ' ' << written->body;
      EXPECT_TRUE(written->dropped.empty()) << provider->name() << ' ' << written->dropped.front();
    }
  }
}

}  // namespace
}  // namespace sluice::chat

#include "chat/extras.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sluice/chat/dialect.hpp>

namespace sluice::chat {
namespace {

using Parsed = nlohmann::json;

TEST(Extras, are_named_by_the_path_of_where_they_stood) {
  EXPECT_EQ(path_of({"seed", {"1"}, {}}), "seed");
  EXPECT_EQ(path_of({"x", {"1"}, "tools[2].function"}), "tools[2].function.x");
  EXPECT_EQ(top_of({"seed.x", {"1"}, {}}), "seed.x");
  EXPECT_EQ(top_of({"x", {"1"}, "tools[2].function"}), "tools");
  EXPECT_EQ(top_of({"x", {"1"}, "generationConfig.thinkingConfig"}), "generationConfig");
}

TEST(Extras, are_an_objects_members_beside_the_known_ones_and_go_back_where_they_stood) {
  const json::Tree tree = json::Tree::read(R"({"known":1,"a": [1, 2],"nothing":null,"b.c":"d"})");
  std::vector<Extra> extras{{"top", {"1"}, {}}};
  keep_rest(tree.root(), "options", {"known"}, extras);
  keep_rest(tree.root()["a"], "options", {}, extras);
  EXPECT_EQ(extras,
            (std::vector<Extra>{{"top", {"1"}, {}}, {"a", {"[1, 2]"}, "options"}, {"b.c", {R"("d")"}, "options"}}));
  EXPECT_TRUE(has_within(extras, "options"));
  EXPECT_FALSE(has_within(extras, "option"));
  std::string out;
  json::Writer to(out);
  to.open_object();
  write_within(to, extras, "options");
  to.close_object();
  EXPECT_EQ(out, R"({"a":[1, 2],"b.c":"d"})");
}

// A name that looks like a path is a name.
TEST(Extras, named_like_the_path_of_another_member_stay_where_they_are_in_every_dialect) {
  const std::vector<std::pair<std::string_view, std::string_view>> requests{
      {"openai_chat", R"({"messages":[{"role":"user","content":"q"}],"tools[0].strict":1,"reasoning.effort":2,
        "tools":[{"type":"function","function":{"name":"f","x":3},"function.x":4},
                 {"type":"custom","custom":{"name":"g","x":5},"x":6}]})"},
      {"openai_responses", R"({"input":"q","text.format":1,"reasoning.effort":2,"tools[0].x":3,
        "tools":[{"type":"function","name":"f","parameters":{},"x":4}]})"},
      {"anthropic_messages", R"({"max_tokens":9,"messages":[{"role":"user","content":"q"}],"metadata.team":1,
        "output_config.x":2,"metadata":{"team":3},"tools.x":4,"tools":[{"name":"f","input_schema":{"type":"object"}}]})"},
      {"gemini", R"({"contents":[{"role":"user","parts":[{"text":"q"}]}],"generationConfig.x":1,"toolConfig.x":2,
        "generationConfig":{"x":3,"thinkingConfig.x":4,"thinkingConfig":{"x":5}},"toolConfig":{"x":6}})"},
      {"bedrock_converse", R"({"messages":[{"role":"user","content":[{"text":"q"}]}],"inferenceConfig.x":1,
        "toolConfig.x":2,"inferenceConfig":{"x":3},"additionalModelRequestFields":{"x.y":4}})"},
      {"ollama", R"({"messages":[{"role":"user","content":"q"}],"options.x":1,"options":{"x":2}})"},
      {"cohere_v2", R"({"messages":[{"role":"user","content":"q"}],"thinking.x":1})"}};
  for (const auto& [name, body] : requests) {
    const Codec& codec = *dialect_named(name)->codec();
    const auto request = codec.decode_request(body, "m", false);
    ASSERT_TRUE(request) << name;
    const auto written = codec.encode_request(*request, {});
    ASSERT_TRUE(written) << name;
    Parsed again = Parsed::parse(written->body);
    const Parsed given = Parsed::parse(body);
    for (const auto& [member, value] : given.items()) {
      if (member == "messages" || member == "input") continue;
      EXPECT_EQ(again[member], value) << name << ' ' << member;
    }
  }
}

}  // namespace
}  // namespace sluice::chat

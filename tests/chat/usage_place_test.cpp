#include <sluice/chat/usage_place.hpp>

#include <gtest/gtest.h>

#include <string>

namespace sluice::chat {
namespace {

std::string with_member(std::string json) {
  if (const auto place = end_of_usage(json)) json.insert(*place, ",\"x\":1");
  return json;
}

TEST(UsagePlace, is_before_the_brace_that_closes_usage) {
  EXPECT_EQ(with_member(R"({"usage":{"a":1}})"), R"({"usage":{"a":1,"x":1}})");
  EXPECT_EQ(with_member(R"(data: {"id":"}","usage" : {"a":{"b":"}"} } ,"c":2})"),
            R"(data: {"id":"}","usage" : {"a":{"b":"}"} ,"x":1} ,"c":2})");
  EXPECT_EQ(with_member(R"({"type":"response.completed","response":{"usage":{"a":1}}})"),
            R"({"type":"response.completed","response":{"usage":{"a":1,"x":1}}})");
  EXPECT_EQ(with_member(R"({"type":"message-end","delta":{"finish_reason":"COMPLETE","usage":{"a":1}}})"),
            R"({"type":"message-end","delta":{"finish_reason":"COMPLETE","usage":{"a":1,"x":1}}})");
  EXPECT_EQ(with_member(R"({"type":"message_start","message":{"usage":{"a":1}}})"),
            R"({"type":"message_start","message":{"usage":{"a":1,"x":1}}})");
}

TEST(UsagePlace, is_nowhere_else) {
  for (const char* json :
       {"", "[DONE]", "{", "{}", R"({"usage":null})", R"({"usage":{}})", R"({"usage":[1]})", R"({"usage":{"a":1)",
        R"({"choices":[{"usage":{"a":1}}]})", R"({"usage":{"cost":1}})", R"({"text":"\"usage\":{\"a\":1}"})"}) {
    EXPECT_EQ(end_of_usage(json), std::nullopt) << json;
  }
}

}  // namespace
}  // namespace sluice::chat

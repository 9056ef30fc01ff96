#include "app/demo_json.hpp"

#include <string>

#include <gtest/gtest.h>

namespace sluice::app {
namespace {

TEST(DemoJson, refuses_bodies_that_are_no_object) {
  for (const std::string body : {"", "{", "[]", "1", "\"a\"", "null", "{\"a\":1}x", "{\"a\":\"\xff\"}", "{a:1}"}) {
    const auto parsed = parse_demo_body(body);
    ASSERT_FALSE(parsed) << body;
    EXPECT_EQ(parsed.error().fault(), Fault::bad_request);
    EXPECT_EQ(parsed.error().code(), "invalid_json");
  }
}

TEST(DemoJson, takes_the_depth_the_gateway_takes_and_no_more) {
  const auto nested = [](std::size_t depth) {
    return "{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  EXPECT_TRUE(parse_demo_body(nested(128)));
  EXPECT_FALSE(parse_demo_body(nested(129)));
}

TEST(DemoJson, survives_a_million_open_brackets) {
  EXPECT_FALSE(parse_demo_body("{\"a\":" + std::string(1'000'000, '[')));
}

TEST(DemoJson, refuses_more_values_than_a_tree_should_hold) {
  std::string body = "{\"a\":[1";
  for (int count = 0; count < 1'100'000; ++count) body += ",1";
  EXPECT_FALSE(parse_demo_body(body + "]}"));
}

TEST(DemoJson, brackets_inside_strings_do_not_nest) {
  EXPECT_TRUE(parse_demo_body("{\"a\":\"\\\"" + std::string(500, '[') + "\"}"));
}

TEST(DemoJson, a_null_member_counts_as_absent) {
  const auto parsed = parse_demo_body(R"({"n":null,"s":null,"b":null})");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(demo_member(*parsed, "n"), nullptr);
  EXPECT_EQ(demo_text(*parsed, "s"), std::nullopt);
  const auto flag = demo_flag(*parsed, "b");
  ASSERT_TRUE(flag);
  EXPECT_FALSE(*flag);
  const auto number = demo_number(*parsed, "n", 1, 2);
  ASSERT_TRUE(number);
  EXPECT_EQ(*number, std::nullopt);
}

TEST(DemoJson, names_a_member_of_the_wrong_type_or_size) {
  const auto parsed = parse_demo_body(R"({"b":1,"n":"1","low":0,"high":9,"minus":-1,"part":1.5})");
  ASSERT_TRUE(parsed);
  const auto flag = demo_flag(*parsed, "b");
  ASSERT_FALSE(flag);
  EXPECT_EQ(flag.error().param(), "b");
  for (const std::string name : {"n", "low", "high", "minus", "part"}) {
    const auto number = demo_number(*parsed, name, 1, 8);
    ASSERT_FALSE(number) << name;
    EXPECT_EQ(number.error().param(), name);
  }
}

TEST(DemoJson, an_error_body_has_all_four_members) {
  EXPECT_EQ(demo_error_body(400, demo_refusal("", "No \"x\".", "x")),
            R"({"error":{"message":"No \"x\".","type":"invalid_request_error","param":"x","code":null}})");
  EXPECT_EQ(demo_error_body(503, demo_refusal("full", "Later.", "")),
            R"({"error":{"message":"Later.","type":"server_error","param":null,"code":"full"}})");
}

}  // namespace
}  // namespace sluice::app

#include "app/demo_instance.hpp"

#include <string>

#include <gtest/gtest.h>

namespace sluice::app {
namespace {

std::string instance(const std::string& schema) { return minimal_instance(Json::parse(schema)).dump(); }

struct Case {
  const char* schema;
  const char* expected;
};

TEST(DemoInstance, is_the_least_each_schema_asks_for) {
  const Case cases[] = {
      {R"({"type":"string"})", R"("demo")"},
      {R"({"type":"integer"})", "1"},
      {R"({"type":"number"})", "1.5"},
      {R"({"type":"boolean"})", "true"},
      {R"({"type":"null"})", "null"},
      {R"({"type":"array","items":{"type":"integer"}})", "[1]"},
      {R"({"type":"array"})", R"(["demo"])"},
      {R"({"type":"array","items":{"type":"boolean"},"minItems":2})", "[true,true]"},
      {R"({"type":"array","items":{"type":"boolean"},"maxItems":0})", "[]"},
      {R"({"type":"object"})", "{}"},
      {R"({"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}},"required":["b"]})",
       R"({"b":"demo"})"},
      {R"({"properties":{"a":{"type":"integer"}},"required":["a","c"]})", R"({"a":1,"c":"demo"})"},
      {R"({"enum":["red","blue"]})", R"("red")"},
      {R"({"type":"string","const":"fixed"})", R"("fixed")"},
      {R"({"const":null})", "null"},
      {R"({"type":["null","string"]})", R"("demo")"},
      {R"({"anyOf":[{"type":"integer"},{"type":"string"}]})", "1"},
      {R"({"allOf":[{"type":"object","required":["a"]},{"type":"object","required":["b"]}]})",
       R"({"a":"demo","b":"demo"})"},
      {R"({"$ref":"#/$defs/x","$defs":{"x":{"type":"boolean"}}})", "true"},
      {R"({"type":"integer","minimum":5})", "5"},
      {R"({"type":"integer","exclusiveMinimum":5})", "6"},
      {R"({"type":"integer","maximum":-3})", "-3"},
      {R"({"type":"number","exclusiveMaximum":1})", "0.0"},
      {R"({"type":"string","minLength":6})", R"("demo..")"},
      {R"({"type":"string","maxLength":2})", R"("de")"},
      {R"({"type":"string","format":"date"})", R"("2024-01-01")"},
  };
  for (const Case& each : cases) EXPECT_EQ(instance(each.schema), each.expected) << each.schema;
}

TEST(DemoInstance, is_null_where_a_schema_cannot_be_followed) {
  for (const char* schema : {"true", "{}", "1", R"({"$ref":"https://example.com/x"})", R"({"$ref":"#/absent"})",
                             R"({"$ref":"#anchor"})", R"({"type":"unheard-of"})"}) {
    EXPECT_EQ(instance(schema), "null") << schema;
  }
}

TEST(DemoInstance, ends_on_a_schema_that_contains_itself_twice) {
  const Json value = minimal_instance(
      Json::parse(R"({"type":"object","required":["a","b"],"properties":{"a":{"$ref":"#"},"b":{"$ref":"#"}}})"));
  EXPECT_TRUE(value.is_object());
  EXPECT_LT(value.dump().size(), 1u << 20);
}

TEST(DemoInstance, does_not_multiply_a_long_constant_by_references) {
  Json schema = Json::parse(R"({"type":"array","minItems":64,"items":{"type":"array","minItems":64,"items":{}}})");
  schema["items"]["items"]["const"] = std::string(100'000, 'x');
  EXPECT_LT(minimal_instance(schema).dump().size(), 2u << 20);
}

TEST(DemoInstance, bounds_what_a_schema_may_ask_for) {
  EXPECT_LT(instance(R"({"type":"string","minLength":4000000000})").size(), 10'000u);
  EXPECT_LT(instance(R"({"type":"array","minItems":4000000000})").size(), 10'000u);
  EXPECT_EQ(instance(R"({"type":"integer","minimum":1e300})"), "9007199254740992");
}

}  // namespace
}  // namespace sluice::app

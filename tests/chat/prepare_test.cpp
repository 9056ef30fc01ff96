#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <sluice/chat/dialect.hpp>

#include "chat/call_ids.hpp"
#include "chat/media_types.hpp"
#include "chat/schemas.hpp"

// What is done to every request that leaves its dialect.
namespace sluice::chat {
namespace {

Message said(Role role, std::string words) { return {role, {{Text{std::move(words), {}, {}}, {}}}, {}}; }

Message result_of(std::string id) {
  ToolResult result;
  result.call_id = std::move(id);
  return {Role::tool, {{std::move(result), {}}}, {}};
}

Message calling(std::string id) {
  ToolCall call;
  call.id = std::move(id);
  call.name = "f";
  return {Role::assistant, {{std::move(call), {}}}, {}};
}

// Who speaks, and of a result its call.
std::string order_of(const Request& request) {
  std::string order;
  for (const Message& message : request.messages) {
    for (const Part& part : message.parts) {
      if (const auto* text = std::get_if<Text>(&part.what)) order += text->text + " ";
      if (const auto* result = std::get_if<ToolResult>(&part.what)) order += "=" + result->call_id + " ";
      if (const auto* call = std::get_if<ToolCall>(&part.what)) order += "f(" + call->id + ") ";
    }
  }
  return order;
}

TEST(Prepared, results_stand_right_behind_their_calls) {
  Request request;
  request.dialect = "openai_responses";
  request.messages = {said(Role::user, "look"),
                      calling("1"),
                      said(Role::user, "wait"),
                      said(Role::developer, "be brief"),
                      result_of("1"),
                      said(Role::user, "so?"),
                      calling("2"),
                      result_of("2")};
  Request own = request;
  prepare_for(own, "openai_responses");
  EXPECT_EQ(own, request);
  prepare_for(request, "openai_chat");
  EXPECT_EQ(order_of(request), "look f(1) =1 wait be brief so? f(2) =2 ");
  // Also inside of one message.
  Request mixed;
  mixed.messages = {calling("1"), said(Role::user, "here")};
  mixed.messages.back().parts.push_back(result_of("1").parts.front());
  prepare_for(mixed, "bedrock_converse");
  EXPECT_EQ(order_of(mixed), "f(1) =1 here ");
}

TEST(Prepared, media_have_their_registered_types) {
  const auto type = [](Media media) {
    Request request;
    request.messages.push_back({Role::user, {{std::move(media), {}}}, {}});
    prepare_for(request, "gemini");
    return std::get<Media>(request.messages[0].parts[0].what).media_type;
  };
  EXPECT_EQ(type({.media_type = "image/PNG;charset=utf-8", .data = "AA=="}), "image/png");
  EXPECT_EQ(type({.media_type = "image/jpg", .data = "AA=="}), "image/jpeg");
  EXPECT_EQ(type({.kind = Media::Kind::document, .data = "AA==", .name = "a.PDF"}), "application/pdf");
  EXPECT_EQ(type({.kind = Media::Kind::document, .data = "JVBERi0xLjc="}), "application/pdf");
  EXPECT_EQ(type({.data = "iVBORw0KGgo="}), "image/png");
  EXPECT_EQ(type({.url = "https://a.example/b.webp?x=1"}), "image/webp");
  EXPECT_EQ(type({.data = "AA=="}), "");
}

TEST(Schemas, of_tools_are_objects_for_who_insists) {
  EXPECT_EQ(object_schema({}), R"({"type":"object","properties":{}})");
  EXPECT_EQ(object_schema({R"({"type":"object", "x":1.50})"}), R"({"type":"object", "x":1.50})");
  EXPECT_EQ(object_schema({R"({"x":1.50})"}), R"({"type":"object","x":1.50})");
}

// https://docs.claude.com/en/docs/build-with-claude/structured-outputs: which schemas are followed.
TEST(Schemas, of_answers_are_closed_for_who_follows_them_strictly) {
  const auto strict = [](const std::string& schema) {
    bool changed = false;
    std::string text = strict_schema({schema}, changed);
    return (changed ? "changed " : "") + text;
  };
  EXPECT_EQ(
      strict(
          R"({"type":"object","properties":{"a":{"type":["object","null"],"properties":{}},"type":{"type":"string"}},)"
          R"("required":["a"]})"),
      R"({"type":"object","properties":{"a":{"type":["object","null"],"properties":{},"additionalProperties":false},)"
      R"("type":{"type":"string"}},"required":["a"],"additionalProperties":false})");
  EXPECT_EQ(strict(R"({"type":"object","additionalProperties":false})"),
            R"({"type":"object","additionalProperties":false})");
  EXPECT_EQ(strict(R"({"type":"object","additionalProperties":true})"),
            R"(changed {"type":"object","additionalProperties":false})");
  EXPECT_EQ(
      strict(R"({"anyOf":[{"type":"integer","minimum":0},{"$ref":"#/$defs/a"}],"$defs":{"a":{"type":"array","items":)"
             R"({"type":"string","maxLength":3},"minItems":1}}})"),
      R"(changed {"anyOf":[{"type":"integer"},{"$ref":"#/$defs/a"}],"$defs":{"a":{"type":"array","items":)"
      R"({"type":"string"},"minItems":1}}})");
}

// A tool that a dialect has no word for cannot be forced there, and takes no other with it.
TEST(ForcedTools, that_are_left_out_are_forced_nowhere) {
  Request request;
  request.model = "m";
  request.dialect = "openai_responses";
  request.messages = {said(Role::user, "q")};
  request.tools = {{.name = "shell", .schema = {R"({"type":"object"})"}}, {.name = "free", .is_custom = true}};
  request.tool_choice = {ToolChoice::Mode::named, "free", {}, {}};
  for (const char* const name : {"anthropic_messages", "gemini", "bedrock_converse", "cohere_v2", "ollama"}) {
    const auto written = dialect_named(name)->codec()->encode_request(request, {});
    ASSERT_TRUE(written);
    EXPECT_NE(written->body.find(R"("shell")"), std::string::npos) << name << ' ' << written->body;
    EXPECT_EQ(written->body.find(R"("free")"), std::string::npos) << name << ' ' << written->body;
    EXPECT_NE(std::find(written->dropped.begin(), written->dropped.end(), "tool_choice"), written->dropped.end())
        << name;
  }
}

// The same in the call and in its result.
TEST(CallIds, are_as_the_provider_takes_them) {
  Request request;
  request.model = "m";
  request.dialect = "openai_chat";
  request.messages = {said(Role::user, "q"), calling("functions.f:0"), result_of("functions.f:0")};
  const auto ids = [&](const Dialect& dialect, const std::string& id) {
    const auto written = dialect.codec()->encode_request(request, {});
    std::size_t count = 0;
    for (std::size_t at = written->body.find(id); at != std::string::npos; at = written->body.find(id, at + 1)) ++count;
    return count;
  };
  EXPECT_EQ(ids(anthropic_messages(), "functions.f:0"), 0u);
  EXPECT_EQ(ids(anthropic_messages(), fitting_id("functions.f:0", 128)), 2u);
  EXPECT_EQ(ids(bedrock_converse(), "functions.f:0"), 2u) << "which it takes";
  request.messages = {said(Role::user, "q"), calling(std::string(85, 'a')), result_of(std::string(85, 'a'))};
  EXPECT_EQ(ids(bedrock_converse(), fitting_id(std::string(85, 'a'), 64)), 2u);
}

TEST(CallIds, that_do_not_fit_become_others_of_their_own) {
  EXPECT_EQ(fitting_id("toolu_01-A", 64), "toolu_01-A");
  EXPECT_EQ(fitting_id("functions.f:0", 64, ".:"), "functions.f:0");
  const std::string other = fitting_id("functions.f:0", 64);
  EXPECT_EQ(other, fitting_id("functions.f:0", 64));
  EXPECT_NE(other, fitting_id("functions.f:1", 64));
  EXPECT_EQ(fitting_id(other, 64), other);
  EXPECT_LE(fitting_id(std::string(85, 'a'), 64).size(), 64u);
}

}  // namespace
}  // namespace sluice::chat

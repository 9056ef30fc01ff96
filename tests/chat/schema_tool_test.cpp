#include <sluice/chat/schema_tool.hpp>

#include <gtest/gtest.h>

namespace sluice::chat {
namespace {

using Mode = ToolChoice::Mode;

const std::string schema = R"({"type":"object","properties":{"city":{"type":"string"}}})";

Request asking_by_schema() {
  Request request;
  request.format = {OutputFormat::Kind::json_schema, "place", {}, {schema}, true};
  return request;
}

Tool tool_called(const std::string& name) {
  Tool tool;
  tool.name = name;
  return tool;
}

Part call_of(const std::string& name, const std::string& arguments) {
  return {ToolCall{"1", name, arguments, {}, {}, false}, {}};
}

TEST(SchemaTool, has_to_be_called_and_takes_the_answer) {
  Request request = asking_by_schema();
  EXPECT_EQ(ask_by_tool(request), "json_answer");
  ASSERT_EQ(request.tools.size(), 1u);
  EXPECT_EQ(request.tools[0].schema.bytes, schema);
  EXPECT_FALSE(request.tools[0].description.empty());
  EXPECT_EQ(request.tool_choice.mode, Mode::named);
  EXPECT_EQ(request.tool_choice.name, "json_answer");
  EXPECT_EQ(request.format.kind, OutputFormat::Kind::text);
}

TEST(SchemaTool, leaves_the_callers_tools_to_be_called_first) {
  Request request = asking_by_schema();
  request.tools = {tool_called("tide"), tool_called("json_answer")};
  request.tool_choice.only = {"tide"};
  EXPECT_EQ(ask_by_tool(request), "json_answer_");
  EXPECT_EQ(request.tool_choice.mode, Mode::required);
  EXPECT_EQ(request.tool_choice.only, (std::vector<std::string>{"tide", "json_answer_"}));

  Request quiet = asking_by_schema();
  quiet.tools = {tool_called("tide")};
  quiet.tool_choice.mode = Mode::none;
  EXPECT_EQ(ask_by_tool(quiet), "json_answer");
  EXPECT_EQ(quiet.tool_choice.mode, Mode::named);
}

TEST(SchemaTool, is_not_there_where_it_cannot_help) {
  Request forced = asking_by_schema();
  forced.tools = {tool_called("tide")};
  forced.tool_choice.mode = Mode::named;
  forced.tool_choice.name = "tide";
  Request list = asking_by_schema();
  list.format.schema.bytes = R"({"type":"array"})";
  Request plain;
  for (Request* const request : {&forced, &list, &plain}) {
    const Request before = *request;
    EXPECT_EQ(ask_by_tool(*request), "");
    EXPECT_TRUE(*request == before);
  }
}

TEST(ToolAnswer, makes_words_of_the_call_and_an_end_of_it) {
  Response response;
  response.choices.push_back({{{Text{"So: ", {}, {}}, {}}, call_of("json_answer", R"({"city":"Cowes"})")},
                              {Finish::tool_calls, "tool_use", {}},
                              {}});
  response.choices.push_back(
      {{call_of("json_answer", "{}"), call_of("tide", "{}")}, {Finish::tool_calls, "tool_use", {}}, {}});
  response.choices.push_back({{call_of("tide", "{}")}, {Finish::tool_calls, "tool_use", {}}, {}});
  response.choices.push_back({{call_of("json_answer", R"({"ci)")}, {Finish::length, "max_tokens", {}}, {}});
  std::vector<Event> events = unfold(response);
  ToolAnswer("json_answer").restore(response);
  EXPECT_EQ(std::get<Text>(response.choices[0].parts[1].what).text, R"({"city":"Cowes"})");
  EXPECT_EQ(response.choices[0].ending, (Ending{Finish::stop, {}, {}}));
  EXPECT_EQ(response.choices[1].ending.finish, Finish::tool_calls) << "another tool is to be run";
  EXPECT_EQ(response.choices[2].ending.raw, "tool_use");
  EXPECT_EQ(response.choices[3].ending.finish, Finish::length);

  ToolAnswer answer("json_answer");
  Fold fold;
  for (Event& event : events) {
    answer.restore(event);
    fold.take(event);
  }
  const auto streamed = std::move(fold).finish();
  ASSERT_TRUE(streamed);
  EXPECT_TRUE(*streamed == response) << "in a stream as well";
}

}  // namespace
}  // namespace sluice::chat

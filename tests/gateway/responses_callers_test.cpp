// What clients of Responses are promised when another dialect's provider answers.
#include <sluice/chat/dialect.hpp>

#include "gateway/routed.hpp"

namespace sluice::test::responses_callers_test {
namespace {

using nlohmann::json;

class ResponsesCallers : public Routed {
 protected:
  Answer ask(const std::string& members) {
    return stage_.ask(post("/v1/responses", R"({"model":"m","input":"hi",)" + members + "}", bearer()));
  }
};

std::vector<json> events_of(const Answer& answer) {
  std::vector<json> events;
  std::string_view stream = answer.body;
  http::SseReader reader;
  http::SseEvent event;
  while (reader.next(stream, event)) {
    events.push_back(json::parse(event.data, nullptr, false));
    stream.remove_prefix(event.raw.size());
  }
  return events;
}

TEST_F(ResponsesCallers, find_what_they_asked_for_repeated_in_whole_answers_and_in_streams) {
  provider("one", always(response(200, R"({"id":"c","object":"chat.completion","created":1,"model":"m","choices":[)"
                                       R"({"index":0,"message":{"role":"assistant","content":"fine"},)"
                                       R"("finish_reason":"stop"}]})")));
  provider("two", always(streamed({delta_event("one")})));
  open("  m: {targets: [{provider: one}]}\n  s: {targets: [{provider: two}]}\n");
  const std::string said = R"("instructions":"be brief","temperature":0.20,"tools":[{"type":"function","name":"f"}])";
  const Answer whole = ask(said);
  ASSERT_EQ(whole.status, 200) << whole.body;
  EXPECT_NE(whole.body.find(R"("temperature":0.20)"), std::string::npos) << whole.body;
  EXPECT_EQ(json::parse(whole.body)["tools"][0]["name"], "f");
  const Answer stream =
      stage_.ask(post("/v1/responses", R"({"model":"s","input":"hi","stream":true,)" + said + "}", bearer()));
  const std::vector<json> events = events_of(stream);
  ASSERT_FALSE(events.empty()) << stream.body;
  EXPECT_EQ(events.front()["response"]["instructions"], "be brief");
  EXPECT_EQ(events.back()["response"]["instructions"], "be brief") << stream.body;
}

// Their events are numbered, also the one that says why there are no more.
TEST_F(ResponsesCallers, hear_of_a_broken_stream_in_an_event_with_the_next_number) {
  provider("one", Script().read_request().send(stream_head() + chunk(delta_event("one"))).close());
  open("  m: {targets: [{provider: one}], retry: {attempts: 1}}\n");
  const Answer cut = ask(R"("stream":true)");
  EXPECT_FALSE(cut.whole());
  const std::vector<json> events = events_of(cut);
  ASSERT_GE(events.size(), 4u) << cut.body;
  bool told = false;
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i]["sequence_number"], i) << cut.body;
    told = told || events[i]["type"] == "error";
  }
  EXPECT_TRUE(told) << cut.body;
  EXPECT_EQ(events.back()["type"], "response.failed");
}

// A schema that is none would reach some providers as any, and others not at all.
TEST_F(ResponsesCallers, are_told_that_a_schema_is_none) {
  auto& upstream = provider("one", always(response(200, "{}")));
  open("  m: {targets: [{provider: one}]}\n");
  for (const char* schema : {R"("str")", "[1]", "true", "7"}) {
    const Answer refused = ask(R"("tools":[{"type":"function","name":"f","parameters":)" + std::string(schema) + "}]");
    expect_error(refused, 400);
    EXPECT_NE(refused.body.find("tools[0]"), std::string::npos) << refused.body;
  }
  EXPECT_EQ(upstream.requests(), 0u);
}

}  // namespace
}  // namespace sluice::test::responses_callers_test

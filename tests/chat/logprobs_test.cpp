#include "chat/logprobs.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "chat/events.hpp"
#include "chat/exchanges.hpp"

namespace sluice::chat {
namespace {

using Json = nlohmann::json;

TEST(Logprobs, are_completed_where_less_was_said_than_readers_are_promised) {
  const auto completed = [](std::string_view list) {
    return Json::parse(complete_logprobs(json::Tree::read(list).root()), nullptr, false);
  };
  EXPECT_EQ(completed(R"([{"token":"é","logprob":-0.1,"bytes":null},5,
                          {"token":"a","logprob":-1,"bytes":[97],"top_logprobs":[{"token":"b","logprob":-2},null]}])"),
            Json::parse(R"([{"token":"é","logprob":-0.1,"bytes":[195,169],"top_logprobs":[]},
                            {"token":"a","logprob":-1,"bytes":[97],
                             "top_logprobs":[{"token":"b","logprob":-2,"bytes":[98]}]}])"));
  EXPECT_EQ(completed("{}"), Json::array());
}

// What a provider streams in one chunk: a text that ends there, with its log probabilities.
struct Chunk {
  const Dialect& dialect;
  std::string stream;
};
std::vector<Chunk> chunks() {
  const std::string entries = R"([{"token":"a","logprob":-1,"bytes":null,"top_logprobs":[]}])";
  return {
      {openai_chat(),
       R"(data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"a",)"
       R"("tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},"logprobs":{"content":)" +
           entries + "},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n"},
      {gemini(),
       R"(data: {"candidates":[{"content":{"role":"model","parts":[{"text":"a","thoughtSignature":"AAAA"},)"
       R"({"functionCall":{"name":"f","args":{}}}]},"finishReason":"STOP","logprobsResult":{"chosenCandidates":[)"
       R"({"token":"a","logProbability":-1}],"topCandidates":[{"candidates":[]}]}}]})"
       "\n\n"},
      {ollama(),
       R"({"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"a","tool_calls":[)"
       R"({"function":{"name":"f","arguments":{}}}]},"logprobs":[{"token":"a","logprob":-1}],"done":true,"done_reason":"stop"})"
       "\n"}};
}

TEST(Logprobs, are_told_while_the_text_they_belong_to_is_open) {
  for (const Chunk& chunk : chunks()) {
    const std::vector<Event> events = events_of(*chunk.dialect.codec(), chunk.stream);
    std::optional<std::size_t> open;
    bool told = false;
    for (const Event& event : events) {
      if (const auto* start = std::get_if<BlockStart>(&event);
          start != nullptr && std::holds_alternative<Text>(start->part.what)) {
        open = start->block;
      }
      if (const auto* end = std::get_if<BlockEnd>(&event); end != nullptr && open == end->block) open.reset();
      if (!std::holds_alternative<LogprobsSeen>(event)) continue;
      told = true;
      EXPECT_TRUE(open) << chunk.dialect.name();
    }
    EXPECT_TRUE(told) << chunk.dialect.name();
  }
}

// Readers of Responses find the same in each event that tells the item.
TEST(Logprobs, are_the_same_wherever_an_item_is_told) {
  for (const Chunk& chunk : chunks()) {
    const auto encoder = openai_responses().codec()->stream_encoder({});
    std::string stream;
    for (const Event& event : events_of(*chunk.dialect.codec(), chunk.stream)) encoder->encode(event, stream);
    Json done;
    Json last;
    std::string_view rest = stream;
    http::SseReader reader;
    http::SseEvent event;
    while (reader.next(rest, event)) {
      const Json data = Json::parse(event.data);
      if (data["type"] == "response.output_item.done" && data["item"]["type"] == "message") done = data["item"];
      if (data["type"] == "response.completed") last = data["response"]["output"][0];
      rest.remove_prefix(event.raw.size());
    }
    EXPECT_EQ(done, last) << chunk.dialect.name();
    EXPECT_EQ(done["content"][0]["logprobs"],
              Json::parse(R"([{"token":"a","logprob":-1,"bytes":[97],"top_logprobs":[]}])"))
        << chunk.dialect.name();
  }
}

}  // namespace
}  // namespace sluice::chat

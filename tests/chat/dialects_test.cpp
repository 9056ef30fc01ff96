#include <gtest/gtest.h>

#include <sluice/chat/codec.hpp>
#include <sluice/chat/dialect.hpp>

namespace sluice::chat {
namespace {

TEST(Dialects, are_found_by_their_own_name) {
  for (const Dialect* dialect : dialects()) {
    EXPECT_EQ(dialect_named(dialect->name()), dialect);
    EXPECT_NE(dialect->codec(), nullptr) << dialect->name();
  }
  EXPECT_EQ(openai_chat().name(), "openai_chat");
  EXPECT_EQ(dialect_named("gemini"), &gemini());
}

TEST(Dialects, have_no_other_names) {
  for (const std::string_view name : {"", "openai", "OPENAI_CHAT", "openai_chat ", "anthropic"}) {
    EXPECT_EQ(dialect_named(name), nullptr) << name;
  }
}

// They have one word for each way an answer may come to its end.
TEST(Dialects, without_words_for_all_of_an_ending_name_what_is_lost) {
  const Ending ending{Finish::pause, "pause_turn", "END"};
  const Dropped expected{"finish_reason", "stop_sequence"};
  for (const Dialect* const dialect : {&gemini(), &bedrock_converse(), &cohere_v2(), &ollama()}) {
    Response response;
    response.choices.push_back({{{Text{"a", {}, {}}, {}}}, ending, {}});
    std::string body;
    Dropped dropped;
    dialect->codec()->encode_response(response, {}, body, dropped);
    EXPECT_EQ(dropped, expected) << dialect->name();
    const auto encoder = dialect->codec()->stream_encoder({});
    for (const Event& event : unfold(response)) encoder->encode(event, body);
    EXPECT_EQ(encoder->dropped(), expected) << dialect->name() << ", streamed";
  }
}

}  // namespace
}  // namespace sluice::chat

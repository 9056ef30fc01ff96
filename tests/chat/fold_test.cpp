#include <gtest/gtest.h>

#include <sluice/chat/events.hpp>

#include "chat/exchanges.hpp"

namespace sluice::chat {
namespace {

Response answer_of_everything() {
  Response response;
  response.id = "answer-1";
  response.model = "m";
  response.created = 7;
  Choice first;
  first.parts.push_back({Thinking{"hm", "sig", "", "", thinking_format::anthropic, false}, {}});
  first.parts.push_back({Thinking{"", "", "secret", "", thinking_format::anthropic, false}, {}});
  first.parts.push_back({Text{"Hello", "proof", {R"([{"a":1}])"}}, {}});
  first.parts.push_back({ToolCall{"call-1", "look", R"({"b":1,"a":2})", "s2", "", false}, {}});
  first.logprobs.bytes = R"([{"token":"He"}])";
  first.ending = {Finish::tool_calls, "tool_use", ""};
  Choice second;
  second.parts.push_back({Refusal{"No."}, {}});
  second.ending = {Finish::stop, "stop", "END"};
  response.choices = {first, second};
  response.usage = Usage{1, 2, 3, 1, 4, 5};
  return response;
}

TEST(Fold, an_answer_unfolded_and_folded_is_the_same) {
  const Response response = answer_of_everything();
  const auto again = fold(unfold(response));
  ASSERT_TRUE(again);
  EXPECT_EQ(text_of(*again), text_of(response));
  EXPECT_TRUE(*again == response);
}

TEST(Fold, a_stream_without_its_end_is_an_error_worth_retrying) {
  auto events = unfold(answer_of_everything());
  events.pop_back();
  const auto cut = fold(events);
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().outcome(), Outcome::truncated);
  EXPECT_TRUE(cut.error().retryable());
}

TEST(Fold, a_failure_is_the_result) {
  auto events = unfold(answer_of_everything());
  events.back() = AnswerFailed{Error(Fault::rate_limited, Blame::upstream, "rate_limit_exceeded", "slow down")};
  const auto failed = fold(events);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().fault(), Fault::rate_limited);
}

TEST(Fold, deltas_of_unknown_blocks_are_ignored) {
  Fold fold;
  fold.take(BlockDelta{3, "x", {}, {}, {}});
  fold.take(BlockEnd{9});
  fold.take(BlockStart{2, 0, {Text{}, {}}});
  fold.take(BlockDelta{0, "x", {}, {}, {}});
  fold.take(BlockStart{std::size_t{1} << 60, 0, {Text{}, {}}});
  fold.take(BlockStart{3, std::size_t{1} << 60, {Text{}, {}}});
  fold.take(AnswerEnd{});
  const auto response = std::move(fold).finish();
  ASSERT_TRUE(response);
  ASSERT_EQ(response->choices.size(), 1U);
  EXPECT_EQ(response->choices[0].parts.size(), 1U);
}

TEST(Fold, a_call_without_arguments_has_an_empty_object) {
  Fold fold;
  fold.take(BlockStart{0, 0, {ToolCall{"c", "now", "", "", "", false}, {}}});
  fold.take(BlockEnd{0});
  fold.take(AnswerEnd{});
  const auto response = std::move(fold).finish();
  ASSERT_TRUE(response);
  EXPECT_EQ(std::get<ToolCall>(response->choices[0].parts[0].what).arguments, "{}");
}

TEST(Dropped, names_are_noted_once_and_neither_their_number_nor_their_length_is_others_to_choose) {
  Dropped dropped;
  drop(dropped, "seed");
  drop(dropped, "seed");
  EXPECT_EQ(dropped, Dropped{"seed"});
  drop(dropped, std::string(5'000, 'x'));
  EXPECT_EQ(dropped.back(), std::string(longest_dropped, 'x'));
  for (int i = 0; i < 5'000; ++i) drop(dropped, "name" + std::to_string(i));
  EXPECT_EQ(dropped.size(), most_dropped + 1);
  EXPECT_EQ(dropped.back(), more_dropped);
}

}  // namespace
}  // namespace sluice::chat

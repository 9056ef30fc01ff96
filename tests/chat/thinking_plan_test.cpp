#include "chat/thinking_plan.hpp"

#include <gtest/gtest.h>

namespace sluice::chat {
namespace {

using Mode = ThinkingPlan::Mode;

constexpr std::uint64_t room = 10'000;

ThinkingPlan planned(Reasoning wanted, const Quirks::Takes& can, std::uint64_t max_tokens = room) {
  Request request;
  request.reasoning = std::move(wanted);
  return plan_thinking(request, can, max_tokens);
}

TEST(ThinkingPlan, goes_by_the_first_rule_that_fits_the_model) {
  Quirks quirks;
  quirks.models = {{{"*owl-4-5*"}, {.adaptive = false}}, {{"*owl*"}, {.budget = false}}};
  EXPECT_FALSE(takes_of(quirks, "maker.owl-4-5-v1").adaptive);
  EXPECT_TRUE(takes_of(quirks, "maker.owl-4-5-v1").budget);
  EXPECT_FALSE(takes_of(quirks, "owl-5").budget);
  EXPECT_TRUE(takes_of(quirks, "crow").budget && takes_of(quirks, "crow").adaptive);
}

TEST(ThinkingPlan, says_an_effort_as_a_budget_to_models_that_know_no_other) {
  const ThinkingPlan plan = planned({.effort = "high"}, {.adaptive = false, .effort = false});
  EXPECT_EQ(plan.mode, Mode::enabled);
  EXPECT_EQ(plan.budget, 8000U);
  EXPECT_EQ(plan.effort, "");
}

TEST(ThinkingPlan, gives_models_without_thoughts_of_their_own_length_a_budget_and_the_effort) {
  const ThinkingPlan plan = planned({.effort = "low"}, {.adaptive = false});
  EXPECT_EQ(plan.mode, Mode::enabled);
  EXPECT_EQ(plan.budget, 2000U);
  EXPECT_EQ(plan.effort, "low");
}

TEST(ThinkingPlan, says_a_budget_as_an_effort_to_models_that_take_none_and_tells) {
  const ThinkingPlan plan = planned({.budget_tokens = 2000}, {.budget = false});
  EXPECT_EQ(plan.mode, Mode::adaptive);
  EXPECT_EQ(plan.effort, "low");
  EXPECT_TRUE(plan.is_vague);
}

TEST(ThinkingPlan, tells_when_an_effort_is_higher_than_the_model_knows) {
  const Quirks::Takes can{.budget = false, .xhigh = false, .max = false};
  for (const char* const effort : {"xhigh", "max"}) {
    const ThinkingPlan plan = planned({.effort = effort}, can);
    EXPECT_EQ(plan.effort, "high");
    EXPECT_TRUE(plan.is_less);
  }
  EXPECT_FALSE(planned({.effort = "high"}, can).is_less);
}

TEST(ThinkingPlan, tells_when_a_model_decides_by_itself_how_much) {
  const ThinkingPlan plan = planned({.effort = "high"}, {.budget = false, .effort = false});
  EXPECT_EQ(plan.mode, Mode::adaptive);
  EXPECT_TRUE(plan.is_less);
  EXPECT_FALSE(planned({.adaptive = true}, {.budget = false, .effort = false}).is_less);
}

TEST(ThinkingPlan, tells_when_a_model_cannot_think) {
  const Quirks::Takes cannot{.budget = false, .adaptive = false};
  EXPECT_TRUE(planned({.effort = "low"}, cannot).is_lost);
  EXPECT_EQ(planned({.effort = "none"}, cannot).mode, Mode::unsaid);
  EXPECT_FALSE(planned({.effort = "none"}, cannot).is_lost);
}

// It would have to begin with a thought that nobody had.
TEST(ThinkingPlan, gives_no_budget_to_a_model_that_shall_go_on_with_an_answer) {
  const Quirks::Takes by_budget{.adaptive = false, .effort = false};
  Request request;
  request.reasoning.effort = "medium";
  request.messages = {{Role::user, {{Text{"q", {}, {}}, {}}}, {}}, {Role::assistant, {{Text{"The", {}, {}}, {}}}, {}}};
  EXPECT_TRUE(plan_thinking(request, by_budget, room).is_lost);
  EXPECT_FALSE(plan_thinking(request, {}, room).is_lost) << "who decides by himself may think of nothing";
  request.messages.push_back({Role::user, {{Text{"and?", {}, {}}, {}}}, {}});
  EXPECT_FALSE(plan_thinking(request, by_budget, room).is_lost);
}

}  // namespace
}  // namespace sluice::chat

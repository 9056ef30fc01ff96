#include "chat/thinking_plan.hpp"

#include <gtest/gtest.h>

namespace sluice::chat {
namespace {

using Mode = ThinkingPlan::Mode;

constexpr std::uint64_t room = 10'000;

ThinkingPlan planned(Reasoning wanted, const Quirks::Thinks& can, std::uint64_t max_tokens = room) {
  Request request;
  request.reasoning = std::move(wanted);
  return plan_thinking(request, can, max_tokens);
}

TEST(ThinkingPlan, goes_by_the_first_rule_that_fits_the_model) {
  Quirks quirks;
  quirks.thinks = {{.models = {"*owl-4-5*"}, .adaptive = false}, {.models = {"*owl*"}, .budget = false}};
  EXPECT_FALSE(thinks_how(quirks, "maker.owl-4-5-v1").adaptive);
  EXPECT_TRUE(thinks_how(quirks, "maker.owl-4-5-v1").budget);
  EXPECT_FALSE(thinks_how(quirks, "owl-5").budget);
  EXPECT_TRUE(thinks_how(quirks, "crow").budget && thinks_how(quirks, "crow").adaptive);
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
  const Quirks::Thinks can{.budget = false, .xhigh = false, .max = false};
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
  const Quirks::Thinks cannot{.budget = false, .adaptive = false};
  EXPECT_TRUE(planned({.effort = "low"}, cannot).is_lost);
  EXPECT_EQ(planned({.effort = "none"}, cannot).mode, Mode::unsaid);
  EXPECT_FALSE(planned({.effort = "none"}, cannot).is_lost);
}

}  // namespace
}  // namespace sluice::chat

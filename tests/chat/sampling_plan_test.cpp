#include "chat/sampling_plan.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sluice::chat {
namespace {

// What is said of temperature, top_p and top_k, and what is lost.
std::string planned(const Sampling& wanted, const Quirks::Takes& can, bool thinks = false) {
  const SamplingPlan plan = plan_sampling(wanted, can, thinks);
  std::string told = plan.temperature + "/" + plan.top_p + "/" + plan.top_k;
  for (const std::string& name : plan.lost) told += " -" + name;
  return told;
}

Sampling wanted(const char* temperature, const char* top_p, const char* top_k = nullptr) {
  Sampling sampling;
  if (temperature != nullptr) sampling.temperature = Number{temperature};
  if (top_p != nullptr) sampling.top_p = Number{top_p};
  if (top_k != nullptr) sampling.top_k = Number{top_k};
  return sampling;
}

TEST(SamplingPlan, keeps_spellings_and_the_highest_temperature_there_is) {
  EXPECT_EQ(planned(wanted("0.10", "0.50", "5"), {}), "0.10/0.50/5");
  EXPECT_EQ(planned(wanted("1.5", nullptr), {}), "1// -temperature");
  EXPECT_EQ(planned({}, {}), "//");
}

TEST(SamplingPlan, says_one_of_two_where_a_model_takes_no_more) {
  const Quirks::Takes one{.both = false};
  EXPECT_EQ(planned(wanted("0.7", "0.9", "5"), one), "0.7//5 -top_p");
  EXPECT_EQ(planned(wanted("0.7", "1.0"), one), "0.7//") << "1 is what happens anyway";
  EXPECT_EQ(planned(wanted(nullptr, "0.9"), one), "/0.9/");
}

TEST(SamplingPlan, says_nothing_where_a_model_takes_nothing) {
  const Quirks::Takes none{.sampling = false, .both = false};
  EXPECT_EQ(planned(wanted("0.7", "0.9", "5"), none), "// -temperature -top_p -top_k");
  EXPECT_EQ(planned(wanted("1.0", "1"), none), "//");
}

TEST(SamplingPlan, leaves_little_choice_to_a_model_that_thinks) {
  EXPECT_EQ(planned(wanted("0.7", "0.5", "5"), {}, true), "// -temperature -top_p -top_k");
  EXPECT_EQ(planned(wanted("1", "0.95"), {}, true), "1/0.95/");
  EXPECT_EQ(planned(wanted("0.7", "0.95"), {.both = false}, true), "/0.95/ -temperature") << "there is room again";
}

TEST(SamplingPlan, of_a_request_in_the_dialect_itself_is_what_it_says) {
  const SamplingPlan plan = sampling_as_said(wanted("1.50", "0.5", "7"));
  EXPECT_EQ(plan.temperature + plan.top_p + plan.top_k, "1.500.57");
  EXPECT_TRUE(plan.lost.empty());
}

}  // namespace
}  // namespace sluice::chat

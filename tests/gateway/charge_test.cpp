#include "gateway/charge.hpp"

#include <gtest/gtest.h>

namespace sluice::charge_test {
namespace {

using namespace std::chrono_literals;

const config::TokenFamily plain{"*", 0, 0, 0, 0};  // adds nothing to prompts

chat::Features talk(std::uint64_t bytes) {
  chat::Features features;
  features.prompt_bytes = bytes;
  return features;
}

TEST(Size, bounds_the_answer_by_what_the_caller_allows) {
  chat::Features features = talk(4000);
  features.most_tokens = 100;
  const Size size = size_of(features, chat::Task::chat, 4100, std::nullopt, plain);
  EXPECT_EQ(size.input, 1000u);
  EXPECT_EQ(size.output_bound, 100u);
  EXPECT_GE(size.input_bound, 2 * size.input);
}

TEST(Size, counts_each_answer_to_one_question) {
  chat::Features features = talk(400);
  features.most_tokens = 100;
  features.choices = 3;
  EXPECT_EQ(size_of(features, chat::Task::chat, 500, std::nullopt, plain).output_bound, 300u);
}

TEST(Size, believes_no_caller_who_allows_more_than_the_model_can_say) {
  chat::Features features = talk(400);
  features.most_tokens = UINT64_MAX;
  EXPECT_EQ(size_of(features, chat::Task::chat, 500, 8192, plain).output_bound, 8192u);
  features.choices = 1024;
  EXPECT_LT(size_of(features, chat::Task::chat, 500, std::nullopt, plain).output_bound, UINT64_MAX / 1024);
}

TEST(Size, knows_what_a_family_adds_to_prompts) {
  chat::Features features = talk(400);
  features.messages = 3;
  const config::TokenFamily chatty{"*", 50, 4, 400, 100};
  const Size bare = size_of(features, chat::Task::chat, 500, std::nullopt, chatty);
  EXPECT_EQ(bare.input, 100u + 3 * 4 + 50);
  features.tools = true;
  const Size equipped = size_of(features, chat::Task::chat, 500, std::nullopt, chatty);
  EXPECT_EQ(equipped.input, bare.input + 400);
  EXPECT_EQ(equipped.input_bound, bare.input_bound + 800) << "twice, for what varies";
  features.json_schema = true;
  EXPECT_EQ(size_of(features, chat::Task::chat, 500, std::nullopt, chatty).input, equipped.input + 100);
}

TEST(Size, of_embeddings_has_no_answer) {
  const Size size = size_of({}, chat::Task::embedding, 400, std::nullopt, plain);
  EXPECT_EQ(size.output_bound, 0u);
  EXPECT_EQ(size.input, 100u);
}

TEST(Size, of_pictures_is_how_many_are_wanted) {
  chat::Features features = talk(40);
  features.choices = 4;
  EXPECT_EQ(size_of(features, chat::Task::image, 80, std::nullopt, plain).images, 4u);
}

TEST(Charge, is_what_the_provider_says) {
  Bill bill;
  bill.counted_output = 7;
  const Charge charge = charge_of(bill, chat::Usage{.input = 10, .output = 5, .reasoning = 2}, true, true);
  EXPECT_EQ(charge.counts.output, 5u);
  EXPECT_EQ(charge.counts.reasoning, 2u);
  EXPECT_EQ(charge.source, ledger::CountSource::reported);
}

TEST(Charge, is_never_nothing_because_a_provider_counts_nothing) {
  Bill bill;
  bill.size.input = 12;
  bill.counted_output = 7;
  const Charge charge = charge_of(bill, chat::Usage{}, true, true);
  EXPECT_EQ(charge.counts, (ledger::Counts{.input = 12, .output = 7}));
  EXPECT_EQ(charge.source, ledger::CountSource::counted);
}

TEST(Charge, is_what_the_provider_bills_while_limits_are_about_what_the_model_saw) {
  const chat::Usage usage{.input = 36, .cache_read = 1472, .output = 67, .billed = chat::Usage::Billed{98, 35}};
  Charge charge = charge_of(Bill{}, usage, true, true);
  EXPECT_EQ(charge.counts, (ledger::Counts{.input = 98, .output = 35}));
  EXPECT_EQ(charge.input, 1508u);
  EXPECT_EQ(charge.output, 67u);
  EXPECT_EQ(charge.source, ledger::CountSource::reported);

  Bill bill;
  bill.counted_output = 70;
  charge = charge_of(bill, usage, true, false);
  EXPECT_EQ(charge.counts, (ledger::Counts{.input = 98, .output = 38}));
  EXPECT_EQ(charge.output, 70u);
}

TEST(Charge, of_a_stream_that_broke_is_what_went_by) {
  Bill bill;
  bill.size.input = 12;
  bill.counted_output = 40;
  const Charge charge = charge_of(bill, std::nullopt, true, false);
  EXPECT_EQ(charge.counts.input, 12u);
  EXPECT_EQ(charge.counts.output, 40u);
  EXPECT_EQ(charge.source, ledger::CountSource::counted);
}

TEST(Charge, takes_what_went_by_where_the_provider_had_told_the_prompt_only) {
  Bill bill;
  bill.size.input = 12;
  bill.counted_output = 40;
  const Charge charge = charge_of(bill, chat::Usage{.input = 9, .output = 1}, true, false);
  EXPECT_EQ(charge.counts.input, 9u);
  EXPECT_EQ(charge.counts.output, 40u);
  EXPECT_EQ(charge.source, ledger::CountSource::counted);
}

TEST(Charge, is_nothing_for_who_never_answered) {
  Bill bill;
  bill.size.input = 12;
  EXPECT_EQ(charge_of(bill, std::nullopt, false, false).counts, ledger::Counts{});
}

TEST(RefusalOf, a_limit_says_whose_and_when) {
  ledger::Refusal refusal;
  refusal.level = ledger::Level::team;
  refusal.name = "support";
  refusal.what = "rpm";
  refusal.retry_after = 1500ms;
  const Error error = refusal_of(refusal);
  EXPECT_EQ(error.code(), "rate_limit_exceeded");
  EXPECT_EQ(status_of(error.fault()), 429);
  EXPECT_EQ(error.retry_after(), 1500ms);
  EXPECT_FALSE(error.final());
  EXPECT_NE(error.message().find("rpm of team 'support'"), std::string::npos) << error.message();
}

TEST(RefusalOf, a_share_says_that_it_is_one) {
  ledger::Refusal refusal;
  refusal.level = ledger::Level::team;
  refusal.name = "support";
  refusal.what = "rpm";
  refusal.of_share = true;
  refusal.retry_after = 2s;
  const Error error = refusal_of(refusal);
  EXPECT_EQ(error.message(),
            "This key's share of the limit rpm of team 'support' is used up: others of it want theirs.");
  EXPECT_EQ(error.retry_after(), 2s);
  EXPECT_FALSE(error.final());
}

TEST(RefusalOf, a_budget_is_final_and_says_when_it_begins_anew) {
  ledger::Refusal refusal;
  refusal.why = ledger::Refusal::Why::budget;
  refusal.name = "bot";
  refusal.what = "budget per day";
  refusal.budget = 20 * ledger::one_usd;
  refusal.left = ledger::one_usd / 100;
  refusal.retry_after = 1h;
  refusal.resets = UtcTime(std::chrono::sys_days(std::chrono::December / 1 / 2026));
  const Error error = refusal_of(refusal);
  EXPECT_EQ(error.code(), "insufficient_quota");
  EXPECT_TRUE(error.final());
  EXPECT_EQ(error.message(),
            "The budget per day of key 'bot' has too little left for this request ($0.01 of $20.00). It begins anew at "
            "2026-12-01T00:00:00Z.");
}

TEST(RefusalOf, more_than_the_whole_budget_says_so_and_is_final) {
  ledger::Refusal refusal;
  refusal.why = ledger::Refusal::Why::budget;
  refusal.name = "bot";
  refusal.what = "budget per day";
  refusal.budget = refusal.left = 20 * ledger::one_usd;
  refusal.retry_after = Duration::max();
  refusal.resets = UtcTime();
  refusal.hopeless = true;
  const Error error = refusal_of(refusal);
  EXPECT_TRUE(error.final());
  EXPECT_FALSE(error.retry_after());
  EXPECT_NE(error.message().find("may cost more than the budget per day of key 'bot' as a whole ($20.00)"),
            std::string::npos)
      << error.message();
}

TEST(RefusalOf, more_than_the_whole_limit_is_final) {
  ledger::Refusal refusal;
  refusal.what = "tpm";
  refusal.hopeless = true;
  EXPECT_TRUE(refusal_of(refusal).final());
}

TEST(StreamCount, counts_an_event_as_a_token_and_long_ones_as_more) {
  StreamCount count;
  for (int i = 0; i < 10; ++i) count.note(200);
  EXPECT_EQ(count.tokens(), 10u);
  count.note(240);
  EXPECT_EQ(count.tokens(), 20u);
}

}  // namespace
}  // namespace sluice::charge_test

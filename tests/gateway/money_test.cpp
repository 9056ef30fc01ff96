// Limits and budgets through the running gateway: who is let in, what it costs, and what callers are told of it.
#include <cmath>

#include <sluice/ledger/usage_report.hpp>

#include "gateway/routed.hpp"
#include "support/scratch.hpp"

namespace sluice::test::money_test {
namespace {

// An answer that took so many tokens.
std::string counted_answer(int prompt, int answer) {
  return response(200, R"({"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,)"
                       R"("message":{"role":"assistant","content":"fine"},"finish_reason":"stop"}],"usage":{)"
                       R"("prompt_tokens":)" +
                           std::to_string(prompt) + R"(,"completion_tokens":)" + std::to_string(answer) +
                           R"(,"total_tokens":)" + std::to_string(prompt + answer) + "}}");
}

class Money : public Routed {
 protected:
  // A model of one dollar per million tokens of a prompt and ten of an answer. `key` has more members of the caller's.
  GatewayUnderTest& open_for(const std::string& key, const std::string& more = "") {
    return open_keyed("  m: {targets: [{provider: one}]}\n", key, "prices: {m: {input: 1, output: 10}}\n" + more);
  }
  GatewayUnderTest& open_keyed(const std::string& models, const std::string& key, const std::string& more) {
    const std::string members = key.empty() ? "" : ", " + key;
    return open(models, "keys: [{name: app, secret: \"${CALLER_KEY}\"" + members + "}]\n" + more);
  }
  Answer ask_at_most(int tokens) {
    return stage_.ask(post(
        "/v1/chat/completions",
        R"({"model":"m","max_tokens":)" + std::to_string(tokens) + R"(,"messages":[{"role":"user","content":"hi"}]})",
        bearer()));
  }
};

TEST_F(Money, a_whole_answer_says_what_it_cost) {
  provider("one", always(counted_answer(1000, 100)));
  open_for("");
  EXPECT_EQ(ask().field("x-sluice-cost-usd"), "0.002");
  EXPECT_EQ(stage_.lines().back()["cost_nano_usd"], 2'000'000);
  EXPECT_EQ(stage_.gateway().await_metric("sluice_cost_usd_total", 0.002, {"model=\"m\""}), 0.002);
}

TEST_F(Money, more_requests_than_the_limit_are_refused_and_told_when_to_come_back) {
  auto& upstream = provider("one", always(counted_answer(1, 1)));
  open_for("limits: {rpm: 2}");
  const Answer first = ask();
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.field("x-ratelimit-limit-requests"), "2");
  EXPECT_EQ(first.field("x-ratelimit-remaining-requests"), "1");
  EXPECT_EQ(first.field("x-ratelimit-reset-requests"), "30s");
  EXPECT_EQ(ask().field("x-ratelimit-remaining-requests"), "0");
  const Answer refused = ask();
  expect_error(refused, 429, "rate_limit_exceeded");
  EXPECT_EQ(refused.field("x-ratelimit-remaining-requests"), "0");
  EXPECT_EQ(refused.field("retry-after"), "30");
  EXPECT_FALSE(refused.has("x-should-retry"));
  EXPECT_EQ(upstream.requests(), 2u);
  EXPECT_EQ(stage_.gateway().await_metric("sluice_rejected_total", 1, {"reason=\"rpm\""}), 1);
}

TEST_F(Money, tokens_that_were_not_used_are_given_back) {
  provider("one", always(counted_answer(10, 10)));
  open_for("limits: {tpm: 1000}");
  const Answer first = ask_at_most(900);
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.field("x-ratelimit-limit-tokens"), "1000");
  stage_.lines();
  const Answer second = ask_at_most(900);
  EXPECT_EQ(second.status, 200) << "of 900 only 20 had been used";
  expect_error(ask_at_most(2000), 429, "rate_limit_exceeded");
}

TEST_F(Money, tokens_of_a_request_that_no_provider_can_be_told_are_given_back) {
  auto& upstream = provider("one", always(response(200, R"({"content":[{"type":"text","text":"fine"}],"usage":{}})")),
                            "dialect: anthropic_messages");
  open_for("limits: {tpm: 1000}");
  const std::string body = R"({"model":"m","max_tokens":900,"seed":1,"messages":[{"role":"user","content":"hi"}]})";
  for (int i = 0; i < 3; ++i) {
    const Answer refused = stage_.ask(post("/v1/chat/completions", body, bearer() + "x-sluice-strict: 1\r\n"));
    expect_error(refused, 400, "unsupported_parameter");
    stage_.lines();
  }
  EXPECT_EQ(upstream.requests(), 0u);
  EXPECT_EQ(ask_at_most(900).status, 200);
}

TEST_F(Money, a_request_larger_than_the_whole_limit_is_not_worth_sending_again) {
  provider("one", always(counted_answer(10, 10)));
  open_for("limits: {tpm: 1000}");
  const Answer refused = ask_at_most(5000);
  expect_error(refused, 429, "rate_limit_exceeded");
  EXPECT_EQ(refused.field("x-should-retry"), "false");
}

TEST_F(Money, no_more_than_so_many_requests_at_a_time) {
  Script script;
  script.read_request().wait_for("go").send(counted_answer(1, 1)).again();
  auto& upstream = provider("one", script);
  open_for("limits: {concurrent: 1}");
  RawClient waiting(stage_.gateway().port());
  waiting.send(chat());
  stage_.count(1);
  ASSERT_TRUE(upstream.await_requests(1));
  expect_error(ask(), 429, "rate_limit_exceeded");
  upstream.signal("go");
  EXPECT_EQ(waiting.read_answer().status, 200);
}

TEST_F(Money, a_budget_that_is_used_up_says_whose_and_until_when) {
  auto& upstream = provider("one", always(counted_answer(1000, 100)));
  open_for("budget: {usd: \"0.005\", per: day}");
  EXPECT_EQ(ask_at_most(100).status, 200);
  EXPECT_EQ(ask_at_most(100).status, 200);
  const Answer refused = ask_at_most(400);
  expect_error(refused, 429, "insufficient_quota");
  EXPECT_NE(refused.body.find("budget per day of key 'app'"), std::string::npos) << refused.body;
  EXPECT_EQ(refused.field("x-should-retry"), "false");
  EXPECT_TRUE(refused.has("retry-after"));
  EXPECT_EQ(upstream.requests(), 2u) << "what cannot be paid is not sent";
}

TEST_F(Money, many_at_once_do_not_overspend) {
  Script script;
  script.read_request().wait_for("go").send(counted_answer(1000, 100)).again();
  auto& upstream = provider("one", script);
  // Each may cost 0.001 for its answer and a little for its prompt: two fit in, five do not.
  open_for("budget: {usd: \"0.0024\", per: month}");
  std::vector<std::unique_ptr<RawClient>> clients;
  int refused = 0;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(std::make_unique<RawClient>(stage_.gateway().port()));
    clients.back()->send(post("/v1/chat/completions",
                              R"({"model":"m","max_tokens":100,"messages":[{"role":"user","content":"hi"}]})",
                              bearer()));
    stage_.count(1);
  }
  ASSERT_TRUE(upstream.await_requests(2));
  upstream.signal("go");
  for (const auto& client : clients) refused += client->read_answer().status == 429 ? 1 : 0;
  EXPECT_EQ(refused, 3);
  EXPECT_EQ(upstream.requests(), 2u);
}

TEST_F(Money, whoever_has_used_its_budget_up_is_sent_to_what_it_may_be_sent_to) {
  provider("one", always(counted_answer(1000, 100)));
  provider("cheap", always(completion("from the cheap one")));
  open_keyed("  m: {targets: [{provider: one}]}\n  small: {targets: [{provider: cheap}]}\n",
             "budget: {usd: \"0.001\", per: month}, on_exhausted: {downgrade: small}",
             "prices: {m: {input: 1, output: 10}, small: {input: 0, output: 0}}\n");
  EXPECT_EQ(ask_at_most(50).status, 200);
  expect_words(ask_at_most(50), "from the cheap one");
}

TEST_F(Money, a_key_that_rather_has_nothing_is_not_sent_where_its_team_is_sent) {
  provider("one", always(counted_answer(1000, 100)));
  auto& cheap = provider("cheap", always(completion("from the cheap one")));
  open_keyed("  m: {targets: [{provider: one}]}\n  small: {targets: [{provider: cheap}]}\n",
             "team: t, budget: {usd: \"0.001\", per: month}, on_exhausted: refuse",
             "teams: {t: {on_exhausted: {downgrade: small}}}\n"
             "prices: {m: {input: 1, output: 10}, small: {input: 0, output: 0}}\n");
  EXPECT_EQ(ask_at_most(50).status, 200);
  expect_error(ask_at_most(50), 429, "insufficient_quota");
  EXPECT_EQ(cheap.requests(), 0u);
}

TEST_F(Money, whoever_is_sent_elsewhere_takes_one_place_only) {
  provider("one", always(counted_answer(10, 10)));
  provider("cheap", always(completion("from the cheap one")));
  open_keyed("  m: {targets: [{provider: one}]}\n  small: {targets: [{provider: cheap}]}\n",
             "limits: {concurrent: 1}, budget: {usd: \"0.001\", per: month}, on_exhausted: {downgrade: small}",
             "prices: {m: {input: 1, output: 10}, small: {input: 0, output: 0}}\n");
  expect_words(ask_at_most(5000), "from the cheap one");
}

TEST_F(Money, the_largest_of_several_limits_is_set_aside) {
  auto& upstream = provider("one", always(counted_answer(10, 10)));
  open_for("budget: {usd: \"0.01\", per: month}");
  for (const char* limits : {R"("max_completion_tokens":1,"max_tokens":5000)", R"("max_tokens":"5000")",
                             R"("max_tokens":1,"best_of":1000)", R"("max_tokens":400,"n":1e1)"}) {
    const std::string body =
        std::string(R"({"model":"m",)") + limits + R"(,"messages":[{"role":"user","content":"hi"}]})";
    expect_error(stage_.ask(post("/v1/chat/completions", body, bearer())), 429, "insufficient_quota");
  }
  EXPECT_EQ(upstream.requests(), 0u);
}

TEST_F(Money, the_cheapest_target_is_asked_by_the_prices_of_the_file) {
  auto& dear = provider("dear", always(counted_answer(10, 10)));
  auto& cheap = provider("cheap", always(counted_answer(10, 10)));
  open_keyed(
      "  m: {strategy: cost, affinity: off, targets: [{provider: dear, model: large}, {provider: cheap, model: "
      "small}]}\n",
      "", "prices: {large: {input: 1000, output: 4000}, small: {input: 10, output: 40}}\n");
  EXPECT_EQ(ask().field("x-sluice-provider"), "cheap");
  EXPECT_EQ(ask().field("x-sluice-provider"), "cheap");
  EXPECT_EQ(cheap.requests(), 2u);
  EXPECT_EQ(dear.requests(), 0u);
}

// One family's providers add hundreds of tokens to a prompt with tools, the other's none.
TEST_F(Money, what_is_set_aside_is_what_the_target_at_hand_adds_to_prompts) {
  const std::string body = R"({"model":"m","max_tokens":10,"messages":[{"role":"user","content":"hi"}],)"
                           R"("tools":[{"type":"function","function":{"name":"f","parameters":{}}}]})";
  auto& lean = provider("lean", refusing(500, "server_error"));
  auto& chatty = provider("chatty", always(counted_answer(10, 10)));
  const std::string price = "{input: 1, output: 1}";
  const std::string prices = "prices: {gpt-x: " + price + ", claude-x: " + price + "}\n";
  open_keyed("  m: {affinity: off, targets: [{provider: lean, model: gpt-x}, {provider: chatty, model: claude-x}]}\n",
             "budget: {usd: \"0.0005\", per: month}", prices);
  expect_error(stage_.ask(post("/v1/chat/completions", body, bearer())), 429, "insufficient_quota");
  EXPECT_GT(lean.requests(), 0u) << "five hundred tokens are enough for the first";
  EXPECT_EQ(chatty.requests(), 0u);
}

TEST_F(Money, what_the_cache_saved_is_recorded) {
  const Scratch scratch;
  const std::string database = scratch.path("usage.db");
  provider("one",
           always(response(200, R"({"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,)"
                                R"("message":{"role":"assistant","content":"fine"},"finish_reason":"stop"}],"usage":{)"
                                R"("prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100,)"
                                R"("prompt_tokens_details":{"cached_tokens":800}}})")));
  open_keyed("  m: {targets: [{provider: one}]}\n", "",
             "prices: {m: {input: 1, output: 10, cache_read: 0.1}}\nstorage: sqlite://" + database + "\n");
  EXPECT_EQ(ask().status, 200);
  ledger::UsageReport report;
  ASSERT_TRUE(eventually([&] {
    const auto read = ledger::read_usage(database, ledger::UsageQuery());
    if (read) report = *read;
    return !report.rows.empty();
  }));
  EXPECT_EQ(report.rows[0].cost, 200 * 1'000 + 800 * 100 + 100 * 10'000);
  EXPECT_EQ(report.rows[0].cache_savings, 800 * 900);
}

TEST_F(Money, how_far_a_prompt_was_misjudged_is_a_metric) {
  provider("one", always(counted_answer(1000, 1)));
  open_for("limits: {tpm: 100000}");
  EXPECT_EQ(ask().status, 200);
  EXPECT_EQ(stage_.gateway().await_metric("sluice_token_estimate_ratio_count", 1, {"model=\"m\""}), 1);
  EXPECT_EQ(stage_.gateway().metric("sluice_token_estimate_ratio_bucket", {"model=\"m\"", "le=\"0.25\""}), 1)
      << "a thousand tokens are many for two letters";
}

TEST_F(Money, a_whole_answer_says_what_it_cost_by_our_count_where_nobody_else_has_counted) {
  provider("one", always(completion("fine")));
  open_for("");
  const Answer answer = ask();
  ASSERT_TRUE(answer.has("x-sluice-cost-usd"));
  const double told = std::stod(answer.field("x-sluice-cost-usd"));
  EXPECT_GT(told, 0);
  EXPECT_EQ(stage_.lines().back()["cost_nano_usd"], std::llround(told * 1e9));
}

TEST_F(Money, a_request_that_may_cost_more_than_a_whole_budget_is_told_so) {
  auto& upstream = provider("one", always(counted_answer(10, 10)));
  open_for("budget: {usd: \"0.001\", per: month}");
  const Answer refused = ask_at_most(1000);
  expect_error(refused, 429, "insufficient_quota");
  EXPECT_NE(refused.body.find("as a whole"), std::string::npos) << refused.body;
  EXPECT_EQ(refused.field("retry-after"), "60");
  EXPECT_EQ(refused.field("x-should-retry"), "false");
  EXPECT_EQ(upstream.requests(), 0u);
}

TEST_F(Money, a_price_nobody_knows_is_refused_where_a_budget_is_to_be_kept) {
  auto& upstream = provider("one", always(counted_answer(10, 10)));
  open_keyed("  m: {targets: [{provider: one}]}\n", "budget: {usd: 1, per: day}", "");
  const Answer refused = ask();
  expect_error(refused, 400, "price_unknown");
  EXPECT_EQ(upstream.requests(), 0u);
}

TEST_F(Money, a_price_nobody_knows_is_flagged_where_nobody_keeps_a_budget) {
  provider("one", always(counted_answer(10, 10)));
  open_keyed("  m: {targets: [{provider: one}]}\n", "", "");
  const Answer answer = ask();
  EXPECT_EQ(answer.status, 200);
  EXPECT_FALSE(answer.has("x-sluice-cost-usd"));
  EXPECT_EQ(stage_.gateway().await_metric("sluice_price_missing_total", 1, {"model=\"m\""}), 1);
}

// What stands beside the words costs nothing, and no answer is longer than was asked for.
TEST_F(Money, a_stream_is_paid_by_its_words) {
  const std::string beside = R"("content_filter_results":{"note":")" + std::string(4000, 'x') + R"("})";
  std::string events;
  for (int i = 0; i < 20; ++i) {
    events += R"(data: {"choices":[{"index":0,)" + beside + R"(,"delta":{"content":"word "}}]})" + "\n\n";
  }
  provider("one",
           always(stream_head() + chunk(delta_event("a") + events + "data: [DONE]\n\n") + std::string(last_chunk)));
  open_for("budget: {usd: \"0.01\", per: month}");
  const Answer answer = stage_.ask(
      post("/v1/chat/completions",
           R"({"model":"m","stream":true,"max_tokens":100,"messages":[{"role":"user","content":"hi"}]})", bearer()));
  EXPECT_TRUE(answer.whole());
  EXPECT_NE(answer.body.find("[DONE]"), std::string::npos);
  EXPECT_LE(stage_.lines().back()["cost_nano_usd"], 1'100'000);
  // Nor does it cost more where nobody set a limit.
  open_for("budget: {usd: \"0.05\", per: month}");
  EXPECT_TRUE(stage_.ask(chat_stream()).whole());
  EXPECT_LE(stage_.lines().back()["cost_nano_usd"], 1'100'000);
}

// By our own count twenty times a thousand words; the provider knows better.
TEST_F(Money, a_stream_is_metered_by_what_its_provider_tells_on_the_way) {
  std::string events = delta_event("a");
  for (int i = 1; i <= 20; ++i) {
    events += R"(data: {"choices":[{"index":0,"delta":{"content":")" + std::string(4000, 'x') +
              R"("}}],"usage":{"prompt_tokens":1,"completion_tokens":)" + std::to_string(i) + "}}\n\n";
  }
  provider("one", always(stream_head() + chunk(events + "data: [DONE]\n\n") + std::string(last_chunk)));
  open_for("budget: {usd: \"0.05\", per: month}");
  const Answer answer = stage_.ask(chat_stream());
  EXPECT_TRUE(answer.whole()) << answer.body.substr(answer.body.size() - 300);
  EXPECT_LE(stage_.lines().back()["cost_nano_usd"], 1'000'000);
}

TEST_F(Money, no_answer_is_metered_beyond_the_limit_that_was_asked_for) {
  std::string events = delta_event("a");
  for (int i = 0; i < 20; ++i) events += delta_event(std::string(4000, 'x'));
  provider("one", always(stream_head() + chunk(events + "data: [DONE]\n\n") + std::string(last_chunk)));
  open_for("budget: {usd: \"0.01\", per: month}");
  const Answer answer = stage_.ask(
      post("/v1/chat/completions",
           R"({"model":"m","stream":true,"max_tokens":100,"messages":[{"role":"user","content":"hi"}]})", bearer()));
  EXPECT_TRUE(answer.whole());
  EXPECT_LE(stage_.lines().back()["cost_nano_usd"], 1'100'000);
}

TEST_F(Money, a_stream_that_nobody_can_pay_any_more_is_stopped_with_an_error) {
  std::string events;
  for (int i = 0; i < 50; ++i) events += delta_event("word");
  Script script;
  script.read_request().send(stream_head()).flood(chunk(events), 400).hang();
  provider("one", script);
  // The caller sets no limit: 4,096 tokens are thought of, for which the budget is enough, and not for twice as many.
  open_for("budget: {usd: \"0.05\", per: month}");
  const Answer answer = stage_.ask(chat_stream());
  EXPECT_EQ(answer.status, 200);
  EXPECT_FALSE(answer.whole());
  EXPECT_NE(answer.body.find("\"insufficient_quota\""), std::string::npos);
  EXPECT_EQ(answer.body.find("[DONE]"), std::string::npos);
  const auto line = stage_.lines().back();
  EXPECT_GE(line["cost_nano_usd"], 41'000'000);
  EXPECT_LE(line["cost_nano_usd"], 51'000'000) << "what was metered between two looks may be more";
}

TEST_F(Money, a_stream_whose_client_leaves_costs_what_went_by) {
  Script script;
  script.read_request().send(stream_head());
  for (int i = 0; i < 20; ++i) script.send(chunk(delta_event("word")));
  script.hang();
  auto& upstream = provider("one", script);
  open_for("");
  RawClient client(stage_.gateway().port());
  client.send(chat_stream());
  stage_.count(1);
  Answer answer = client.read_head();
  std::string words;
  for (int i = 0; i < 20; ++i) words += delta_event("word");
  ASSERT_TRUE(client.read_until(answer, words));
  client.close();
  ASSERT_TRUE(upstream.await([](const auto& visits) { return visits.front().left.has_value(); }));
  const auto line = stage_.lines().back();
  EXPECT_GE(line["cost_nano_usd"], 20 * 10'000) << "twenty tokens";
  EXPECT_LE(line["cost_nano_usd"], 20 * 10'000 + 50'000) << "and the prompt";
}

}  // namespace
}  // namespace sluice::test::money_test

// What steers a request among its model's targets: keys, quotas, where its conversation was, and its caller's patience.
#include <set>

#include "gateway/routed.hpp"

namespace sluice::test::steering_test {
namespace {

Script saying(std::string_view words) { return always(completion(words)); }

const std::string three_keys = "api_keys: [\"${PROVIDER_KEY}\", \"${OTHER_KEY}\", \"${THIRD_KEY}\"]";
constexpr std::string_view other_key = "sk-other-canary-77aa42";
constexpr std::string_view third_key = "sk-third-canary-0c55fe";

class Keys : public Routed {};

TEST_F(Keys, of_a_provider_are_used_in_turn) {
  auto& upstream = provider("p", saying("fine"), three_keys);
  open("  m: {targets: [{provider: p}], affinity: off}\n");
  for (int i = 0; i < 9; ++i) expect_words(ask(), "fine");
  for (const std::string_view key : {provider_key, other_key, third_key}) EXPECT_EQ(seen_with(upstream, key), 3u);
}

TEST_F(Keys, are_left_alone_one_by_one) {
  Script script;
  script.read_request().decide([](const SeenRequest& request) {
    const bool is_limited = request.head.find(other_key) != std::string::npos;
    return Script().send(is_limited ? response(429, odd_refusal("rate_limit_exceeded"), "retry-after: 30\r\n")
                                    : completion("fine"));
  });
  auto& upstream = provider("p", script.again(), three_keys);
  auto& next = provider("next", saying("from the next"));
  open("  m: {targets: [{provider: p}, {provider: next}], affinity: off}\n");
  for (int i = 0; i < 9; ++i) expect_words(ask(), "fine");
  EXPECT_EQ(seen_with(upstream, other_key), 1u);
  EXPECT_GE(seen_with(upstream, provider_key), 3u);
  EXPECT_GE(seen_with(upstream, third_key), 3u);
  EXPECT_EQ(upstream.requests(), 10u);
  EXPECT_EQ(next.requests(), 0u) << "the other keys come before the other target";
}

struct Told {
  const char* name;
  const char* fields;
};

class Quotas : public Routed, public ::testing::WithParamInterface<Told> {};

TEST_P(Quotas, that_are_nearly_used_up_steer_away_before_there_is_a_429) {
  auto& nearly = provider("nearly", always(response(200, completion_json("the last one"), GetParam().fields)));
  auto& other = provider("other", saying("from the other"));
  open("  m: {targets: [{provider: nearly}, {provider: other}]}\n");
  expect_words(ask(), "the last one");
  for (int i = 0; i < 3; ++i) {
    const Answer answer = ask();
    expect_words(answer, "from the other");
    EXPECT_EQ(answer.field("x-sluice-attempts"), "1");
  }
  EXPECT_EQ(nearly.requests(), 1u);
  EXPECT_EQ(other.requests(), 3u);
}

TEST_P(Quotas, that_are_nearly_used_up_keep_nobody_away_who_has_nowhere_else_to_go) {
  auto& nearly = provider("nearly", always(response(200, completion_json("the last one"), GetParam().fields)));
  auto& broken = provider("broken", refusing(500, "server_error"));
  open(
      "  alone: {targets: [{provider: nearly}]}\n"
      "  m: {targets: [{provider: broken}, {provider: nearly, model: alone}], retry: {attempts: 2}}\n");
  for (int i = 0; i < 3; ++i) expect_words(ask("alone"), "the last one");
  expect_words(ask("m"), "the last one");
  EXPECT_EQ(nearly.requests(), 4u);
  EXPECT_EQ(broken.requests(), 1u);
}
INSTANTIATE_TEST_SUITE_P(
    all, Quotas,
    ::testing::Values(Told{"of_requests",
                           "x-ratelimit-limit-requests: 100\r\nx-ratelimit-remaining-requests: 2\r\n"
                           "x-ratelimit-reset-requests: 6m0s\r\n"},
                      Told{"of_tokens",
                           "x-ratelimit-limit-requests: 100\r\nx-ratelimit-remaining-requests: 99\r\n"
                           "x-ratelimit-limit-tokens: 90000\r\nx-ratelimit-remaining-tokens: 120\r\n"
                           "x-ratelimit-reset-tokens: 58s\r\n"},
                      Told{"with_the_property_last",
                           "other-ratelimit-input-tokens-limit: 1000\r\nother-ratelimit-input-tokens-remaining: 0\r\n"
                           "other-ratelimit-input-tokens-reset: 2099-01-01T00:00:00Z\r\n"}),
    [](const auto& one) { return one.param.name; });

// Four providers a, b, c, d which say who they are.
class Conversations : public Routed {
 protected:
  void open_four(const std::string& members) {
    std::string targets;
    for (const char* const name : {"a", "b", "c", "d"}) {
      provider(name, saying(std::string("from ") + name));
      targets += std::string(targets.empty() ? "" : ", ") + "{provider: " + name + "}";
    }
    open("  m: {targets: [" + targets + "], " + members + "}\n");
  }
  // Who answers.
  std::string answering(const std::string& fields, std::string_view words) {
    return ask("m", fields, words).field("x-sluice-provider");
  }
  // Who answers the turns of one conversation, in which more is said each time.
  std::set<std::string> answering_turns(std::string_view opening) {
    std::set<std::string> all;
    std::string messages = R"({"role":"user","content":")" + std::string(opening) + R"("})";
    for (int turn = 0; turn < 5; ++turn) {
      const std::string body = R"({"model":"m","messages":[)" + messages + "]}";
      all.insert(stage_.ask(post("/v1/chat/completions", body, bearer())).field("x-sluice-provider"));
      messages += R"(,{"role":"assistant","content":"yes"},{"role":"user","content":"and then?"})";
    }
    return all;
  }
};

TEST_F(Conversations, stay_with_the_target_that_has_them) {
  open_four("strategy: weighted");
  std::set<std::string> all;
  for (int i = 0; i < 24; ++i) {
    const std::set<std::string> one = answering_turns("question " + std::to_string(i));
    EXPECT_EQ(one.size(), 1u);
    all.insert(one.begin(), one.end());
  }
  EXPECT_GE(all.size(), 2u) << "others begin elsewhere";
}

TEST_F(Conversations, are_known_by_the_callers_word_for_them) {
  open_four("strategy: weighted");
  for (const char* const session : {"x-sluice-session: one\r\n", "x-sluice-session: two\r\n"}) {
    const std::string first = answering(session, "opening");
    for (int i = 0; i < 12; ++i) EXPECT_EQ(answering(session, "something else " + std::to_string(i)), first);
  }
}

TEST_F(Conversations, take_turns_where_the_strategy_is_to_take_turns) {
  open_four("strategy: round_robin");
  EXPECT_EQ(answering_turns("hello").size(), 4u);
}

TEST_F(Conversations, go_anywhere_where_nobody_shall_remember_them) {
  open_four("strategy: weighted, affinity: off");
  std::set<std::string> all;
  for (int i = 0; i < 40; ++i) all.insert(answering("x-sluice-session: one\r\n", "hello"));
  EXPECT_GE(all.size(), 2u);
}

TEST_F(Conversations, move_when_their_target_is_unwell_and_stay_there) {
  Script script;
  script.read_request().send(completion("from a")).read_request();
  script.send(response(500, odd_refusal("server_error"))).read_request();
  auto& first = provider("a", script.send(completion("from a again")).again(), "breaker: {failures: 1, cooldown: 60s}");
  provider("b", saying("from b"));
  open("  m: {targets: [{provider: a}, {provider: b}]}\n");
  expect_words(ask(), "from a");
  for (int i = 0; i < 4; ++i) expect_words(ask(), "from b");
  EXPECT_EQ(first.requests(), 2u);
}

std::string kept_answer(std::string_view id) {
  return R"({"id":")" + std::string(id) + R"(","object":"response","status":"completed","model":"m","output":[],)" +
         R"("usage":{"input_tokens":1,"output_tokens":1,"total_tokens":2}})";
}

std::string kept_stream(std::string_view id) {
  const std::string answer = kept_answer(id);
  std::string out = stream_head();
  for (const char* const type : {"response.created", "response.completed"}) {
    out += chunk("event: " + std::string(type) + "\ndata: {\"type\":\"" + type + "\",\"response\":" + answer + "}\n\n");
  }
  return out + std::string(last_chunk);
}

class KeptAnswers : public Routed {
 protected:
  Answer follow(const std::string& members) {
    const std::string body = R"({"model":"m","input":"and then?")" + members + "}";
    return stage_.ask(post("/v1/responses", body, bearer()));
  }
};

TEST_F(KeptAnswers, are_followed_up_where_they_are_kept_and_nowhere_else) {
  const std::string dialect = "dialect: openai_responses";
  const auto sound = [](std::string_view id) {
    Script script;
    script.read_request().decide([id = std::string(id)](const SeenRequest& request) {
      if (request.body.find("fail") != std::string::npos) {
        return Script().send(response(500, odd_refusal("server_error")));
      }
      const bool streams = request.body.find("\"stream\":true") != std::string::npos;
      return Script().send(streams ? kept_stream(id + "-stream") : response(200, kept_answer(id)));
    });
    return script.again();
  };
  provider("a", sound("resp_a"), dialect);
  provider("b", sound("resp_b"), dialect);
  open(
      "  m: {strategy: round_robin, targets: [{provider: a}, {provider: b}], fallback: [n]}\n"
      "  n: {targets: [{provider: b}]}\n");
  std::set<std::string> beginning;
  for (const char* const stream : {"", "", R"(,"stream":true)", R"(,"stream":true)"}) {
    beginning.insert(follow(stream).field("x-sluice-provider"));
  }
  EXPECT_EQ(beginning.size(), 2u) << "who begins goes wherever it is somebody's turn";
  for (const std::string name : {"a", "b"}) {
    for (const char* const kind : {"", "-stream"}) {
      const std::string before = R"(,"previous_response_id":"resp_)" + name + kind + "\"";
      for (int i = 0; i < 3; ++i) EXPECT_EQ(follow(before).field("x-sluice-provider"), name) << before;
    }
  }
  const Answer failed = follow(R"(,"previous_response_id":"resp_a","metadata":{"please":"fail"})");
  EXPECT_EQ(failed.status, 502) << failed.body;
  EXPECT_EQ(failed.field("x-sluice-provider"), "a") << "nobody else has what it follows";
}

// Clients of a widespread family say how often they have tried, and how long they wait.
class CallersHints : public Routed {};

TEST_F(CallersHints, that_they_try_again_by_themselves_lower_our_own_attempts) {
  provider("p", refusing(500, "server_error"), "breaker: {failures: 1000}");
  provider("q", refusing(500, "server_error"), "breaker: {failures: 1000}");
  open("  m: {targets: [{provider: p}, {provider: q}]}\n");
  for (const auto& [told, attempts] : {std::pair{"0", "3"}, {"1", "2"}, {"2", "1"}, {"17", "1"}, {"often", "3"}}) {
    const Answer answer = ask("m", std::string("x-stainless-retry-count: ") + told + "\r\n");
    expect_error(answer, 502, "upstream_error");
    EXPECT_EQ(answer.field("x-sluice-attempts"), attempts) << told;
  }
}

TEST_F(CallersHints, of_how_long_they_wait_end_an_attempt_and_begin_no_other) {
  auto& silent = provider("silent", Script().read_request().hang());
  auto& other = provider("other", saying("too late"));
  open("  m: {targets: [{provider: silent}, {provider: other}]}\n");
  for (const char* const path : {"whole", "stream"}) {
    const std::string body = path == std::string_view("whole") ? chat_body() : stream_body();
    const Moment before = std::chrono::steady_clock::now();
    const Answer answer =
        stage_.ask(post("/v1/chat/completions", body, bearer() + "x-stainless-read-timeout: 0.3\r\n"));
    const long took = microseconds_since(before);
    expect_error(answer, 504, "upstream_timeout");
    EXPECT_GE(took, 290'000);
    EXPECT_LT(took, 10'000'000) << "a minute is what the model gives it";
  }
  EXPECT_EQ(silent.requests(), 2u);
  EXPECT_EQ(other.requests(), 0u);
}

}  // namespace
}  // namespace sluice::test::steering_test

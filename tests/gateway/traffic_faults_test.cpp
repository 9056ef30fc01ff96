// Rows 34 to 37 and 39: providers that want to be left alone, fail all the time, or do not accept our key.
#include <array>
#include <ctime>

#include "gateway/stage.hpp"

namespace sluice::test {
namespace {

using std::chrono::milliseconds;

const std::string plain_refusal = R"({"error":{"message":"no","type":"t","param":null,"code":null}})";
const std::string no_quota = R"({"error":{"message":"no","type":"t","param":null,"code":"insufficient_quota"}})";

Script refusing(int status, const std::string& fields = "") { return always(response(status, plain_refusal, fields)); }

std::string asking_for(std::string_view model) { return post("/v1/chat/completions", chat_body(model), bearer()); }

// What the log says of targets that are left alone, in its order.
struct Closing {
  bool is_error = false;  // the level
  std::string reason;
  long milliseconds = 0;
};

std::vector<Closing> closings(Stage& stage) {
  std::vector<Closing> all;
  const std::string log = stage.gateway().log_text();
  const std::string what = " a target is left alone for a while ";
  for (std::size_t at = log.find(what); at != std::string::npos; at = log.find(what, at + 1)) {
    const std::string line = log.substr(at, log.find('\n', at) - at);
    const std::size_t reason = line.find(" reason=") + 8;
    const std::size_t time = line.find(" milliseconds=") + 14;
    all.push_back({log[at - 1] == std::to_string(static_cast<int>(LogLevel::error)).front(),
                   line.substr(reason, line.find(' ', reason) - reason), std::stol(line.substr(time))});
  }
  return all;
}

// Milliseconds, both included.
struct Between {
  long least;
  long most;
};

// A target that says 429 with those fields is left alone for so long: it is asked once, and then the other one is.
void leaves_alone(Stage& stage, const std::string& fields, Between expected) {
  SCOPED_TRACE(fields);
  auto& limited = stage.upstream(refusing(429, fields));
  auto& other = stage.upstream(always(completion("from the other")));
  stage.open({limited.port(), other.port()});
  const Answer first = stage.ask(chat());
  expect_words(first, "from the other");
  EXPECT_EQ(first.field("x-sluice-attempts"), "2");
  const auto told = closings(stage);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].reason, "rate_limited");
  EXPECT_GE(told[0].milliseconds, expected.least);
  EXPECT_LE(told[0].milliseconds, expected.most);
  // Whoever is to be left alone for a moment only may be asked again by now.
  if (expected.least < 5'000) return;
  for (int i = 0; i < 5; ++i) {
    const Answer next = stage.ask(i % 2 == 0 ? chat() : chat("x-sluice-session: one\r\n"));
    expect_words(next, "from the other");
    EXPECT_EQ(next.field("x-sluice-attempts"), "1");
  }
  EXPECT_EQ(limited.requests(), 1u) << "a target was asked that wished to be left alone";
  EXPECT_GT(stage.gateway().metric("sluice_cooldown_seconds", {"provider=\"p1\""}), 0);
}

constexpr Between jitter{100, 1'000};  // what is drawn where nothing usable is said

void row_34_whole_seconds(Stage& stage) { leaves_alone(stage, "retry-after: 37\r\n", {37'000, 37'000}); }
void row_34_seconds_with_a_fraction(Stage& stage) { leaves_alone(stage, "retry-after: 20.25\r\n", {20'250, 20'250}); }
void row_34_milliseconds(Stage& stage) {
  leaves_alone(stage, "retry-after-ms: 15500\r\n", {15'500, 15'500});
  leaves_alone(stage, "retry-after: 1\r\nretry-after-ms: 15500\r\n", {15'500, 15'500});
}

std::string date_field(std::time_t when) {
  std::tm parts{};
  ::gmtime_r(&when, &parts);
  std::array<char, 64> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return "retry-after: " + std::string(text.data(), size) + "\r\n";
}

void row_34_a_date(Stage& stage) {
  // Whole seconds, and some pass until it is read.
  leaves_alone(stage, date_field(std::time(nullptr) + 50), {30'000, 50'000});
}

void row_34_a_date_that_is_past(Stage& stage) {
  leaves_alone(stage, date_field(std::time(nullptr) - 50), jitter);
  leaves_alone(stage, "retry-after: Wed, 21 Oct 2015 07:28:00 GMT\r\n", jitter);
}

void row_34_a_minute_at_most(Stage& stage) {
  for (const char* const field : {"retry-after: 1000000000\r\n", "retry-after: 61\r\n",
                                  "retry-after-ms: 1000000000\r\n", "retry-after: Fri, 31 Dec 9999 23:59:59 GMT\r\n"}) {
    leaves_alone(stage, field, {60'000, 60'000});
  }
}

void row_34_garbage_counts_as_absent(Stage& stage) {
  for (const char* const field :
       {"retry-after: soon\r\n", "retry-after: -5\r\n", "retry-after: 0\r\n", "retry-after: \r\n",
        "retry-after: nan\r\n", "retry-after: 5 minutes\r\n", "retry-after-ms: 0x10\r\n"}) {
    leaves_alone(stage, field, jitter);
  }
}

// A gateway whose providers have several keys or deployments: p at that port, of `keys`, and models with one target
// each, which are called there as here.
std::string one_provider(std::uint16_t port, const std::string& keys, const std::vector<std::string>& models) {
  std::string yaml = "server: {listen: \"127.0.0.1:0\", workers: 1}\nadmin: {listen: \"127.0.0.1:0\"}\nproviders:\n";
  yaml += "  p: {kind: openai-compatible, " + keys + ", base_url: \"http://127.0.0.1:" + std::to_string(port) +
          "/v1\", breaker: {cooldown: 60s}}\nmodels:\n";
  for (const std::string& model : models) yaml += "  " + model + ": {targets: [{provider: p}]}\n";
  return yaml + "keys:\n  - {name: app, secret: \"${CALLER_KEY}\"}\n";
}

const std::string one_key = "api_key: \"${PROVIDER_KEY}\"";
const std::string two_keys = "api_keys: [\"${PROVIDER_KEY}\", \"${OTHER_KEY}\"]";

// Answers requests whose head or body has that text so, and all others well.
Script refusing_those_with(std::string_view text, const std::string& refusal) {
  Script script;
  script.read_request().decide([text = std::string(text), refusal](const SeenRequest& request) {
    const bool is_refused = (request.head + request.body).find(text) != std::string::npos;
    return Script().send(is_refused ? refusal : completion("fine"));
  });
  return script.again();
}

std::size_t seen_with(const ScriptedUpstream& upstream, std::string_view text) {
  std::size_t count = 0;
  for (const SeenRequest& request : upstream.seen()) {
    count += (request.head + request.body).find(text) != std::string::npos ? 1 : 0;
  }
  return count;
}

void row_34_another_deployment_is_not_left_alone(Stage& stage) {
  auto& upstream = stage.upstream(refusing_those_with("busy", response(429, plain_refusal, "retry-after: 30\r\n")));
  stage.open_with(one_provider(upstream.port(), one_key, {"busy", "idle"}));
  for (int i = 0; i < 3; ++i) {
    expect_error(stage.ask(asking_for("busy")), 429);
    expect_words(stage.ask(asking_for("idle")), "fine");
  }
  EXPECT_EQ(seen_with(upstream, "busy"), 1u);
}

void row_34_another_key_is_not_left_alone(Stage& stage) {
  auto& upstream =
      stage.upstream(refusing_those_with(provider_key, response(429, plain_refusal, "retry-after: 30\r\n")));
  stage.open_with(one_provider(upstream.port(), two_keys, {"m"}));
  for (int i = 0; i < 6; ++i) expect_words(stage.ask(chat()), "fine");
  EXPECT_EQ(seen_with(upstream, provider_key), 1u);
  EXPECT_EQ(upstream.requests(), 7u) << "the next key is tried at once, and then alone";
}

// Nobody is asked, and the answer is that status with a wait of at most so many seconds.
void refuses_unasked(Stage& stage, int status, long seconds) {
  for (const std::string& request : {chat(), chat_stream()}) {
    const Answer answer = stage.ask(request);
    expect_error(answer, status, "no_healthy_deployment");
    const long wait = std::atol(answer.field("retry-after-ms").c_str());
    EXPECT_LE(wait, seconds * 1'000);
    EXPECT_GT(wait, (seconds - 15) * 1'000) << "not the smallest";
    EXPECT_FALSE(answer.has("x-sluice-attempts"));
  }
}

void row_34_where_all_are_cooling_the_smallest_remaining_time_is_told(Stage& stage) {
  std::vector<ScriptedUpstream*> all;
  for (const char* const wait : {"50", "20", "35"}) {
    all.push_back(&stage.upstream(refusing(429, "retry-after: " + std::string(wait) + "\r\n")));
  }
  stage.open({all[0]->port(), all[1]->port(), all[2]->port()});
  const Answer first = stage.ask(chat());
  expect_error(first, 429, "rate_limit_exceeded");
  EXPECT_EQ(first.field("retry-after"), "20");
  refuses_unasked(stage, 429, 20);
  for (const ScriptedUpstream* const upstream : all) EXPECT_EQ(upstream->requests(), 1u);
}

void row_34_where_not_all_are_cooling_because_of_429_it_is_503(Stage& stage) {
  auto& limited = stage.upstream(refusing(429, "retry-after: 30\r\n"));
  auto& broken = stage.upstream(refusing(500));
  stage.open({limited.port(), broken.port()},
             {.model = "retry: {attempts: 2}", .provider = "breaker: {failures: 1, cooldown: 20s}"});
  expect_error(stage.ask(chat()), 502, "upstream_error");
  refuses_unasked(stage, 503, 20);
  EXPECT_EQ(limited.requests() + broken.requests(), 2u);
}

void row_35_429_without_a_time_is_left_alone_for_longer_each_time(Stage& stage) {
  auto& limited = stage.upstream(refusing(429));
  stage.open({limited.port()});
  ASSERT_TRUE(eventually([&] {
    expect_error(stage.ask(chat()), 429);
    return limited.requests() >= 3;
  }));
  const auto told = closings(stage);
  const auto seen = limited.seen();
  ASSERT_EQ(told.size(), 3u);
  ASSERT_EQ(seen.size(), 3u);
  for (std::size_t i = 0; i < told.size(); ++i) {
    EXPECT_EQ(told[i].reason, "rate_limited");
    EXPECT_GE(told[i].milliseconds, 100);
    EXPECT_LE(told[i].milliseconds, 1'000 << i);
    if (i == 0) continue;
    const auto pause = std::chrono::duration_cast<milliseconds>(seen[i].at - seen[i - 1].at);
    EXPECT_GE(pause.count() + 1, told[i - 1].milliseconds) << "it was asked again too early";
  }
}

struct Refusal {
  int status;
  std::string body;
};

const std::vector<Refusal> empty_accounts = {
    {429, no_quota},
    {402, plain_refusal},
    {429, R"({"error":{"message":"no","type":"t","param":null,"code":"credit_balance_exhausted"}})"}};

void row_36_a_key_without_quota_is_left_alone_for_long_and_the_next_one_is_used(Stage& stage) {
  for (const Refusal& refusal : empty_accounts) {
    SCOPED_TRACE(refusal.body + std::to_string(refusal.status));
    auto& upstream = stage.upstream(refusing_those_with(provider_key, response(refusal.status, refusal.body)));
    stage.open_with(one_provider(upstream.port(), two_keys, {"m", "n"}));
    for (int i = 0; i < 4; ++i) {
      expect_words(stage.ask(asking_for("m")), "fine");
      expect_words(stage.ask(asking_for("n")), "fine");
    }
    EXPECT_EQ(seen_with(upstream, provider_key), 1u) << "whatever the deployment, the key is empty";
    EXPECT_EQ(upstream.requests(), 9u);
    const auto told = closings(stage);
    ASSERT_EQ(told.size(), 1u);
    EXPECT_TRUE(told[0].is_error) << "somebody has to know";
    EXPECT_EQ(told[0].reason, "no_quota");
    EXPECT_EQ(told[0].milliseconds, 600'000);
  }
}

void row_36_an_only_key_without_quota_is_not_tried_again(Stage& stage) {
  for (const Refusal& refusal : empty_accounts) {
    SCOPED_TRACE(refusal.body + std::to_string(refusal.status));
    auto& upstream = stage.upstream(always(response(refusal.status, refusal.body, "retry-after: 1\r\n")));
    stage.open({upstream.port()});
    expect_error(stage.ask(chat()), 429, "insufficient_quota");
    for (int i = 0; i < 3; ++i) {
      const Answer answer = stage.ask(chat());
      expect_error(answer, 429, "no_healthy_deployment");
      EXPECT_EQ(answer.field("retry-after"), "60");
    }
    EXPECT_EQ(upstream.requests(), 1u);
  }
}

// So many callers at once; what all of them were answered.
std::vector<Answer> ask_at_once(Stage& stage, int callers) {
  std::vector<RawClient> clients;
  std::vector<Answer> answers;
  for (int i = 0; i < callers; ++i) clients.push_back(stage.gateway().client());
  for (RawClient& client : clients) EXPECT_TRUE(client.send(chat()));
  for (RawClient& client : clients) stage.received(answers.emplace_back(client.read_answer()));
  stage.count(clients.size());
  return answers;
}

void expect_bounded(const ScriptedUpstream& upstream, Stage& stage, std::size_t requests) {
  // A fifth more, and the three repetitions that every provider begins with.
  EXPECT_LE(upstream.requests(), requests + requests / 5 + 3);
  const auto attempts = static_cast<double>(upstream.requests());
  EXPECT_EQ(stage.gateway().metric("sluice_upstream_attempts_total", {"provider=\"p1\""}), attempts);
  record("attempts_per_100_requests", static_cast<long>(attempts * 100) / static_cast<long>(requests));
}

void row_37_a_storm_is_not_amplified_while_the_breaker_is_closed(Stage& stage) {
  for (const int status : {500, 502, 503, 504, 529}) {
    SCOPED_TRACE(status);
    auto& upstream = stage.upstream(refusing(status));
    stage.open({upstream.port()}, {.provider = "breaker: {failures: 1000000}"});
    for (const Answer& answer : ask_at_once(stage, 100)) expect_error_among(answer, {502, 503, 504});
    EXPECT_GE(upstream.requests(), 100u);
    expect_bounded(upstream, stage, 100);
    const auto repetitions = static_cast<double>(upstream.requests() - 100);
    EXPECT_EQ(stage.gateway().metric("sluice_retries_total", {"provider=\"p1\""}), repetitions);
  }
}

void row_37_a_storm_opens_the_breaker(Stage& stage) {
  for (const int status : {500, 502, 503, 504, 529}) {
    SCOPED_TRACE(status);
    auto& upstream = stage.upstream(refusing(status));
    stage.open({upstream.port()}, {.provider = "breaker: {cooldown: 60s}"});
    for (int i = 0; i < 50; ++i) expect_error_among(stage.ask(chat()), {502, 503, 504});
    EXPECT_EQ(upstream.requests(), 5u) << "so many in a row open it";
    EXPECT_EQ(stage.gateway().metric("sluice_breaker_state", {"provider=\"p1\""}), 2);
    expect_bounded(upstream, stage, 50);
    const auto told = closings(stage);
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0].reason, "broken");
    EXPECT_EQ(told[0].milliseconds, 60'000);
    refuses_unasked(stage, 503, 60);
  }
}

void row_37_a_storm_at_one_provider_is_not_noticed_where_there_is_another(Stage& stage) {
  auto& upstream = stage.upstream(refusing(500));
  auto& other = stage.upstream(always(completion("from the other")));
  stage.open({upstream.port(), other.port()}, {.model = "affinity: off", .provider = "breaker: {cooldown: 60s}"});
  for (int i = 0; i < 50; ++i) expect_words(stage.ask(chat()), "from the other");
  EXPECT_EQ(upstream.requests(), 5u);
  EXPECT_EQ(other.requests(), 50u);
}

void row_39_a_key_that_is_not_accepted_is_502_and_somebody_is_told(Stage& stage) {
  for (const int status : {401, 403}) {
    SCOPED_TRACE(status);
    auto& upstream = stage.upstream(refusing(status, "www-authenticate: Bearer\r\n"));
    stage.open({upstream.port()});
    for (const std::string& request : {chat(), chat_stream(), chat()}) {
      const Answer answer = stage.ask(request);
      expect_error(answer, 502, "upstream_auth");
      EXPECT_FALSE(answer.has("www-authenticate"));
    }
    EXPECT_EQ(upstream.requests(), 3u) << "where there is no other, it may be good again; but once for each caller";
    for (const Closing& told : closings(stage)) {
      EXPECT_TRUE(told.is_error);
      EXPECT_EQ(told.reason, "key_refused");
      EXPECT_GT(told.milliseconds, 0);
    }
    // 403 may be about this one model: the key is not held responsible.
    EXPECT_EQ(closings(stage).size(), status == 401 ? 3u : 0u);
  }
}

void row_39_a_key_that_is_not_accepted_is_left_alone_where_there_is_another_target(Stage& stage) {
  auto& refused = stage.upstream(refusing(401));
  auto& other = stage.upstream(always(completion("from the other")));
  stage.open({refused.port(), other.port()});
  for (int i = 0; i < 5; ++i) expect_words(stage.ask(chat()), "from the other");
  EXPECT_EQ(refused.requests(), 1u);
  const auto told = closings(stage);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].reason, "key_refused");
  EXPECT_EQ(told[0].milliseconds, 60'000);
}

void row_39_the_next_key_is_used_for_all_deployments(Stage& stage) {
  auto& upstream = stage.upstream(refusing_those_with(provider_key, response(401, plain_refusal)));
  stage.open_with(one_provider(upstream.port(), two_keys, {"m", "n"}));
  for (int i = 0; i < 4; ++i) {
    expect_words(stage.ask(asking_for("m")), "fine");
    expect_words(stage.ask(asking_for("n")), "fine");
  }
  EXPECT_EQ(seen_with(upstream, provider_key), 1u);
  EXPECT_EQ(upstream.requests(), 9u);
}

constexpr Row rows[] = {
    {"row_34_whole_seconds", row_34_whole_seconds},
    {"row_34_seconds_with_a_fraction", row_34_seconds_with_a_fraction},
    {"row_34_milliseconds", row_34_milliseconds},
    {"row_34_a_date", row_34_a_date},
    {"row_34_a_date_that_is_past", row_34_a_date_that_is_past},
    {"row_34_a_minute_at_most", row_34_a_minute_at_most},
    {"row_34_garbage_counts_as_absent", row_34_garbage_counts_as_absent},
    {"row_34_another_deployment_is_not_left_alone", row_34_another_deployment_is_not_left_alone},
    {"row_34_another_key_is_not_left_alone", row_34_another_key_is_not_left_alone},
    {"row_34_where_all_are_cooling_the_smallest_remaining_time_is_told",
     row_34_where_all_are_cooling_the_smallest_remaining_time_is_told},
    {"row_34_where_not_all_are_cooling_because_of_429_it_is_503",
     row_34_where_not_all_are_cooling_because_of_429_it_is_503},
    {"row_35_429_without_a_time_is_left_alone_for_longer_each_time",
     row_35_429_without_a_time_is_left_alone_for_longer_each_time},
    {"row_36_a_key_without_quota_is_left_alone_for_long_and_the_next_one_is_used",
     row_36_a_key_without_quota_is_left_alone_for_long_and_the_next_one_is_used},
    {"row_36_an_only_key_without_quota_is_not_tried_again", row_36_an_only_key_without_quota_is_not_tried_again},
    {"row_37_a_storm_is_not_amplified_while_the_breaker_is_closed",
     row_37_a_storm_is_not_amplified_while_the_breaker_is_closed},
    {"row_37_a_storm_opens_the_breaker", row_37_a_storm_opens_the_breaker},
    {"row_37_a_storm_at_one_provider_is_not_noticed_where_there_is_another",
     row_37_a_storm_at_one_provider_is_not_noticed_where_there_is_another},
    {"row_39_a_key_that_is_not_accepted_is_502_and_somebody_is_told",
     row_39_a_key_that_is_not_accepted_is_502_and_somebody_is_told},
    {"row_39_a_key_that_is_not_accepted_is_left_alone_where_there_is_another_target",
     row_39_a_key_that_is_not_accepted_is_left_alone_where_there_is_another_target},
    {"row_39_the_next_key_is_used_for_all_deployments", row_39_the_next_key_is_used_for_all_deployments},
};
INSTANTIATE_TEST_SUITE_P(traffic_faults, FaultRow, ::testing::ValuesIn(rows), row_name);

}  // namespace
}  // namespace sluice::test

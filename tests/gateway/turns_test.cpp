// Many callers at once: who has to wait, who goes first, who finds out whether a provider is well again, and what
// operators are told about all of it.
#include <algorithm>
#include <memory>

#include "gateway/routed.hpp"

namespace sluice::test {
namespace {

// Answers once that signal has come.
Script held_until(const std::string& signal, std::string_view words = "fine") {
  Script script;
  script.read_request().wait_for(signal).send(completion(words));
  return script.again();
}

// How many requests an upstream has had under way. Written on its thread only, read when it is quiet.
struct Load {
  int now = 0;
  int most = 0;
};

// The same, and keeps count.
Script weighed(const std::shared_ptr<Load>& load, const std::string& signal) {
  Script script;
  script.read_request().decide([load](const SeenRequest&) {
    load->most = std::max(load->most, ++load->now);
    return Script();
  });
  script.wait_for(signal).send(completion("fine")).decide([load](const SeenRequest&) {
    --load->now;
    return Script();
  });
  return script.again();
}

// Callers who asked and wait for their answers.
class Callers {
 public:
  Callers(Stage& stage, std::size_t count, const std::string& request) : stage_(stage) {
    for (std::size_t i = 0; i < count; ++i) clients_.push_back(stage.gateway().client());
    for (RawClient& client : clients_) EXPECT_TRUE(client.send(request));
    stage.count(count);
  }
  std::vector<Answer> answers() {
    std::vector<Answer> all;
    for (RawClient& client : clients_) stage_.received(all.emplace_back(client.read_answer()));
    return all;
  }

 private:
  Stage& stage_;
  std::vector<RawClient> clients_;
};

std::size_t with_status(const std::vector<Answer>& answers, int status) {
  return static_cast<std::size_t>(
      std::count_if(answers.begin(), answers.end(), [status](const Answer& one) { return one.status == status; }));
}

class Turns : public Routed, public ::testing::WithParamInterface<int> {};

TEST_P(Turns, are_waited_for_where_a_target_has_as_much_to_do_as_it_may) {
  const auto load = std::make_shared<Load>();
  auto& upstream = provider("p", weighed(load, "go"));
  auto& gateway = open("  m: {targets: [{provider: p, concurrent: {limit: 3, wait: 60s}}]}\n", "", GetParam());
  Callers callers(stage_, 12, chat());
  ASSERT_TRUE(upstream.await_requests(3));
  EXPECT_EQ(gateway.await_metric("sluice_requests_in_flight", 12), 12);
  EXPECT_EQ(gateway.metric("sluice_upstream_in_flight", {"provider=\"p\""}), 3);
  upstream.signal("go");
  EXPECT_EQ(with_status(callers.answers(), 200), 12u);
  EXPECT_EQ(load->most, 3);
}

TEST_P(Turns, are_not_waited_for_where_there_is_another_target) {
  auto& upstream = provider("p", held_until("go"));
  provider("q", always(completion("from the other")));
  open("  m: {targets: [{provider: p, concurrent: 1}, {provider: q}], affinity: off}\n", "", GetParam());
  Callers first(stage_, 1, chat());
  ASSERT_TRUE(upstream.await_requests(1));
  Callers others(stage_, 6, chat());
  for (const Answer& answer : others.answers()) expect_words(answer, "from the other");
  upstream.signal("go");
  EXPECT_EQ(with_status(first.answers(), 200), 1u);
  EXPECT_EQ(upstream.requests(), 1u);
}

TEST_P(Turns, are_refused_where_too_many_wait_already_or_for_too_long) {
  auto& busy = provider("busy", held_until("go"));
  auto& slow = provider("slow", held_until("go"));
  open(
      "  m: {targets: [{provider: busy, concurrent: {limit: 1, queue: 0}}]}\n"
      "  n: {targets: [{provider: slow, concurrent: {limit: 1, queue: 10, wait: 50ms}}]}\n",
      "", GetParam());
  Callers first(stage_, 1, request_of("m"));
  Callers second(stage_, 1, request_of("n"));
  ASSERT_TRUE(busy.await_requests(1));
  ASSERT_TRUE(slow.await_requests(1));
  for (int i = 0; i < 3; ++i) {
    expect_error(ask("m"), 503, "overloaded");
    expect_error(ask("n"), 503, "overloaded");
  }
  EXPECT_EQ(busy.requests() + slow.requests(), 2u);
  busy.signal("go");
  slow.signal("go");
  EXPECT_EQ(with_status(first.answers(), 200), 1u);
  EXPECT_EQ(with_status(second.answers(), 200), 1u);
}
INSTANTIATE_TEST_SUITE_P(workers, Turns, ::testing::Values(1, 2));

class Queues : public Routed {};

TEST_F(Queues, let_callers_of_high_priority_go_first) {
  auto& upstream = provider("p", held_until("go"));
  auto& gateway = open("  m: {targets: [{provider: p, concurrent: {limit: 1, wait: 60s}}]}\n",
                       "teams: {urgent: {priority: high}, idle: {priority: low}}\n"
                       "keys:\n  - {name: app, secret: \"${CALLER_KEY}\"}\n"
                       "  - {name: hurried, team: urgent, secret: \"${OTHER_KEY}\"}\n"
                       "  - {name: patient, team: idle, secret: \"${THIRD_KEY}\"}\n");
  const auto asking = [](std::string_view secret, std::string_view words) {
    return post("/v1/chat/completions", chat_body("m", words), bearer(secret));
  };
  Callers holding(stage_, 1, asking(caller_key, "first"));
  ASSERT_TRUE(upstream.await_requests(1));
  // One worker takes them in the order in which they come: each is in the queue before the next is read.
  Callers patient(stage_, 2, asking("sk-third-canary-0c55fe", "low"));
  EXPECT_EQ(gateway.await_metric("sluice_requests_in_flight", 3), 3);
  Callers usual(stage_, 2, asking(caller_key, "normal"));
  EXPECT_EQ(gateway.await_metric("sluice_requests_in_flight", 5), 5);
  Callers hurried(stage_, 2, asking("sk-other-canary-77aa42", "high"));
  EXPECT_EQ(gateway.await_metric("sluice_requests_in_flight", 7), 7);
  upstream.signal("go");
  for (Callers* const some : {&holding, &patient, &usual, &hurried}) {
    for (const Answer& answer : some->answers()) expect_words(answer, "fine");
  }
  std::vector<SeenRequest> seen = upstream.seen();
  std::stable_sort(seen.begin(), seen.end(), [](const auto& left, const auto& right) { return left.at < right.at; });
  std::string order;
  for (const SeenRequest& request : seen) {
    for (const char* const words : {"first", "high", "normal", "low"}) {
      if (request.body.find(words) != std::string::npos) order += std::string(words) + " ";
    }
  }
  EXPECT_EQ(order, "first high high normal normal low low ");
}

// Whether a provider that failed once is well again: the first request fails, the second is held.
class Probes : public Routed, public ::testing::WithParamInterface<int> {
 protected:
  void SetUp() override {
    const auto requests = std::make_shared<int>(0);
    Script script;
    script.read_request().decide([requests](const SeenRequest&) {
      ++*requests;
      if (*requests == 1) return Script().send(response(500, odd_refusal("server_error")));
      if (*requests == 2) return Script().wait_for("well").send(completion("well again"));
      return Script().send(completion("well"));
    });
    upstream_ = &provider("p", script.again(), "breaker: {failures: 1, cooldown: 50ms}");
    open("  m: {targets: [{provider: p}], retry: {attempts: 1}}\n", "", GetParam());
    expect_error(ask(), 502, "upstream_error");
    EXPECT_EQ(breaker(1), 1) << "half open after its time";
  }
  // Waits for that state of the breaker and tells the one there is.
  double breaker(double state) {
    return stage_.gateway().await_metric("sluice_breaker_state", state, {"provider=\"p\""});
  }

  ScriptedUpstream* upstream_ = nullptr;
};

TEST_P(Probes, are_one_at_a_time_however_many_ask) {
  Callers callers(stage_, 20, chat());
  EXPECT_EQ(stage_.gateway().access_lines(20).size(), 20u) << "all but one are told at once";
  EXPECT_EQ(upstream_->requests(), 2u);
  upstream_->signal("well");
  const std::vector<Answer> answers = callers.answers();
  EXPECT_EQ(with_status(answers, 200), 1u);
  for (const Answer& answer : answers) {
    if (answer.status != 200) expect_error(answer, 503, "no_healthy_deployment");
  }
  EXPECT_EQ(breaker(0), 0);
  expect_words(ask(), "well");
}

TEST_P(Probes, whose_caller_leaves_make_room_for_the_next) {
  {
    const Callers leaving(stage_, 1, chat());
    ASSERT_TRUE(upstream_->await_requests(2));
  }
  ASSERT_TRUE(eventually([this] { return ask().status == 200; }));
  EXPECT_EQ(upstream_->requests(), 3u);
  EXPECT_EQ(breaker(0), 0);
}
INSTANTIATE_TEST_SUITE_P(workers, Probes, ::testing::Values(1, 2));

class Operators : public Routed, public ::testing::WithParamInterface<int> {};

TEST_P(Operators, see_where_a_request_went_and_why) {
  provider("abroad", always(completion("never")), "residency: us");
  provider("failing", refusing(500, "server_error"), "residency: eu");
  provider("sound", always(completion("fine")), "residency: eu");
  open("  m: {targets: [{provider: abroad}, {provider: failing, model: x}, {provider: sound}]}\n",
       "routes: [{name: at-home, when: {model: m}, require: {residency: eu}}]\n", GetParam());
  const Answer answer = ask();
  expect_words(answer, "fine");
  const std::string path = "/admin/v1/requests/" + answer.field("x-request-id");
  const nlohmann::json trace = told(path);
  EXPECT_EQ(trace["id"], answer.field("x-request-id"));
  EXPECT_EQ(trace["route"], "at-home");
  EXPECT_EQ(trace["model"], "m");
  EXPECT_EQ(trace["status"], 200);
  ASSERT_EQ(trace["candidates"].size(), 3u) << trace.dump();
  EXPECT_EQ(trace["candidates"][0]["provider"], "failing");
  EXPECT_EQ(trace["candidates"][0]["deployment"], "x");
  EXPECT_EQ(trace["candidates"][1]["provider"], "sound");
  EXPECT_EQ(trace["candidates"][2]["provider"], "abroad");
  EXPECT_EQ(trace["candidates"][2]["excluded"], "residency");
  ASSERT_EQ(trace["attempts"].size(), 2u) << trace.dump();
  EXPECT_EQ(trace["attempts"][0]["provider"], "failing");
  EXPECT_EQ(trace["attempts"][0]["outcome"], "5xx");
  EXPECT_EQ(trace["attempts"][0]["code"], "upstream_error");
  EXPECT_EQ(trace["attempts"][1]["provider"], "sound");
  EXPECT_EQ(trace["attempts"][1]["outcome"], "ok");
  EXPECT_EQ(operators(path, false).status, 401);
  EXPECT_EQ(operators("/admin/v1/requests/req_none").status, 404);
}

TEST_P(Operators, see_who_is_left_alone_and_for_how_long) {
  provider("limited", refusing(429, "rate_limit_exceeded", "retry-after: 40\r\n"), "residency: eu, retention: 30d");
  provider("sound", always(completion("fine")), "api_keys: [\"${PROVIDER_KEY}\", \"${OTHER_KEY}\"]");
  open("  m: {targets: [{provider: limited}, {provider: sound, model: x}]}\n", "", GetParam());
  expect_words(ask(), "fine");
  const nlohmann::json all = told("/admin/v1/providers")["providers"];
  ASSERT_EQ(all.size(), 2u) << all.dump();
  EXPECT_EQ(all[0]["name"], "limited");
  EXPECT_EQ(all[0]["residency"], "eu");
  EXPECT_EQ(all[0]["retention"], "30d");
  ASSERT_EQ(all[0]["deployments"].size(), 1u);
  EXPECT_EQ(all[0]["deployments"][0]["closed"], "rate_limited");
  EXPECT_GT(all[0]["deployments"][0]["seconds_left"], 20);
  EXPECT_LE(all[0]["deployments"][0]["seconds_left"], 40);
  EXPECT_EQ(all[1]["keys"], 2);
  ASSERT_EQ(all[1]["deployments"].size(), 2u) << "one for each key";
  EXPECT_EQ(all[1]["deployments"][0]["deployment"], "x");
  EXPECT_TRUE(all[1]["deployments"][0]["closed"].is_null());
  EXPECT_EQ(operators("/admin/v1/providers", false).status, 401);
  EXPECT_EQ(operators("/admin/v1/providers").body.find(provider_key), std::string::npos);
}
INSTANTIATE_TEST_SUITE_P(workers, Operators, ::testing::Values(1, 2));

}  // namespace
}  // namespace sluice::test

// The rest of what the outside relies on: paths, ids, retries, limits, keep-alive, and what is told to operators.
#include <algorithm>
#include <set>

#include "gateway/stage.hpp"

namespace sluice::test {
namespace {

class Contract : public ::testing::Test {
 protected:
  GatewayUnderTest& open(const Details& details = {}) { return stage_.open({upstream_->port()}, details); }
  Answer ask(const std::string& request) { return stage_.ask(request); }
  // Asks a gateway of its own whose targets answer like this, in that order.
  Answer ask_targets(const std::vector<Script>& scripts, const std::string& retry = "");
  void TearDown() override { stage_.settle(); }

  Stage stage_;
  ScriptedUpstream* upstream_ = &stage_.upstream(always(completion("fine")));
  std::vector<ScriptedUpstream*> targets_;
};

Answer Contract::ask_targets(const std::vector<Script>& scripts, const std::string& retry) {
  std::vector<std::uint16_t> ports;
  targets_.clear();
  for (const Script& script : scripts) {
    targets_.push_back(&stage_.upstream(script));
    ports.push_back(targets_.back()->port());
  }
  stage_.open(ports, {.model = retry});
  return ask(chat());
}

Script refusing(int status, const std::string& fields = "") {
  return always(response(status, R"({"error":{"message":"no","type":"t","param":null,"code":null}})", fields));
}

TEST_F(Contract, methods_and_paths) {
  open();
  const auto with_method = [](const std::string& method, const std::string& target) {
    return method + " " + target + " HTTP/1.1\r\nhost: localhost\r\n" + bearer() + "content-length: 0\r\n\r\n";
  };
  for (const char* const method : {"GET", "PUT", "DELETE", "PATCH", "BREW"}) {
    const Answer answer = ask(with_method(method, "/v1/chat/completions"));
    expect_error(answer, 405);
    EXPECT_EQ(answer.field("allow"), "POST") << method;
  }
  const Answer answer = ask(with_method("POST", "/v1/models"));
  expect_error(answer, 405);
  EXPECT_NE(answer.field("allow").find("GET"), std::string::npos);
  expect_error(ask(with_method("POST", "/v1/nothing")), 404);
  expect_error(ask(with_method("POST", "/v2/chat/completions")), 404);
}

TEST_F(Contract, health_needs_no_key) {
  auto& gateway = open();
  EXPECT_EQ(ask(get("/healthz")).status, 200);
  EXPECT_EQ(gateway.admin("/livez").status, 200);
  EXPECT_EQ(gateway.admin("/readyz").status, 200);
  EXPECT_EQ(gateway.admin("/metrics").status, 200);
  EXPECT_NE(gateway.admin("/v1/models").status, 200) << "no API on the admin plane";
}

TEST_F(Contract, the_caller_s_request_id_is_kept_and_ours_is_unique) {
  open();
  for (const auto& [name, id] : {std::pair<std::string, std::string>{"x-request-id", "abc-DEF_1.2"},
                                 {"x-request-id", std::string(128, 'a')},
                                 {"x-client-request-id", "abc-DEF_1.3"},
                                 {"X-Client-Request-Id", std::string(128, 'b')}}) {
    EXPECT_EQ(ask(chat(name + ": " + id + "\r\n")).field("x-request-id"), id);
  }
  std::set<std::string> ids;
  for (int i = 0; i < 20; ++i) ids.insert(ask(chat()).field("x-request-id"));
  for (int i = 0; i < 5; ++i) ids.insert(ask(get("/v1/nothing")).field("x-request-id"));
  EXPECT_EQ(ids.size(), 25u);
}

TEST_F(Contract, proxied_replies_tell_where_they_came_from) {
  open();
  const Answer answer = ask(chat());
  EXPECT_TRUE(answer.has("x-sluice-model"));
  EXPECT_EQ(answer.field("x-sluice-provider"), "p1");
  EXPECT_EQ(answer.field("x-sluice-attempts"), "1");
  EXPECT_NE(answer.field("server-timing").find("sluice;dur="), std::string::npos) << answer.head;
  EXPECT_NE(answer.field("server-timing").find("upstream;dur="), std::string::npos) << answer.head;
}

TEST_F(Contract, attempts_are_bounded_over_all_targets) {
  const std::vector<Script> failing(4, refusing(500));
  for (const auto& [retry, expected] :
       {std::pair{"", 3u}, {"retry: {attempts: 1}", 1u}, {"retry: {attempts: 2}", 2u}, {"retry: {attempts: 4}", 4u}}) {
    SCOPED_TRACE(retry);
    const Answer answer = ask_targets(failing, retry);
    expect_error(answer, 502, "upstream_error");
    EXPECT_EQ(answer.field("x-sluice-attempts"), std::to_string(expected));
    std::size_t sum = 0;
    for (const ScriptedUpstream* const target : targets_) sum += target->requests();
    EXPECT_EQ(sum, expected);
    EXPECT_EQ(targets_[0]->requests(), 1u) << "targets are asked in order";
    const auto line = stage_.gateway().access_lines(1);
    ASSERT_EQ(line.size(), 1u);
    EXPECT_EQ(line[0]["attempts"], expected);
  }
}

TEST_F(Contract, a_single_target_is_never_asked_more_often_than_allowed) {
  ask_targets({refusing(503)});
  EXPECT_GE(targets_[0]->requests(), 1u);
  EXPECT_LE(targets_[0]->requests(), 3u);
}

TEST_F(Contract, when_all_targets_are_rate_limited_the_smallest_valid_wait_is_told) {
  struct Case {
    std::vector<std::string> fields;
    std::string told;
  };
  for (const Case& one : {Case{{"retry-after: 7\r\n", "retry-after: 3\r\n"}, "3"},
                          {{"retry-after: 3\r\n", "retry-after: 7\r\n"}, "3"},
                          {{"retry-after: soon\r\n", "retry-after: 5\r\n"}, "5"},
                          {{"retry-after: 0\r\n", "retry-after: 5\r\n"}, "5"},
                          {{"retry-after: -2\r\n", "retry-after: 5\r\n"}, "5"},
                          {{"retry-after: Wed, 21 Oct 2015 07:28:00 GMT\r\n", "retry-after: 5\r\n"}, "5"},
                          {{"retry-after-ms: 2500\r\n", "retry-after: 5\r\n"}, "3"},
                          {{"", "retry-after: 4\r\n"}, "4"},
                          {{"", ""}, "1"},
                          {{"retry-after: never\r\n", "retry-after: 0\r\n"}, "1"}}) {
    SCOPED_TRACE(one.fields[0] + one.fields[1]);
    const Answer answer = ask_targets({refusing(429, one.fields[0]), refusing(429, one.fields[1])});
    expect_error(answer, 429, "rate_limit_exceeded");
    EXPECT_EQ(answer.field("retry-after"), one.told);
  }
}

TEST_F(Contract, mixed_failures_end_with_the_last_one_s_class) {
  Script resets;
  resets.read_request().reset();
  Script hangs;
  hangs.read_request().hang();
  struct Case {
    std::vector<Script> targets;
    std::vector<int> statuses;
  };
  for (const Case& one : {Case{{refusing(429), refusing(500)}, {502}},
                          {{refusing(500), refusing(429)}, {502, 503}},  // 429 only if all were
                          {{hangs, resets}, {502}},
                          {{resets, hangs}, {504}}}) {
    expect_error_among(ask_targets(one.targets, "timeouts: {first_byte: 150ms}, retry: {attempts: 2}"), one.statuses);
  }
}

TEST_F(Contract, a_failing_target_is_followed_by_the_next) {
  for (const int status : {429, 500, 502, 503, 504, 529}) {
    SCOPED_TRACE(status);
    const Answer answer = ask_targets({refusing(status), always(completion("second"))});
    expect_words(answer, "second");
    EXPECT_EQ(answer.field("x-sluice-attempts"), "2");
    EXPECT_EQ(answer.field("x-sluice-provider"), "p2");
  }
}

TEST_F(Contract, the_log_tells_why_each_target_failed) {
  expect_words(ask_targets({refusing(503), always(completion("second"))}), "second");
  EXPECT_TRUE(eventually([this] {
    const std::string log = stage_.gateway().log_text();
    return log.find("an attempt failed") != std::string::npos && log.find("p1") != std::string::npos &&
           log.find("5xx") != std::string::npos;
  })) << stage_.gateway().log_text();
}

TEST_F(Contract, our_own_key_s_trouble_is_never_the_caller_s) {
  for (const int status : {401, 403}) {
    expect_error(ask_targets({refusing(status)}, "retry: {attempts: 1}"), 502, "upstream_auth");
    expect_words(ask_targets({refusing(status), always(completion("with a better key"))}), "with a better key");
  }
}

TEST_F(Contract, redirects_are_not_followed) {
  auto& elsewhere = stage_.upstream(always(completion("elsewhere")));
  const Answer answer = ask_targets(
      {refusing(307, "location: http://127.0.0.1:" + std::to_string(elsewhere.port()) + "/v1/chat/completions\r\n")},
      "retry: {attempts: 1}");
  EXPECT_FALSE(answer.has("location"));
  EXPECT_EQ(elsewhere.connections(), 0u);
  expect_error(answer, 502);
}

TEST_F(Contract, too_many_connections_are_told_so_unread) {
  auto& gateway = open({.server = "limits: {connections: 4}"});
  std::vector<RawClient> inside;
  for (int i = 0; i < 4; ++i) {
    inside.push_back(gateway.client());
    stage_.count(1);
    inside.back().send(chat());
    expect_words(inside.back().read_answer(), "fine");
  }
  RawClient outside = gateway.client();
  stage_.count_refused(1);
  const Answer refused = outside.read_answer();
  expect_error(refused, 503);
  EXPECT_EQ(refused.field("connection"), "close");
  EXPECT_EQ(outside.await_close(), Ending::closed);
  inside.pop_back();
  EXPECT_TRUE(eventually([&] {
    RawClient client = gateway.client();
    client.send(get("/healthz"));
    stage_.count_refused(1);
    return client.read_answer().status == 200;
  }));
}

TEST_F(Contract, more_buffered_bodies_than_allowed_are_503) {
  Script hangs;
  hangs.read_request().wait_for("go").send(completion("late"));
  auto& slow = stage_.upstream(hangs);
  auto& gateway = stage_.open({slow.port()}, {.server = "limits: {body: 256KiB, buffered: 512KiB}"});
  const std::string large = post("/v1/chat/completions", chat_body("m", std::string(200'000, 'x')), bearer());
  std::vector<RawClient> holders;
  for (int i = 0; i < 2; ++i) {
    holders.push_back(gateway.client());
    stage_.count(1);
    holders.back().send(large);
    ASSERT_TRUE(slow.await_requests(static_cast<std::size_t>(i) + 1));
  }
  expect_error(ask(large), 503);
  slow.signal("go");
  for (RawClient& holder : holders) expect_words(holder.read_answer(), "late");
  expect_words(ask(large), "late");
}

TEST_F(Contract, pipelined_requests_are_answered_in_order) {
  auto& gateway = open();
  RawClient client = gateway.client();
  stage_.count(3);
  client.send(chat("x-request-id: first\r\n") + get("/v1/models", bearer() + "x-request-id: second\r\n") +
              chat("x-request-id: third\r\n"));
  for (const char* const id : {"first", "second", "third"}) {
    const Answer answer = client.read_answer();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.field("x-request-id"), id);
  }
}

TEST_F(Contract, continue_is_said_only_to_those_whose_body_is_wanted) {
  auto& gateway = open();
  const std::string body = chat_body();
  const auto head = [&](const std::string& fields) {
    return "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\n" + fields +
           "content-length: " + std::to_string(body.size()) + "\r\n\r\n";
  };
  RawClient welcome = gateway.client();
  stage_.count(1);
  welcome.send(head(bearer() + "connection: close\r\n"));
  EXPECT_EQ(welcome.read_interim().status, 100);
  EXPECT_EQ(upstream_->requests(), 0u);
  welcome.send(body);
  expect_words(welcome.read_answer(), "fine");

  RawClient unwelcome = gateway.client();
  stage_.count(1);
  unwelcome.send(head("connection: close\r\n"));
  Ending ending = Ending::waiting;
  EXPECT_TRUE(unwelcome.read_to_close(ending).starts_with("HTTP/1.1 401 "));
}

TEST_F(Contract, silence_in_a_stream_is_filled_with_comments_that_prove_nothing) {
  Script pauses;
  pauses.read_request().send(stream_head() + chunk(delta_event("one"))).pause(std::chrono::milliseconds(10'500));
  pauses.send(chunk(delta_event("two")) + chunk(done_event) + std::string(last_chunk)).again();
  Script hangs;
  hangs.read_request().send(stream_head() + chunk(delta_event("one"))).hang();
  auto& slow = stage_.upstream(pauses);
  auto& dead = stage_.upstream(hangs);
  std::string yaml = configuration({slow.port(), dead.port()});
  yaml.insert(yaml.find("keys:"),
              "  slow: {targets: [{provider: p1, model: x}]}\n"
              "  dead: {targets: [{provider: p2, model: x}], timeouts: {idle: 12s}, retry: {attempts: 1}}\n");
  auto& gateway = stage_.open_with(yaml);
  RawClient waiting = gateway.client();
  RawClient doomed = gateway.client();
  RawClient uncommented = gateway.client();
  RawClient literal = gateway.client();
  stage_.count(4);
  const Moment before = std::chrono::steady_clock::now();
  waiting.send(post("/v1/chat/completions", stream_body("slow"), bearer()));
  doomed.send(post("/v1/chat/completions", stream_body("dead"), bearer()));
  uncommented.send(post("/api/chat", chat_body("dead"), bearer()));  // translated, into a stream without comments
  // Events, but of a dialect whose clients take comments for JSON.
  literal.send(post("/v1beta/models/dead:streamGenerateContent?alt=sse",
                    R"({"contents":[{"role":"user","parts":[{"text":"hi"}]}]})", bearer()));
  Answer first = waiting.read_head();
  EXPECT_TRUE(waiting.read_until(first, ": keepalive\n"));
  record("comment_after_us", microseconds_since(before));
  EXPECT_GE(microseconds_since(before), 9'500'000);
  waiting.read_rest(first);
  expect_stream(first, delta_event("one") + ": keepalive\n" + delta_event("two") + std::string(done_event));
  Answer second = doomed.read_head();
  doomed.read_rest(second, Patience(60'000));
  expect_broken_stream(second, delta_event("one") + ": keepalive\n", "upstream_timeout");
  Answer third = uncommented.read_head();
  uncommented.read_rest(third, Patience(60'000));
  EXPECT_FALSE(third.whole());
  EXPECT_LT(microseconds_since(before), 20'000'000) << "silence counts from the last word";
  EXPECT_NE(third.body.find("\n{\"error\":"), std::string::npos) << third.body;
  EXPECT_EQ(third.body.find("keepalive"), std::string::npos);
  Answer fourth = literal.read_head();
  literal.read_rest(fourth, Patience(60'000));
  EXPECT_NE(fourth.body.find("\"error\":"), std::string::npos) << fourth.body;
  EXPECT_EQ(fourth.body.find("keepalive"), std::string::npos) << fourth.body;
}

TEST_F(Contract, one_line_tells_all_about_a_request) {
  auto& gateway = open();
  ask(chat("x-request-id: told-1\r\n"));
  const auto lines = stage_.lines();
  ASSERT_EQ(lines.size(), 1u);
  const auto& line = lines[0];
  for (const char* const name :
       {"time",          "request_id",  "client",   "method",       "path",          "status",
        "error",         "key",         "team",     "route",        "model",         "provider",
        "attempts",      "stream",      "cut",      "input_tokens", "output_tokens", "cost_nano_usd",
        "first_byte_ms", "duration_ms", "bytes_in", "bytes_out"}) {
    EXPECT_TRUE(line.contains(name)) << name;
  }
  EXPECT_EQ(line["request_id"], "told-1");
  EXPECT_EQ(line["client"], "127.0.0.1");
  EXPECT_EQ(line["method"], "POST");
  EXPECT_EQ(line["path"], "/v1/chat/completions");
  EXPECT_EQ(line["status"], 200);
  EXPECT_EQ(line["key"], "app");
  EXPECT_EQ(line["model"], "m");
  EXPECT_EQ(line["provider"], "p1");
  EXPECT_EQ(line["attempts"], 1);
  EXPECT_EQ(line["input_tokens"], 3);
  EXPECT_EQ(line["output_tokens"], 5);
  EXPECT_EQ(gateway.await_metric("sluice_requests_total", 1,
                                 {"model=\"m\"", "provider=\"p1\"", "status_class=\"2xx\"", "code=\"\""}),
            1);
  EXPECT_EQ(gateway.await_metric("sluice_tokens_total", 3, {"model=\"m\"", "type=\"input\""}), 3);
  EXPECT_EQ(gateway.await_metric("sluice_tokens_total", 5, {"model=\"m\"", "type=\"output\""}), 5);
  EXPECT_EQ(gateway.await_metric("sluice_upstream_attempts_total", 1,
                                 {"provider=\"p1\"", "deployment=\"real-model\"", "outcome=\"ok\""}),
            1);
}

}  // namespace
}  // namespace sluice::test

// Where rules lead, and who stands in for whom, through the running gateway.
#include "gateway/routed.hpp"

namespace sluice::test::routing_test {
namespace {

Script saying(std::string_view words) { return always(completion(words)); }

class Routes : public Routed {};

TEST_F(Routes, are_told_of_in_the_answer_the_log_and_the_metrics) {
  provider("small", saying("from the small one"));
  provider("large", saying("from the large one"));
  auto& gateway = open(
      "  m: {targets: [{provider: small}]}\n"
      "  big: {targets: [{provider: large}]}\n",
      "routes:\n  - {name: by-size, when: {headers: {x-size: large}}, use: big}\n");
  const Answer led = ask("m", "x-size: large\r\n");
  expect_words(led, "from the large one");
  EXPECT_EQ(led.field("x-sluice-route"), "by-size");
  EXPECT_EQ(led.field("x-sluice-provider"), "large");
  const Answer direct = ask("m");
  expect_words(direct, "from the small one");
  EXPECT_FALSE(direct.has("x-sluice-route"));
  const auto lines = stage_.lines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["route"], "by-size");
  EXPECT_EQ(lines[0]["model"], "big");
  EXPECT_TRUE(lines[1]["route"].is_null()) << lines[1].dump();
  EXPECT_EQ(lines[1]["model"], "m");
  EXPECT_EQ(gateway.await_metric("sluice_requests_total", 1, {"route=\"by-size\"", "model=\"big\""}), 1);
  EXPECT_EQ(gateway.await_metric("sluice_requests_total", 1, {"route=\"\"", "model=\"m\""}), 1);
}

TEST_F(Routes, are_told_of_in_streams_and_failures_too) {
  provider("streaming", always(streamed({delta_event("one")})));
  provider("failing", refusing(500, "server_error"));
  open(
      "  m: {targets: [{provider: streaming}]}\n"
      "  n: {targets: [{provider: failing}], retry: {attempts: 1}}\n",
      "routes:\n  - {name: streams, when: {stream: true}, use: m}\n  - {name: rest, use: n}\n");
  const Answer stream = stage_.ask(chat_stream());
  expect_stream(stream, delta_event("one") + std::string(done_event));
  EXPECT_EQ(stream.field("x-sluice-route"), "streams");
  const Answer failure = ask("anything");
  expect_error(failure, 502, "upstream_error");
  EXPECT_EQ(failure.field("x-sluice-route"), "rest");
}

TEST_F(Routes, name_models_by_the_key_and_the_tags_of_who_asks) {
  provider("one", saying("one"));
  provider("other", saying("other"));
  open("  m: {targets: [{provider: one}]}\n  n: {targets: [{provider: other}]}\n",
       "routes: [{name: tagged, when: {key: app, tags: {team: \"red*\"}}, use: n}]\n");
  expect_words(ask("m", "x-sluice-tags: team=reddish, size=1\r\n"), "other");
  expect_words(ask("m", "x-sluice-tags: team=blue\r\n"), "one");
  const std::string body = R"({"model":"m","metadata":{"team":"red"},"messages":[{"role":"user","content":"hi"}]})";
  expect_words(stage_.ask(post("/v1/chat/completions", body, bearer())), "other");
}

TEST_F(Routes, tell_the_models_name_as_its_provider_knows_it) {
  provider("failing", refusing(500, "server_error"));
  auto& upstream = provider("one", saying("fine"));
  open(
      "  m: {targets: [{provider: failing}], fallback: [n], retry: {attempts: 2}}\n"
      "  n: {targets: [{provider: one}]}\n"
      "  \"free/*\": {targets: [{provider: one, model: \"*\"}]}\n",
      "routes: [{name: led, when: {model: nothing}, use: n}]\n");
  for (const auto& [asked, known] :
       {std::pair{"n", "n"}, {"m", "n"}, {"nothing", "n"}, {"free/large/one", "large/one"}}) {
    const Answer answer = ask(asked);
    expect_words(answer, "fine");
    EXPECT_EQ(answer.field("x-sluice-model"), known) << asked;
    const std::string sent = "\"model\":\"" + std::string(known) + "\"";
    EXPECT_NE(upstream.seen().back().body.find(sent), std::string::npos) << upstream.seen().back().body;
  }
}

// What may go wrong with the only target that a rule permits.
const std::vector<std::pair<std::string, Script>>& all_failures() {
  static const std::vector<std::pair<std::string, Script>> all = {
      {"500", refusing(500, "server_error")},
      {"503", refusing(503, "overloaded")},
      {"429", refusing(429, "rate_limit_exceeded", "retry-after: 30\r\n")},
      {"no quota", refusing(429, "insufficient_quota")},
      {"401", refusing(401, "invalid_api_key")},
      {"404", refusing(404, "model_not_found")},
      {"too long", refusing(400, "context_length_exceeded")},
      {"refused content", refusing(400, "content_policy_violation")},
      {"reset", Script().read_request().reset()},
      {"silence", Script().read_request().hang()},
      {"half an answer", Script().read_request().send(completion("half").substr(0, 200)).close()},
  };
  return all;
}

class Requirements : public Routed, public ::testing::WithParamInterface<std::size_t> {};

TEST_P(Requirements, never_lead_elsewhere_whatever_fails) {
  const auto& [name, script] = all_failures()[GetParam()];
  SCOPED_TRACE(name);
  auto& here = provider("here", script, "residency: eu");
  auto& abroad = provider("abroad", saying("from abroad"), "residency: us");
  auto& untold = provider("untold", saying("from wherever"));
  const std::string members =
      ", fallback: [n], context_fallback: [n], timeouts: {first_byte: 100ms}, retry: {on: [connection, timeout, "
      "rate_limited, overloaded, server_error, model_not_found, content_refusal]}}\n";
  open("  m: {targets: [{provider: abroad}, {provider: here}, {provider: untold}]" + members +
           "  n: {targets: [{provider: untold}, {provider: abroad}]}\n",
       "routes: [{name: at-home, when: {model: m, headers: {x-regulated: \"yes\"}}, require: {residency: [eu]}}]\n");
  expect_words(ask("m"), "from abroad");
  for (int i = 0; i < 4; ++i) {
    const Answer answer = ask("m", "x-regulated: yes\r\n");
    EXPECT_GE(answer.status, 400);
    EXPECT_EQ(answer.body.find("from"), std::string::npos) << answer.body;
  }
  EXPECT_GE(here.requests(), 1u);
  EXPECT_EQ(abroad.requests(), 1u);
  EXPECT_EQ(untold.requests(), 0u);
}
INSTANTIATE_TEST_SUITE_P(all, Requirements, ::testing::Range<std::size_t>(0, all_failures().size()));

class Fallbacks : public Routed {};

TEST_F(Fallbacks, are_asked_when_every_target_has_failed) {
  auto& one = provider("one", refusing(500, "server_error"));
  auto& two = provider("two", refusing(503, "overloaded"));
  provider("three", saying("from the third"));
  auto& gateway = open(
      "  m: {targets: [{provider: one}, {provider: two}], fallback: [n]}\n"
      "  n: {targets: [{provider: three, model: other}]}\n");
  const Answer answer = ask("m");
  expect_words(answer, "from the third");
  EXPECT_EQ(answer.field("x-sluice-attempts"), "3");
  EXPECT_EQ(answer.field("x-sluice-model"), "other");
  EXPECT_EQ(one.requests() + two.requests(), 2u);
  EXPECT_EQ(stage_.lines()[0]["model"], "m") << "what was asked for";
  EXPECT_EQ(gateway.await_metric("sluice_fallbacks_total", 1, {"from=\"two\"", "to=\"three\""}), 1);
}

TEST_F(Fallbacks, for_long_conversations_take_the_place_of_the_refusal) {
  auto& brief = provider("short", refusing(400, "context_length_exceeded"));
  auto& next = provider("next", saying("read no more either"));
  provider("long", saying("all of it"));
  open(
      "  m: {targets: [{provider: short}, {provider: next}], context_fallback: [n]}\n"
      "  n: {targets: [{provider: long}]}\n");
  expect_words(ask("m"), "all of it");
  EXPECT_EQ(brief.requests(), 1u);
  EXPECT_EQ(next.requests(), 0u) << "what is too long for one is too long for the next";
}

// The provider's own bytes, as if nobody had looked at them.
void expect_relayed(const Answer& answer, int status, std::string_view code) {
  EXPECT_EQ(answer.status, status);
  EXPECT_EQ(answer.body, odd_refusal(code));
  EXPECT_TRUE(answer.whole());
}

TEST_F(Fallbacks, for_long_conversations_leave_the_refusal_as_it_is_where_they_are_of_no_help) {
  constexpr std::string_view code = "context_length_exceeded";
  auto& brief = provider("short", refusing(400, code));
  auto& large = provider("long", saying("all of it"));
  open(
      "  none: {targets: [{provider: short}, {provider: long}], fallback: [n]}\n"
      "  once: {targets: [{provider: short}], context_fallback: [n], retry: {attempts: 1}}\n"
      "  n: {targets: [{provider: long}]}\n");
  for (const char* const model : {"none", "once"}) {
    SCOPED_TRACE(model);
    expect_relayed(ask(model), 400, code);
    expect_relayed(stage_.ask(post("/v1/chat/completions", stream_body(model), bearer())), 400, code);
  }
  EXPECT_EQ(brief.requests(), 4u);
  EXPECT_EQ(large.requests(), 0u);
}

TEST_F(Fallbacks, of_a_last_model_that_is_too_short_as_well_have_the_last_word) {
  provider("short", refusing(400, "context_length_exceeded"));
  open("  m: {targets: [{provider: short}], context_fallback: [n]}\n  n: {targets: [{provider: short, model: x}]}\n");
  expect_relayed(ask("m"), 400, "context_length_exceeded");
}

struct Named {
  const char* failure;  // in retry.on
  int status;
  const char* code;
};

class NamedRefusals : public Routed, public ::testing::WithParamInterface<Named> {};

TEST_P(NamedRefusals, are_the_callers_unless_retry_names_them) {
  const Named& named = GetParam();
  auto& no = provider("no", refusing(named.status, named.code));
  auto& yes = provider("yes", saying("gladly"));
  const std::string on = std::string("retry: {on: [connection, ") + named.failure + "]}";
  open("  usual: {targets: [{provider: no}, {provider: yes}]}\n  named: {targets: [{provider: no}, {provider: yes}], " +
       on + "}\n  there: {targets: [{provider: no}], fallback: [other], " + on +
       "}\n  other: {targets: [{provider: yes}]}\n");
  expect_relayed(ask("usual"), named.status, named.code);
  EXPECT_EQ(yes.requests(), 0u);
  expect_words(ask("named"), "gladly");
  expect_words(ask("there"), "gladly");
  EXPECT_EQ(no.requests(), 3u);
  EXPECT_EQ(yes.requests(), 2u);
}

TEST_P(NamedRefusals, of_the_last_who_can_be_asked_are_relayed_byte_for_byte) {
  const Named& named = GetParam();
  provider("no", refusing(named.status, named.code));
  provider("keys", refusing(named.status, named.code), "api_keys: [\"${PROVIDER_KEY}\", \"${OTHER_KEY}\"]");
  const std::string on = std::string("retry: {on: [") + named.failure + "]}";
  open("  alone: {targets: [{provider: no}], " + on +
       "}\n  both: {targets: [{provider: no}, {provider: no, model: x}], " + on +
       "}\n  keys: {targets: [{provider: keys}], " + on + "}\n");
  for (const char* const model : {"alone", "both", "keys"}) {
    SCOPED_TRACE(model);
    expect_relayed(ask(model), named.status, named.code);
  }
}
INSTANTIATE_TEST_SUITE_P(all, NamedRefusals,
                         ::testing::Values(Named{"model_not_found", 404, "model_not_found"},
                                           Named{"content_refusal", 400, "content_policy_violation"}),
                         [](const auto& one) { return std::string(one.param.failure); });

}  // namespace
}  // namespace sluice::test::routing_test

// What callers cannot do to each other.
#include "gateway/routed.hpp"

namespace sluice::test {
namespace {

Script saying(std::string_view words) { return always(completion(words)); }

class Neighbours : public Routed {
 protected:
  // The first target answers this to requests that say "odd" and is well otherwise; then there is another one.
  ScriptedUpstream& first(const std::string& refusal, const std::string& more = "") {
    Script script;
    script.read_request().decide([refusal](const SeenRequest& request) {
      const bool is_odd = request.body.find("odd") != std::string::npos;
      return Script().send(is_odd ? refusal : completion("from the first"));
    });
    return provider("first", script.again(), more);
  }
};

TEST_F(Neighbours, with_little_patience_close_no_target_for_those_who_have_more) {
  provider("slow", Script()
                       .read_request()
                       .decide([](const SeenRequest& request) {
                         const bool is_hurried = request.body.find("hurry") != std::string::npos;
                         return is_hurried ? Script().hang() : Script().send(completion("in time"));
                       })
                       .again());
  open("  m: {targets: [{provider: slow}]}\n");
  for (int i = 0; i < 7; ++i) {
    expect_error(ask("m", "x-stainless-read-timeout: 0.05\r\n", "hurry"), 504, "upstream_timeout");
  }
  expect_words(ask(), "in time");
}

TEST_F(Neighbours, who_may_not_do_one_thing_do_not_cost_the_key) {
  first(response(403, odd_refusal("model_not_found")));
  provider("second", saying("from the second"));
  open("  m: {targets: [{provider: first}, {provider: second}], affinity: off}\n");
  expect_words(ask("m", "", "odd"), "from the second");
  expect_words(ask(), "from the first");
  EXPECT_TRUE(told("/admin/v1/providers")["providers"][0]["deployments"][0]["closed"].is_null());
}

// The caller's request in the provider's own words, one of which means something else to us.
TEST_F(Neighbours, whose_words_a_provider_quotes_do_not_cost_the_key) {
  first(response(400, R"({"type":"error","error":{"type":"invalid_request_error",)"
                      R"("message":"Unable to download https://x.example/quota.png"}})"),
        "dialect: anthropic_messages");
  provider("second", saying("from the second"));
  open("  m: {targets: [{provider: first}, {provider: second}], affinity: off}\n");
  EXPECT_NE(ask("m", "", "odd").status, 0);
  EXPECT_TRUE(told("/admin/v1/providers")["providers"][0]["deployments"][0]["closed"].is_null());
}

TEST_F(Neighbours, whose_requests_are_refused_do_not_make_a_target_look_fast) {
  provider("p", refusing(400, "invalid_request"));
  open("  m: {targets: [{provider: p}]}\n");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask().status, 400);
  EXPECT_TRUE(told("/admin/v1/providers")["providers"][0]["deployments"][0]["first_token_ms"].is_null());
}

TEST_F(Neighbours, that_can_wait_make_room_when_connections_run_short) {
  auto& upstream = stage_.upstream(saying("fine"));
  GatewayUnderTest& gateway = stage_.open_with(
      "server: {listen: \"127.0.0.1:0\", workers: 1, limits: {connections: 5}}\nadmin: {listen: \"127.0.0.1:0\"}\n"
      "providers:\n  p: {kind: openai-compatible, base_url: \"http://127.0.0.1:" +
      std::to_string(upstream.port()) +
      "/v1\"}\nmodels:\n  m: {targets: [{provider: p}]}\nteams: {idle: {priority: low}}\n"
      "keys:\n  - {name: app, secret: \"${CALLER_KEY}\"}\n  - {name: patient, team: idle, secret: \"${THIRD_KEY}\"}\n");
  const std::string low = post("/v1/chat/completions", chat_body(), bearer("sk-third-canary-0c55fe"));
  expect_words(stage_.ask(low), "fine");
  std::vector<RawClient> idle;
  for (int i = 0; i < 4; ++i) idle.push_back(gateway.client());
  ASSERT_TRUE(eventually([&] { return gateway.metric("sluice_connections", {"side=\"client\""}) == 4; }));
  const Answer refused = stage_.ask(low);
  expect_error(refused, 503, "overloaded");
  EXPECT_EQ(refused.field("retry-after"), "1");
  expect_words(stage_.ask(chat()), "fine");
}

}  // namespace
}  // namespace sluice::test

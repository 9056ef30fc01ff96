#include "gateway/rules.hpp"

#include <gtest/gtest.h>

#include "gateway/world.hpp"

namespace sluice::test {
namespace {

constexpr std::string_view yaml = R"(
providers:
  near: {kind: openai-compatible, base_url: "http://192.0.2.1/v1", residency: eu}
models:
  assistant: {targets: [{provider: near, model: a}]}
  small: {targets: [{provider: near, model: s}]}
  big: {targets: [{provider: near, model: b}]}
teams:
  finance: {}
keys:
  - {name: clerk, team: finance, secret: "${A}"}
  - {name: app, secret: "${B}"}
routes:
)";

class Rules : public ::testing::Test {
 protected:
  // Which route and model a request is given: "route model", or "- model" without a route.
  std::string decided(const std::string& routes, std::string_view model, std::string_view members = "",
                      std::string_view key = "app", std::vector<http::Field> fields = {}, UtcTime utc = {},
                      std::uint64_t random = 1) {
    const World world(std::string(yaml) + routes);
    const std::string messages =
        members.find("messages") == std::string_view::npos ? R"(","messages":[{"role":"user","content":"hi"}])" : "\"";
    const Body body(R"({"model":")" + std::string(model) + messages + std::string(members) + "}");
    Inquiry::Asked asked = chat_asked(model, body.view(), world.key(key));
    asked.fields = fields;
    asked.utc = utc;
    asked.random = random;
    asked.stream = members.find("\"stream\":true") != std::string_view::npos;
    const Inquiry inquiry(asked);
    const Decision decision = decide(*world.snapshot, inquiry);
    return (decision.route != nullptr ? decision.route->rule.name : "-") + ' ' +
           (decision.model != nullptr ? decision.model->name : "-");
  }
};

TEST_F(Rules, leave_models_alone_where_none_matches) {
  EXPECT_EQ(decided("  - {name: r, when: {model: auto}, use: small}", "assistant"), "- assistant");
  EXPECT_EQ(decided("  - {name: r, when: {model: auto}, use: small}", "unknown"), "- -");
}

TEST_F(Rules, the_first_that_matches_names_the_model) {
  const std::string routes = R"(
  - {name: tools, when: {model: auto, tools: true}, use: big}
  - {name: rest, when: {model: auto}, use: small}
)";
  EXPECT_EQ(decided(routes, "auto"), "rest small");
  EXPECT_EQ(decided(routes, "auto", R"(,"tools":[{"type":"function","function":{"name":"f"}}])"), "tools big");
}

TEST_F(Rules, of_callers_and_endpoints_and_streams) {
  const std::string routes = R"(
  - {name: team, when: {team: finance, model: auto}, use: big}
  - {name: stream, when: {stream: true, model: auto}, use: small}
  - {name: endpoint, when: {endpoint: embeddings, model: auto}, use: big}
  - {name: key, when: {key: app, model: "a*"}, use: assistant}
)";
  EXPECT_EQ(decided(routes, "auto", "", "clerk"), "team big");
  EXPECT_EQ(decided(routes, "auto", R"(,"stream":true)"), "stream small");
  EXPECT_EQ(decided(routes, "auto"), "key assistant");
}

TEST_F(Rules, of_what_the_prompt_is_like) {
  const std::string routes = R"(
  - {name: short, when: {model: auto, prompt_tokens: {max: 100}, images: false}, use: small}
  - {name: schema, when: {model: auto, json_schema: true}, use: big}
  - {name: rest, when: {model: auto}, use: assistant}
)";
  EXPECT_EQ(decided(routes, "auto"), "short small");
  const std::string long_text = R"(,"messages":[{"role":"user","content":")" + std::string(2000, 'x') + R"("}])";
  EXPECT_EQ(decided(routes, "auto", long_text), "rest assistant");
}

TEST_F(Rules, of_tags_and_headers) {
  const std::string routes = R"(
  - {name: tag, when: {model: auto, tags: {project: "blue*"}}, use: big}
  - {name: header, when: {model: auto, headers: {x-lane: [fast, faster]}}, use: small}
)";
  EXPECT_EQ(decided(routes, "auto", "", "app", {{"x-sluice-tags", "a=b, project=bluebird"}}), "tag big");
  EXPECT_EQ(decided(routes, "auto", R"(,"metadata":{"project":"blue"})"), "tag big");
  EXPECT_EQ(decided(routes, "auto", R"(,"metadata":{"project":"red"})", "app", {{"X-Lane", "faster"}}), "header small");
  EXPECT_EQ(decided(routes, "auto"), "- -");
}

TEST_F(Rules, of_the_time_of_day_go_over_midnight_and_know_the_day_they_began_on) {
  const std::string routes =
      R"(  - {name: night, when: {model: auto, time: {from: "22:00", to: "06:00", days: [fri], zone: "+02:00"}}, use: small})";
  // 2026-11-27 was a Friday.
  const auto at = [](int day, int hour) {
    using namespace std::chrono;
    return UtcTime(sys_days(2026y / November / std::chrono::day(static_cast<unsigned>(day))) + hours(hour));
  };
  EXPECT_EQ(decided(routes, "auto", "", "app", {}, at(27, 21)), "night small") << "23:00 on Friday";
  EXPECT_EQ(decided(routes, "auto", "", "app", {}, at(28, 3)), "night small") << "05:00 of the night that began then";
  EXPECT_EQ(decided(routes, "auto", "", "app", {}, at(28, 4)), "- -") << "06:00 is the first hour that does not count";
  EXPECT_EQ(decided(routes, "auto", "", "app", {}, at(27, 3)), "- -") << "the night that began on Thursday";
}

TEST_F(Rules, of_a_share_keep_a_key_or_a_conversation_on_one_side) {
  const std::string by_key = R"(  - {name: half, when: {model: auto, share: {percent: 50, by: key}}, use: small})";
  for (std::uint64_t random = 1; random < 20; ++random) {
    EXPECT_EQ(decided(by_key, "auto", "", "app", {}, {}, random), decided(by_key, "auto"));
  }
  const std::string some = R"(  - {name: some, when: {model: auto, share: {percent: 30}}, use: small})";
  int chosen = 0;
  for (int i = 0; i < 300; ++i) {
    const std::string session = "s" + std::to_string(i);
    const std::string once = decided(some, "auto", "", "app", {{"x-sluice-session", session}}, {}, 1);
    EXPECT_EQ(decided(some, "auto", "", "app", {{"x-sluice-session", session}}, {}, 99), once);
    chosen += once == "some small" ? 1 : 0;
  }
  EXPECT_GT(chosen, 50);
  EXPECT_LT(chosen, 130);
}

TEST_F(Rules, that_only_demand_something_leave_the_naming_to_one_further_down) {
  const std::string routes = R"(
  - {name: regulated, when: {team: finance}, require: {residency: eu}}
  - {name: auto, when: {model: auto}, use: small}
)";
  EXPECT_EQ(decided(routes, "assistant", "", "clerk"), "regulated assistant");
  EXPECT_EQ(decided(routes, "auto", "", "clerk"), "regulated small");
  EXPECT_EQ(decided(routes, "auto"), "auto small");
}

}  // namespace
}  // namespace sluice::test

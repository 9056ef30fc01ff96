#include "config/sections.hpp"

#include <gtest/gtest.h>
#include <sluice/base/utc_text.hpp>

#include "config/cases.hpp"

namespace sluice::config {
namespace {

using testing::Case;
using testing::surroundings;
using testing::world;

const std::string literal_complaint =
    "the secret itself stands in the file; write ${NAME} for an environment variable, or file:/path";
const std::string name_rule = "no usable name; 1 to 64 letters, digits, dots, dashes and underscores";

class KeySection : public testing::Complains {};
TEST_P(KeySection, complains) { check(); }

INSTANTIATE_TEST_SUITE_P(
    Load, KeySection,
    ::testing::Values(
        Case{"no_list",
             world + "keys: {a: {secret: x}}\n",
             {"f:3:7: keys: a list belongs here, not a mapping; write [a, b], or one item per line after a dash"}},
        Case{"no_mapping",
             world + "keys: [a]\n",
             {"f:3:8: keys[0]: a mapping belongs here, not a single value; write \"key: value\" lines"}},
        Case{"nothing",
             world + "keys:\n  - null\n",
             {"f:4:5: keys[0]: a key is missing here; write {name: NAME, secret: \"${NAME}\"}"}},
        Case{"name_and_secret_missing",
             world + "keys:\n  - {}\n",
             {"f:4:5: keys[0].name: is missing; give the key a name, for logs and metrics",
              "f:4:5: keys[0].secret: is missing; write secret: \"${NAME}\""}},
        Case{"name_with_spaces",
             world + "keys: [{name: a b, secret: \"${TEAM_KEY}\"}]\n",
             {"f:3:15: keys[0].name: " + name_rule}},
        Case{"names_alike",
             world + "keys: [{name: a, secret: \"${TEAM_KEY}\"}, {name: a, secret: \"${OTHER_KEY}\"}]\n",
             {"f:3:49: keys[1].name: another key is called \"a\"; give each key its own name"}},
        Case{"secrets_alike",
             world + "keys: [{name: a, secret: \"${TEAM_KEY}\"}, {name: b, secret: \"${TEAM_KEY}\"}]\n",
             {"f:3:60: keys[1].secret: the same secret as key \"a\"; give each key its own secret"}},
        Case{"secret_short",
             world + "keys: [{name: a, secret: canary7}]\n",
             {"warning f:3:26: keys[0].secret: " + literal_complaint,
              "f:3:26: keys[0].secret: the secret is shorter than 8 characters; use a long random one"}},
        Case{"secret_literal",
             world + "keys: [{name: a, secret: canary-8}]\n",
             {"warning f:3:26: keys[0].secret: " + literal_complaint}},
        Case{"secret_empty",
             world + "keys: [{name: a, secret: \"${EMPTY}\"}]\n",
             {"f:3:26: keys[0].secret: the secret is empty; give it a value where the reference leads to"}},
        Case{"team_nearly_right",
             world + "teams: {support: {}}\nkeys: [{name: a, team: suport, secret: \"${TEAM_KEY}\"}]\n",
             {"f:4:24: keys[0].team: no team is called \"suport\"; did you mean \"support\"?"}},
        Case{"team_unknown",
             world + "keys: [{name: a, team: support, secret: \"${TEAM_KEY}\"}]\n",
             {"f:3:24: keys[0].team: no team is called \"support\"; add it to teams"}},
        Case{"later_keys",
             world + "teams: {t: {bodies: none}}\nkeys: [{name: a, secret: \"${TEAM_KEY}\", cidr: x}]\n",
             {"f:3:13: teams.t.bodies: \"bodies\" is not supported by this version; remove it",
              "f:4:41: keys[0].cidr: unknown key \"cidr\"; did you mean \"cidrs\"?"}},
        Case{"endpoints_misspelt",
             world + "keys: [{name: a, secret: \"${TEAM_KEY}\", endpoints: [chats]}]\n",
             {"f:3:53: keys[0].endpoints[0]: found \"chats\"; use one of " + testing::listed_names(endpoint_names())}},
        Case{"nothing_in_lists",
             world + "keys:\n  - name: a\n    secret: \"${TEAM_KEY}\"\n    endpoints:\n    cidrs: []\n    expires:\n",
             {"f:6:5: keys[0].endpoints: has no value; list names of endpoints, or remove the key to allow all",
              "f:7:12: keys[0].cidrs: has no value; write one or more, or remove the key",
              "f:8:5: keys[0].expires: has no value; write one, or remove the key"}},
        Case{"no_time",
             world + "keys: [{name: a, secret: \"${TEAM_KEY}\", expires: 2026-12-01}]\n",
             {"f:3:50: keys[0].expires: found \"2026-12-01\"; write a date with a time and its zone, like "
              "2026-12-01T00:00:00Z"}},
        Case{"networks",
             world + "keys: [{name: a, secret: \"${TEAM_KEY}\", cidrs: [10.1.2.3/8, \"2001:db8::1/32\", intranet]}]\n",
             {"f:3:49: keys[0].cidrs[0]: \"10.1.2.3/8\" has bits set behind its prefix; write 10.0.0.0/8",
              "f:3:61: keys[0].cidrs[1]: \"2001:db8::1/32\" has bits set behind its prefix; write 2001:db8::/32",
              "f:3:79: keys[0].cidrs[2]: found \"intranet\"; write a network like 10.0.0.0/8 or 2001:db8::/32, or one "
              "address"}},
        Case{"team_name", world + "teams: {\"a/b\": {}}\n", {"f:3:9: teams.a/b: " + name_rule}},
        Case{"team_key_misspelt",
             world + "teams: {t: {model: [m]}}\n",
             {"f:3:13: teams.t.model: unknown key \"model\"; did you mean \"models\"?"}},
        Case{"priority_unknown",
             world + "teams: {t: {priority: urgent}}\n",
             {"f:3:23: teams.t.priority: found \"urgent\"; use one of high, normal, low"}},
        Case{"models_that_only_a_route_understands",
             world + "routes:\n  - {name: r, when: {model: [auto, \"smart-*\"]}, use: m}\n"
                     "  - {name: s, when: {model: other}, require: {provider: demo}}\n"
                     "teams: {t: {models: [auto, smart-1, other]}}\n"
                     "keys: [{name: a, secret: \"${TEAM_KEY}\", models: [\"au*\"]}]\n",
             {"warning f:5:46: routes[1].require: this route leads to no model; check the names in its when, and what "
              "its teams and keys may use",
              "warning f:6:37: teams.t.models[2]: no model is called \"other\"; it allows nothing; check its "
              "spelling"}},
        Case{"models_that_do_not_exist",
             world + "teams: {t: {models: [m, n, \"m*\", \"x*\"]}}\n"
                     "keys: [{name: a, secret: \"${TEAM_KEY}\", models: [\"?\"]}]\n",
             {"warning f:3:25: teams.t.models[1]: no model is called \"n\"; it allows nothing; check its spelling",
              "warning f:3:34: teams.t.models[3]: no model is called \"x*\"; it allows nothing; check its spelling",
              "warning f:4:50: keys[0].models[0]: no model is called \"?\"; it allows nothing; check its spelling"}},
        Case{"models_no_list",
             world + "teams: {t: {models: m}}\n",
             {"f:3:21: teams.t.models: a list belongs here, not a single value; write [a, b], or one item per line "
              "after a dash"}},
        Case{"models_without_value",
             world + "teams:\n  t:\n    models:\n",
             {"f:5:5: teams.t.models: has no value; list names or patterns of models, or remove the key to allow "
              "all"}},
        Case{"models_with_a_list_inside",
             world + "teams: {t: {models: [[m]]}}\n",
             {"f:3:22: teams.t.models[0]: a single value belongs here, not a list; write one value"}}),
    testing::name_of);

TEST(KeySection, reads_every_key) {
  const Loaded loaded = load(world +
                                 "teams:\n"
                                 "  t: {models: [m], priority: high}\n"
                                 "  u:\n"
                                 "  v: {priority: low}\n"
                                 "keys:\n"
                                 "  - {name: a, team: t, secret: \"${TEAM_KEY}\", models: [\"m*\", m]}\n"
                                 "  - {name: b.c_d-1, secret: \"file:${FOLDER}/key\"}\n",
                             surroundings());
  ASSERT_TRUE(loaded.complaints.empty());
  const Config& config = loaded.config;
  ASSERT_EQ(config.teams.size(), 3u);
  EXPECT_EQ(config.teams[0].name, "t");
  EXPECT_EQ(config.teams[0].models, std::vector<std::string>{"m"});
  EXPECT_EQ(config.teams[1].name, "u");
  EXPECT_FALSE(config.teams[1].models);
  EXPECT_EQ(config.teams[0].priority, traffic::Priority::high);
  EXPECT_EQ(config.teams[1].priority, traffic::Priority::normal);
  EXPECT_EQ(config.teams[2].priority, traffic::Priority::low);
  ASSERT_EQ(config.keys.size(), 2u);
  EXPECT_EQ(config.keys[0].name, "a");
  EXPECT_EQ(config.keys[0].team, "t");
  EXPECT_EQ(config.keys[0].secret.reveal(), "canary-team-key");
  EXPECT_EQ(config.keys[0].models, (std::vector<std::string>{"m*", "m"}));
  EXPECT_EQ(config.keys[1].name, "b.c_d-1");
  EXPECT_EQ(config.keys[1].team, "");
  EXPECT_EQ(config.keys[1].secret.reveal(), "canary-from-file");
  EXPECT_FALSE(config.keys[1].models);
}

TEST(KeySection, reads_where_and_how_long_a_key_may_be_used) {
  const Loaded loaded = load(world +
                                 "keys:\n"
                                 "  - {name: a, secret: \"${TEAM_KEY}\", endpoints: [chat, embeddings],\n"
                                 "     expires: 2026-12-01T00:00:00+01:00, cidrs: [10.0.0.0/8, \"::1\"]}\n"
                                 "  - {name: b, secret: \"${OTHER_KEY}\", endpoints: chat, cidrs: 192.0.2.1}\n"
                                 "  - {name: c, secret: \"file:/secrets/key\"}\n",
                             surroundings());
  ASSERT_TRUE(loaded.complaints.empty()) << loaded.complaints[0].text("f");
  const auto& keys = loaded.config.keys;
  EXPECT_EQ(keys.at(0).endpoints, (std::vector<std::string>{"chat", "embeddings"}));
  EXPECT_EQ(keys[0].expires, parse_utc("2026-11-30T23:00:00Z"));
  EXPECT_EQ(keys[0].networks, (std::vector{*Network::parse("10.0.0.0/8"), *Network::parse("::1")}));
  EXPECT_EQ(keys.at(1).endpoints, std::vector<std::string>{"chat"});
  EXPECT_EQ(keys[1].networks, std::vector{*Network::parse("192.0.2.1/32")});
  EXPECT_FALSE(keys.at(2).endpoints || keys[2].expires || keys[2].networks);
}

TEST(KeySection, takes_an_empty_list_of_models_for_no_model_at_all) {
  const Loaded loaded = load(world + "teams: {t: {models: []}}\n", surroundings());
  EXPECT_TRUE(loaded.complaints.empty());
  ASSERT_TRUE(loaded.config.teams.at(0).models);
  EXPECT_TRUE(loaded.config.teams[0].models->empty());
}

}  // namespace
}  // namespace sluice::config

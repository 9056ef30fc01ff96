#include "config/exhausted.hpp"

#include <gtest/gtest.h>

#include "config/cases.hpp"

namespace sluice::config::exhausted_test {
namespace {

using testing::Case;
using testing::surroundings;

const std::string models =
    "providers: {demo: {}}\n"
    "models: {big: {targets: [{provider: demo}]}, small: {targets: [{provider: demo}]}, \"x-*\": {targets: [{provider: "
    "demo}]}}\n";

class ExhaustedSection : public testing::Complains {};
TEST_P(ExhaustedSection, complains) { check(); }

INSTANTIATE_TEST_SUITE_P(
    Load, ExhaustedSection,
    ::testing::Values(
        Case{"another_word",
             models + "teams: {t: {on_exhausted: small}}\n",
             {"f:3:27: teams.t.on_exhausted: found \"small\"; write refuse, or {downgrade: MODEL}"}},
        Case{"no_value",
             models + "teams:\n  t:\n    on_exhausted:\n",
             {"f:5:5: teams.t.on_exhausted: has no value; write one, or remove the key"}},
        Case{"no_model",
             models + "teams: {t: {on_exhausted: {}}}\n",
             {"f:3:13: teams.t.on_exhausted.downgrade: is missing; write downgrade: MODEL"}},
        Case{"misspelt_key",
             models + "teams: {t: {on_exhausted: {down: small}}}\n",
             {"f:3:13: teams.t.on_exhausted.downgrade: is missing; write downgrade: MODEL",
              "f:3:28: teams.t.on_exhausted.down: unknown key \"down\"; known here: downgrade"}},
        Case{"misspelt_model",
             models + "teams: {t: {on_exhausted: {downgrade: smal}}}\n",
             {"f:3:39: teams.t.on_exhausted.downgrade: no model is called \"smal\"; did you mean \"small\"?"}},
        Case{"a_pattern",
             models + "teams: {t: {on_exhausted: {downgrade: \"x-*\"}}}\n",
             {"f:3:39: teams.t.on_exhausted.downgrade: a pattern names no model; write the whole name of a model of "
              "this "
              "file"}},
        Case{"what_its_team_may_not_ask_for",
             models + "teams: {t: {models: [big], on_exhausted: {downgrade: small}}}\n",
             {"f:3:54: teams.t.on_exhausted.downgrade: \"small\" may not be asked for here; add it to models beside "
              "this "
              "key"}},
        Case{
            "what_a_key_may_not_ask_for",
            models + "keys: [{name: k, secret: \"${TEAM_KEY}\", models: [\"b*\"], on_exhausted: {downgrade: small}}]\n",
            {"f:3:83: keys[0].on_exhausted.downgrade: \"small\" may not be asked for here; add it to models beside "
             "this key"}},
        Case{"what_a_keys_team_may_not_ask_for",
             models + "teams: {t: {models: [big]}}\n"
                      "keys: [{name: k, team: t, secret: \"${TEAM_KEY}\", on_exhausted: {downgrade: small}}]\n",
             {"f:4:76: keys[0].on_exhausted.downgrade: the key's team may not ask for \"small\"; add it to the team's "
              "models"}},
        Case{
            "what_a_key_has_from_its_team_and_may_not_ask_for",
            models + "teams: {t: {on_exhausted: {downgrade: small}}}\n"
                     "keys: [{name: k, team: t, secret: \"${TEAM_KEY}\", models: [big]}]\n",
            {"f:4:58: keys[0].models: lacks \"small\", to which its team downgrades; add it, or write on_exhausted for "
             "this key"}}),
    testing::name_of);

TEST(Exhausted, is_the_keys_or_its_teams) {
  const Loaded loaded = load(
      models +
          "teams: {t: {models: [big, small], on_exhausted: {downgrade: small}}, u: {on_exhausted: refuse}, v: {}}\n"
          "keys:\n"
          "  - {name: a, team: t, secret: \"${TEAM_KEY}\", models: [big], on_exhausted: refuse}\n"
          "  - {name: b, team: u, secret: \"${OTHER_KEY}\", on_exhausted: {downgrade: big}}\n"
          "  - {name: c, team: t, secret: \"file:/secrets/key\", models: [\"s*\"]}\n",
      surroundings());
  ASSERT_TRUE(loaded.complaints.empty()) << loaded.complaints[0].text("f");
  const Config& config = loaded.config;
  EXPECT_EQ(config.teams.at(0).exhausted.downgrade, "small");
  EXPECT_EQ(config.teams.at(1).exhausted.downgrade, "");
  EXPECT_EQ(config.teams.at(2).exhausted.downgrade, "");
  ASSERT_TRUE(config.keys.at(0).exhausted);
  EXPECT_EQ(config.keys.at(0).exhausted->downgrade, "");
  ASSERT_TRUE(config.keys.at(1).exhausted);
  EXPECT_EQ(config.keys.at(1).exhausted->downgrade, "big");
  EXPECT_FALSE(config.keys.at(2).exhausted);
}

}  // namespace
}  // namespace sluice::config::exhausted_test

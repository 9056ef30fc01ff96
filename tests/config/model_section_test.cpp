#include "config/sections.hpp"

#include <gtest/gtest.h>

#include "config/cases.hpp"

namespace sluice::config {
namespace {

using testing::Case;
using testing::surroundings;

const std::string provider = "providers: {demo: {}}\n";

class ModelSection : public testing::Complains {};
TEST_P(ModelSection, complains) { check(); }

INSTANTIATE_TEST_SUITE_P(
    Load, ModelSection,
    ::testing::Values(
        Case{"no_mapping",
             provider + "models: [a]\n",
             {"f:2:9: models: a mapping belongs here, not a list; write \"key: value\" lines"}},
        Case{"model_is_a_name",
             provider + "models: {m: demo}\n",
             {"f:2:13: models.m: a mapping belongs here, not a single value; write \"key: value\" lines"}},
        Case{"targets_missing",
             provider + "models:\n  m: {}\n",
             {"f:3:3: models.m.targets: a model needs targets; write targets: [{provider: NAME, model: NAME}]"}},
        Case{"model_without_content",
             provider + "models:\n  m:\n",
             {"f:3:3: models.m.targets: a model needs targets; write targets: [{provider: NAME, model: NAME}]"}},
        Case{"targets_without_content",
             provider + "models:\n  m:\n    targets:\n",
             {"f:4:5: models.m.targets: a model needs targets; write targets: [{provider: NAME, model: NAME}]"}},
        Case{"targets_empty",
             provider + "models:\n  m: {targets: []}\n",
             {"f:3:16: models.m.targets: a model needs at least one target; write {provider: NAME, model: NAME} "
              "items"}},
        Case{
            "targets_no_list",
            provider + "models:\n  m: {targets: {provider: demo}}\n",
            {"f:3:16: models.m.targets: a list belongs here, not a mapping; write [a, b], or one item per line after a "
             "dash"}},
        Case{"target_is_a_name",
             provider + "models:\n  m: {targets: [demo]}\n",
             {"f:3:17: models.m.targets[0]: a mapping belongs here, not a single value; write \"key: value\" lines"}},
        Case{"target_is_nothing",
             provider + "models:\n  m:\n    targets: [~]\n",
             {"f:4:15: models.m.targets[0]: a target is missing here; write {provider: NAME, model: NAME}"}},
        Case{"provider_missing",
             provider + "models:\n  m:\n    targets:\n      - model: x\n",
             {"f:5:9: models.m.targets[0].provider: is missing; name one of the providers of this file"}},
        Case{"provider_nearly_right",
             provider + "models: {m: {targets: [{provider: dmeo}]}}\n",
             {"f:2:35: models.m.targets[0].provider: no provider is called \"dmeo\"; did you mean \"demo\"?"}},
        Case{"provider_unknown",
             provider + "models: {m: {targets: [{provider: demo}, {provider: anthropic}]}}\n",
             {"f:2:53: models.m.targets[1].provider: no provider is called \"anthropic\"; add it to providers"}},
        Case{"star_without_star",
             provider + "models: {m: {targets: [{provider: demo, model: \"*\"}]}}\n",
             {"f:2:48: models.m.targets[0].model: \"*\" means what the model's * stands for, and the model \"m\" has "
              "none; write the provider's name of the model, or leave it out to pass on the caller's"}},
        Case{"star_inside",
             provider + "models: {\"m*\": {targets: [{provider: demo, model: \"x*\"}]}}\n",
             {"f:2:51: models.m*.targets[0].model: a target's model is one name, or \"*\" alone; write \"*\" for what "
              "the model's first * stands for"}},
        Case{"target_model_empty",
             provider + "models: {m: {targets: [{provider: demo, model: \"\"}]}}\n",
             {"f:2:48: models.m.targets[0].model: is empty; write a value, or remove the key"}},
        Case{"target_model_with_spaces",
             provider + "models: {m: {targets: [{provider: demo, model: a b}]}}\n",
             {"f:2:48: models.m.targets[0].model: no usable name of a model; up to 256 characters without spaces"}},
        Case{"name_with_spaces",
             provider + "models: {a b: {targets: [{provider: demo}]}}\n",
             {"f:2:10: models[\"a b\"]: no usable name of a model; 1 to 256 characters without spaces"}},
        Case{"attempts_none",
             provider + "models: {m: {targets: [{provider: demo}], retry: {attempts: 0}}}\n",
             {"f:2:61: models.m.retry.attempts: found \"0\"; use a whole number between 1 and 100"}},
        Case{"retry_on",
             provider + "models: {m: {targets: [{provider: demo}], retry: {on: [timeout], tries: 1}}}\n",
             {"f:2:51: models.m.retry.on: \"on\" is not supported by this version; remove it",
              "f:2:66: models.m.retry.tries: unknown key \"tries\"; known here: attempts"}},
        Case{"timeouts",
             provider + "models: {m: {targets: [{provider: demo}], timeouts: {connect: 0s, first: 1s, total: 1}}}\n",
             {"f:2:63: models.m.timeouts.connect: found \"0s\"; use a duration between 1ms and 24h",
              "f:2:67: models.m.timeouts.first: unknown key \"first\"; known here: connect, first_byte, idle, total",
              "f:2:85: models.m.timeouts.total: found \"1\"; write a duration like 250ms, 3s, 5m or 1h"}},
        Case{"later_keys",
             provider + "models:\n  m:\n    targets: [{provider: demo, weight: 1}]\n    strategy: x\n    affinity: x\n"
                        "    fallback: []\n    context_fallback: []\n",
             {"f:4:32: models.m.targets[0].weight: \"weight\" is not supported by this version; remove it",
              "f:5:5: models.m.strategy: \"strategy\" is not supported by this version; remove it",
              "f:6:5: models.m.affinity: \"affinity\" is not supported by this version; remove it",
              "f:7:5: models.m.fallback: \"fallback\" is not supported by this version; remove it",
              "f:8:5: models.m.context_fallback: \"context_fallback\" is not supported by this version; remove it"}},
        Case{"unknown_key_in_a_model_with_dots",
             provider + "models: {gpt-4.1: {target: [{provider: demo}]}}\n",
             {"f:2:10: models[\"gpt-4.1\"].targets: a model needs targets; write targets: [{provider: NAME, model: "
              "NAME}]",
              "f:2:20: models[\"gpt-4.1\"].target: unknown key \"target\"; did you mean \"targets\"?"}}),
    testing::name_of);

TEST(ModelSection, reads_every_key) {
  const Loaded loaded = load(provider +
                                 "models:\n"
                                 "  one:\n"
                                 "    targets: [{provider: demo, model: x/y:z}, {provider: demo}]\n"
                                 "    retry: {attempts: 1}\n"
                                 "    timeouts: {connect: 1s, first_byte: 2s, idle: 3s, total: 4s}\n"
                                 "    strict: true\n"
                                 "  \"a/*\": {targets: [{provider: demo, model: \"*\"}]}\n",
                             surroundings());
  ASSERT_TRUE(loaded.complaints.empty());
  ASSERT_EQ(loaded.config.models.size(), 2u);
  const Model& one = loaded.config.models[0];
  using namespace std::chrono_literals;
  EXPECT_EQ(one.name, "one");
  ASSERT_EQ(one.targets.size(), 2u);
  EXPECT_EQ(one.targets[0].provider, "demo");
  EXPECT_EQ(one.targets[0].model, "x/y:z");
  EXPECT_EQ(one.targets[1].model, "");
  EXPECT_EQ(one.attempts, 1u);
  EXPECT_EQ(one.timeouts.connect, 1s);
  EXPECT_EQ(one.timeouts.first_byte, 2s);
  EXPECT_EQ(one.timeouts.idle, 3s);
  EXPECT_EQ(one.timeouts.total, 4s);
  EXPECT_TRUE(one.strict);
  EXPECT_FALSE(loaded.config.models[1].strict);
  EXPECT_EQ(loaded.config.models[1].name, "a/*");
  EXPECT_EQ(loaded.config.models[1].targets.at(0).model, "*");
}

TEST(ModelSection, finds_providers_that_stand_further_down) {
  const Loaded loaded = load("models: {m: {targets: [{provider: demo}]}}\n" + provider, surroundings());
  EXPECT_TRUE(loaded.complaints.empty());
}

TEST(ModelSection, does_not_miss_a_provider_that_has_problems_of_its_own) {
  const Loaded loaded =
      load("models: {m: {targets: [{provider: p}]}}\nproviders: {p: {kind: no-such}}\n", surroundings());
  ASSERT_EQ(loaded.complaints.size(), 1u);
  EXPECT_EQ(loaded.complaints[0].path, "providers.p.kind");
}

}  // namespace
}  // namespace sluice::config

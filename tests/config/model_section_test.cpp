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
             provider +
                 "models: {m: {targets: [{provider: demo}], retry: {on: [timeout, context_length, other], tries: "
                 "1}}}\n",
             {"f:2:65: models.m.retry.on[1]: found \"context_length\"; use one of connection, timeout, rate_limited, "
              "overloaded, server_error, model_not_found, content_refusal",
              "f:2:81: models.m.retry.on[2]: found \"other\"; use one of connection, timeout, rate_limited, "
              "overloaded, server_error, model_not_found, content_refusal",
              "f:2:89: models.m.retry.tries: unknown key \"tries\"; known here: attempts, on"}},
        Case{"retry_on_nothing",
             provider + "models:\n  m:\n    targets: [{provider: demo}]\n    retry:\n      on:\n",
             {"f:6:7: models.m.retry.on: has no value; list what is tried again, or remove the key"}},
        Case{"retry_on_a_word",
             provider + "models: {m: {targets: [{provider: demo}], retry: {on: timeout}}}\n",
             {"f:2:55: models.m.retry.on: a list belongs here, not a single value; write [a, b], or one item per line "
              "after a dash"}},
        Case{"timeouts",
             provider + "models: {m: {targets: [{provider: demo}], timeouts: {connect: 0s, first: 1s, total: 1}}}\n",
             {"f:2:63: models.m.timeouts.connect: found \"0s\"; use a duration between 1ms and 24h",
              "f:2:67: models.m.timeouts.first: unknown key \"first\"; known here: connect, first_byte, idle, total",
              "f:2:85: models.m.timeouts.total: found \"1\"; write a duration like 250ms, 3s, 5m or 1h"}},
        Case{"strategy_and_affinity",
             provider + "models: {m: {targets: [{provider: demo}], strategy: random, affinity: yes}}\n",
             {"f:2:53: models.m.strategy: found \"random\"; use one of priority, weighted, round_robin, least_busy, "
              "latency, cost",
              "f:2:71: models.m.affinity: found \"yes\"; use one of auto, off"}},
        Case{"target_out_of_bounds",
             provider + "models: {m: {targets: [{provider: demo, weight: 1000001, context: 0, concurrent: 0}]}}\n",
             {"f:2:49: models.m.targets[0].weight: found \"1000001\"; use a whole number between 0 and 1000000",
              "f:2:67: models.m.targets[0].context: found \"0\"; use a whole number between 1 and 1000000000",
              "f:2:82: models.m.targets[0].concurrent: found \"0\"; use a whole number between 1 and 1000000"}},
        Case{"concurrent_without_a_limit",
             provider + "models: {m: {targets: [{provider: demo, concurrent: {queue: -1, wait: 25h, max: 1}}]}}\n",
             {"f:2:41: models.m.targets[0].concurrent.limit: is missing; write how many requests there may be at a "
              "time",
              "f:2:61: models.m.targets[0].concurrent.queue: found \"-1\"; use a whole number between 0 and 1000000",
              "f:2:71: models.m.targets[0].concurrent.wait: found \"25h\"; use a duration between 0ms and 24h",
              "f:2:76: models.m.targets[0].concurrent.max: unknown key \"max\"; known here: limit, queue, wait"}},
        Case{"concurrent_without_value",
             provider + "models:\n  m:\n    targets:\n      - provider: demo\n        concurrent:\n",
             {"f:6:9: models.m.targets[0].concurrent: has no value; write a number, or {limit: NUMBER}"}},
        Case{"concurrent_list",
             provider + "models: {m: {targets: [{provider: demo, concurrent: [1]}]}}\n",
             {"f:2:53: models.m.targets[0].concurrent: a mapping belongs here, not a list; write \"key: value\" "
              "lines"}},
        Case{"capabilities_unknown",
             provider + "models: {m: {targets: [{provider: demo, capabilities: [tools, sight]}]}}\n",
             {"f:2:63: models.m.targets[0].capabilities[1]: found \"sight\"; use one of vision, tools, json_schema, "
              "audio, pdf, reasoning"}},
        Case{"capabilities_without_value",
             provider + "models:\n  m:\n    targets:\n      - provider: demo\n        capabilities:\n",
             {"f:6:9: models.m.targets[0].capabilities: has no value; list what the model can do, or remove the key"}},
        Case{"fallback_unknown",
             provider + "models:\n  m: {targets: [{provider: demo}], fallback: [smal, far], context_fallback: [big]}\n"
                        "  small: {targets: [{provider: demo}]}\n",
             {"f:3:47: models.m.fallback[0]: no model is called \"smal\"; did you mean \"small\"?",
              "f:3:53: models.m.fallback[1]: no model is called \"far\"; add it to models",
              "f:3:78: models.m.context_fallback[0]: no model is called \"big\"; add it to models"}},
        Case{"fallback_to_a_pattern",
             provider + "models:\n  m: {targets: [{provider: demo}], fallback: [\"g*\", g1]}\n"
                        "  \"g*\": {targets: [{provider: demo}]}\n",
             {"f:3:47: models.m.fallback[0]: a pattern names no model; write the whole name of a model of this file",
              "f:3:53: models.m.fallback[1]: no model is called \"g1\"; add it to models"}},
        Case{"fallback_to_itself_and_twice",
             provider + "models:\n  m: {targets: [{provider: demo}], fallback: [m, n, n]}\n"
                        "  n: {targets: [{provider: demo}]}\n",
             {"f:3:47: models.m.fallback[0]: a model cannot stand in for itself; name another one",
              "f:3:53: models.m.fallback[2]: named twice; keep one of them"}},
        Case{"fallback_without_value",
             provider + "models:\n  m:\n    targets: [{provider: demo}]\n    fallback:\n",
             {"f:5:5: models.m.fallback: has no value; list names of models, or remove the key"}},
        Case{"fallbacks_in_a_circle",
             provider + "models:\n"
                        "  a: {targets: [{provider: demo}], fallback: [b]}\n"
                        "  b: {targets: [{provider: demo}], fallback: [d, c]}\n"
                        "  c: {targets: [{provider: demo}], fallback: [a, b]}\n"
                        "  d: {targets: [{provider: demo}]}\n",
             {"f:5:47: models.c.fallback[0]: leads in a circle: a -> b -> c -> a; take one of them out",
              "f:5:50: models.c.fallback[1]: leads in a circle: b -> c -> b; take one of them out"}},
        Case{"context_fallbacks_in_a_circle",
             provider + "models:\n"
                        "  a: {targets: [{provider: demo}], context_fallback: [b]}\n"
                        "  b: {targets: [{provider: demo}], context_fallback: [a]}\n",
             {"f:4:55: models.b.context_fallback[0]: leads in a circle: a -> b -> a; take one of them out"}},
        Case{"circles_over_both_kinds_are_none",
             provider + "models:\n"
                        "  a: {targets: [{provider: demo}], fallback: [b]}\n"
                        "  b: {targets: [{provider: demo}], context_fallback: [a]}\n",
             {}},
        Case{"several_ways_to_one_model_are_no_circle",
             provider + "models:\n"
                        "  a: {targets: [{provider: demo}], fallback: [b, c]}\n"
                        "  b: {targets: [{provider: demo}], fallback: [c]}\n"
                        "  c: {targets: [{provider: demo}]}\n",
             {}},
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

TEST(ModelSection, says_of_its_targets_what_is_written) {
  using namespace std::chrono_literals;
  const Loaded loaded = load(provider +
                                 "models:\n"
                                 "  m:\n"
                                 "    strategy: weighted\n"
                                 "    affinity: off\n"
                                 "    retry: {on: [timeout, model_not_found, content_refusal]}\n"
                                 "    fallback: [n]\n"
                                 "    context_fallback: [n]\n"
                                 "    targets:\n"
                                 "      - {provider: demo, weight: 0, concurrent: 8, capabilities: [pdf, tools, pdf]}\n"
                                 "      - {provider: demo, concurrent: {limit: 2, queue: 0, wait: 0s}, context: 4096}\n"
                                 "      - {provider: demo, capabilities: []}\n"
                                 "  n: {targets: [{provider: demo}]}\n",
                             surroundings());
  for (const Complaint& complaint : loaded.complaints) ADD_FAILURE() << complaint.text("f");
  const Model& model = loaded.config.models.at(0);
  EXPECT_EQ(model.strategy, "weighted");
  EXPECT_FALSE(model.affinity);
  EXPECT_EQ(model.fallback, std::vector<std::string>{"n"});
  EXPECT_EQ(model.context_fallback, std::vector<std::string>{"n"});
  traffic::FailureClasses classes;
  classes.add(traffic::FailureClass::timeout);
  classes.add(traffic::FailureClass::model_not_found).add(traffic::FailureClass::content_refusal);
  EXPECT_EQ(model.retry_on, classes);
  ASSERT_EQ(model.targets.size(), 3u);
  EXPECT_EQ(model.targets[0].weight, 0u);
  EXPECT_EQ(model.targets[0].concurrency.limit, 8u);
  EXPECT_EQ(model.targets[0].concurrency.queue, 100u);
  EXPECT_EQ(model.targets[0].concurrency.wait, 5s);
  EXPECT_EQ(model.targets[0].capabilities, (std::vector<Capability>{Capability::pdf, Capability::tools}));
  EXPECT_FALSE(model.targets[0].context);
  EXPECT_EQ(model.targets[1].weight, 1u);
  EXPECT_EQ(model.targets[1].concurrency.limit, 2u);
  EXPECT_EQ(model.targets[1].concurrency.queue, 0u);
  EXPECT_EQ(model.targets[1].concurrency.wait, 0s);
  EXPECT_EQ(model.targets[1].context, 4096u);
  EXPECT_FALSE(model.targets[1].capabilities);
  ASSERT_TRUE(model.targets[2].capabilities);
  EXPECT_TRUE(model.targets[2].capabilities->empty());
  EXPECT_EQ(model.targets[2].concurrency.limit, 0u);
}

TEST(ModelSection, asks_in_the_files_order_and_again_after_the_usual_failures_by_default) {
  const Loaded loaded = load(provider + "models: {m: {targets: [{provider: demo}]}}\n", surroundings());
  const Model& model = loaded.config.models.at(0);
  EXPECT_EQ(model.strategy, "priority");
  EXPECT_TRUE(model.affinity);
  EXPECT_EQ(model.retry_on, traffic::FailureClasses::usual());
  EXPECT_TRUE(model.fallback.empty());
  EXPECT_TRUE(model.context_fallback.empty());
}

TEST(ModelSection, follows_a_long_chain_of_fallbacks) {
  std::string text = provider + "models:\n";
  for (int i = 0; i < 20'000; ++i) {
    text += "  m" + std::to_string(i) + ": {targets: [{provider: demo}], fallback: [m" + std::to_string(i + 1) + "]}\n";
  }
  text += "  m20000: {targets: [{provider: demo}]}\n";
  EXPECT_TRUE(load(text, surroundings()).complaints.empty());
}

}  // namespace
}  // namespace sluice::config

#include "config/sections.hpp"

#include <gtest/gtest.h>

#include "config/cases.hpp"

namespace sluice::config::provider_section_test {
namespace {

using testing::Case;
using testing::surroundings;

const std::string all_kinds = testing::kinds_listed();
const std::string url_complaint =
    "no absolute http or https URL; write https://HOST[:PORT][/PATH], without user, query or fragment";
const std::string model = "models: {m: {targets: [{provider: p}]}}\n";

class ProviderSection : public testing::Complains {};
TEST_P(ProviderSection, complains) { check(); }

INSTANTIATE_TEST_SUITE_P(
    Load, ProviderSection,
    ::testing::Values(
        Case{"unknown_kind",
             model + "providers: {p: {kind: klingon}}\n",
             {"f:2:23: providers.p.kind: no kind is called \"klingon\"; " + all_kinds}},
        Case{"kind_nearly_right",
             model + "providers: {p: {kind: opnai}}\n",
             {"f:2:23: providers.p.kind: no kind is called \"opnai\"; did you mean \"openai\"? " + all_kinds}},
        Case{"name_is_no_kind",
             model + "providers:\n  p: {}\n",
             {"f:3:3: providers.p: has no kind, and none is called \"p\"; " + all_kinds}},
        Case{"kind_without_value",
             model + "providers: {p: {kind: }}\n",
             {"f:2:17: providers.p.kind: has no value; write one, or remove the key"}},
        Case{"key_missing",
             model + "providers: {p: {kind: groq}}\n",
             {"f:2:13: providers.p.api_key: kind groq needs a key; write api_key: \"${GROQ_API_KEY}\""}},
        Case{"key_missing_from_nothing",
             "models: {m: {targets: [{provider: openai}]}}\nproviders:\n  openai:\n",
             {"f:3:3: providers.openai.api_key: kind openai needs a key; write api_key: \"${OPENAI_API_KEY}\""}},
        Case{"key_without_value",
             model + "providers: {p: {kind: groq, api_key: }}\n",
             {"f:2:29: providers.p.api_key: has no value; write one, or remove the key"}},
        Case{"key_unset_is_told_once",
             model + "providers: {p: {kind: groq, api_key: \"${NOT_THERE}\"}}\n",
             {"f:2:38: providers.p.api_key: the environment variable NOT_THERE is not set; set it before starting"}},
        Case{"key_of_an_unknown_kind_is_read_too",
             model + "providers: {p: {kind: no, api_key: \"${NOT_THERE}\"}}\n",
             {"f:2:23: providers.p.kind: no kind is called \"no\"; " + all_kinds,
              "f:2:36: providers.p.api_key: the environment variable NOT_THERE is not set; set it before starting"}},
        Case{"base_url_missing",
             model + "providers: {p: {kind: openai-compatible}}\n",
             {"f:2:13: providers.p.base_url: kind openai-compatible needs a base_url; write base_url: "
              "https://HOST[:PORT][/PATH]"}},
        Case{"base_url_relative",
             model + "providers: {p: {kind: vllm, base_url: /v1}}\n",
             {"f:2:39: providers.p.base_url: " + url_complaint}},
        Case{"base_url_with_user",
             model + "providers: {p: {kind: vllm, base_url: \"http://u:canary@h\"}}\n",
             {"f:2:39: providers.p.base_url: " + url_complaint}},
        Case{"base_url_with_query",
             model + "providers: {p: {kind: openai-compatible, base_url: \"http://h/?a=b\"}}\n",
             {"f:2:52: providers.p.base_url: " + url_complaint}},
        Case{"flag",
             model + "providers: {p: {kind: vllm, allow_private: yes}}\n",
             {"f:2:44: providers.p.allow_private: \"yes\" is neither true nor false; write true or false"}},
        Case{"authority_over_plain_http",
             model + "providers: {p: {kind: vllm, tls: {ca: /ca.pem}}}\n",
             {"warning f:2:34: providers.p.tls: tls has no effect on an http URL; write an https URL, or remove it"}},
        Case{"authority_misspelt",
             model + "providers: {p: {kind: vllm, tls: {ca_file: /ca.pem}}}\n",
             {"f:2:35: providers.p.tls.ca_file: unknown key \"ca_file\"; known here: ca"}},
        Case{"built_in_needs_nothing",
             model + "providers: {p: {kind: demo, api_key: x, base_url: x, allow_private: x, tls: x}}\n",
             {"f:2:29: providers.p.api_key: has no effect: kind demo is built in; remove it",
              "f:2:41: providers.p.base_url: has no effect: kind demo is built in; remove it",
              "f:2:54: providers.p.allow_private: has no effect: kind demo is built in; remove it",
              "f:2:72: providers.p.tls: has no effect: kind demo is built in; remove it"}},
        Case{"breaker_out_of_bounds",
             model + "providers: {p: {kind: demo, breaker: {failures: 0, cooldown: 0s, max: 25h, reset: 1s}}}\n",
             {"f:2:49: providers.p.breaker.failures: found \"0\"; use a whole number between 1 and 1000000",
              "f:2:62: providers.p.breaker.cooldown: found \"0s\"; use a duration between 1ms and 24h",
              "f:2:71: providers.p.breaker.max: found \"25h\"; use a duration between 1ms and 24h",
              "f:2:76: providers.p.breaker.reset: unknown key \"reset\"; known here: failures, cooldown, max"}},
        Case{"breaker_with_a_max_below_its_cooldown",
             model + "providers: {p: {kind: demo, breaker: {cooldown: 10s, max: 9s}}}\n",
             {"f:2:59: providers.p.breaker.max: max is 9s, less than the cooldown of 10s; write a max that is no "
              "shorter than cooldown"}},
        Case{"breaker_with_a_cooldown_above_the_usual_max",
             model + "providers: {p: {kind: demo, breaker: {cooldown: 90s}}}\n",
             {"f:2:49: providers.p.breaker.cooldown: max is 1m, less than the cooldown of 90s; write a max that is no "
              "shorter than cooldown"}},
        Case{"health_check_of_nowhere",
             model + "providers: {p: {kind: vllm, health_check: {path: models, every: 1ms, port: 1}}}\n",
             {"f:2:50: providers.p.health_check.path: is no path; write one below base_url, such as /models",
              "f:2:65: providers.p.health_check.every: found \"1ms\"; use a duration between 1s and 24h",
              "f:2:70: providers.p.health_check.port: unknown key \"port\"; known here: path, every"}},
        Case{"words_that_are_none",
             model + "providers: {p: {kind: demo, residency: EU, retention: \"30 days\"}}\n",
             {"f:2:40: providers.p.residency: no usable word; up to 64 small letters, digits and dashes",
              "f:2:55: providers.p.retention: no usable word; up to 64 small letters, digits and dashes"}},
        Case{"terms_of_an_unknown_kind_are_read_too",
             model + "providers: {p: {kind: no, residency: EU}}\n",
             {"f:2:23: providers.p.kind: no kind is called \"no\"; " + all_kinds,
              "f:2:38: providers.p.residency: no usable word; up to 64 small letters, digits and dashes"}},
        Case{
            "manners_that_are_none",
            model +
                "providers: {p: {kind: vllm, key_header: \"a b\", headers: {Host: x, \"a:\": y, x-ok: \"\\u00e9\"}}}\n",
            {"f:2:41: providers.p.key_header: is no name of a header field; letters, digits and dashes",
             "f:2:58: providers.p.headers.Host: is written by the gateway itself; remove it",
             "f:2:67: providers.p.headers.a:: is no name of a header field; letters, digits and dashes",
             "f:2:82: providers.p.headers.x-ok: is no value of a header field; printable ASCII characters"}},
        Case{"failures_that_say_nothing",
             model + "providers: {p: {kind: vllm, failures: [{means: rate}, {status: 200, says: a, means: odd}]}}\n",
             {"f:2:40: providers.p.failures[0]: fits every failure; add status or says",
              "f:2:64: providers.p.failures[1].status: found \"200\"; use a whole number between 400 and 599",
              "f:2:85: providers.p.failures[1].means: found \"odd\"; use one of credential, rate, quota, overloaded, "
              "timeout, "
              "context_length, model, filtered, refused, server"}},
        Case{"several_keys_beside_one",
             model + "providers: {p: {kind: groq, api_key: \"${TEAM_KEY}\", api_keys: [\"${OTHER_KEY}\"]}}\n",
             {"f:2:53: providers.p.api_keys: stands beside api_key; write all keys into api_keys"}},
        Case{"several_keys_that_are_none",
             model + "providers: {p: {kind: groq, api_keys: []}}\n",
             {"f:2:39: providers.p.api_keys: has no value; list at least one key, or remove it"}},
        Case{"several_keys_without_value",
             model + "providers:\n  p:\n    kind: groq\n    api_keys:\n",
             {"f:5:5: providers.p.api_keys: has no value; list at least one key, or remove it"}},
        Case{"several_keys_that_are_no_list",
             model + "providers: {p: {kind: groq, api_keys: \"${TEAM_KEY}\"}}\n",
             {"f:2:39: providers.p.api_keys: a list belongs here, not a single value; write [a, b], or one item per "
              "line after a dash"}},
        Case{"several_keys_with_faults",
             model + "providers: {p: {kind: groq, api_keys: [canary-literal, ~, \"${TEAM_KEY}\", \"${TEAM_KEY}\"]}}\n",
             {"warning f:2:40: providers.p.api_keys[0]: the secret itself stands in the file; write ${NAME} for an "
              "environment variable, or file:/path",
              "f:2:56: providers.p.api_keys[1]: has no value; write one, or remove the key",
              "f:2:74: providers.p.api_keys[3]: the same key stands before it; keep one of them"}},
        Case{"several_keys_of_what_needs_none",
             model + "providers: {p: {kind: demo, api_keys: [x]}}\n",
             {"f:2:29: providers.p.api_keys: has no effect: kind demo is built in; remove it"}},
        Case{"region_missing",
             model + "providers: {p: {kind: bedrock}}\n",
             {"f:2:13: providers.p.region: kind bedrock needs a region; write region: NAME"}},
        Case{"region_that_is_none",
             model + "providers: {p: {kind: bedrock, region: \"evil.example/\"}}\n",
             {"f:2:40: providers.p.region: no region; write its name, such as eu-west-1"}},
        Case{"region_without_a_place",
             model + "providers: {p: {kind: vllm, region: x}}\n",
             {"f:2:29: providers.p.region: has no effect: kind vllm has no regions; remove it"}},
        Case{"dialect_unheard_of",
             model + "providers: {p: {kind: vllm, dialect: klingon}}\n",
             {"f:2:38: providers.p.dialect: found \"klingon\"; use one of " + testing::dialects_listed()}},
        Case{"name_with_a_space",
             model + "providers: {p: {kind: demo}, a b: {kind: demo}}\n",
             {"f:2:30: providers[\"a b\"]: no usable name; 1 to 64 letters, digits, dots, dashes and underscores"}},
        Case{"unknown_key",
             model + "providers: {p: {kind: demo, baseurl: x}}\n",
             {"f:2:29: providers.p.baseurl: unknown key \"baseurl\"; did you mean \"base_url\"?"}},
        Case{"twice",
             model + "providers:\n  p: {kind: demo}\n  p: {kind: demo}\n",
             {"f:4:3: providers.p: given twice, first on line 3; keep one of them"}}),
    testing::name_of);

Provider only_provider(const std::string& yaml) {
  const Loaded loaded = load(yaml + "models: {m: {targets: [{provider: p}]}}\n", surroundings());
  for (const Complaint& complaint : loaded.complaints) ADD_FAILURE() << complaint.text("f");
  return loaded.config.providers.at(0);
}

TEST(ProviderSection, speaks_other_dialects_where_its_kind_does) {
  Complaints complaints;
  const Catalogue catalogue = read_catalogue(
      "dialects: [one, two, three]\nkinds: {k: {dialect: one, also: {two: /api, three: .}, base_url: "
      "\"http://h/v1\", key: none}}\n",
      complaints);
  std::string base_url;
  const auto read = [&](const std::string& more) {
    const std::string text = "p: {kind: k" + more + "}\n";
    const Document document = parse_yaml(text, complaints);
    const Surroundings nothing = surroundings();
    const Desk desk{nothing, complaints};
    std::vector<Provider> providers;
    read_providers(Value(document.root, {}, "", desk), catalogue, providers);
    std::string voices = providers.at(0).dialect;
    for (const Provider::Voice& voice : providers.at(0).also) voices += " " + voice.dialect + "@" + voice.path;
    base_url = providers.at(0).base_url;
    return voices;
  };
  EXPECT_EQ(read(""), "one two@/api three@/v1");
  EXPECT_EQ(read(", base_url: \"http://other/v1\""), "one two@/api three@/v1");
  EXPECT_EQ(read(", base_url: \"http://other/prefix/v1\""), "one two@/prefix/api three@/prefix/v1");
  EXPECT_EQ(read(", base_url: \"http://other/elsewhere\""), "one three@/elsewhere");
  EXPECT_EQ(read(", dialect: two"), "two");
  EXPECT_EQ(base_url, "http://h/api") << "its own path";
  EXPECT_EQ(read(", dialect: two, base_url: \"https://other:1/prefix/v1\""), "two");
  EXPECT_EQ(base_url, "https://other:1/prefix/api");
  EXPECT_EQ(read(", dialect: two, base_url: \"http://other/elsewhere\""), "two");
  EXPECT_EQ(base_url, "http://other/elsewhere") << "what is written holds where the kind does not know better";
  EXPECT_EQ(read(", dialect: three"), "three");
  EXPECT_EQ(base_url, "http://h/v1");
  EXPECT_EQ(std::move(complaints).in_order().size(), 0u);
}

TEST(ProviderSection, puts_its_region_into_the_address) {
  const Provider provider = only_provider("providers: {p: {kind: bedrock, region: eu-west-1}}\n");
  EXPECT_EQ(provider.base_url, "https://bedrock-runtime.eu-west-1.amazonaws.com");
  const Provider elsewhere = only_provider("providers: {p: {kind: bedrock, base_url: \"http://127.0.0.1:1\"}}\n");
  EXPECT_EQ(elsewhere.base_url, "http://127.0.0.1:1");
}

TEST(ProviderSection, goes_through_the_door_of_its_kind_unless_it_speaks_something_else) {
  const std::string address = "region: r, base_url: \"http://127.0.0.1:1\", api_key: \"${TEAM_KEY}\"";
  const auto provider = [&](const std::string& more) {
    return only_provider("providers: {p: {kind: bedrock-anthropic, " + address + more + "}}\n");
  };
  EXPECT_EQ(provider("").door, "invoke_model");
  EXPECT_EQ(provider("").also.size(), 1u);
  EXPECT_EQ(provider(", dialect: anthropic_messages").door, "invoke_model");
  EXPECT_EQ(provider(", dialect: bedrock_converse").door, "");
  EXPECT_EQ(only_provider("providers: {p: {kind: bedrock, " + address + "}}\n").door, "");
  const Provider other =
      only_provider("providers: {p: {kind: bedrock, dialect: anthropic_messages, " + address + "}}\n");
  EXPECT_EQ(other.door, "invoke_model") << "whoever names the dialect means what that address serves of it";
  EXPECT_EQ(only_provider("providers: {p: {kind: bedrock, dialect: gemini, " + address + "}}\n").door, "");
}

TEST(ProviderSection, takes_from_the_kind_what_is_not_written) {
  const Provider provider = only_provider("providers: {p: {kind: openai, api_key: \"${OPENAI_API_KEY}\"}}\n");
  EXPECT_EQ(provider.name, "p");
  EXPECT_EQ(provider.kind, "openai");
  EXPECT_EQ(provider.dialect, "openai_chat");
  EXPECT_EQ(provider.base_url, "https://api.openai.com/v1");
  EXPECT_EQ(provider.api_key.reveal(), "canary-openai");
  EXPECT_FALSE(provider.built_in);
  EXPECT_FALSE(provider.allow_private);
  EXPECT_EQ(provider.ca_file, "");
}

TEST(ProviderSection, prefers_what_is_written) {
  const Provider provider = only_provider(
      "providers: {p: {kind: ollama, base_url: \"https://[::1]:1/x\", allow_private: false, api_key: "
      "\"file:/secrets/key\", tls: {ca: /ca.pem}}}\n");
  EXPECT_EQ(provider.base_url, "https://[::1]:1/x");
  EXPECT_EQ(provider.api_key.reveal(), "canary-from-file");
  EXPECT_FALSE(provider.allow_private);
  EXPECT_EQ(provider.ca_file, "/ca.pem");
}

TEST(ProviderSection, may_say_how_it_wants_to_be_spoken_to) {
  const auto config =
      load(model +
               "providers: {p: {kind: anthropic, api_key: k, key_header: X-Token, unsupported: [top_k], "
               "headers: {anthropic-version: \"2030-01-01\", x-extra: \"1\"}, max_tokens: most, "
               "failures: [{status: 400, says: Bad KEY, means: credential}]}}\n",
           surroundings())
          .config;
  const Manners& manners = config.providers.at(0).manners;
  EXPECT_EQ(manners.key_header, "X-Token");
  EXPECT_EQ(manners.max_tokens, "most");
  EXPECT_EQ(manners.default_max_tokens, 4096U) << "the kind's";
  EXPECT_EQ(manners.unsupported, std::vector<std::string>{"top_k"});
  ASSERT_EQ(manners.headers.size(), 2U);
  EXPECT_EQ(manners.headers[0].value, "2030-01-01");
  ASSERT_EQ(manners.failures.size(), 1U);
  EXPECT_EQ(manners.failures[0].says, "bad key");
}

TEST(ProviderSection, of_another_dialect_than_its_kinds_is_spoken_to_as_those_whose_own_it_is) {
  const std::string start = model + "providers: {p: {kind: openai-compatible, base_url: \"http://h/v1\", dialect: ";
  const auto claude = load(start + "anthropic_messages}}\n", surroundings()).config.providers.at(0).manners;
  EXPECT_EQ(claude.key_header, "x-api-key");
  ASSERT_EQ(claude.headers.size(), 1U);
  EXPECT_EQ(claude.headers[0].name, "anthropic-version");
  EXPECT_EQ(load(start + "gemini}}\n", surroundings()).config.providers.at(0).manners.key_header, "x-goog-api-key");
  const auto served = load(model + "providers: {p: {kind: vllm, dialect: anthropic_messages}}\n", surroundings());
  EXPECT_EQ(served.config.providers.at(0).manners.key_header, "") << "the kind serves it, with its own key";
  EXPECT_EQ(load(start + "cohere_v2}}\n", surroundings()).config.providers.at(0).manners.key_header, "");
}

TEST(ProviderSection, knows_its_kinds_own_words_in_the_kinds_own_dialect_only) {
  const std::string start = model + "providers: {p: {kind: mistral, api_key: k, proofs: true";
  const Manners own = load(start + "}}\n", surroundings()).config.providers.at(0).manners;
  EXPECT_EQ(own.max_tokens, "max_tokens");
  ASSERT_EQ(own.members.size(), 1U);
  EXPECT_EQ(own.members[0], std::pair(std::string("seed"), std::string("random_seed")));
  EXPECT_EQ(own.call_ids, 9U);
  EXPECT_TRUE(own.tells_usage);
  EXPECT_TRUE(own.proofs);
  const Manners other = load(start + ", dialect: ollama}}\n", surroundings()).config.providers.at(0).manners;
  EXPECT_EQ(other.max_tokens, "");
  EXPECT_TRUE(other.members.empty());
  EXPECT_EQ(other.call_ids, 0U);
  EXPECT_FALSE(other.tells_usage);
}

TEST(ProviderSection, has_the_residency_of_its_kind_at_the_kinds_own_address_only) {
  const auto residency_of = [](const std::string& more) {
    return load(model + "providers: {p: {kind: mistral, api_key: k" + more + "}}\n", surroundings())
        .config.providers.at(0)
        .residency;
  };
  EXPECT_EQ(residency_of(""), "eu");
  EXPECT_EQ(residency_of(", residency: on-premises"), "on-premises");
  EXPECT_EQ(residency_of(", base_url: \"https://elsewhere.example/v1\""), "");
}

TEST(ProviderSection, lets_kinds_of_ones_own_machines_reach_private_addresses) {
  const Provider provider = only_provider("providers: {p: {kind: ollama}}\n");
  EXPECT_TRUE(provider.allow_private);
  EXPECT_TRUE(provider.api_key.empty());
}

TEST(ProviderSection, is_left_alone_after_the_usual_failures_unless_it_says_otherwise) {
  using namespace std::chrono_literals;
  const Provider usual = only_provider("providers: {p: {kind: demo}}\n");
  EXPECT_EQ(usual.breaker.failures, 5u);
  EXPECT_EQ(usual.breaker.cooldown, 5s);
  EXPECT_EQ(usual.breaker.max, 60s);
  EXPECT_FALSE(usual.health_check);
  EXPECT_EQ(usual.residency, "");
  EXPECT_EQ(usual.retention, "");
  const Provider other = only_provider(
      "providers: {p: {kind: vllm, residency: on-premises, retention: none, breaker: {failures: 2, "
      "cooldown: 1s, max: 1s}}}\n");
  EXPECT_EQ(other.breaker.failures, 2u);
  EXPECT_EQ(other.breaker.cooldown, 1s);
  EXPECT_EQ(other.breaker.max, 1s);
  EXPECT_EQ(other.residency, "on-premises");
  EXPECT_EQ(other.retention, "none");
}

TEST(ProviderSection, may_be_asked_whether_it_is_there) {
  using namespace std::chrono_literals;
  const Provider plain = only_provider("providers: {p: {kind: vllm, health_check: {}}}\n");
  ASSERT_TRUE(plain.health_check);
  EXPECT_EQ(plain.health_check->path, "/models");
  EXPECT_EQ(plain.health_check->every, 10s);
  const Provider other =
      only_provider("providers: {p: {kind: vllm, health_check: {path: \"/live?a=1\", every: 1s}}}\n");
  EXPECT_EQ(other.health_check->path, "/live?a=1");
  EXPECT_EQ(other.health_check->every, 1s);
}

TEST(ProviderSection, has_keys_in_the_order_of_their_list) {
  const Provider provider = only_provider(
      "providers: {p: {kind: openai, api_keys: [\"${OPENAI_API_KEY}\", \"file:/secrets/key\", \"${TEAM_KEY}\"]}}\n");
  EXPECT_EQ(provider.api_key.reveal(), "canary-openai");
  ASSERT_EQ(provider.more_keys.size(), 2u);
  EXPECT_EQ(provider.more_keys[0].reveal(), "canary-from-file");
  EXPECT_EQ(provider.more_keys[1].reveal(), "canary-team-key");
  const Provider one = only_provider("providers: {p: {kind: openai, api_keys: [\"${OPENAI_API_KEY}\"]}}\n");
  EXPECT_EQ(one.api_key.reveal(), "canary-openai");
  EXPECT_TRUE(one.more_keys.empty());
}

TEST(ProviderSection, keeps_the_order_of_the_file) {
  const Loaded loaded =
      load("providers: {z: {kind: demo}, a: {kind: demo}}\nmodels: {m: {targets: [{provider: a}]}}\n", surroundings());
  ASSERT_EQ(loaded.config.providers.size(), 2u);
  EXPECT_EQ(loaded.config.providers[0].name, "z");
  EXPECT_EQ(loaded.config.providers[1].name, "a");
}

}  // namespace
}  // namespace sluice::config::provider_section_test

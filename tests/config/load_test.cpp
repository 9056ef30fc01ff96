#include <sluice/config/load.hpp>

#include <gtest/gtest.h>

#include <algorithm>

#include "config/cases.hpp"

namespace sluice::config {
namespace {

using testing::Case;
using testing::complaints_of;
using testing::kinds_listed;
using testing::surroundings;
using testing::world;

class Root : public testing::Complains {};
TEST_P(Root, complains) { check(); }

INSTANTIATE_TEST_SUITE_P(
    Load, Root,
    ::testing::Values(
        Case{"nothing_when_right", world, {}},
        Case{"empty_text", "", {"f:1:1: the configuration is empty; write at least a provider and a model"}},
        Case{"only_comments",
             "# nothing\n\n",
             {"f:1:1: the configuration is empty; write at least a provider and a model"}},
        Case{"only_null", "---\n", {"f:1:1: the configuration is empty; write at least a provider and a model"}},
        Case{"list_at_the_root", "- a\n", {"f:1:1: a mapping belongs here, not a list; write \"key: value\" lines"}},
        Case{"text_at_the_root",
             "hello\n",
             {"f:1:1: a mapping belongs here, not a single value; write \"key: value\" lines"}},
        Case{"unknown_key_nearly_right",
             world + "sever: {}\n",
             {"f:3:1: sever: unknown key \"sever\"; did you mean \"server\"?"}},
        Case{"unknown_key_far_off",
             world + "telemetry: {}\n",
             {"f:3:1: telemetry: unknown key \"telemetry\"; known here: auth, server, admin, storage, ledger, "
              "providers, "
              "models, routes, organisation, teams, keys, jwt, tags, alerts, prices, unknown_price, log"}},
        Case{"later_keys",
             world + "log: {bodies: none}\n",
             {"f:3:7: log.bodies: \"bodies\" is not supported by this version; remove it"}},
        Case{"no_models",
             "providers: {demo: {}}\n",
             {"warning f:1:1: models: no model is defined; every request will be refused; name at least one under "
              "models"}},
        Case{"auth_unknown", world + "auth: token\n", {"f:3:7: auth: found \"token\"; use one of keys, none"}},
        Case{"auth_unknown_says_nothing_of_callers",
             world + "auth: token\nserver: {listen: \"0.0.0.0:80\"}\n",
             {"f:3:7: auth: found \"token\"; use one of keys, none"}},
        Case{"everybody_could_call",
             world + "server:\n  listen: 0.0.0.0:8080\n",
             {"f:4:11: server.listen: no key is defined, so whoever reaches 0.0.0.0:8080 could call; define keys, "
              "listen on 127.0.0.1, or write \"auth: none\""}},
        Case{"everybody_could_call_over_ipv6",
             world + "auth: keys\nkeys: []\nserver:\n  listen: '[2001:db8::1]:80'\n",
             {"f:6:11: server.listen: no key is defined, so whoever reaches [2001:db8::1]:80 could call; define keys, "
              "listen on 127.0.0.1, or write \"auth: none\""}},
        Case{"everybody_may_call", world + "auth: none\nserver: {listen: \"0.0.0.0:8080\"}\n", {}},
        Case{"loopback_needs_no_keys", world + "server: {listen: \"127.1.2.3:8080\"}\n", {}},
        Case{"loopback_of_ipv6_needs_no_keys", world + "server: {listen: \"[::1]:8080\"}\n", {}},
        Case{"keys_open_every_address",
             world + "server: {listen: \"0.0.0.0:8080\"}\nkeys: [{name: a, secret: \"${TEAM_KEY}\"}]\n",
             {}},
        Case{
            "keys_without_effect",
            world + "auth: none\nkeys: [{name: a, secret: \"${TEAM_KEY}\"}]\n",
            {"warning f:4:7: keys: keys have no effect with \"auth: none\"; remove the keys, or write \"auth: keys\""}},
        Case{"tokens_without_effect",
             world + "auth: none\njwt: {jwks: \"https://i/k\", issuer: i, audience: a}\n",
             {"warning f:4:6: jwt: tokens have no effect with \"auth: none\"; remove jwt, or write \"auth: keys\""}},
        Case{"tokens_open_every_address",
             world + "server: {listen: \"0.0.0.0:8080\"}\njwt: {jwks: \"https://i/k\", issuer: i, audience: a}\n",
             {}},
        Case{"no_keys_with_auth_none", world + "auth: none\nkeys: []\n", {}},
        Case{"listeners_collide",
             world + "server: {listen: \"127.0.0.1:7000\"}\nadmin: {listen: \"localhost:7000\"}\n",
             {"f:4:17: admin.listen: the port of server.listen, 127.0.0.1:7000; give server.listen and admin.listen "
              "different ports"}},
        Case{"listener_collides_with_the_default",
             world + "server: {listen: \"127.0.0.1:9090\"}\n",
             {"f:3:18: server.listen: the port of admin.listen, 127.0.0.1:9090; give server.listen and admin.listen "
              "different ports"}},
        Case{"listeners_collide_over_all_addresses",
             world + "admin: {listen: \"0.0.0.0:8080\"}\n",
             {"f:3:17: admin.listen: the port of server.listen, 127.0.0.1:8080; give server.listen and admin.listen "
              "different ports"}},
        Case{"listeners_of_two_addresses_do_not_collide", world + "admin: {listen: \"127.0.0.2:8080\"}\n", {}},
        Case{"port_zero_never_collides",
             world + "server: {listen: \"127.0.0.1:0\"}\nadmin: {listen: \"127.0.0.1:0\"}\n",
             {}},
        Case{"all_problems_in_the_order_of_the_text",
             "log: {level: loud}\nkeys: [{name: a}]\nmodels: {m: {}}\nproviders: {x: {}}\nauth: 1\n",
             {"f:1:14: log.level: found \"loud\"; use one of debug, info, warn, error",
              "f:2:8: keys[0].secret: is missing; write secret: \"${NAME}\"",
              "f:3:10: models.m.targets: a model needs targets; write targets: [{provider: NAME, model: NAME}]",
              "f:4:13: providers.x: has no kind, and none is called \"x\"; " + kinds_listed(),
              "f:5:7: auth: found \"1\"; use one of keys, none"}}),
    testing::name_of);

// The example of the interface, as far as this version cannot read it: everything it shows is either read or refused
// as planned, and nothing is called unknown.
TEST(Load, calls_no_key_of_the_interface_unknown) {
  const auto said = complaints_of(R"(auth: keys
server: {listen: "127.0.0.1:8080", workers: auto, tls: {certificate: /c, key: /k},
         limits: {body: 32MiB, header: 32KiB, connections: 20000, buffered: 1GiB},
         timeouts: {header: 10s, body: 60s, idle: 75s}, drain: {delay: 5s, grace: 120s}}
admin: {listen: "127.0.0.1:9090", token: "${OTHER_KEY}"}
storage: sqlite:///var/lib/sluice/sluice.db
providers:
  a: {kind: bedrock, region: r, residency: eu}
  b: {kind: vllm, dialect: openai_chat}
  c:
    kind: openai-compatible
    base_url: https://10.0.0.7:8000/v1
    allow_private: true
    tls: {ca: /ca}
    breaker: {failures: 5, cooldown: 5s, max: 60s}
models:
  m:
    strategy: priority
    targets: [{provider: c, model: x, weight: 80}]
    affinity: auto
    retry: {attempts: 3, on: [connection]}
    timeouts: {connect: 3s, first_byte: 60s, idle: 120s, total: 10m}
    fallback: [n]
    context_fallback: [n]
  n: {targets: [{provider: a}]}
routes:
  - {name: regulated, when: {team: t}, require: {residency: [eu]}}
  - {name: simple-work, when: {model: auto, prompt_tokens: {max: 2000}, tools: false}, use: n}
  - {name: hard-work, when: {model: auto}, use: n}
organisation: {name: o}
teams:
  t: {models: [n, auto], limits: {rpm: 1}, budget: {usd: 1, per: month}, on_exhausted: refuse, bodies: none}
keys: [{name: k, team: t, secret: "${TEAM_KEY}", budget: {usd: 20, per: day}}]
prices: {x: {input: 1.0, output: 4.0, above: [{tokens: 200000, input: 2.0, output: 8.0}]}}
unknown_price: deny
jwt: {jwks: "https://idp.example/jwks.json", issuer: x, audience: y, claims: {team: groups, tags: {user: sub}}}
log: {level: info, format: json, bodies: none}
)");
  EXPECT_EQ(said.size(), 2u);
  for (const std::string& line : said)
    EXPECT_NE(line.find(" is not supported by this version; remove it"), std::string::npos) << line;
}

TEST(Load, names_the_planned_key_that_was_meant) {
  EXPECT_EQ(complaints_of(world + "teams: {t: {bodys: none}}\n"),
            std::vector<std::string>{"f:3:13: teams.t.bodys: unknown key \"bodys\"; did you mean \"bodies\"? it is not "
                                     "supported by this version; known here: models, priority, limits, budget, "
                                     "on_exhausted"});
}

// What the command line says is judged in the place of what the file says.
std::vector<std::string> complaints_with(const std::string& text, const Listeners& instead) {
  std::vector<std::string> lines;
  for (const Complaint& complaint : load(text, surroundings(), instead).complaints)
    lines.push_back(testing::line_of(complaint));
  return lines;
}

TEST(Listeners, a_loopback_address_in_the_place_of_an_open_one_needs_no_keys) {
  const std::string open = world + "server: {listen: \"0.0.0.0:8080\"}\n";
  EXPECT_EQ(complaints_of(open).size(), 1u);
  EXPECT_TRUE(complaints_with(open, {"localhost:7000", std::nullopt}).empty());
  EXPECT_EQ(load(open, surroundings(), {"localhost:7000", std::nullopt}).config.server.listen, "127.0.0.1:7000");
}

TEST(Listeners, an_open_address_in_the_place_of_a_loopback_one_needs_keys) {
  EXPECT_EQ(complaints_with(world + "server: {listen: \"127.0.0.1:1\"}\n", {"0.0.0.0:2", std::nullopt}),
            std::vector<std::string>{"f:1:1: keys: no key is defined, so whoever reaches 0.0.0.0:2 could call; define "
                                     "keys, listen on 127.0.0.1, or write \"auth: none\""});
  EXPECT_TRUE(complaints_with(world + "auth: none\n", {"0.0.0.0:2", std::nullopt}).empty());
  EXPECT_TRUE(
      complaints_with(world + "keys: [{name: a, secret: \"${TEAM_KEY}\"}]\n", {"0.0.0.0:2", std::nullopt}).empty());
}

TEST(Listeners, collide_where_they_listen_and_not_where_the_file_says) {
  const std::string same = world + "server: {listen: \"127.0.0.1:7\"}\nadmin: {listen: \"127.0.0.1:7\"}\n";
  EXPECT_EQ(complaints_of(same).size(), 1u);
  EXPECT_TRUE(complaints_with(same, {std::nullopt, "127.0.0.1:8"}).empty());
  EXPECT_EQ(complaints_with(world, {"127.0.0.1:8", "127.0.0.1:8"}).size(), 1u);
}

TEST(Listeners, that_cannot_be_read_are_taken_for_open) {
  EXPECT_FALSE(embedded_default({}, false, {"nowhere", std::nullopt}).ok());
}

TEST(Listeners, of_the_embedded_default_are_judged_too) {
  const Loaded open = embedded_default({}, false, {"0.0.0.0:8080", std::nullopt});
  EXPECT_FALSE(open.ok());
  const Loaded closed = embedded_default({}, false, {"127.0.0.2:8080", "127.0.0.2:9090"});
  EXPECT_TRUE(closed.ok());
  EXPECT_EQ(closed.config.server.listen, "127.0.0.2:8080");
  EXPECT_EQ(closed.config.admin.listen, "127.0.0.2:9090");
}

TEST(Load, fills_in_the_defaults) {
  const Loaded loaded = load(world, surroundings());
  ASSERT_TRUE(loaded.ok());
  const Config& config = loaded.config;
  using namespace std::chrono_literals;
  EXPECT_FALSE(config.auth_none);
  EXPECT_EQ(config.server.listen, "127.0.0.1:8080");
  EXPECT_EQ(config.server.workers, 0u);
  EXPECT_FALSE(config.server.tls);
  EXPECT_EQ(config.server.limits.body, 33'554'432u);
  EXPECT_EQ(config.server.limits.header, 32'768u);
  EXPECT_EQ(config.server.limits.connections, 20'000u);
  EXPECT_EQ(config.server.limits.buffered, 1'073'741'824u);
  EXPECT_EQ(config.server.timeouts.header, 10s);
  EXPECT_EQ(config.server.timeouts.body, 60s);
  EXPECT_EQ(config.server.timeouts.idle, 75s);
  EXPECT_EQ(config.server.drain.delay, 5s);
  EXPECT_EQ(config.server.drain.grace, 120s);
  EXPECT_EQ(config.admin.listen, "127.0.0.1:9090");
  EXPECT_EQ(config.log.level, "info");
  EXPECT_EQ(config.log.format, "json");
  ASSERT_EQ(config.models.size(), 1u);
  EXPECT_EQ(config.models[0].attempts, 3u);
  EXPECT_EQ(config.models[0].timeouts.connect, 3s);
  EXPECT_EQ(config.models[0].timeouts.first_byte, 60s);
  EXPECT_EQ(config.models[0].timeouts.idle, 120s);
  EXPECT_EQ(config.models[0].timeouts.total, 10min);
}

TEST(Load, is_ok_with_warnings_alone) {
  const Loaded loaded = load(
      "providers: {openai: {api_key: canary-literal}}\n"
      "models: {m: {targets: [{provider: openai}]}}\n",
      surroundings());
  ASSERT_EQ(loaded.complaints.size(), 1u);
  EXPECT_TRUE(loaded.complaints[0].warning);
  EXPECT_TRUE(loaded.ok());
  EXPECT_EQ(loaded.config.providers.at(0).api_key.reveal(), "canary-literal");
}

TEST(Load, takes_surroundings_without_functions_for_empty_ones) {
  const Loaded loaded = load("log: {level: \"${LEVEL}\"}\nproviders: {openai: {api_key: \"file:/x\"}}\n", {});
  EXPECT_EQ(loaded.complaints.size(), 3u);
  EXPECT_FALSE(loaded.ok());
}

// Every place where somebody may put a secret by mistake, or that says something about one.
TEST(Load, shows_no_secret_wherever_it_stands) {
  const std::vector<std::string> texts{
      "api_key: *canary\n",
      "providers: {openai: {api_key: canary-literal}}\n",
      "providers: {openai: {api_key: [canary]}}\n",
      "providers: {openai: {api_key: {canary: canary}}}\n",
      "providers: {openai: canary}\n",
      "providers: {openai: [canary]}\n",
      "providers: {openai: {api_key: \"canary with spaces\"}}\n",
      "providers: {openai: {api_key: \"${canary key}\"}}\n",
      "providers: {openai: {api_key: \"${canary\"}}\n",
      "providers: {openai: {api_key: \"${OPENAI_API_KEY}${NOT_THERE}\"}}\n",
      "providers: {openai: {api-key: canary-literal}}\n",
      "providers: {openai: {api_key: \"$${canary}\"}}\n",
      "providers: {openai: {api_key: ${OPENAI_API_KEY}}}\n",
      "providers: {openai: {api_key: \"file:/secrets/lines\"}}\n",
      "providers: {openai: {api_key: \"canary\n\n",
      "providers: {openai: {api_key: \"canary\\q\"}}\n",
      "providers: {openai: {api_key: !canary x}}\n",
      "providers: {u: {kind: openai-compatible, base_url: \"https://u:canary@h/\"}}\n",
      "providers: {u: {kind: openai-compatible, base_url: \"https://h/?key=canary\"}}\n",
      "log: {level: \"${LEVEL}\"}\n",
      "server: {workers: \"${LEVEL}\", listen: \"${LEVEL}\", limits: {body: \"${LEVEL}\"}}\n",
      "models: {m: {targets: [{provider: \"${LEVEL}\", model: \"*\"}]}}\n",
      "keys: [{name: \"${LEVEL} x\", team: \"${LEVEL}\", secret: canary}]\n",
      "keys: [{name: a, secret: \"${TEAM_KEY}\"}, {name: b, secret: \"${TEAM_KEY}\"}]\n",
      "keys: [canary]\n",
      "keys: canary\n",
  };
  for (const std::string& text : texts) {
    const auto said = complaints_of(text);
    EXPECT_FALSE(said.empty()) << text;
    for (const std::string& line : said) EXPECT_EQ(line.find("canary"), std::string::npos) << text << line;
  }
}

Surroundings with_variables(const std::vector<std::string>& names) {
  return {[names](const std::string& name) -> std::optional<std::string> {
            if (std::find(names.begin(), names.end(), name) == names.end()) return std::nullopt;
            return "canary-of-" + name;
          },
          nullptr};
}

std::vector<std::string> names_of_models(const Config& config) {
  std::vector<std::string> out;
  for (const Model& model : config.models) {
    EXPECT_EQ(model.targets.size(), 1u);
    const Target& target = model.targets.at(0);
    out.push_back(model.name + " = " + target.provider + ":" + target.model);
  }
  return out;
}

TEST(EmbeddedDefault, is_the_demo_when_the_environment_is_empty) {
  const Loaded loaded = embedded_default({}, false);
  EXPECT_TRUE(loaded.complaints.empty());
  ASSERT_EQ(loaded.config.providers.size(), 1u);
  EXPECT_EQ(loaded.config.providers[0].name, "demo");
  EXPECT_TRUE(loaded.config.providers[0].built_in);
  EXPECT_TRUE(loaded.config.keys.empty());
  EXPECT_EQ(names_of_models(loaded.config), std::vector<std::string>{"demo = demo:"});
}

TEST(EmbeddedDefault, offers_each_provider_whose_key_is_there) {
  const Loaded loaded = embedded_default(with_variables({"XAI_API_KEY", "HF_TOKEN", "REPLICATE_API_TOKEN"}), false);
  EXPECT_TRUE(loaded.complaints.empty());
  EXPECT_EQ(names_of_models(loaded.config), (std::vector<std::string>{"demo = demo:", "huggingface/* = huggingface:*",
                                                                      "xai/* = xai:*", "grok-* = xai:"}));
  ASSERT_EQ(loaded.config.providers.size(), 3u);
  EXPECT_EQ(loaded.config.providers[2].name, "xai");
  EXPECT_EQ(loaded.config.providers[2].api_key.reveal(), "canary-of-XAI_API_KEY");
  EXPECT_EQ(loaded.config.providers[2].base_url, "https://api.x.ai/v1");
  EXPECT_EQ(loaded.config.providers[2].dialect, "openai_chat");
}

TEST(EmbeddedDefault, offers_ollama_when_it_was_found) {
  const Loaded loaded = embedded_default({}, true);
  EXPECT_EQ(names_of_models(loaded.config), (std::vector<std::string>{"demo = demo:", "ollama/* = ollama:*"}));
  ASSERT_EQ(loaded.config.providers.size(), 2u);
  EXPECT_EQ(loaded.config.providers[1].base_url, "http://127.0.0.1:11434/v1");
  EXPECT_TRUE(loaded.config.providers[1].allow_private);
  EXPECT_TRUE(loaded.config.providers[1].api_key.empty());
}

TEST(EmbeddedDefault, takes_an_empty_variable_for_none) {
  const Loaded loaded = embedded_default({[](const std::string&) { return std::string(); }, nullptr}, false);
  EXPECT_EQ(loaded.config.providers.size(), 1u);
}

TEST(EmbeddedDefault, leaves_out_a_key_that_cannot_be_sent) {
  const Surroundings broken{[](const std::string& name) -> std::optional<std::string> {
                              if (name != "OPENAI_API_KEY") return std::nullopt;
                              return "canary\n";
                            },
                            nullptr};
  const Loaded loaded = embedded_default(broken, false);
  EXPECT_TRUE(loaded.ok());
  EXPECT_EQ(loaded.config.providers.size(), 1u);
  ASSERT_EQ(loaded.complaints.size(), 1u);
  EXPECT_EQ(loaded.complaints[0].path, "OPENAI_API_KEY");
  EXPECT_EQ(loaded.complaints[0].text("").find("canary"), std::string::npos);
}

TEST(UnusedKeys, names_what_is_set_and_would_need_a_configuration) {
  EXPECT_EQ(unused_keys(with_variables({"GOOGLE_API_KEY", "OPENAI_API_KEY", "COHERE_API_KEY"})),
            (std::vector<std::string>{"GOOGLE_API_KEY", "COHERE_API_KEY"}));
  EXPECT_TRUE(unused_keys({}).empty());
}

}  // namespace
}  // namespace sluice::config

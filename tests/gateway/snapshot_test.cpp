#include <sluice/gateway/snapshot.hpp>

#include <gtest/gtest.h>

#include <sluice/config/load.hpp>

namespace sluice {
namespace {

struct Compiled {
  explicit Compiled(std::string_view yaml)
      : metrics(make_metrics("0", "0")), health(traffic::make_health(Random({1, 2, 3, 4}))) {
    const config::Surroundings nothing{[](const std::string&) { return std::nullopt; },
                                       [](const std::string&) { return std::nullopt; }};
    const config::Loaded loaded = config::load(yaml, nothing);
    for (const auto& complaint : loaded.complaints) EXPECT_TRUE(complaint.warning) << complaint.text("test");
    const Snapshot::Means means{
        *metrics, 4711, "sluice/test", [](const std::string&) { return net::Trust::system(); }, *health, *book, {}};
    auto compiled = Snapshot::compile(loaded.config, means);
    EXPECT_TRUE(compiled);
    snapshot = *compiled;
  }
  const Snapshot* operator->() const { return snapshot.get(); }
  std::unique_ptr<Metrics> metrics;
  std::unique_ptr<traffic::Health> health;
  std::unique_ptr<ledger::Book> book = ledger::Book::make({}, {});
  std::shared_ptr<const Snapshot> snapshot;
};

constexpr std::string_view yaml = R"(
providers:
  one: {kind: openai-compatible, base_url: "http://192.0.2.1:8000/prefix/v1", api_key: "sk-one-secret"}
  two: {kind: openai-compatible, base_url: "http://[2001:db8::1]/v1"}
  demo: {}
models:
  assistant: {targets: [{provider: one, model: "big\"model"}, {provider: two}]}
  "vendor/*": {targets: [{provider: one, model: "*"}]}
  "*-mini": {targets: [{provider: two}]}
  exact-mini: {targets: [{provider: demo, model: demo}]}
teams:
  finance: {models: ["assist*"]}
keys:
  - {name: app, team: finance, secret: "sk-caller-one"}
  - {name: ops, secret: "sk-caller-two", models: [exact-mini]}
)";

TEST(Snapshot, finds_exact_names_before_patterns_and_patterns_in_order) {
  const Compiled world(yaml);
  EXPECT_EQ(world->find_model("assistant")->name, "assistant");
  EXPECT_EQ(world->find_model("exact-mini")->name, "exact-mini");
  EXPECT_EQ(world->find_model("gpt-mini")->name, "*-mini");
  EXPECT_EQ(world->find_model("vendor/x-mini")->name, "vendor/*");
  EXPECT_EQ(world->find_model("unknown"), nullptr);
}

TEST(Snapshot, prepares_what_never_changes_of_a_request) {
  const Compiled world(yaml);
  const Target& target = world->find_model("assistant")->targets.front();
  EXPECT_EQ(target.model_json, R"("big\"model")");
  EXPECT_EQ(target.provider->voices.front().path_prefix, "/prefix/v1");
  EXPECT_EQ(target.provider->origin.host, "192.0.2.1");
  EXPECT_EQ(target.provider->origin.port, 8000);
  EXPECT_EQ(target.provider->keys.front().lines.reveal(),
            "host: 192.0.2.1:8000\r\nauthorization: Bearer sk-one-secret\r\nuser-agent: "
            "sluice/test\r\naccept-encoding: identity\r\n");
  const Provider& second = *world->find_model("assistant")->targets.back().provider;
  EXPECT_EQ(second.keys.front().lines.reveal(),
            "host: [2001:db8::1]\r\nuser-agent: sluice/test\r\naccept-encoding: identity\r\n");
}

TEST(Snapshot, leads_the_built_in_kind_to_its_port) {
  const Compiled world(yaml);
  EXPECT_EQ(world->find_model("exact-mini")->targets.front().provider->origin.port, 4711);
}

config::Config with_door(const std::string& door) {
  config::Config config;
  config::Provider provider;
  provider.name = "p";
  provider.dialect = "anthropic_messages";
  provider.door = door;
  provider.base_url = "http://192.0.2.1/at";
  provider.also.push_back({"bedrock_converse", "/at"});
  provider.manners.max_tokens = "most";
  provider.manners.default_max_tokens = 7;
  config.providers.push_back(std::move(provider));
  return config;
}

TEST(Snapshot, speaks_through_a_door_where_that_serves_what_is_asked) {
  const auto metrics = make_metrics("0", "0");
  const auto health = traffic::make_health(Random({1, 2, 3, 4}));
  const auto book = ledger::Book::make({}, {});
  const Snapshot::Means means{
      *metrics, 4711, "sluice/test", [](const std::string&) { return net::Trust::system(); }, *health, *book, {}};
  const auto compiled = Snapshot::compile(with_door("invoke_model"), means);
  ASSERT_TRUE(compiled);
  const Provider& provider = (*compiled)->providers().front();
  ASSERT_EQ(provider.voices.size(), 2u);
  EXPECT_EQ(provider.voices[0].quirks.max_tokens, "most");
  EXPECT_EQ(provider.voices[1].quirks.max_tokens, "") << "of the first dialect's words";
  EXPECT_EQ(provider.voices[1].quirks.default_max_tokens, 7u);
  const Voice* const first = &provider.voices[0];
  const Voice* const second = &provider.voices[1];
  ASSERT_NE(first->door, nullptr);
  EXPECT_EQ(second->door, nullptr);
  using chat::Task;
  EXPECT_EQ(provider.voice_for(chat::anthropic_messages(), Task::chat), first);
  EXPECT_EQ(provider.voice_for(chat::openai_chat(), Task::chat), first);
  EXPECT_EQ(provider.voice_for(chat::ollama(), Task::completion), first);
  EXPECT_EQ(provider.voice_for(chat::bedrock_converse(), Task::chat), second);
  EXPECT_EQ(provider.voice_for(chat::anthropic_messages(), Task::count), second);
  EXPECT_EQ(provider.voice_for(chat::openai_chat(), Task::embedding), second);
  EXPECT_EQ(provider.voice_for(chat::openai_chat(), Task::rerank), nullptr);
}

TEST(Snapshot, has_doors_that_are_there) {
  const auto metrics = make_metrics("0", "0");
  const auto health = traffic::make_health(Random({1, 2, 3, 4}));
  const auto book = ledger::Book::make({}, {});
  const Snapshot::Means means{
      *metrics, 4711, "sluice/test", [](const std::string&) { return net::Trust::system(); }, *health, *book, {}};
  EXPECT_TRUE(Snapshot::compile(with_door("raw_predict"), means));
  EXPECT_FALSE(Snapshot::compile(with_door("raw-predict"), means));
}

TEST(Snapshot, knows_callers_by_their_whole_secret_only) {
  const Compiled world(yaml);
  ASSERT_NE(world->find_key("sk-caller-one"), nullptr);
  EXPECT_EQ(world->find_key("sk-caller-one")->name, "app");
  for (const char* wrong : {"", "sk-caller-on", "sk-caller-one ", "sk-caller-ona", "SK-CALLER-ONE"}) {
    EXPECT_EQ(world->find_key(wrong), nullptr) << wrong;
  }
}

TEST(Snapshot, keeps_the_lists_of_key_and_team_apart) {
  const Compiled world(yaml);
  const Key& app = *world->find_key("sk-caller-one");
  EXPECT_TRUE(app.models.allows("anything"));
  EXPECT_TRUE(app.team->models.allows("assistant"));
  EXPECT_FALSE(app.team->models.allows("exact-mini"));
  const Key& ops = *world->find_key("sk-caller-two");
  EXPECT_TRUE(ops.models.allows("exact-mini"));
  EXPECT_FALSE(ops.models.allows("assistant"));
  EXPECT_EQ(ops.team, nullptr);
}

TEST(Snapshot, asks_for_keys_only_when_there_are_some) {
  EXPECT_TRUE(Compiled(yaml)->needs_keys());
  EXPECT_FALSE(
      Compiled("providers: {demo: {}}\nmodels: {demo: {targets: [{provider: demo, model: demo}]}}")->needs_keys());
}

}  // namespace
}  // namespace sluice

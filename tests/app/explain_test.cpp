#include "app/explain.hpp"

#include <sstream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/scratch.hpp"

namespace sluice::app::explain_test {
namespace {

constexpr std::string_view models = R"(
providers:
  us: {kind: openai, api_key: "${A_KEY}", residency: us}
  eu: {kind: openai, api_key: "${B_KEY}", base_url: "http://192.0.2.1/v1", residency: eu}
  claude: {kind: anthropic, api_key: "${C_KEY}"}
models:
  m: {targets: [{provider: us, model: gpt-5-mini}, {provider: eu, model: gpt-5-mini}], fallback: [last]}
  mixed: {targets: [{provider: us, model: gpt-3.5-turbo}, {provider: us, model: gpt-5-mini}]}
  spread: {strategy: weighted, targets: [{provider: us, model: a, weight: 3}, {provider: eu, model: b, weight: 0}]}
  last: {targets: [{provider: claude, model: claude-haiku-4-5}]}
  "free/*": {targets: [{provider: us, model: "*"}]}
  gpt-5-mini: {targets: [{provider: us}]}
routes:
  - {name: at-home, when: {key: regulated, model: m}, require: {residency: eu}}
  - {name: by-tag, when: {model: auto, tags: {size: small}}, use: mixed}
  - {name: seeing, when: {model: eyes}, require: {capability: vision}, use: gpt-5-mini}
teams:
  few: {models: [m]}
keys:
  - {name: app, secret: "${D_KEY}"}
  - {name: regulated, team: few, secret: "${E_KEY}"}
)";

constexpr std::string_view question = R"({"model":"m","messages":[{"role":"user","content":"hi"}]})";

struct Outcome {
  int code = -1;
  std::string out;
  std::string err;
  nlohmann::json json() const { return nlohmann::json::parse(out, nullptr, false); }
};

class Explain : public ::testing::Test {
 protected:
  Outcome run() const {
    config::Surroundings surroundings;
    surroundings.environment = [](const std::string& name) {
      return std::optional("value-of-" + name + "-0123456789");
    };
    surroundings.file = [](const std::string&) { return std::optional<std::string>(); };
    std::ostringstream out;
    std::ostringstream err;
    const int code = explain(options, surroundings, out, err);
    return {code, out.str(), err.str()};
  }
  Outcome run(std::string_view body) {
    options.request = scratch_.write("request.json", body);
    return run();
  }
  // The same as JSON, which has to be some.
  nlohmann::json told(std::string_view body) {
    options.format = "json";
    const Outcome outcome = run(body);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.err, "");
    return outcome.json();
  }

  const test::Scratch scratch_;
  ExplainOptions options{
      .config = scratch_.write("sluice.yaml", models), .request = scratch_.write("request.json", question), .key = ""};
};

// "PROVIDER/MODEL" of those that are asked, in their order.
std::string order_of(const nlohmann::json& explanation) {
  std::string order;
  for (const auto& candidate : explanation["candidates"]) {
    if (!candidate["excluded"].is_null()) continue;
    order += (order.empty() ? "" : " ") + candidate["provider"].get<std::string>() + "/" +
             candidate["model"].get<std::string>();
  }
  return order;
}

// Why that one is not asked.
std::string exclusion_of(const nlohmann::json& explanation, std::string_view model) {
  for (const auto& candidate : explanation["candidates"]) {
    if (candidate["model"] == model && candidate["excluded"].is_string()) return candidate["excluded"];
  }
  return {};
}

TEST_F(Explain, tells_candidates_in_their_order_and_the_rest_beside_them) {
  const Outcome outcome = run();
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err, "model m, strategy priority\n");
  EXPECT_TRUE(outcome.out.starts_with("us/gpt-5-mini price: about $0.00")) << outcome.out;
  EXPECT_NE(outcome.out.find("\neu/gpt-5-mini price: about $0.00"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("\nclaude/claude-haiku-4-5 fallback: last price: about $0.00"), std::string::npos)
      << outcome.out;
  EXPECT_TRUE(outcome.out.ends_with("\n"));
}

TEST_F(Explain, tells_weights_where_they_decide) {
  const Outcome outcome = run(R"({"model":"spread","messages":[]})");
  EXPECT_EQ(outcome.out, "us/a weight: 3\neu/b weight: 0\n") << "who has none comes last";
  EXPECT_EQ(outcome.err, "model spread, strategy weighted\n");
}

TEST_F(Explain, says_the_same_as_json) {
  const nlohmann::json explanation = told(question);
  EXPECT_TRUE(explanation["route"].is_null());
  EXPECT_EQ(explanation["model"], "m");
  EXPECT_EQ(explanation["strategy"], "priority");
  EXPECT_TRUE(explanation["refusal"].is_null());
  EXPECT_EQ(order_of(explanation), "us/gpt-5-mini eu/gpt-5-mini claude/claude-haiku-4-5");
  const nlohmann::json& first = explanation["candidates"][0];
  EXPECT_EQ(first["order"], 1);
  EXPECT_EQ(first["of"], "m");
  EXPECT_EQ(first["weight"], 1);
  EXPECT_GT(first["price_nano_usd"], 0);
  EXPECT_TRUE(first["excluded"].is_null());
  EXPECT_EQ(explanation["candidates"][2]["of"], "last");
}

TEST_F(Explain, names_the_residency_that_a_rule_does_not_permit) {
  options.key = "regulated";
  const Outcome text = run();
  EXPECT_TRUE(text.out.starts_with("eu/gpt-5-mini")) << text.out;
  EXPECT_NE(text.out.find("\nus/gpt-5-mini excluded: residency us is not one of eu\n"), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("\nclaude/claude-haiku-4-5 excluded: residency is not told, and has to be one of eu\n"),
            std::string::npos)
      << text.out;
  EXPECT_EQ(text.err, "model m, strategy priority, route at-home\n");
  const nlohmann::json explanation = told(question);
  EXPECT_EQ(explanation["route"], "at-home");
  EXPECT_EQ(order_of(explanation), "eu/gpt-5-mini");
  EXPECT_EQ(exclusion_of(explanation, "gpt-5-mini"), "residency us is not one of eu");
  EXPECT_TRUE(explanation["candidates"][1]["order"].is_null());
}

TEST_F(Explain, names_the_capability_that_a_model_lacks) {
  const nlohmann::json explanation = told(R"({"model":"mixed","messages":[{"role":"user","content":[)"
                                          R"({"type":"image_url","image_url":{"url":"https://x/y.png"}}]}]})");
  EXPECT_EQ(order_of(explanation), "us/gpt-5-mini");
  EXPECT_EQ(exclusion_of(explanation, "gpt-3.5-turbo"), "capability: the model has no vision");
}

TEST_F(Explain, names_the_context_that_is_too_short) {
  const std::string prompt(200'000, 'x');
  const nlohmann::json explanation =
      told(R"({"model":"mixed","messages":[{"role":"user","content":")" + prompt + R"("}]})");
  EXPECT_EQ(order_of(explanation), "us/gpt-5-mini");
  EXPECT_EQ(exclusion_of(explanation, "gpt-3.5-turbo"), "context: the prompt is longer than the model reads");
}

TEST_F(Explain, names_the_endpoint_that_a_provider_has_not) {
  options.path = "/v1/embeddings";
  const nlohmann::json explanation = told(R"({"model":"m","input":"hi"})");
  EXPECT_EQ(order_of(explanation), "us/gpt-5-mini eu/gpt-5-mini");
  EXPECT_EQ(exclusion_of(explanation, "claude-haiku-4-5"), "endpoint: the provider's dialect has no such request");
  options.path = "/v1/rerank";
  const nlohmann::json nobody = told(R"({"model":"last","query":"hi","documents":["a"]})");
  EXPECT_EQ(order_of(nobody), "");
  EXPECT_TRUE(nobody["refusal"].is_string()) << nobody.dump();
}

TEST_F(Explain, reads_requests_of_other_endpoints) {
  options.path = "/v1/messages";
  EXPECT_EQ(told(R"({"model":"last","max_tokens":9,"messages":[{"role":"user","content":"hi"}]})")["model"], "last");
  options.path = "/v1beta/models/last:generateContent";
  EXPECT_EQ(told(R"({"contents":[{"parts":[{"text":"hi"}]}]})")["model"], "last") << "the model's name is in the path";
}

TEST_F(Explain, follows_tags_in_the_body) {
  const std::string body =
      R"({"model":"auto","metadata":{"size":"small"},"messages":[{"role":"user","content":"hi"}]})";
  const nlohmann::json explanation = told(body);
  EXPECT_EQ(explanation["route"], "by-tag");
  EXPECT_EQ(explanation["model"], "mixed");
}

TEST_F(Explain, names_models_as_the_provider_knows_them) {
  EXPECT_EQ(order_of(told(R"({"model":"free/gpt-5-mini","messages":[]})")), "us/gpt-5-mini");
}

TEST_F(Explain, knows_what_a_model_can_do_by_its_providers_name_for_it) {
  const nlohmann::json explanation = told(R"({"model":"eyes","messages":[]})");
  EXPECT_EQ(order_of(explanation), "us/gpt-5-mini") << explanation.dump();
  EXPECT_GT(explanation["candidates"][0]["price_nano_usd"], 0) << explanation.dump();
}

TEST_F(Explain, says_in_the_callers_words_why_nobody_is_asked) {
  const Outcome unknown = run(R"({"model":"nothing","messages":[]})");
  EXPECT_EQ(unknown.code, 0) << "that is an answer as well";
  EXPECT_EQ(unknown.out, "");
  EXPECT_TRUE(unknown.err.starts_with("refused: ")) << unknown.err;
  EXPECT_NE(unknown.err.find("nothing"), std::string::npos) << unknown.err;
  options.key = "regulated";
  const nlohmann::json forbidden = told(R"({"model":"last","messages":[]})");
  EXPECT_TRUE(forbidden["refusal"].is_string());
  EXPECT_TRUE(forbidden["model"].is_null()) << "who may not ask for a name does not learn whether it exists";
  EXPECT_EQ(forbidden["candidates"].size(), 0u);
}

TEST_F(Explain, what_is_no_request_is_bad_data) {
  for (const char* const body : {"", "no JSON", "[]", R"({"messages":[]})", R"({"model":7,"messages":[]})"}) {
    SCOPED_TRACE(body);
    const Outcome outcome = run(body);
    EXPECT_EQ(outcome.code, 65);
    EXPECT_EQ(outcome.out, "");
    EXPECT_TRUE(outcome.err.starts_with("sluice: ")) << outcome.err;
  }
  run(question);
  for (const char* const path : {"/v1/nothing", "/v1/models", "/v1/audio/transcriptions", "", "v1/chat/completions"}) {
    options.path = path;
    EXPECT_EQ(run().code, 65) << path;
  }
  options.path = ExplainOptions().path;
  options.key = "nobody";
  const Outcome stranger = run();
  EXPECT_EQ(stranger.code, 65);
  EXPECT_NE(stranger.err.find("\"nobody\""), std::string::npos) << stranger.err;
}

TEST_F(Explain, files_that_cannot_be_read_are_no_input) {
  options.request = scratch_.path("absent.json");
  const Outcome request = run();
  EXPECT_EQ(request.code, 66);
  EXPECT_NE(request.err.find("absent.json"), std::string::npos);
  options.request = scratch_.write("request.json", question);
  options.config = scratch_.path("absent.yaml");
  const Outcome config = run();
  EXPECT_EQ(config.code, 66);
  EXPECT_NE(config.err.find("absent.yaml"), std::string::npos);
}

TEST_F(Explain, a_configuration_with_mistakes_is_explained_instead) {
  options.config = scratch_.write("bad.yaml", std::string(models) + "nonsense: 1\n");
  const Outcome outcome = run();
  EXPECT_EQ(outcome.code, 78);
  EXPECT_EQ(outcome.out, "");
  EXPECT_NE(outcome.err.find("bad.yaml:"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("nonsense: error: unknown key"), std::string::npos) << outcome.err;
}

TEST_F(Explain, shows_no_secret) {
  for (const char* const format : {"text", "json"}) {
    options.format = format;
    const Outcome outcome = run();
    EXPECT_EQ((outcome.out + outcome.err).find("value-of-"), std::string::npos);
  }
}

}  // namespace
}  // namespace sluice::app::explain_test

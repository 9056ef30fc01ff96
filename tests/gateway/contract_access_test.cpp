// Who may ask for what: credentials, model lists, names of models. From the outside, as docs promise it.
#include "gateway/stage.hpp"

namespace sluice::test {
namespace {

constexpr std::string_view other_key = "sk-other-canary-77aa42";
constexpr std::string_view third_key = "sk-third-canary-0c55fe";

std::string ask_for(std::string_view model, std::string_view key = caller_key) {
  return post("/v1/chat/completions", chat_body(model), bearer(key));
}

class Access : public ::testing::Test {
 protected:
  ScriptedUpstream& provider() { return *upstream_; }
  void open(const std::string& yaml) { stage_.open_with(yaml); }
  Answer ask(const std::string& request) { return stage_.ask(request); }
  void TearDown() override { stage_.settle(); }

  Stage stage_;
  ScriptedUpstream* upstream_ = &stage_.upstream(always(completion("fine")));
};

TEST_F(Access, every_credential_field_is_understood) {
  open(configuration({provider().port()}));
  for (const char* const field :
       {"authorization: Bearer ", "Authorization: bearer ", "x-api-key: ", "api-key: ", "x-goog-api-key: "}) {
    SCOPED_TRACE(field);
    expect_words(ask(post("/v1/chat/completions", chat_body(), field + std::string(caller_key) + "\r\n")), "fine");
  }
  for (const SeenRequest& request : provider().seen()) {
    EXPECT_EQ(request.field("authorization"), "Bearer " + std::string(provider_key));
    EXPECT_FALSE(request.field("x-api-key"));
    EXPECT_FALSE(request.field("api-key"));
    EXPECT_FALSE(request.field("x-goog-api-key"));
  }
}

TEST_F(Access, a_wrong_or_missing_credential_is_401) {
  open(configuration({provider().port()}));
  const std::string key(caller_key);
  for (const std::string& fields : {std::string(), bearer("sk-wrong"), std::string("x-api-key: sk-wrong\r\n"),
                                    "authorization: Basic " + key + "\r\n", "authorization: " + key + "\r\n",
                                    std::string("authorization: Bearer\r\n"), std::string("authorization:\r\n"),
                                    bearer(key + "x"), bearer(key.substr(1)), bearer(key.substr(0, key.size() - 1))}) {
    SCOPED_TRACE(fields);
    expect_error(ask(post("/v1/chat/completions", chat_body(), fields)), 401, "invalid_api_key");
    expect_error(ask(get("/v1/models", fields)), 401, "invalid_api_key");
  }
  EXPECT_EQ(provider().requests(), 0u);
  for (const auto& line : stage_.lines()) EXPECT_TRUE(line["key"].is_null()) << line.dump();
}

TEST_F(Access, two_different_credentials_are_400_and_equal_ones_are_one) {
  open(configuration({provider().port()}, {.more = "  - {name: other, secret: \"${OTHER_KEY}\"}\n"}));
  const std::string same = bearer() + "x-api-key: " + std::string(caller_key) + "\r\n";
  expect_words(ask(post("/v1/chat/completions", chat_body(), same)), "fine");
  for (const std::string& fields :
       {bearer() + "x-api-key: " + std::string(other_key) + "\r\n", bearer() + "api-key: sk-wrong\r\n",
        "x-goog-api-key: sk-wrong\r\nx-api-key: " + std::string(caller_key) + "\r\n", bearer() + bearer(other_key)}) {
    SCOPED_TRACE(fields);
    expect_error(ask(post("/v1/chat/completions", chat_body(), fields)), 400);
  }
  EXPECT_EQ(provider().requests(), 1u);
}

TEST_F(Access, a_pattern_s_name_needs_something_in_the_star_s_place) {
  std::string yaml = configuration({provider().port()});
  yaml.insert(yaml.find("keys:"), "  \"vendor/*\": {targets: [{provider: p1, model: \"*\"}]}\n");
  open(yaml);
  expect_words(ask(post("/v1/chat/completions", chat_body("vendor/x"), bearer())), "fine");
  expect_error(ask(post("/v1/chat/completions", chat_body("vendor/"), bearer())), 404, "model_not_found");
  EXPECT_EQ(provider().requests(), 1u);
}

TEST_F(Access, nobody_needs_a_key_while_none_is_defined) {
  std::string yaml = configuration({provider().port()});
  yaml.resize(yaml.find("keys:"));
  open(yaml);
  expect_words(ask(post("/v1/chat/completions", chat_body())), "fine");
  expect_words(ask(post("/v1/chat/completions", chat_body(), bearer("sk-whatever-the-client-has"))), "fine");
}

TEST_F(Access, nobody_needs_a_key_with_auth_none) {
  open("auth: none\n" + configuration({provider().port()}));
  expect_words(ask(post("/v1/chat/completions", chat_body())), "fine");
}

std::string with_lists(std::uint16_t port) {
  std::string yaml =
      configuration({port}, {.more = "  - {name: teamed, secret: \"${OTHER_KEY}\", team: small}\n"
                                     "  - {name: listed, secret: \"${THIRD_KEY}\", models: [m, large-two]}\n"
                                     "teams:\n  small: {models: [m, \"small-*\"]}\n"});
  yaml.insert(yaml.find("keys:"),
              "  small-one: {targets: [{provider: p1, model: s}]}\n  large-one: {targets: [{provider: p1, model: l}]}\n"
              "  large-two: {targets: [{provider: p1, model: l}]}\n  \"wild-*\": {targets: [{provider: p1}]}\n");
  return yaml;
}

TEST_F(Access, a_team_s_list_and_a_key_s_list_hold) {
  open(with_lists(provider().port()));
  for (const auto& [key, model, status] : {std::tuple{caller_key, "m", 200},
                                           {caller_key, "small-one", 200},
                                           {caller_key, "large-one", 200},
                                           {caller_key, "wild-x", 200},
                                           {other_key, "m", 200},
                                           {other_key, "small-one", 200},
                                           {other_key, "large-one", 403},
                                           {other_key, "wild-x", 403},
                                           {third_key, "m", 200},
                                           {third_key, "large-two", 200},
                                           {third_key, "large-one", 403},
                                           {third_key, "small-one", 403}}) {
    SCOPED_TRACE(std::string(key) + " asks for " + model);
    const Answer answer = ask(ask_for(model, key));
    if (status == 200) {
      EXPECT_EQ(answer.status, 200) << answer.body;
    } else {
      expect_error(answer, status, "model_not_allowed");
    }
  }
}

std::vector<std::string> names_in(const Answer& answer) {
  std::vector<std::string> names;
  const auto json = nlohmann::json::parse(answer.body, nullptr, false);
  if (!json.is_object() || !json.contains("data")) return names;
  for (const auto& model : json["data"]) names.push_back(model.value("id", ""));
  std::sort(names.begin(), names.end());
  return names;
}

TEST_F(Access, the_list_of_models_has_the_usual_shape_and_only_what_the_key_may_use) {
  open(with_lists(provider().port()));
  const Answer all = ask(get("/v1/models", bearer()));
  EXPECT_EQ(all.status, 200);
  const auto json = nlohmann::json::parse(all.body);
  EXPECT_EQ(json["object"], "list");
  for (const auto& model : json["data"]) {
    EXPECT_TRUE(model["id"].is_string());
    EXPECT_EQ(model["object"], "model");
    EXPECT_TRUE(model["created"].is_number_integer());
    EXPECT_TRUE(model["owned_by"].is_string());
  }
  const auto has = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  EXPECT_TRUE(has(names_in(all), "m"));
  EXPECT_TRUE(has(names_in(all), "large-one"));
  const auto teamed = names_in(ask(get("/v1/models", bearer(other_key))));
  EXPECT_TRUE(has(teamed, "m"));
  EXPECT_TRUE(has(teamed, "small-one"));
  EXPECT_FALSE(has(teamed, "large-one"));
  EXPECT_EQ(names_in(ask(get("/v1/models", bearer(third_key)))), (std::vector<std::string>{"large-two", "m"}));
  EXPECT_EQ(names_in(ask(get("/models", bearer()))), names_in(all));
  EXPECT_EQ(names_in(ask(get("/v1/models?limit=1000", bearer()))), names_in(all));
}

TEST_F(Access, one_model_can_be_asked_about) {
  std::string yaml = with_lists(provider().port());
  yaml.insert(yaml.find("keys:"), "  maker/deep/model: {targets: [{provider: p1, model: x}]}\n");
  open(yaml);
  for (const char* const name : {"m", "maker/deep/model"}) {
    const Answer answer = ask(get(std::string("/v1/models/") + name, bearer()));
    EXPECT_EQ(answer.status, 200) << answer.body;
    const auto json = nlohmann::json::parse(answer.body, nullptr, false);
    EXPECT_EQ(json.value("id", ""), name);
    EXPECT_EQ(json.value("object", ""), "model");
  }
  expect_error(ask(get("/v1/models/nobody", bearer())), 404, "model_not_found");
  expect_error_among(ask(get("/v1/models/large-one", bearer(other_key))), {403, 404});
}

TEST_F(Access, an_unknown_model_is_404) {
  open(configuration({provider().port()}));
  for (const char* const model : {"unknown", "M", "m ", "mm", "real-model", "p1"}) {
    SCOPED_TRACE(model);
    expect_error(ask(ask_for(model)), 404, "model_not_found");
  }
  EXPECT_EQ(provider().requests(), 0u);
  for (const auto& line : stage_.lines()) EXPECT_EQ(line["model"], "other");
  EXPECT_EQ(stage_.gateway().await_metric("sluice_requests_total", 6, {"model=\"other\"", "code=\"model_not_found\""}),
            6);
}

TEST_F(Access, a_wildcard_takes_the_names_that_nobody_has_exactly) {
  std::string yaml = configuration({provider().port()});
  yaml.insert(yaml.find("keys:"),
              "  \"gpt-*\": {targets: [{provider: p1}]}\n  gpt-exact: {targets: [{provider: p1, model: exact}]}\n"
              "  \"p/*\": {targets: [{provider: p1, model: \"*\"}]}\n");
  open(yaml);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"gpt-5-mini", "gpt-5-mini"}, {"gpt-exact", "exact"}, {"gpt-", "gpt-"}, {"p/some/model", "some/model"}};
  for (const auto& [asked, sent] : cases) EXPECT_EQ(ask(ask_for(asked)).status, 200) << asked;
  const auto seen = provider().seen();
  ASSERT_EQ(seen.size(), cases.size());
  for (std::size_t i = 0; i < cases.size(); ++i) EXPECT_EQ(seen[i].body, chat_body(cases[i].second));
  EXPECT_EQ(stage_.lines()[0]["model"], "gpt-*") << "a label is the pattern";
}

TEST_F(Access, a_name_that_means_another_folder_in_a_path_is_no_model) {
  std::string yaml = configuration({provider().port()});
  yaml.insert(yaml.find("keys:"), "  \"p/*\": {targets: [{provider: p1, model: \"*\"}]}\n");
  open(yaml);
  for (const char* const model : {"p/..", "p/.", "p/../x", "p/x/./y"}) {
    SCOPED_TRACE(model);
    expect_error(ask(ask_for(model)), 404, "model_not_found");
  }
  EXPECT_EQ(ask(ask_for("p/..x/a.b")).status, 200);
}

TEST_F(Access, keys_do_not_go_away_with_a_reload_unless_it_says_so) {
  const std::string yaml = configuration({provider().port()});
  const std::string half = yaml.substr(0, yaml.find("keys:"));
  open(yaml);
  app::Daemon& daemon = stage_.gateway().daemon();
  const Result<> reloaded = daemon.reload(GatewayUnderTest::read(half));
  ASSERT_FALSE(reloaded);
  EXPECT_NE(reloaded.error().message().find("auth: none"), std::string::npos);
  EXPECT_EQ(stage_.gateway().metric("sluice_config_reload_success"), 0);
  EXPECT_EQ(ask(post("/v1/chat/completions", chat_body())).status, 401);
  EXPECT_TRUE(daemon.reload(GatewayUnderTest::read("auth: none\n" + half)));
  EXPECT_EQ(ask(post("/v1/chat/completions", chat_body())).status, 200);
  EXPECT_TRUE(daemon.reload(GatewayUnderTest::read(half))) << "nobody needs a key any more";
}

}  // namespace
}  // namespace sluice::test

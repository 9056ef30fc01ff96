// Callers who show a token of their identity provider in the place of a key, as docs promise them; with an identity
// provider that publishes its keys.
#include <chrono>
#include <string>

#include "gateway/stage.hpp"
#include "support/token_signer.hpp"

namespace sluice::test::tokens_test {
namespace {

using nlohmann::json;

std::int64_t seconds_from_now(std::int64_t seconds) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count() + seconds;
}

json claims(const std::string& subject = "alice") {
  return {{"iss", "https://idp.example"},
          {"aud", {"sluice", "other"}},
          {"sub", subject},
          {"exp", seconds_from_now(600)},
          {"groups", {"everybody", "support"}}};
}

const TokenSigner& signer() { return ec_signer(); }

std::string ask_for(std::string_view model, const std::string& token) {
  return post("/v1/chat/completions", chat_body(model), bearer(token));
}

class Tokens : public ::testing::Test {
 protected:
  void open(Script identity_provider, const std::string& more = "", const std::string& keys = "") {
    identity_provider_ = &stage_.upstream(std::move(identity_provider));
    std::string yaml = configuration({provider_->port()}, {.model = "", .workers = 2});
    yaml.resize(yaml.find("keys:"));
    stage_.open_with(yaml + "  other: {targets: [{provider: p1, model: real-model}]}\n" +
                     "teams: {support: {models: [m], limits: {rpd: 3}}}\njwt: " + jwt() + "\n" + more + keys);
  }
  // With the keys in force.
  void open_known(const std::string& more = "", const std::string& keys = "") {
    open(always(response(200, key_set({signer().jwk()}))), more, keys);
    ASSERT_GE(stage_.gateway().await_metric("sluice_token_key_fetches_total", 1, {"fetched"}), 1);
  }
  std::string jwt() const {
    return "{jwks: \"http://127.0.0.1:" + std::to_string(identity_provider_->port()) +
           "/keys?v=1\", issuer: \"https://idp.example\", audience: sluice, claims: {team: groups, tags: {user: sub}}}";
  }
  Answer ask(const std::string& request) { return stage_.ask(request); }
  void TearDown() override { stage_.settle(); }

  Stage stage_;
  ScriptedUpstream* provider_ = &stage_.upstream(always(completion("fine")));
  ScriptedUpstream* identity_provider_ = nullptr;
};

TEST_F(Tokens, let_their_bearers_in_and_go_nowhere_else) {
  open_known();
  const std::string token = signer().token(claims());
  for (const std::string& fields : {bearer(token), "x-api-key: " + token + "\r\n"}) {
    expect_words(ask(post("/v1/chat/completions", chat_body(), fields)), "fine");
  }
  const auto line = stage_.lines().back();
  EXPECT_EQ(line["key"], "alice");
  EXPECT_EQ(line["team"], "support");
  for (const SeenRequest& request : provider_->seen()) {
    EXPECT_EQ(request.head.find(token), std::string::npos);
    EXPECT_EQ(request.field("authorization"), "Bearer " + std::string(provider_key));
  }
  EXPECT_EQ(stage_.gateway().access_text().find(token), std::string::npos);
  EXPECT_EQ(stage_.gateway().metrics().find("alice"), std::string::npos) << "names of bearers are no labels";
  ASSERT_EQ(identity_provider_->requests(), 1u);
  EXPECT_EQ(identity_provider_->seen()[0].target(), "/keys?v=1");
}

TEST_F(Tokens, that_are_not_good_are_401_in_the_caller_s_dialect) {
  open_known();
  json expired = claims();
  expired["exp"] = seconds_from_now(-3600);
  json foreign = claims();
  foreign["iss"] = "https://idp.example.evil";
  const TokenSigner thief = TokenSigner::es256("e");
  for (const std::string& token : {signer().token(expired), signer().token(foreign), thief.token(claims()),
                                   base64url(R"({"alg":"none"})") + "." + base64url(claims().dump()) + "."}) {
    SCOPED_TRACE(token);
    expect_error(ask(ask_for("m", token)), 401, "invalid_api_key");
    expect_error(ask(get("/v1/models", bearer(token))), 401, "invalid_api_key");
    const Answer other = ask(post("/v1/messages", R"({"model":"m","max_tokens":1,"messages":[]})", bearer(token)));
    EXPECT_EQ(other.status, 401);
    EXPECT_EQ(json::parse(other.body)["error"]["type"], "authentication_error");
  }
  expect_error(ask(post("/v1/chat/completions", chat_body())), 401, "invalid_api_key");
  EXPECT_EQ(provider_->requests(), 0u);
}

TEST_F(Tokens, are_held_to_their_team_s_models_and_limits) {
  open_known();
  const std::string token = signer().token(claims());
  expect_error(ask(ask_for("other", token)), 403, "model_not_allowed");
  for (int i = 0; i < 3; ++i) expect_words(ask(ask_for("m", token)), "fine");
  expect_error(ask(ask_for("m", signer().token(claims("bob")))), 429, "rate_limit_exceeded");
  json homeless = claims();
  homeless["groups"] = "everybody";
  expect_error(ask(ask_for("m", signer().token(homeless))), 403, "team_not_configured");
}

TEST_F(Tokens, carry_tags_that_callers_cannot_change) {
  open_known("tags: {user: {alice: {limits: {rpd: 1}}}}\n");
  const std::string request =
      post("/v1/chat/completions", chat_body(), bearer(signer().token(claims())) + "x-sluice-tags: user=bob\r\n");
  expect_words(ask(request), "fine");
  expect_error(ask(request), 429, "rate_limit_exceeded");
  expect_words(ask(post("/v1/chat/completions", chat_body(),
                        bearer(signer().token(claims("bob"))) + "x-sluice-tags: user=alice\r\n")),
               "fine");
}

TEST_F(Tokens, live_beside_keys) {
  open_known("", "keys: [{name: app, secret: \"${CALLER_KEY}\"}]\n");
  expect_words(ask(ask_for("other", std::string(caller_key))), "fine");
  expect_words(ask(ask_for("m", signer().token(claims()))), "fine");
  expect_error(ask(ask_for("m", signer().token(claims("app")))), 403, "name_not_allowed");
  expect_error(ask(ask_for("m", "sk-nobody.s.key!")), 401, "invalid_api_key");
}

TEST_F(Tokens, are_answered_503_until_there_are_keys_to_check_them_with) {
  open(Script().read_request().wait_for("go").send(response(200, key_set({signer().jwk()}))).again());
  const std::string token = signer().token(claims());
  const Answer early = ask(ask_for("m", token));
  expect_error(early, 503, "token_keys_unavailable");
  EXPECT_EQ(early.field("retry-after"), "1");
  expect_error(ask(ask_for("m", "no-token")), 401, "invalid_api_key");
  identity_provider_->signal("go");
  stage_.gateway().await_metric("sluice_token_key_fetches_total", 1, {"fetched"});
  expect_words(ask(ask_for("m", token)), "fine");
}

TEST_F(Tokens, wait_for_an_identity_provider_that_is_not_well_and_the_log_says_so_once) {
  identity_provider_ = &stage_.upstream({Script().read_request().send(response(500, "no")),
                                         Script().read_request().send(response(200, "<html>")),
                                         always(response(200, key_set({signer().jwk()})))});
  std::string yaml = configuration({provider_->port()});
  yaml.resize(yaml.find("keys:"));
  stage_.open_with(yaml + "teams: {support: {}}\njwt: " + jwt() + "\n");
  stage_.gateway().await_metric("sluice_token_key_fetches_total", 1, {"fetched"});
  EXPECT_DOUBLE_EQ(stage_.gateway().metric("sluice_token_key_fetches_total", {"failed"}), 2);
  expect_words(ask(ask_for("m", signer().token(claims()))), "fine");
  const std::string log = stage_.gateway().log_text();
  const auto first = log.find("the identity provider's keys cannot be fetched");
  EXPECT_NE(first, std::string::npos) << log;
  EXPECT_EQ(log.find("the identity provider's keys cannot be fetched", first + 1), std::string::npos) << log;
  EXPECT_NE(log.find("the identity provider's keys can be fetched again"), std::string::npos) << log;
}

TEST_F(Tokens, are_no_longer_asked_for_only_when_the_file_says_so) {
  open_known();
  std::string without = configuration({provider_->port()});
  without.resize(without.find("keys:"));
  EXPECT_FALSE(stage_.gateway().daemon().reload(GatewayUnderTest::read(without)));
  expect_error(ask(post("/v1/chat/completions", chat_body())), 401, "invalid_api_key");
  EXPECT_TRUE(stage_.gateway().daemon().reload(GatewayUnderTest::read("auth: none\n" + without)));
  const auto is_open = [&] { return ask(post("/v1/chat/completions", chat_body())).status == 200; };
  EXPECT_TRUE(eventually(is_open));
}

TEST_F(Tokens, are_checked_with_the_keys_of_the_configuration_in_force) {
  open_known();
  const std::string token = signer().token(claims());
  expect_words(ask(ask_for("m", token)), "fine");
  const TokenSigner other = TokenSigner::rs256("r");
  ScriptedUpstream& successor = stage_.upstream(always(response(200, key_set({other.jwk()}))));
  identity_provider_ = &successor;
  std::string yaml = configuration({provider_->port()});
  yaml.resize(yaml.find("keys:"));
  yaml += "teams: {support: {}}\njwt: " + jwt() + "\n";
  ASSERT_TRUE(stage_.gateway().daemon().reload(GatewayUnderTest::read(yaml)));
  const auto is_in_force = [&] { return ask(ask_for("m", other.token(claims()))).status == 200; };
  EXPECT_TRUE(eventually(is_in_force));
  expect_error(ask(ask_for("m", token)), 401, "invalid_api_key");
  EXPECT_EQ(successor.requests(), 1u);
  ASSERT_TRUE(stage_.gateway().daemon().reload(GatewayUnderTest::read(yaml)));
  expect_words(ask(ask_for("m", other.token(claims()))), "fine");
  EXPECT_EQ(successor.requests(), 1u) << "the same source is not asked anew";
}

}  // namespace
}  // namespace sluice::test::tokens_test

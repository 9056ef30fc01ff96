#include <algorithm>
#include <chrono>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sluice/ledger/key_store.hpp>

#include "support/gateway_under_test.hpp"
#include "support/raw_client.hpp"
#include "support/scratch.hpp"

// Keys that are made while a whole daemon runs, through its operators' plane and behind its back.
namespace sluice::test::keys_daemon_test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

const std::string operators_token = "operators-token-canary-55ab01";

std::string yaml(std::string_view more = "") {
  return "server: {listen: \"127.0.0.1:0\", workers: 2}\nadmin: {listen: \"127.0.0.1:0\", token: \"" + operators_token +
         "\"}\nproviders: {demo: {}}\nmodels: {m: {targets: [{provider: demo, model: demo}]}, other: {targets: "
         "[{provider: demo, model: demo}]}}\n" +
         std::string(more);
}
const std::string with_team = yaml("teams: {support: {models: [m]}}\n");
const std::string with_key = yaml("keys: [{name: app, secret: \"${CALLER_KEY}\"}]\n");

struct Told {
  int status = 0;
  json body;
};

Told operate(GatewayUnderTest& gateway, std::string_view method, std::string_view path, std::string_view body = "") {
  RawClient client(gateway.daemon().admin_port());
  std::string request(method);
  request += " " + std::string(path) + " HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer " +
             operators_token + "\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n";
  client.send(request + std::string(body));
  const Answer answer = client.read_answer();
  return {answer.status, json::parse(answer.body, nullptr, false)};
}

// A call of a model, with a key if one is given: "200", or the status and the error's code.
std::string call(GatewayUnderTest& gateway, std::string_view key = "", std::string_view model = "m") {
  RawClient client = gateway.client();
  client.send(post("/v1/chat/completions", chat_body(model), key.empty() ? "" : bearer(key)));
  const Answer answer = client.read_answer();
  return std::to_string(answer.status) + (answer.status == 200 ? "" : " " + error_code(answer.body));
}

bool soon(GatewayUnderTest& gateway, std::string_view key, std::string_view result, std::string_view model = "m") {
  return eventually([&] { return call(gateway, key, model) == result; });
}

TEST(KeysDaemon, a_key_is_made_used_renewed_and_revoked) {
  GatewayUnderTest gateway(with_key);
  const Told made = operate(gateway, "POST", "/admin/v1/keys", R"({"name":"bot"})");
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string secret = made.body["secret"];
  const std::string path = "/admin/v1/keys/" + made.body["id"].get<std::string>();
  EXPECT_EQ(made.body["name"], "bot");
  EXPECT_EQ(made.body.size(), 3u);
  EXPECT_TRUE(soon(gateway, secret, "200"));
  EXPECT_EQ(call(gateway, caller_key), "200") << "that of the file is good as well";

  const Told renewed = operate(gateway, "POST", path + "/rotate", R"({"overlap":"1h"})");
  ASSERT_EQ(renewed.status, 200) << renewed.body;
  EXPECT_TRUE(soon(gateway, renewed.body["secret"].get<std::string>(), "200"));
  EXPECT_EQ(call(gateway, secret), "200") << "for an hour more";
  const Told again = operate(gateway, "POST", path + "/rotate");
  ASSERT_EQ(again.status, 200) << again.body;
  EXPECT_TRUE(soon(gateway, secret, "401 invalid_api_key"));

  const std::string last = again.body["secret"];
  EXPECT_TRUE(soon(gateway, last, "200"));
  const Told revoked = operate(gateway, "DELETE", path);
  EXPECT_EQ(revoked.status, 200);
  EXPECT_EQ(revoked.body["state"], "revoked");
  EXPECT_TRUE(soon(gateway, last, "401 invalid_api_key"));
  EXPECT_EQ(operate(gateway, "DELETE", path).status, 404);
}

TEST(KeysDaemon, from_the_first_key_on_callers_need_one) {
  GatewayUnderTest gateway(yaml());
  EXPECT_EQ(call(gateway), "200");
  const Told made = operate(gateway, "POST", "/admin/v1/keys", R"({"name":"bot"})");
  EXPECT_TRUE(soon(gateway, "", "401 invalid_api_key"));
  EXPECT_EQ(call(gateway, made.body["secret"].get<std::string>()), "200");
  operate(gateway, "DELETE", "/admin/v1/keys/bot");
  EXPECT_TRUE(soon(gateway, made.body["secret"].get<std::string>(), "401 invalid_api_key"));
  EXPECT_EQ(call(gateway), "401 invalid_api_key") << "the end of the last key opens no door";
}

TEST(KeysDaemon, another_process_may_make_and_revoke_keys) {
  const Scratch scratch;
  const std::string file = scratch.path("sluice.db-keys");
  GatewayUnderTest gateway(with_key, {}, file);
  auto store = ledger::KeyStore::open(file, system_clock());
  ASSERT_TRUE(store) << store.error().message();
  const auto made = (*store)->create({.name = "bot"}, {"cli:me"});
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_TRUE(soon(gateway, made->secret.reveal(), "200"));
  ASSERT_TRUE((*store)->revoke("bot", {"cli:me"}));
  EXPECT_TRUE(soon(gateway, made->secret.reveal(), "401 invalid_api_key"));
}

TEST(KeysDaemon, keys_outlive_the_daemon) {
  const Scratch scratch;
  const std::string file = scratch.path("sluice.db-keys");
  std::string secret;
  {
    GatewayUnderTest gateway(with_key, {}, file);
    secret = operate(gateway, "POST", "/admin/v1/keys", R"({"name":"bot"})").body["secret"];
  }
  GatewayUnderTest gateway(with_key, {}, file);
  EXPECT_EQ(call(gateway, secret), "200") << "from its first request on";
}

TEST(KeysDaemon, a_key_may_do_what_it_was_made_for) {
  GatewayUnderTest gateway(with_team);
  const auto secret_of = [&](std::string_view wish) -> std::string {
    const Told made = operate(gateway, "POST", "/admin/v1/keys", wish);
    EXPECT_EQ(made.status, 201) << made.body;
    return made.body.value("secret", "");
  };
  const std::string models = secret_of(R"({"name":"models","models":["o*"]})");
  EXPECT_TRUE(soon(gateway, models, "200", "other"));
  EXPECT_EQ(call(gateway, models), "403 model_not_allowed");
  const std::string team = secret_of(R"({"name":"team","team":"support"})");
  EXPECT_TRUE(soon(gateway, team, "200"));
  EXPECT_EQ(call(gateway, team, "other"), "403 model_not_allowed");
  const std::string here = secret_of(R"({"name":"here","cidrs":["127.0.0.0/8"]})");
  EXPECT_TRUE(soon(gateway, here, "200"));
  const std::string elsewhere = secret_of(R"({"name":"elsewhere","cidrs":["10.0.0.0/8","::1"]})");
  EXPECT_TRUE(soon(gateway, elsewhere, "403 address_not_allowed"));
  const std::string endpoint = secret_of(R"({"name":"endpoint","endpoints":["embeddings"]})");
  EXPECT_TRUE(soon(gateway, endpoint, "403 endpoint_not_allowed"));
  const std::string brief = secret_of(R"({"name":"brief","expires":"300ms"})");
  EXPECT_TRUE(soon(gateway, brief, "401 invalid_api_key"));
}

const std::string with_price = yaml("prices: {demo: {input: 0, output: 0, request: 1}}\n");

TEST(KeysDaemon, a_key_has_limits_of_its_own_that_can_be_changed_while_it_is_used) {
  GatewayUnderTest gateway(with_price);
  const Told made = operate(gateway, "POST", "/admin/v1/keys", R"({"name":"bot","limits":{"rpm":1}})");
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string secret = made.body["secret"];
  EXPECT_TRUE(soon(gateway, secret, "200"));
  EXPECT_TRUE(soon(gateway, secret, "429 rate_limit_exceeded"));
  const Told changed = operate(gateway, "PATCH", "/admin/v1/keys/bot", R"({"limits":{"rpm":null,"tpd":1}})");
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(changed.body["limits"], json::parse(R"({"tpd":1})"));
  RawClient client = gateway.client();
  const auto refused = [&] {
    client.send(post("/v1/chat/completions", chat_body("m"), bearer(secret)));
    return client.read_answer().field("x-ratelimit-limit-tokens") == "1";
  };
  EXPECT_TRUE(eventually(refused));
  ASSERT_EQ(operate(gateway, "PATCH", "/admin/v1/keys/bot", R"({"limits":null})").status, 200);
  EXPECT_TRUE(soon(gateway, secret, "200"));
}

TEST(KeysDaemon, a_key_has_a_budget_of_its_own_that_can_be_raised) {
  GatewayUnderTest gateway(with_price);
  const Told made = operate(gateway, "POST", "/admin/v1/keys", R"({"name":"bot","budget":{"usd":1.5,"per":"total"}})");
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string secret = made.body["secret"];
  EXPECT_TRUE(soon(gateway, secret, "200"));
  EXPECT_TRUE(soon(gateway, secret, "429 insufficient_quota"));
  RawClient client = gateway.client();
  client.send(post("/v1/chat/completions", chat_body("m"), bearer(secret)));
  const Answer refused = client.read_answer();
  EXPECT_EQ(refused.field("x-should-retry"), "false");
  EXPECT_NE(refused.body.find("key 'bot'"), std::string::npos) << refused.body;
  const Told raised = operate(gateway, "PATCH", "/admin/v1/keys/bot", R"({"raise":{"usd":1,"until":"1h"}})");
  ASSERT_EQ(raised.status, 200) << raised.body;
  EXPECT_EQ(raised.body["budget"][0]["raise"].size(), 1u);
  EXPECT_TRUE(soon(gateway, secret, "200")) << "one more, as what was spent stays spent";
  EXPECT_TRUE(soon(gateway, secret, "429 insufficient_quota"));
  const json first = operate(gateway, "GET", "/admin/v1/audit").body["records"][0];
  EXPECT_EQ(first["action"], "key.change");
  EXPECT_EQ(first["details"]["budget_before"], "1.50/total");
  EXPECT_TRUE(first["details"]["budget_after"].get<std::string>().starts_with("1.50/total raise=1.00@"));
}

TEST(KeysDaemon, a_change_that_is_wrong_changes_nothing) {
  GatewayUnderTest gateway(with_key);
  ASSERT_EQ(operate(gateway, "POST", "/admin/v1/keys", R"({"name":"bot"})").status, 201);
  const json before = operate(gateway, "GET", "/admin/v1/keys").body;
  for (const char* const body :
       {"no json", "[]", R"({"name":"other"})", R"({"team":"t"})", R"({"limits":{"rpm":0}})", R"({"limits":{"rpx":1}})",
        R"({"limits":{"rpm":1,"rpm":2}})", R"({"budget":{"usd":1e2,"per":"day"}})", R"({"budget":{"usd":1}})",
        R"({"raise":{"usd":1,"until":"1h"}})", R"({"on_exhausted":{"downgrade":"absent"}})", R"({"models":[]})",
        R"({"models":["x"],"on_exhausted":{"downgrade":"m"}})", R"({"expires":"2001-01-01T00:00:00Z"})",
        R"({"endpoints":["none"]})", R"({"cidrs":["10.0.0.0/33"]})"}) {
    const Told told = operate(gateway, "PATCH", "/admin/v1/keys/bot", body);
    EXPECT_EQ(told.status, 400) << body;
    EXPECT_TRUE(told.body["error"]["message"].is_string()) << body;
  }
  EXPECT_EQ(operate(gateway, "PATCH", "/admin/v1/keys/none", "{}").status, 404);
  EXPECT_EQ(operate(gateway, "PATCH", "/admin/v1/keys/app", "{}").status, 409) << "the file's own";
  EXPECT_EQ(operate(gateway, "GET", "/admin/v1/keys").body, before);
}

TEST(KeysDaemon, a_key_whose_team_is_gone_is_refused_and_says_why) {
  GatewayUnderTest gateway(with_team);
  const Told made = operate(gateway, "POST", "/admin/v1/keys", R"({"name":"bot","team":"support"})");
  const std::string secret = made.body["secret"];
  EXPECT_TRUE(soon(gateway, secret, "200"));
  ASSERT_TRUE(gateway.daemon().reload(GatewayUnderTest::read(yaml())));
  EXPECT_TRUE(soon(gateway, secret, "403 team_not_configured"));
  ASSERT_TRUE(gateway.daemon().reload(GatewayUnderTest::read(with_team)));
  EXPECT_TRUE(soon(gateway, secret, "200"));
}

TEST(KeysDaemon, says_what_is_wrong_with_a_request) {
  GatewayUnderTest gateway(with_key);
  for (const char* const body :
       {"", "no json", "[]", "{}", R"({"name":7})", R"({"name":"two words"})", R"({"name":"bot","nonsense":1})",
        R"({"name":"bot","models":"m"})", R"({"name":"bot","models":[]})", R"({"name":"bot","team":"none"})",
        R"({"name":"bot","cidrs":["10.0.0.0/33"]})", R"({"name":"bot","endpoints":["none"]})",
        R"({"name":"bot","expires":"yesterday"})", R"({"name":"bot","expires":"2001-01-01T00:00:00Z"})"}) {
    const Told told = operate(gateway, "POST", "/admin/v1/keys", body);
    EXPECT_EQ(told.status, 400) << body;
    EXPECT_TRUE(told.body["error"]["message"].is_string()) << body;
  }
  EXPECT_EQ(operate(gateway, "POST", "/admin/v1/keys", R"({"name":"bot"})").status, 201);
  EXPECT_EQ(operate(gateway, "POST", "/admin/v1/keys", R"({"name":"bot"})").status, 409);
  EXPECT_EQ(operate(gateway, "POST", "/admin/v1/keys", R"({"name":"app"})").status, 409) << "the file's own";
  EXPECT_EQ(operate(gateway, "POST", "/admin/v1/keys/app/rotate").status, 409);
  EXPECT_EQ(operate(gateway, "DELETE", "/admin/v1/keys/app").status, 409);
  EXPECT_EQ(operate(gateway, "DELETE", "/admin/v1/keys/nobody").status, 404);
  EXPECT_EQ(operate(gateway, "POST", "/admin/v1/keys/bot/rotate", R"({"overlap":"long"})").status, 400);
}

TEST(KeysDaemon, lists_keys_and_teams_without_secrets) {
  GatewayUnderTest gateway(yaml("teams: {support: {models: [m]}}\nkeys: [{name: app, secret: \"${CALLER_KEY}\"}]\n"));
  const Told made = operate(gateway, "POST", "/admin/v1/keys", R"({"name":"bot","team":"support","models":["m"]})");
  const json keys = operate(gateway, "GET", "/admin/v1/keys").body["keys"];
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[0]["name"], "app");
  EXPECT_EQ(keys[0]["source"], "file");
  EXPECT_EQ(keys[1]["id"], made.body["id"]);
  EXPECT_EQ(keys[1]["team"], "support");
  EXPECT_EQ(keys[1]["state"], "live");
  EXPECT_EQ(keys.dump().find(std::string(caller_key)), std::string::npos);
  EXPECT_EQ(keys.dump().find("sk-sluice-"), std::string::npos);
  EXPECT_EQ(operate(gateway, "GET", "/admin/v1/teams").body,
            json::parse(R"({"teams":[{"name":"support","models":["m"]}]})"));
}

TEST(KeysDaemon, the_trail_tells_who_did_what_and_who_guessed) {
  GatewayUnderTest gateway(with_key);
  operate(gateway, "POST", "/admin/v1/keys", R"({"name":"bot"})");
  for (int i = 0; i < 5; ++i) {
    RawClient client(gateway.daemon().admin_port());
    client.send(get("/admin/v1/keys", "connection: close\r\nauthorization: Bearer guess-canary-1\r\n"));
    EXPECT_EQ(client.read_answer().status, 401);
  }
  const auto trail = [&] { return operate(gateway, "GET", "/admin/v1/audit").body["records"]; };
  const auto find = [&](std::string_view action) {
    for (const json& record : trail())
      if (record["action"] == action) return record;
    return json();
  };
  EXPECT_TRUE(eventually([&] { return !find("admin.refused").is_null() && !find("config.load").is_null(); }));
  const json made = find("key.create");
  EXPECT_EQ(made["actor"], "admin");
  EXPECT_EQ(made["address"], "127.0.0.1");
  EXPECT_EQ(made["details"], json::parse(R"({"name":"bot"})"));
  EXPECT_EQ(find("admin.refused")["address"], "127.0.0.1");
  EXPECT_EQ(trail().dump().find("guess-canary"), std::string::npos);
  EXPECT_EQ(operate(gateway, "GET", "/admin/v1/audit?limit=1").body["records"].size(), 1u);
  EXPECT_EQ(operate(gateway, "GET", "/admin/v1/audit?before=2").body["records"].size(), 1u);
  EXPECT_EQ(operate(gateway, "GET", "/admin/v1/audit?limit=0").status, 400);
}

TEST(KeysDaemon, a_keys_name_is_in_the_access_log_and_its_secret_is_not) {
  GatewayUnderTest gateway(with_team);
  const Told made = operate(gateway, "POST", "/admin/v1/keys", R"({"name":"bot","team":"support"})");
  const std::string secret = made.body["secret"];
  // Nobody needs a key until the first one is known, so that the first answers may be nobody's.
  const auto told = [&] {
    if (!soon(gateway, secret, "200")) return false;
    const auto lines = gateway.access_lines(1);
    return std::any_of(lines.begin(), lines.end(),
                       [](const json& line) { return line["key"] == "bot" && line["team"] == "support"; });
  };
  EXPECT_TRUE(eventually(told)) << gateway.access_text();
  EXPECT_EQ((gateway.access_text() + gateway.log_text() + gateway.metrics()).find(secret.substr(20, 30)),
            std::string::npos);
}

}  // namespace
}  // namespace sluice::test::keys_daemon_test

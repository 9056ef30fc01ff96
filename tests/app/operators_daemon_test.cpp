#include <algorithm>
#include <set>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "app/admin_golden.hpp"
#include "support/gateway_under_test.hpp"
#include "support/raw_client.hpp"
#include "support/scratch.hpp"

// Operators with tokens of their own, at a whole daemon.
namespace sluice::test::operators_daemon_test {
namespace {

using nlohmann::json;

std::string token_of(std::string_view name) { return "token-canary-of-" + std::string(name); }

std::string holder(std::string_view name, std::string_view role, std::string_view team = "") {
  std::string line = "    - {name: " + std::string(name) + ", role: " + std::string(role);
  if (!team.empty()) line += ", team: " + std::string(team);
  return line + ", token: " + token_of(name) + "}\n";
}

const std::string everybody = holder("alice", "operator", "support") + holder("olga", "operator", "sales") +
                              holder("vera", "viewer") + holder("bill", "billing") + holder("root", "admin");

std::string yaml(const std::string& operators = everybody, std::string_view more = "") {
  return "server: {listen: \"127.0.0.1:0\", workers: 1}\nadmin:\n  listen: 127.0.0.1:0\n  token: " + token_of("admin") +
         "\n  operators:\n" + operators +
         "providers: {demo: {}}\nmodels: {m: {targets: [{provider: demo, model: demo}]}}\n"
         "teams: {support: {}, sales: {}}\n"
         "keys:\n  - {name: app, secret: \"${CALLER_KEY}\", team: support}\n"
         "  - {name: shop, secret: \"${OTHER_KEY}\", team: sales}\n  - {name: free, secret: \"${THIRD_KEY}\"}\n" +
         std::string(more);
}

struct Told {
  int status = 0;
  json body;
  std::string text;
};

class Operators : public ::testing::Test {
 protected:
  Told ask(std::string_view who, std::string_view method, std::string_view path, std::string_view body = "") {
    RawClient client(gateway.daemon().admin_port());
    std::string request(method);
    request += " " + std::string(path) + " HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer " +
               token_of(who) + "\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n";
    client.send(request + std::string(body));
    const Answer answer = client.read_answer();
    return {answer.status, json::parse(answer.body, nullptr, false), answer.body};
  }
  std::string make_key(std::string_view who, const std::string& body) {
    const Told made = ask(who, "POST", "/admin/v1/keys", body);
    EXPECT_EQ(made.status, 201) << made.text;
    return made.body.value("id", "");
  }
  std::set<std::string> names_seen_by(std::string_view who) {
    std::set<std::string> names;
    const json listed = ask(who, "GET", "/admin/v1/keys").body;
    for (const json& key : listed["keys"]) names.insert(key["name"]);
    return names;
  }
  json record_of(std::string_view action) {
    const json trail = ask("root", "GET", "/admin/v1/audit").body;
    for (const json& record : trail["records"])
      if (record["action"] == action) return record;
    return json();
  }

  const Scratch scratch;
  GatewayUnderTest gateway{yaml(everybody, "storage: sqlite://" + scratch.path("usage.db") + "\n")};
};

TEST_F(Operators, a_daemon_has_the_routes_of_the_golden_table_and_no_others) {
  std::set<std::string> found;
  const json description = ask("root", "GET", "/admin/v1/openapi.json").body;
  for (const auto& [path, operations] : description["paths"].items()) {
    for (const auto& [method, operation] : operations.items()) {
      std::string line = method;
      std::transform(line.begin(), line.end(), line.begin(), [](char c) { return static_cast<char>(c & ~0x20); });
      found.insert(line + " " + path + ": " + operation.value("x-sluice-permission", "none"));
    }
  }
  std::set<std::string> golden;
  for (const auto& one : app::testing::golden_routes)
    golden.insert(std::string(one.route) + ": " + std::string(one.permission));
  EXPECT_EQ(found, golden);
}

TEST_F(Operators, an_operator_sees_the_keys_of_their_own_team_only) {
  make_key("admin", R"({"name":"bot","team":"support"})");
  make_key("admin", R"({"name":"till","team":"sales"})");
  make_key("admin", R"({"name":"nobodys"})");
  EXPECT_EQ(names_seen_by("alice"), (std::set<std::string>{"app", "bot"}));
  EXPECT_EQ(names_seen_by("olga"), (std::set<std::string>{"shop", "till"}));
  const std::set<std::string> all{"app", "shop", "free", "bot", "till", "nobodys"};
  for (const char* who : {"vera", "bill", "root", "admin"}) EXPECT_EQ(names_seen_by(who), all) << who;
}

TEST_F(Operators, an_operator_makes_keys_for_their_own_team_only) {
  make_key("alice", R"({"name":"one"})");
  make_key("alice", R"({"name":"two","team":"support"})");
  const Told other = ask("alice", "POST", "/admin/v1/keys", R"({"name":"three","team":"sales"})");
  EXPECT_EQ(other.status, 403);
  EXPECT_EQ(other.body["error"]["code"], "forbidden");
  EXPECT_EQ(names_seen_by("alice"), (std::set<std::string>{"app", "one", "two"}));
  EXPECT_EQ(names_seen_by("root").count("three"), 0u);
  EXPECT_EQ(record_of("key.create")["details"]["team"], "support");
}

TEST_F(Operators, a_key_of_another_team_is_to_an_operator_as_if_it_were_not_there) {
  const std::string theirs = make_key("olga", R"({"name":"till"})");
  const std::string nobodys = make_key("admin", R"({"name":"nobodys"})");
  for (const std::string& name : {theirs, std::string("till"), nobodys, std::string("nobodys"), std::string("shop"),
                                  std::string("free"), std::string("nothing")}) {
    for (const auto& [method, rest] : {std::pair("DELETE", ""), std::pair("PATCH", ""), std::pair("POST", "/rotate")}) {
      const Told told = ask("alice", method, "/admin/v1/keys/" + name + rest);
      EXPECT_EQ(told.status, 404) << method << " " << name;
      EXPECT_EQ(told.body["error"]["message"], "no key is called \"" + name + "\" or has that id");
    }
  }
  for (const char* path : {"/admin/v1/keys/app", "/admin/v1/keys/app/rotate"})
    EXPECT_EQ(ask("alice", std::string_view(path).ends_with("rotate") ? "POST" : "DELETE", path).status, 409) << path;
  EXPECT_EQ(ask("olga", "POST", "/admin/v1/keys/till/rotate").status, 200);
  EXPECT_EQ(ask("olga", "DELETE", "/admin/v1/keys/" + theirs).status, 200);
}

TEST_F(Operators, a_key_that_is_called_like_the_id_of_another_teams_key_takes_nothing_away) {
  const std::string id = make_key("alice", R"({"name":"bot"})");
  make_key("olga", "{\"name\":\"" + id + "\"}");
  EXPECT_EQ(ask("alice", "DELETE", "/admin/v1/keys/" + id).body["name"], "bot");
  EXPECT_EQ(ask("olga", "DELETE", "/admin/v1/keys/" + id).body["name"], id);
}

TEST_F(Operators, an_operator_sees_the_usage_of_their_own_team_only) {
  for (const std::string_view key : {caller_key, caller_key, std::string_view("sk-other-canary-77aa42")}) {
    RawClient client = gateway.client();
    client.send(post("/v1/chat/completions", chat_body("m"), bearer(key)));
    ASSERT_EQ(client.read_answer().status, 200);
  }
  const auto requests = [&](std::string_view who, const std::string& query) -> std::string {
    const Told told = ask(who, "GET", "/admin/v1/usage?" + query);
    if (told.status != 200) return std::to_string(told.status);
    std::string all;
    for (const json& row : told.body["rows"])
      all += (row.contains("team") ? row["team"].dump() + ":" : "") + row["requests"].dump() + " ";
    return all;
  };
  ASSERT_TRUE(eventually([&] { return requests("bill", "") == "3 "; })) << requests("bill", "");
  EXPECT_EQ(requests("bill", "by=team"), "\"sales\":1 \"support\":2 ");
  EXPECT_EQ(requests("bill", "by=team&team=sales"), "\"sales\":1 ");
  EXPECT_EQ(requests("alice", ""), "2 ");
  EXPECT_EQ(requests("alice", "by=team"), "\"support\":2 ");
  EXPECT_EQ(requests("alice", "by=team&team=support"), "\"support\":2 ");
  EXPECT_EQ(requests("alice", "by=team&team=sales"), "403");
  EXPECT_EQ(requests("alice", "by=team&team=support&team=sales"), "\"support\":2 ");
  EXPECT_EQ(requests("olga", "by=team&team="), "\"sales\":1 ");
  EXPECT_EQ(requests("vera", ""), "403");
  const std::string csv = ask("alice", "GET", "/admin/v1/usage?by=key&format=csv").text;
  EXPECT_NE(csv.find("app"), std::string::npos);
  EXPECT_EQ(csv.find("shop"), std::string::npos);
}

TEST_F(Operators, are_told_of_a_parameter_that_is_misspelt_or_has_no_value) {
  for (const char* const query : {"usage?teem=sales", "usage?by=team&team", "usage?format=csv&=x", "audit?limits=5"}) {
    const Told told = ask("admin", "GET", "/admin/v1/" + std::string(query));
    EXPECT_EQ(told.status, 400) << query;
    EXPECT_EQ(told.body["error"]["code"], "invalid_request") << query;
  }
  const Told told = ask("admin", "GET", "/admin/v1/usage?teem=sales");
  EXPECT_EQ(told.body["error"]["message"],
            "unknown parameter, or one without a value: \"teem\"; known are by, since, until, team, format");
  EXPECT_EQ(ask("admin", "GET", "/admin/v1/usage?&by=team&").status, 200) << "an empty one says nothing";
}

TEST_F(Operators, the_trail_has_the_names_of_those_who_did_it) {
  make_key("alice", R"({"name":"bot"})");
  EXPECT_EQ(record_of("key.create")["actor"], "alice");
  ask("root", "POST", "/admin/v1/keys/bot/rotate");
  EXPECT_EQ(record_of("key.rotate")["actor"], "root");
  ask("admin", "DELETE", "/admin/v1/keys/bot");
  EXPECT_EQ(record_of("key.revoke")["actor"], "admin");
}

TEST_F(Operators, the_trail_has_what_was_loaded_and_what_was_refused) {
  ASSERT_TRUE(eventually([&] { return !record_of("config.load").is_null(); }));
  const json loaded = record_of("config.load");
  EXPECT_EQ(loaded["actor"], "daemon");
  EXPECT_EQ(loaded["object"], "embedded default");
  EXPECT_EQ(loaded["details"], json::parse(R"({"outcome":"accepted"})"));

  ASSERT_TRUE(gateway.daemon().reload(GatewayUnderTest::read(yaml()), {"/etc/my.yaml", "ab12"}));
  ASSERT_TRUE(eventually([&] { return record_of("config.reload")["object"] == "/etc/my.yaml"; }));
  EXPECT_EQ(record_of("config.reload")["details"], json::parse(R"({"outcome":"accepted","sha256":"ab12"})"));

  gateway.daemon().reload_failed({"/etc/my.yaml", "cd34"}, "problems of the file: 2");
  const auto outcome = [&] { return record_of("config.reload")["details"]["outcome"]; };
  ASSERT_TRUE(eventually([&] { return outcome() == "refused"; }));
  EXPECT_EQ(record_of("config.reload")["details"],
            json::parse(R"({"outcome":"refused","sha256":"cd34","reason":"problems of the file: 2"})"));

  const std::string without_keys = "admin: {token: " + token_of("admin") + ", operators: [{name: root, role: admin, " +
                                   "token: " + token_of("root") + "}]}\nproviders: {demo: {}}\n" +
                                   "models: {m: {targets: [{provider: demo}]}}\n";
  ASSERT_FALSE(gateway.daemon().reload(GatewayUnderTest::read(without_keys), {"/etc/other.yaml", "ef56"}));
  ASSERT_TRUE(eventually([&] { return record_of("config.reload")["object"] == "/etc/other.yaml"; }));
  EXPECT_EQ(record_of("config.reload")["details"]["outcome"], "refused");
}

TEST_F(Operators, a_reload_changes_them_at_once) {
  EXPECT_EQ(ask("vera", "GET", "/admin/v1/providers").status, 200);
  ASSERT_TRUE(
      gateway.daemon().reload(GatewayUnderTest::read(yaml(holder("vera", "billing") + holder("new", "viewer")))));
  EXPECT_EQ(ask("vera", "GET", "/admin/v1/providers").status, 403);
  EXPECT_EQ(ask("vera", "GET", "/admin/v1/usage").status, 200);
  EXPECT_EQ(ask("new", "GET", "/admin/v1/providers").status, 200);
  EXPECT_EQ(ask("alice", "GET", "/admin/v1/keys").status, 401);
  EXPECT_EQ(ask("admin", "GET", "/admin/v1/keys").status, 200);
}

TEST_F(Operators, the_configuration_in_force_is_told_without_secrets_and_follows_reloads) {
  const Told first = ask("vera", "GET", "/admin/v1/config");
  ASSERT_EQ(first.status, 200);
  EXPECT_EQ(first.body["config"]["admin"]["operators"][0],
            json::parse(R"({"name":"alice","role":"operator","team":"support","token":true})"));
  EXPECT_EQ(first.body["config"]["storage"], "sqlite://" + scratch.path("usage.db"));
  EXPECT_EQ(first.text.find("canary"), std::string::npos) << first.text;
  config::Config next = GatewayUnderTest::read(yaml(holder("vera", "viewer")));
  next.server.listen = "127.0.0.1:1";
  ASSERT_TRUE(gateway.daemon().reload(next, {"/etc/my.yaml", "ab12"}));
  const json second = ask("vera", "GET", "/admin/v1/config").body;
  EXPECT_EQ(second["file"], "/etc/my.yaml");
  EXPECT_EQ(second["sha256"], "ab12");
  EXPECT_EQ(second["config"]["admin"]["operators"].size(), 1u);
  EXPECT_EQ(second["config"]["server"]["listen"], "127.0.0.1:0") << "where it listens, and not where the file wants it";
  EXPECT_EQ(second["config"]["storage"], first.body["config"]["storage"]);
  gateway.daemon().reload_failed({"/etc/my.yaml", "cd34"}, "problems of the file: 1");
  EXPECT_EQ(ask("vera", "GET", "/admin/v1/config").body["sha256"], "ab12") << "what was refused is not in force";
}

TEST_F(Operators, no_token_comes_out_anywhere) {
  std::string said;
  for (const char* who : {"alice", "olga", "vera", "bill", "root", "admin"}) {
    for (const auto& one : app::testing::golden_routes) {
      const std::size_t space = one.route.find(' ');
      said += ask(who, one.route.substr(0, space), one.route.substr(space + 1)).text;
    }
  }
  ASSERT_TRUE(gateway.daemon().reload(GatewayUnderTest::read(yaml(holder("vera", "viewer")))));
  said += gateway.log_text() + gateway.access_text() + gateway.metrics();
  EXPECT_EQ(said.find("token-canary"), std::string::npos);
}

}  // namespace
}  // namespace sluice::test::operators_daemon_test

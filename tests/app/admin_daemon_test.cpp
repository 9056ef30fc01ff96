#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/gateway_under_test.hpp"
#include "support/raw_client.hpp"

// The admin plane of a whole daemon, over its socket.
namespace sluice::test {
namespace {

const std::string written = "written-token-canary-81c3e0";
const std::string rewritten = "rewritten-token-canary-f24d77";
constexpr std::string_view description = "/admin/v1/openapi.json";

std::string yaml(std::string_view token) {
  std::string admin = "admin: {listen: \"127.0.0.1:0\"";
  if (!token.empty()) admin += ", token: \"" + std::string(token) + "\"";
  return "server: {listen: \"127.0.0.1:0\", workers: 1}\n" + admin +
         "}\nproviders: {demo: {}}\nmodels: {m: {targets: [{provider: demo}]}}\n"
         "keys: [{name: app, secret: \"${CALLER_KEY}\"}]\n";
}

Answer ask(GatewayUnderTest& gateway, std::string_view path, std::string_view token,
           std::string_view scheme = "Bearer") {
  RawClient client(gateway.daemon().admin_port());
  std::string fields = "connection: close\r\n";
  if (!token.empty()) fields += "authorization: " + std::string(scheme) + " " + std::string(token) + "\r\n";
  client.send(get(path, fields));
  return client.read_answer();
}

int status(GatewayUnderTest& gateway, std::string_view token) { return ask(gateway, description, token).status; }

TEST(AdminDaemon, opens_to_the_token_of_the_configuration) {
  GatewayUnderTest gateway(yaml("${ADMIN}"), {{"ADMIN", written}});
  EXPECT_TRUE(gateway.daemon().made_token().empty());
  const Answer open = ask(gateway, description, written);
  EXPECT_EQ(open.status, 200);
  EXPECT_EQ(open.field("content-type"), "application/json");
  EXPECT_EQ(open.field("cache-control"), "no-store");
  EXPECT_TRUE(nlohmann::json::parse(open.body)["paths"].contains(std::string(description)));
  EXPECT_EQ(status(gateway, ""), 401);
  EXPECT_EQ(status(gateway, "wrong"), 401);
  EXPECT_EQ(status(gateway, caller_key), 401);
  EXPECT_EQ(ask(gateway, "/admin/v1/none", "").field("www-authenticate"), "Bearer");
  EXPECT_EQ(gateway.admin("/readyz").status, 200);
}

TEST(AdminDaemon, makes_a_token_where_none_is_written_and_another_for_each_daemon) {
  GatewayUnderTest one(yaml(""));
  GatewayUnderTest other(yaml(""));
  const std::string made(one.daemon().made_token().reveal());
  EXPECT_EQ(status(one, made), 200);
  EXPECT_EQ(status(other, made), 401);
}

TEST(AdminDaemon, a_reload_changes_a_written_token) {
  GatewayUnderTest gateway(yaml(written));
  ASSERT_TRUE(gateway.daemon().reload(GatewayUnderTest::read(yaml(rewritten))));
  EXPECT_EQ(status(gateway, written), 401);
  EXPECT_EQ(status(gateway, rewritten), 200);
}

TEST(AdminDaemon, a_reload_that_no_longer_has_the_token_keeps_it_and_says_so) {
  GatewayUnderTest gateway(yaml(written));
  ASSERT_TRUE(gateway.daemon().reload(GatewayUnderTest::read(yaml(""))));
  EXPECT_EQ(status(gateway, written), 200);
  EXPECT_TRUE(gateway.daemon().made_token().empty());
  EXPECT_NE(gateway.log_text().find("key=admin.token"), std::string::npos) << gateway.log_text();
}

TEST(AdminDaemon, a_made_token_survives_reloads_and_gives_way_to_a_written_one_only) {
  GatewayUnderTest gateway(yaml(""));
  const std::string made(gateway.daemon().made_token().reveal());
  ASSERT_TRUE(gateway.daemon().reload(GatewayUnderTest::read(yaml(""))));
  EXPECT_EQ(status(gateway, made), 200);
  ASSERT_TRUE(gateway.daemon().reload(GatewayUnderTest::read(yaml(written))));
  EXPECT_EQ(status(gateway, made), 401);
  EXPECT_EQ(status(gateway, written), 200);
  ASSERT_TRUE(gateway.daemon().reload(GatewayUnderTest::read(yaml(""))));
  EXPECT_EQ(status(gateway, made), 200);
}

TEST(AdminDaemon, the_data_plane_knows_neither_its_paths_nor_its_token) {
  GatewayUnderTest gateway(yaml(written));
  for (const std::string_view path : {"/admin/v1/openapi.json", "/admin/v1/none", "/admin/v1", "/metrics"}) {
    RawClient client = gateway.client();
    client.send(get(path, "authorization: Bearer " + written + "\r\n"));
    EXPECT_EQ(client.read_answer().status, 404) << path;
  }
  RawClient client = gateway.client();
  client.send(post("/v1/chat/completions", chat_body("m"), "authorization: Bearer " + written + "\r\n"));
  EXPECT_EQ(client.read_answer().status, 401);
}

// Everything a daemon says after its tokens, right and wrong ones, were used everywhere.
std::string all_that_is_said(GatewayUnderTest& gateway, const std::string& token) {
  std::string said;
  const auto keep = [&](const Answer& answer) { said += answer.head + answer.body; };
  keep(ask(gateway, description, token));
  keep(ask(gateway, "/admin/v1/none?token=" + token, token));
  keep(ask(gateway, "/admin/v1/" + token, ""));
  for (int i = 0; i < 12; ++i) keep(ask(gateway, description, token, "Basic"));
  keep(ask(gateway, description, token));
  RawClient client = gateway.client();
  client.send(post("/v1/chat/completions", chat_body("m"), "authorization: Bearer " + token + "\r\n"));
  keep(client.read_answer());
  gateway.access_lines(1);
  return said + gateway.metrics() + gateway.access_text() + gateway.log_text();
}

TEST(AdminDaemon, its_token_comes_out_nowhere) {
  GatewayUnderTest of_the_file(yaml(written));
  const std::string said = all_that_is_said(of_the_file, written);
  EXPECT_NE(said.find("HTTP/1.1 429"), std::string::npos);
  EXPECT_EQ(said.find(written), std::string::npos) << said;
  GatewayUnderTest of_this_run(yaml(""));
  const std::string made(of_this_run.daemon().made_token().reveal());
  ASSERT_EQ(made.size(), 64u);
  const std::string more = all_that_is_said(of_this_run, made);
  EXPECT_EQ(more.find(made), std::string::npos) << more;
  EXPECT_EQ(more.find(made.substr(56)), std::string::npos) << more;
}

}  // namespace
}  // namespace sluice::test

#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/gateway_under_test.hpp"
#include "support/raw_client.hpp"
#include "support/scripted_upstream.hpp"

// Budgets that reach a threshold while a whole daemon runs: the log, the metrics and somebody's URL are told.
namespace sluice::test::alerts_daemon_test {
namespace {

using nlohmann::json;

// Each answer costs a dollar.
std::string yaml(std::uint16_t provider, const std::string& more) {
  return configuration({provider},
                       {.more = "organisation: {name: house, budget: {usd: 4, per: total, alerts: [25, 50]}}\n"
                                "prices: {real-model: {input: 0, output: 0, request: 1}}\nstorage: memory\n" +
                                more});
}

std::string webhook(const ScriptedUpstream& receiver) {
  return "alerts: {webhook: \"http://127.0.0.1:" + std::to_string(receiver.port()) +
         "/hook\", secret: \"${HOOK_SECRET}\"}\n";
}

const Variables variables{{"HOOK_SECRET", "hook-canary-18c4"}};

int ask(GatewayUnderTest& gateway) {
  RawClient client = gateway.client();
  client.send(chat());
  return client.read_answer().status;
}

TEST(AlertsOfADaemon, are_told_once_to_the_log_and_the_webhook) {
  ScriptedUpstream provider(always(completion("fine")));
  ScriptedUpstream receiver(always(response(200, "thanks")));
  GatewayUnderTest gateway(yaml(provider.port(), webhook(receiver)), variables);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(gateway), 200);
  EXPECT_GE(gateway.await_metric("sluice_alerts_total", 2, {"delivered"}), 2);
  EXPECT_GE(gateway.metric("sluice_budget_alerts_total"), 2);
  const auto seen = receiver.seen();
  ASSERT_EQ(seen.size(), 2u);
  const json first = json::parse(seen[0].body);
  EXPECT_EQ(first["level"], "organisation");
  EXPECT_EQ(first["name"], "house");
  EXPECT_EQ(first["window"], "total");
  EXPECT_EQ(first["percent"], 25);
  EXPECT_EQ(first["limit_usd"], 4.0);
  EXPECT_TRUE(first["resets"].is_null());
  EXPECT_EQ(json::parse(seen[1].body)["percent"], 50);
  EXPECT_TRUE(seen[0].field("x-sluice-signature"));
  const std::string log = gateway.log_text();
  for (const char* const percent : {"25", "50"}) {
    EXPECT_NE(log.find("a budget has reached a threshold of=organisation name=house per=total percent=" +
                       std::string(percent) + " limit_usd=4.00"),
              std::string::npos)
        << log;
  }
  EXPECT_EQ(log.find("hook-canary"), std::string::npos);
}

TEST(AlertsOfADaemon, reach_the_log_without_anybody_else_to_be_told) {
  ScriptedUpstream provider(always(completion("fine")));
  GatewayUnderTest gateway(yaml(provider.port(), ""));
  EXPECT_EQ(ask(gateway), 200);
  const auto told = [&] { return gateway.log_text().find("percent=25") != std::string::npos; };
  EXPECT_TRUE(eventually(told)) << gateway.log_text();
  EXPECT_GE(gateway.await_metric("sluice_budget_alerts_total", 1), 1);
  EXPECT_LE(gateway.metric("sluice_alerts_total"), 0);
}

TEST(AlertsOfADaemon, delay_no_request_although_nobody_takes_them) {
  ScriptedUpstream provider(always(completion("fine")));
  ScriptedUpstream receiver(Script().read_request().hang());
  GatewayUnderTest gateway(yaml(provider.port(), webhook(receiver)), variables);
  EXPECT_EQ(ask(gateway), 200);
  ASSERT_TRUE(receiver.await_requests(1));
  EXPECT_EQ(ask(gateway), 200);
  EXPECT_EQ(ask(gateway), 200);
}

TEST(AlertsOfADaemon, go_where_the_configuration_in_force_says) {
  ScriptedUpstream provider(always(completion("fine")));
  ScriptedUpstream former(always(response(200, "")));
  ScriptedUpstream now(always(response(200, "")));
  GatewayUnderTest gateway(yaml(provider.port(), webhook(former)), variables);
  ASSERT_TRUE(gateway.daemon().reload(GatewayUnderTest::read(yaml(provider.port(), webhook(now)), variables)));
  EXPECT_EQ(ask(gateway), 200);
  EXPECT_GE(gateway.await_metric("sluice_alerts_total", 1, {"delivered"}), 1);
  EXPECT_EQ(now.requests(), 1u);
  EXPECT_EQ(former.requests(), 0u);
}

}  // namespace
}  // namespace sluice::test::alerts_daemon_test

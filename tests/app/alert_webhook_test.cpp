#include "app/alert_webhook.hpp"

#include <gtest/gtest.h>

#include <span>

#include <nlohmann/json.hpp>
#include <sluice/base/digest.hpp>
#include <sluice/base/text.hpp>

#include "support/gateway_under_test.hpp"
#include "support/scripted_upstream.hpp"

namespace sluice::app::alert_webhook_test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using test::CapturedLog;
using test::eventually;
using test::response;
using test::Script;
using test::ScriptedUpstream;

ledger::Alert alert_of(const std::string& name) {
  ledger::Alert alert;
  alert.standing.level = ledger::Level::team;
  alert.standing.name = name;
  alert.standing.window = ledger::Budget::Window::month;
  alert.standing.limit = 500 * ledger::one_usd;
  alert.standing.spent = 400 * ledger::one_usd + 1;
  alert.standing.resets = UtcTime(1'700'000'000s);
  alert.percent = 80;
  return alert;
}

// A webhook that hurries, for one receiver.
class Sender {
 public:
  void follow(const ScriptedUpstream& receiver, const std::string& secret = "") {
    AlertReceiver who;
    who.peer.url = "http://127.0.0.1:" + std::to_string(receiver.port()) + "/alerts";
    who.secret = Secret(secret);
    webhook.follow(std::move(who));
  }
  bool await(std::uint64_t Gauges::Alerts::*count, std::uint64_t value) {
    return eventually([&] { return webhook.gauges().*count == value; });
  }
  ~Sender() { errands.stop(); }

  CapturedLog log;
  Errands errands{system_clock()};
  AlertWebhook webhook{errands, system_clock(), log, "sluice/test", 10ms};
};

TEST(AlertWebhook, tells_what_was_reached) {
  ScriptedUpstream receiver(test::always(response(204, "")));
  Sender sender;
  sender.follow(receiver);
  sender.webhook.tell(alert_of("sup\"port"));
  ASSERT_TRUE(sender.await(&Gauges::Alerts::delivered, 1));
  const auto request = receiver.seen()[0];
  EXPECT_TRUE(request.head.starts_with("POST /alerts HTTP/1.1\r\n")) << request.head;
  EXPECT_EQ(request.field("content-type"), "application/json");
  EXPECT_EQ(request.field("x-sluice-signature"), std::nullopt);
  json body = json::parse(request.body);
  EXPECT_EQ(body["id"].get<std::string>().size(), 32u);
  EXPECT_EQ(body["time"].get<std::string>().size(), 20u);
  body.erase("id");
  body.erase("time");
  EXPECT_EQ(body, (json{{"event", "budget.threshold"},
                        {"level", "team"},
                        {"name", "sup\"port"},
                        {"window", "month"},
                        {"percent", 80},
                        {"limit_usd", 500.0},
                        {"spent_usd", 400.000000001},
                        {"resets", "2023-11-14T22:13:20Z"}}));
  EXPECT_NE(request.body.find("\"spent_usd\":400.000000001,"), std::string::npos) << "exactly";
}

TEST(AlertWebhook, budgets_without_an_end_have_none) {
  ledger::Alert alert = alert_of("a");
  alert.standing.resets.reset();
  EXPECT_TRUE(json::parse(alert_json(alert, "x", UtcTime()))["resets"].is_null());
}

TEST(AlertWebhook, signs_what_it_tells) {
  ScriptedUpstream receiver(test::always(response(200, "ok")));
  Sender sender;
  sender.follow(receiver, "canary-secret");
  sender.webhook.tell(alert_of("a"));
  ASSERT_TRUE(sender.await(&Gauges::Alerts::delivered, 1));
  const auto request = receiver.seen()[0];
  const std::string_view key = "canary-secret";
  const Hmac hmac(std::span(reinterpret_cast<const std::uint8_t*>(key.data()), key.size()));
  EXPECT_EQ(request.field("x-sluice-signature"), "sha256=" + hex(hmac(request.body)));
}

TEST(AlertWebhook, tries_again_with_the_same_alert_until_it_is_taken) {
  ScriptedUpstream receiver({Script().read_request().send(response(500, "no")), Script().read_request().reset(),
                             Script().read_request().send(response(302, "", "location: /elsewhere\r\n")),
                             test::always(response(200, "ok"))});
  Sender sender;
  sender.follow(receiver);
  sender.webhook.tell(alert_of("a"));
  sender.webhook.tell(alert_of("b"));
  ASSERT_TRUE(sender.await(&Gauges::Alerts::delivered, 2));
  const auto seen = receiver.seen();
  ASSERT_EQ(seen.size(), 5u);
  for (std::size_t at = 1; at < 4; ++at) EXPECT_EQ(seen[at].body, seen[0].body);
  for (const auto& request : seen) EXPECT_EQ(request.target(), "/alerts");
  EXPECT_EQ(json::parse(seen[4].body)["name"], "b") << "in their order";
  EXPECT_EQ(sender.webhook.gauges().failed, 0u);
}

TEST(AlertWebhook, gives_up_after_five_tries_and_goes_on_with_the_next) {
  ScriptedUpstream receiver(Script()
                                .read_request()
                                .decide([](const test::SeenRequest& request) {
                                  const bool bad = request.body.find("\"bad\"") != std::string::npos;
                                  return Script().send(response(bad ? 400 : 200, ""));
                                })
                                .again());
  Sender sender;
  sender.follow(receiver);
  sender.webhook.tell(alert_of("bad"));
  sender.webhook.tell(alert_of("good"));
  ASSERT_TRUE(sender.await(&Gauges::Alerts::delivered, 1));
  EXPECT_EQ(sender.webhook.gauges().failed, 1u);
  EXPECT_EQ(receiver.requests(), 6u);
  EXPECT_NE(sender.log.text().find("an alert could not be delivered reason=the answer was 400"), std::string::npos)
      << sender.log.text();
}

TEST(AlertWebhook, keeps_a_hundred_and_drops_the_rest) {
  ScriptedUpstream receiver(Script().read_request().wait_for("go").send(response(200, "")).again());
  Sender sender;
  sender.follow(receiver);
  sender.webhook.tell(alert_of("first"));
  ASSERT_TRUE(receiver.await_requests(1));
  for (int i = 0; i < 130; ++i) sender.webhook.tell(alert_of("more"));
  EXPECT_EQ(sender.webhook.gauges().dropped, 30u);
  EXPECT_EQ(sender.webhook.gauges().raised, 131u);
  receiver.signal("go");
  EXPECT_TRUE(sender.await(&Gauges::Alerts::delivered, 101));
}

TEST(AlertWebhook, what_waits_goes_to_whoever_is_told_now) {
  ScriptedUpstream former(Script().read_request().hang());
  ScriptedUpstream now(test::always(response(200, "")));
  Sender sender;
  sender.follow(former);
  sender.webhook.tell(alert_of("a"));
  ASSERT_TRUE(former.await_requests(1));
  sender.webhook.tell(alert_of("b"));
  sender.follow(now);
  former.hang_up();
  ASSERT_TRUE(sender.await(&Gauges::Alerts::delivered, 2));
  EXPECT_EQ(now.requests(), 2u);
}

TEST(AlertWebhook, nobody_is_told_where_nobody_wants_to_be) {
  ScriptedUpstream receiver(Script().read_request().hang());
  Sender sender;
  sender.webhook.tell(alert_of("unheard"));
  EXPECT_EQ(sender.webhook.gauges().raised, 1u);
  EXPECT_EQ(sender.webhook.gauges().dropped, 0u) << "nobody was to be told of it";
  sender.follow(receiver);
  sender.webhook.tell(alert_of("a"));
  ASSERT_TRUE(receiver.await_requests(1));
  sender.webhook.tell(alert_of("b"));
  sender.webhook.follow({});
  EXPECT_EQ(sender.webhook.gauges().dropped, 1u);
}

TEST(AlertWebhook, names_lead_to_private_addresses_only_where_they_may) {
  ScriptedUpstream receiver(test::always(response(200, "")));
  Sender sender;
  AlertReceiver who;
  who.peer.url = "http://localhost:" + std::to_string(receiver.port()) + "/alerts";
  sender.webhook.follow(who);
  sender.webhook.tell(alert_of("a"));
  ASSERT_TRUE(sender.await(&Gauges::Alerts::failed, 1));
  EXPECT_EQ(receiver.connections(), 0u);
  who.peer.allow_private = true;
  sender.webhook.follow(who);
  sender.webhook.tell(alert_of("a"));
  EXPECT_TRUE(sender.await(&Gauges::Alerts::delivered, 1));
}

}  // namespace
}  // namespace sluice::app::alert_webhook_test

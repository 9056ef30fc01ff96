#include "app/health_checks.hpp"

#include <gtest/gtest.h>

#include "support/gateway_under_test.hpp"
#include "support/scripted_upstream.hpp"

// A provider that is asked whether it is there, by a whole daemon that nobody calls.
namespace sluice::test::health_checks_test {
namespace {

std::string yaml(const ScriptedUpstream& upstream, const std::string& check) {
  return "server: {listen: \"127.0.0.1:0\", workers: 1}\nadmin: {listen: \"127.0.0.1:0\"}\n"
         "providers: {one: {kind: openai-compatible, base_url: \"http://127.0.0.1:" +
         std::to_string(upstream.port()) +
         "/v1\", api_key: \"${PROVIDER_KEY}\", breaker: {failures: 1, cooldown: 10ms, max: 10ms}" + check +
         "}}\nmodels: {m: {targets: [{provider: one}]}}\n";
}

const std::string every_second = ", health_check: {every: 1s}";

TEST(HealthChecks, find_a_provider_that_is_not_well_and_notice_when_it_is_again) {
  Script sick_then_well;
  sick_then_well.read_request().send(response(500, "no")).read_request().send(response(404, "there is nothing here"));
  ScriptedUpstream upstream(sick_then_well);
  GatewayUnderTest gateway(yaml(upstream, every_second));
  ASSERT_TRUE(upstream.await_requests(2));
  EXPECT_EQ(gateway.await_metric("sluice_breaker_state", 0, {"provider=\"one\""}), 0);
  const auto seen = upstream.seen();
  EXPECT_EQ(seen[0].target(), "/v1/models");
  EXPECT_TRUE(seen[0].field("authorization")) << "with the provider's key";
  EXPECT_EQ(gateway.await_metric("sluice_requests_total", 0, {}), 0) << "they are no requests of callers";
  EXPECT_TRUE(eventually([&] {
    const std::string log = gateway.log_text();
    return log.find("a provider is not well") < log.find("a provider is well again") &&
           log.find("a provider is well again") != std::string::npos;
  })) << gateway.log_text();
}

TEST(HealthChecks, open_the_breaker_of_a_provider_that_cannot_be_reached) {
  Script gone;
  gone.reset();
  ScriptedUpstream upstream(gone);
  const std::string slow = ", health_check: {every: 1h, path: /live}";
  GatewayUnderTest gateway(yaml(upstream, slow));
  ASSERT_TRUE(eventually([&] { return gateway.log_text().find("a provider is not well") != std::string::npos; }));
  const double state = gateway.await_metric("sluice_breaker_state", 1, {"provider=\"one\""});
  EXPECT_EQ(state, 1) << "its cool-down is over: half open";
}

TEST(HealthChecks, are_not_made_where_nobody_wants_them) {
  ScriptedUpstream upstream(always(response(200, "{}")));
  GatewayUnderTest gateway(yaml(upstream, ""));
  EXPECT_EQ(gateway.await_metric("sluice_breaker_state", 0, {"provider=\"one\""}), 0);
  EXPECT_EQ(upstream.connections(), 0u);
}

}  // namespace
}  // namespace sluice::test::health_checks_test

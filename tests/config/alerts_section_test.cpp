#include <gtest/gtest.h>

#include "config/cases.hpp"
#include "config/sections.hpp"

namespace sluice::config::alerts_section_test {
namespace {

using testing::Case;
using testing::world;

class AlertsSection : public testing::Complains {};
TEST_P(AlertsSection, complains) { check(); }

INSTANTIATE_TEST_SUITE_P(
    Load, AlertsSection,
    ::testing::Values(
        Case{"right", world + "alerts: {webhook: \"https://h/a?b=c\", secret: \"${TEAM_KEY}\"}\n", {}},
        Case{"no_value", world + "alerts:\n", {"f:3:1: alerts: has no value; write {webhook: URL}"}},
        Case{"no_webhook",
             world + "alerts: {secret: \"${TEAM_KEY}\"}\n",
             {"f:3:1: alerts.webhook: is missing; write webhook: https://HOST/PATH"}},
        Case{"unknown_key",
             world + "alerts: {webhook: \"https://h\", url: x}\n",
             {"f:3:32: alerts.url: unknown key \"url\"; known here: webhook, secret, allow_private, tls"}},
        Case{"plain_http",
             world + "alerts: {webhook: \"http://h/a\"}\n",
             {"f:3:19: alerts.webhook: over plain HTTP somebody in between could read alerts, and make some up; write "
              "an "
              "https URL"}},
        Case{"plain_http_at_home", world + "alerts: {webhook: \"http://h/a\", allow_private: true}\n", {}},
        Case{"literal_secret",
             world + "alerts: {webhook: \"https://h\", secret: canary-literal}\n",
             {"warning f:3:40: alerts.secret: the secret itself stands in the file; write ${NAME} for an environment "
              "variable, or file:/path"}}),
    testing::name_of);

TEST(AlertsSection, is_read) {
  const Loaded loaded =
      load(world + "alerts: {webhook: \"https://h/a?b=c\", secret: \"${TEAM_KEY}\"}\n", testing::surroundings());
  ASSERT_TRUE(loaded.config.alerts);
  EXPECT_EQ(loaded.config.alerts->webhook.url, "https://h/a?b=c");
  EXPECT_EQ(loaded.config.alerts->secret.reveal(), "canary-team-key");
  EXPECT_FALSE(load(world, testing::surroundings()).config.alerts);
}

}  // namespace
}  // namespace sluice::config::alerts_section_test

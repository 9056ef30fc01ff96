#include <sluice/credential/source.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "credential/rsa_keys.hpp"

namespace sluice::credential::enquiry_test {
namespace {

const UtcTime now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23);
constexpr std::string_view keys = R"({"AccessKeyId":"A","SecretAccessKey":"s","Token":"t"})";

// The next ask; a failure of the test when there is none.
Ask ask_in(Result<Enquiry::Step> step) {
  if (step) {
    if (auto* ask = std::get_if<Ask>(&*step)) return std::move(*ask);
  }
  ADD_FAILURE() << "nothing is asked";
  return {};
}

Granted grant_in(Result<Enquiry::Step> step) {
  if (step) {
    if (auto* granted = std::get_if<Granted>(&*step)) return std::move(*granted);
  }
  ADD_FAILURE() << "nothing is granted";
  return {};
}

TEST(Enquiry, asks_nobody_for_keys_that_are_there) {
  const Source source = StaticKeys{{"AKID", Secret("s"), {}}};
  const Granted granted = grant_in(enquire(source)->begin(now));
  EXPECT_EQ(granted.grant.keys.access_key_id, "AKID");
  EXPECT_FALSE(granted.lifetime);
}

TEST(Enquiry, asks_the_server_beside_a_container) {
  const Source source = ContainerKeys{"/v2/credentials?id=1", Secret("pod-token")};
  const auto enquiry = enquire(source);
  const Ask ask = ask_in(enquiry->begin(now));
  EXPECT_EQ(ask.method, "GET");
  EXPECT_EQ(ask.target, "/v2/credentials?id=1");
  EXPECT_NE(ask.lines.reveal().find("authorization: pod-token\r\n"), std::string_view::npos);
  EXPECT_EQ(grant_in(enquiry->answered(200, keys, now)).grant.keys.session_token.reveal(), "t");
}

TEST(Enquiry, walks_the_three_steps_of_an_instance) {
  const Source source = InstanceKeys{};
  const auto enquiry = enquire(source);
  const Ask session = ask_in(enquiry->begin(now));
  EXPECT_EQ(session.method, "PUT");
  EXPECT_EQ(session.target, "/latest/api/token");
  EXPECT_NE(session.lines.reveal().find("x-aws-ec2-metadata-token-ttl-seconds: "), std::string_view::npos);
  const Ask role = ask_in(enquiry->answered(200, "session-1==", now));
  EXPECT_EQ(role.method, "GET");
  EXPECT_EQ(role.target, "/latest/meta-data/iam/security-credentials/");
  EXPECT_EQ(role.lines.reveal(), "x-aws-ec2-metadata-token: session-1==\r\n");
  EXPECT_FALSE(enquiry->answered(200, "my role\nanother", now)) << "a role's name has no spaces";
}

TEST(Enquiry, asks_for_the_keys_of_the_role_it_was_told) {
  const Source source = InstanceKeys{};
  const auto enquiry = enquire(source);
  (void)enquiry->begin(now);
  (void)enquiry->answered(200, "session", now);
  const Ask last = ask_in(enquiry->answered(200, "role+1\n", now));
  EXPECT_EQ(last.target, "/latest/meta-data/iam/security-credentials/role%2B1");
  EXPECT_EQ(last.lines.reveal(), "x-aws-ec2-metadata-token: session\r\n");
  EXPECT_EQ(grant_in(enquiry->answered(200, keys, now)).grant.keys.access_key_id, "A");
}

TEST(Enquiry, ends_where_an_instance_has_no_session_or_no_role) {
  const Source source = InstanceKeys{};
  const auto first = enquire(source);
  (void)first->begin(now);
  EXPECT_FALSE(first->answered(403, "", now));
  const auto split = enquire(source);
  (void)split->begin(now);
  EXPECT_FALSE(split->answered(200, "session\r\nx-evil: 1", now)) << "it would split the next request";
  const auto second = enquire(source);
  (void)second->begin(now);
  (void)second->answered(200, "session", now);
  const auto answered = second->answered(404, "", now);
  ASSERT_FALSE(answered);
  EXPECT_EQ(answered.error().message(), "this machine has no role");
}

TEST(Enquiry, sends_a_clients_secret_in_a_form) {
  const Source source = ClientToken{"id with space", Secret("s&cr=t+%"), "https://scope.example/.default",
                                    "https://login.example/tenant/oauth2/v2.0/token"};
  const auto enquiry = enquire(source);
  const Ask ask = ask_in(enquiry->begin(now));
  EXPECT_EQ(ask.method, "POST");
  EXPECT_EQ(ask.target, "/tenant/oauth2/v2.0/token");
  EXPECT_EQ(
      ask.body.reveal(),
      "grant_type=client_credentials&client_id=id%20with%20space&client_secret=s%26cr%3Dt%2B%25&scope=https%3A%2F%"
      "2Fscope.example%2F.default");
  const Granted granted = grant_in(enquiry->answered(200, R"({"access_token":"at","expires_in":3600})", now));
  EXPECT_EQ(granted.grant.token.reveal(), "at");
}

TEST(Enquiry, sends_a_service_accounts_statement_to_whom_it_is_for) {
  const testing::RsaKey key;
  const Source source = ServiceAccountToken{{"me@example", "", "", "", Secret(key.pem())}, "s1", "http://127.0.0.1:1"};
  const auto enquiry = enquire(source);
  const Ask ask = ask_in(enquiry->begin(now));
  EXPECT_EQ(ask.target, "/");
  const std::string body(ask.body.reveal());
  const std::string before = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
  ASSERT_TRUE(body.starts_with(before)) << body;
  const testing::Statement statement(body.substr(before.size()));
  EXPECT_EQ(statement.claims.value("aud", ""), "http://127.0.0.1:1");
  EXPECT_FALSE(statement.header.contains("kid"));
  EXPECT_TRUE(key.verifies(statement.message, statement.signature));
}

}  // namespace
}  // namespace sluice::credential::enquiry_test

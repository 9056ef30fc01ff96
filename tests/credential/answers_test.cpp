#include "credential/answers.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace sluice::credential {
namespace {

using std::chrono::seconds;
const UtcTime now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + std::chrono::hours(5);

TEST(TokenAnswer, gives_a_token_for_a_while) {
  const auto granted = read_token_answer(200, R"({"access_token":"ya29.abc","expires_in":3599,"token_type":"Bearer"})");
  ASSERT_TRUE(granted);
  EXPECT_EQ(granted->grant.token.reveal(), "ya29.abc");
  EXPECT_EQ(granted->lifetime, Duration(seconds(3599)));
}

TEST(TokenAnswer, takes_lifetimes_as_servers_write_them) {
  const auto lifetime = [](const std::string& written) {
    const auto granted = read_token_answer(200, R"({"access_token":"t")" + written + "}");
    return granted ? granted->lifetime.value_or(Duration(-1)) : Duration(-2);
  };
  EXPECT_EQ(lifetime(R"(,"expires_in":"86399")"), seconds(86399));
  EXPECT_EQ(lifetime(R"(,"expires_in":60.0)"), seconds(60));
  EXPECT_EQ(lifetime(""), seconds(600));
  EXPECT_EQ(lifetime(R"(,"expires_in":1e14)"), std::chrono::hours(24 * 7));
  for (const char* bad : {"0", "-5", "\"soon\"", "[]", "true", "1e300"}) {
    EXPECT_EQ(lifetime(R"(,"expires_in":)" + std::string(bad)), Duration(-2)) << bad;
  }
}

TEST(TokenAnswer, is_refused_with_a_reason_that_holds_no_secret) {
  const auto why = [](int status, std::string_view body) {
    const auto granted = read_token_answer(status, body);
    EXPECT_FALSE(granted) << body;
    if (granted) return std::string();
    EXPECT_EQ(granted.error().code(), "upstream_auth");
    EXPECT_TRUE(granted.error().retryable());
    return granted.error().message();
  };
  EXPECT_EQ(why(400, R"({"error":"invalid_grant","error_description":"canary"})"),
            "the token server answered 400 (invalid_grant)");
  EXPECT_EQ(why(401, R"({"error":"two words canary"})"), "the token server answered 401");
  EXPECT_EQ(why(503, "<html>"), "the token server answered 503");
  EXPECT_EQ(why(200, "[]"), "the token server's answer is no JSON object");
  EXPECT_EQ(why(200, R"({"access_token":"a\r\nb","expires_in":5})"),
            "the token server's answer has no usable access_token");
  EXPECT_EQ(why(200, R"({"access_token":7,"expires_in":5})"), "the token server's answer has no usable access_token");
  EXPECT_EQ(why(200, R"({"access_token":"a","token_type":"mac"})"), "the token server gave no bearer token");
}

TEST(KeysAnswer, gives_keys_until_they_expire) {
  const auto granted = read_keys_answer(200, R"({"Code":"Success","LastUpdated":"2026-11-23T04:00:00Z",
    "Type":"AWS-HMAC","AccessKeyId":"ASIA","SecretAccessKey":"s/+=","Token":"t==","Expiration":"2026-11-23T06:00:01Z"})",
                                        now);
  ASSERT_TRUE(granted);
  EXPECT_EQ(granted->grant.keys.access_key_id, "ASIA");
  EXPECT_EQ(granted->grant.keys.secret_access_key.reveal(), "s/+=");
  EXPECT_EQ(granted->grant.keys.session_token.reveal(), "t==");
  EXPECT_EQ(granted->lifetime, Duration(seconds(3601)));
}

TEST(KeysAnswer, may_have_no_end_or_a_fraction_in_it) {
  const auto lasting = read_keys_answer(200, R"({"AccessKeyId":"A","SecretAccessKey":"s"})", now);
  ASSERT_TRUE(lasting);
  EXPECT_FALSE(lasting->lifetime);
  const auto fraction =
      read_keys_answer(200, R"({"AccessKeyId":"A","SecretAccessKey":"s","Expiration":"2026-11-23T05:01:00.5Z"})", now);
  ASSERT_TRUE(fraction);
  EXPECT_EQ(fraction->lifetime, Duration(seconds(60)));
  const auto far =
      read_keys_answer(200, R"({"AccessKeyId":"A","SecretAccessKey":"s","Expiration":"9999-12-31T23:59:59Z"})", now);
  ASSERT_TRUE(far);
  EXPECT_EQ(far->lifetime, Duration(std::chrono::hours(24 * 7)));
}

TEST(KeysAnswer, is_refused_with_a_reason) {
  const auto why = [](int status, const std::string& body) {
    const auto granted = read_keys_answer(status, body, now);
    EXPECT_FALSE(granted) << body;
    return granted ? std::string() : granted.error().message();
  };
  const std::string keys = R"({"AccessKeyId":"A","SecretAccessKey":"s")";
  EXPECT_EQ(why(404, ""), "the metadata server answered 404");
  EXPECT_EQ(why(200, "{"), "the metadata server's answer is no JSON object");
  EXPECT_EQ(why(200, R"({"Code":"AssumeRoleUnauthorizedAccess"})"),
            "the metadata server has no keys (AssumeRoleUnauthorizedAccess)");
  EXPECT_EQ(why(200, R"({"AccessKeyId":"A"})"), "the metadata server's answer has no usable keys");
  EXPECT_EQ(why(200, keys + R"(,"Token":"a b"})"), "the metadata server's answer has no usable keys");
  EXPECT_EQ(why(200, keys + R"(,"Expiration":"2026-11-23T04:59:59Z"})"), "the metadata server's keys have expired");
  for (const char* bad :
       {"tomorrow", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-23T25:00:00Z", "2026-11-23T05:00:00"}) {
    EXPECT_EQ(why(200, keys + R"(,"Expiration":")" + bad + "\"}"),
              "the metadata server's answer has no usable Expiration")
        << bad;
  }
}

}  // namespace
}  // namespace sluice::credential

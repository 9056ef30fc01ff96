#include <sluice/credential/service_account.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "credential/rsa_keys.hpp"

namespace sluice::credential::service_account_test {
namespace {

using testing::RsaKey;

const UtcTime now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23);

nlohmann::json file_with(const std::string& pem) {
  return {{"type", "service_account"},
          {"project_id", "house"},
          {"private_key_id", "kid-1"},
          {"private_key", pem},
          {"client_email", "gateway@house.example"},
          {"token_uri", "https://oauth2.example/token"},
          {"universe_domain", "example"}};
}

TEST(ServiceAccount, is_read_from_its_key_file) {
  const RsaKey key;
  const auto account = read_service_account(file_with(key.pem()).dump());
  ASSERT_TRUE(account);
  EXPECT_EQ(account->email, "gateway@house.example");
  EXPECT_EQ(account->project, "house");
  EXPECT_EQ(account->token_url, "https://oauth2.example/token");
}

TEST(ServiceAccount, says_what_is_wrong_without_telling_secrets) {
  const RsaKey key;
  const auto why = [](const std::string& text) {
    const auto account = read_service_account(text);
    EXPECT_FALSE(account);
    return account ? std::string() : account.error().message();
  };
  const std::string no_key = "its private_key is no RSA key of 2048 bits or more in PEM, without a passphrase";
  EXPECT_EQ(why("not json"), "this is no JSON object");
  EXPECT_EQ(why("{}"), "this is no key file of a service account");
  EXPECT_EQ(why(R"({"type":"authorized_user","refresh_token":"canary"})"),
            "this is no key file of a service account, its type is authorized_user");
  nlohmann::json file = file_with(key.pem());
  file.erase("client_email");
  EXPECT_EQ(why(file.dump()), "it has no client_email");
  EXPECT_EQ(why(file_with("-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----\n").dump()), no_key);
  EXPECT_EQ(why(file_with(RsaKey(1024).pem()).dump()), no_key);
  EXPECT_EQ(why(file_with(key.pem_with_passphrase()).dump()), no_key);
}

TEST(ServiceAccount, states_what_it_asks_for_and_signs_it) {
  const RsaKey key;
  const auto account = read_service_account(file_with(key.pem()).dump());
  ASSERT_TRUE(account);
  const auto assertion = sign_assertion(*account, "scope-of-it", "https://oauth2.example/token", now);
  ASSERT_TRUE(assertion);
  const std::string text(assertion->reveal());
  EXPECT_EQ(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."),
            std::string::npos);
  const testing::Statement statement(text);
  EXPECT_EQ(statement.header, (nlohmann::json{{"alg", "RS256"}, {"typ", "JWT"}, {"kid", "kid-1"}}));
  const auto issued = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  EXPECT_EQ(statement.claims, (nlohmann::json{{"iss", "gateway@house.example"},
                                              {"scope", "scope-of-it"},
                                              {"aud", "https://oauth2.example/token"},
                                              {"iat", issued},
                                              {"exp", issued + 3600}}));
  EXPECT_TRUE(key.verifies(statement.message, statement.signature));
  EXPECT_FALSE(RsaKey().verifies(statement.message, statement.signature));
  EXPECT_FALSE(key.verifies(statement.message + "x", statement.signature));
}

}  // namespace
}  // namespace sluice::credential::service_account_test

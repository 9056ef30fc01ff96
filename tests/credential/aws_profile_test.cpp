#include <sluice/credential/aws_profile.hpp>

#include <gtest/gtest.h>

namespace sluice::credential {
namespace {

constexpr std::string_view credentials = R"(# keys
[default]
aws_access_key_id = AKIDDEFAULT
aws_secret_access_key = canary/default=secret

[ work ]
aws_access_key_id=AKIDWORK
aws_secret_access_key=canary-work
aws_session_token = canary-token
; the end
[half]
aws_access_key_id = AKIDHALF
[spaced]
aws_access_key_id = AKID
aws_secret_access_key = canary with spaces
)";

constexpr std::string_view config =
    "[default]\r\nregion = eu-west-1\r\n[profile work]\r\nregion=us-east-2\r\ns3 =\r\n  region = nested\r\n"
    "aws_access_key_id = AKIDCONFIG\r\n[profile role]\r\nrole_arn = arn:aws:iam::1:role/x\r\nsource_profile = work\r\n"
    "[profile sso]\r\nsso_session = me\r\n[profile process]\r\ncredential_process = /bin/x\r\n[half]\r\n"
    "aws_secret_access_key = never\r\n";

TEST(AwsProfile, comes_from_both_files) {
  const auto profile = read_aws_profile(credentials, config, "default");
  ASSERT_TRUE(profile);
  EXPECT_EQ(profile->keys.access_key_id, "AKIDDEFAULT");
  EXPECT_EQ(profile->keys.secret_access_key.reveal(), "canary/default=secret");
  EXPECT_TRUE(profile->keys.session_token.empty());
  EXPECT_EQ(profile->region, "eu-west-1");
}

TEST(AwsProfile, prefers_the_credentials_file_and_passes_over_what_is_nested) {
  const auto profile = read_aws_profile(credentials, config, "work");
  ASSERT_TRUE(profile);
  EXPECT_EQ(profile->keys.access_key_id, "AKIDWORK");
  EXPECT_EQ(profile->keys.session_token.reveal(), "canary-token");
  EXPECT_EQ(profile->region, "us-east-2");
}

TEST(AwsProfile, says_what_is_wrong_without_telling_secrets) {
  const auto why = [](std::string_view name) {
    const auto profile = read_aws_profile(credentials, config, name);
    EXPECT_FALSE(profile) << name;
    const std::string text = profile ? "" : profile.error().message();
    EXPECT_EQ(text.find("canary"), std::string::npos);
    return text;
  };
  EXPECT_EQ(why("nobody"), "there is no such profile");
  EXPECT_EQ(why("half"), "the profile lacks aws_access_key_id or aws_secret_access_key");
  EXPECT_EQ(why("spaced"), "the profile lacks aws_access_key_id or aws_secret_access_key");
  EXPECT_EQ(why("role"), "the profile gets its keys by role_arn, which is not supported");
  EXPECT_EQ(why("sso"), "the profile gets its keys by sso_session, which is not supported");
  EXPECT_EQ(why("process"), "the profile gets its keys by credential_process, which is not supported");
}

TEST(AwsProfile, survives_any_text) {
  std::string text(credentials);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    (void)read_aws_profile(std::string_view(text).substr(0, cut), std::string_view(text).substr(cut), "default");
  }
  EXPECT_FALSE(read_aws_profile("[", "]", ""));
  EXPECT_FALSE(read_aws_profile("[]\n=\n==", "[profile]\nx=", "profile"));
}

}  // namespace
}  // namespace sluice::credential

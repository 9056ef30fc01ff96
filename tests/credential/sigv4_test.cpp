#include "credential/sigv4.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace sluice::credential {
namespace {

// What all published examples have in common.
const AwsKeys example_keys{"AKIDEXAMPLE", Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), {}};
const AwsScope example_scope{"us-east-1", "service"};
const UtcTime example_time =
    std::chrono::sys_days(std::chrono::year(2015) / 8 / 30) + std::chrono::hours(12) + std::chrono::minutes(36);

struct Example {
  const char* name;
  std::string method;
  std::string target;
  std::vector<SignedField> fields;
  std::string body;
  std::string token;
  std::string signed_names;
  std::string signature;
};

void PrintTo(const Example& example, std::ostream* out) { *out << example.name; }

class PublishedExample : public ::testing::TestWithParam<Example> {};

TEST_P(PublishedExample, is_signed_as_published) {
  const Example& example = GetParam();
  AwsKeys keys = example_keys;
  keys.session_token = Secret(example.token);
  std::string lines;
  append_aws_signature({example.method, example.target, example.fields, sha256(example.body)}, keys, example_scope,
                       example_time, lines);
  const std::string token = example.token.empty() ? "" : "x-amz-security-token: " + example.token + "\r\n";
  EXPECT_EQ(lines, "x-amz-date: 20150830T123600Z\r\n" + token +
                       "authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/"
                       "aws4_request, SignedHeaders=" +
                       example.signed_names + ", Signature=" + example.signature + "\r\n");
}

const SignedField host{"Host", "example.amazonaws.com"};

INSTANTIATE_TEST_SUITE_P(
    SigV4, PublishedExample,
    ::testing::Values(Example{"get_vanilla",
                              "GET",
                              "/",
                              {host},
                              "",
                              "",
                              "host;x-amz-date",
                              "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
                      Example{"post_vanilla",
                              "POST",
                              "/",
                              {host},
                              "",
                              "",
                              "host;x-amz-date",
                              "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
                      Example{"query_order",
                              "GET",
                              "/?Param2=value2&Param1=value1",
                              {host},
                              "",
                              "",
                              "host;x-amz-date",
                              "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
                      Example{"form",
                              "POST",
                              "/",
                              {{"Content-Type", "application/x-www-form-urlencoded"}, host},
                              "Param1=value1",
                              "",
                              "content-type;host;x-amz-date",
                              "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
                      Example{"values_of_one_name",
                              "GET",
                              "/",
                              {host, {"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}},
                              "",
                              "",
                              "host;my-header1;x-amz-date",
                              "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
                      Example{"blanks",
                              "GET",
                              "/",
                              {host, {"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}},
                              "",
                              "",
                              "host;my-header1;my-header2;x-amz-date",
                              "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
                      Example{"pointless_dot",
                              "GET",
                              "/./example",
                              {host},
                              "",
                              "",
                              "host;x-amz-date",
                              "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"},
                      Example{"session_token",
                              "GET",
                              "/",
                              {host},
                              "",
                              "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267",
                              "host;x-amz-date;x-amz-security-token",
                              "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"}),
    [](const auto& parameter) { return std::string(parameter.param.name); });

TEST(CanonicalPath, is_encoded_once_more_than_it_is_sent) {
  EXPECT_EQ(canonical_path("/model/anthropic.claude%3A0/converse", "bedrock"),
            "/model/anthropic.claude%253A0/converse");
  EXPECT_EQ(canonical_path("/model/arn%3Aaws%2Fx/converse", "bedrock"), "/model/arn%253Aaws%252Fx/converse");
  EXPECT_EQ(canonical_path("/bucket/a%20b//c", "s3"), "/bucket/a%20b//c");
}

TEST(CanonicalPath, is_normal_whatever_the_spelling) {
  EXPECT_EQ(canonical_path("", "service"), "/");
  EXPECT_EQ(canonical_path("/", "service"), "/");
  EXPECT_EQ(canonical_path("//example//", "service"), "/example/");
  EXPECT_EQ(canonical_path("/example/..", "service"), "/");
  EXPECT_EQ(canonical_path("/../../x", "service"), "/x");
  EXPECT_EQ(canonical_path("/a/./b/../c", "service"), "/a/c");
}

TEST(CanonicalPath, keeps_every_byte_apart) {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool plain = std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.' || c == '~' || c == '/';
    const std::string path = canonical_path(std::string("/x") + c + "y", "service");
    EXPECT_EQ(path.find('%') != std::string::npos, !plain || byte > 127) << byte;
    EXPECT_EQ(path.find_first_not_of("/ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789%-_.~"),
              std::string::npos);
  }
}

TEST(CanonicalQuery, has_one_spelling) {
  EXPECT_EQ(canonical_query(""), "");
  EXPECT_EQ(canonical_query("alt=sse"), "alt=sse");
  EXPECT_EQ(canonical_query("b&a=1"), "a=1&b=");
  EXPECT_EQ(canonical_query("a=2&a=1&&"), "a=1&a=2");
  EXPECT_EQ(canonical_query("k=a/b%2Fc%7e+"), "k=a%2Fb%2Fc~%2B");
  EXPECT_EQ(canonical_query("k=a=b"), "k=a%3Db");
  EXPECT_EQ(canonical_query("k=%zz%4"), "k=%25zz%254");
}

TEST(SigV4, changes_with_everything_it_covers) {
  const std::string body = "{}";
  const std::vector<SignedField> fields{host, {"content-type", "application/json"}};
  const AwsRequest request{"POST", "/model/m/converse", fields, sha256(body)};
  const auto sign = [](const AwsRequest& what, const AwsKeys& keys, const AwsScope& scope, UtcTime now) {
    std::string lines;
    append_aws_signature(what, keys, scope, now, lines);
    return lines.substr(lines.find("Signature="));
  };
  const std::string usual = sign(request, example_keys, example_scope, example_time);
  EXPECT_EQ(usual, sign(request, example_keys, example_scope, example_time));
  AwsRequest other = request;
  other.method = "PUT";
  EXPECT_NE(usual, sign(other, example_keys, example_scope, example_time));
  other = request;
  other.target = "/model/n/converse";
  EXPECT_NE(usual, sign(other, example_keys, example_scope, example_time));
  other = request;
  other.payload = sha256("{ }");
  EXPECT_NE(usual, sign(other, example_keys, example_scope, example_time));
  EXPECT_NE(usual, sign(request, example_keys, {"us-east-2", "service"}, example_time));
  EXPECT_NE(usual, sign(request, example_keys, {"us-east-1", "other"}, example_time));
  EXPECT_NE(usual, sign(request, example_keys, example_scope, example_time + std::chrono::seconds(1)));
  const AwsKeys wrong{"AKIDEXAMPLE", Secret("another"), {}};
  EXPECT_NE(usual, sign(request, wrong, example_scope, example_time));
}

}  // namespace
}  // namespace sluice::credential

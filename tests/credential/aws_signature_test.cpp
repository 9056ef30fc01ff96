#include <sluice/credential/aws_signature.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "credential/sigv4.hpp"

namespace sluice::credential::aws_signature_test {
namespace {

const AwsKeys keys{"app", Secret("sk-app-0123456789"), {}};
const AwsScope scope{"eu-west-1", "bedrock"};
const UtcTime now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + std::chrono::hours(23) +
                    std::chrono::minutes(59) + std::chrono::seconds(30);

// A request that owns its strings, to be spoiled at will.
struct Sent {
  std::string method = "POST";
  std::string target = "/model/maker.model-v1%3A0/converse";
  std::vector<std::pair<std::string, std::string>> lines{
      {"Host", "gateway.example:8080"}, {"content-type", "application/json"}, {"user-agent", "client/1"}};
  std::string body = R"({"messages":[]})";

  std::vector<SignedField> fields() const {
    std::vector<SignedField> out;
    out.reserve(lines.size());
    for (const auto& [name, value] : lines) out.push_back({name, value});
    return out;
  }
  std::string& line(const std::string& name) {
    for (auto& [key, value] : lines) {
      if (key == name) return value;
    }
    return lines.emplace_back(name, "").second;
  }
  void replace(const std::string& name, const std::string& from, const std::string& to) {
    std::string& value = line(name);
    const std::size_t at = value.find(from);
    ASSERT_NE(at, std::string::npos) << name << ": " << value;
    value.replace(at, from.size(), to);
  }
};

// Adds the lines of a signature over all lines but user-agent, which clients do not sign.
Sent signed_request(Sent sent = {}, UtcTime time = now, const AwsKeys& with = keys, const AwsScope& in = scope) {
  std::vector<SignedField> covered;
  for (const SignedField& field : sent.fields()) {
    if (field.name != "user-agent") covered.push_back(field);
  }
  std::string text;
  append_aws_signature({sent.method, sent.target, covered, sha256(sent.body)}, with, in, time, text);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t colon = text.find(": ", at);
    const std::size_t end = text.find("\r\n", at);
    sent.lines.emplace_back(text.substr(at, colon - at), text.substr(colon + 2, end - colon - 2));
    at = end + 2;
  }
  return sent;
}

// Why it is not accepted; "" if it is.
std::string trouble(const Sent& sent, UtcTime time = now, const AwsKeys& with = keys) {
  const std::vector<SignedField> fields = sent.fields();
  const auto read = AwsSignature::read({sent.method, sent.target, fields, {}}, time);
  if (!read) {
    EXPECT_EQ(read.error().code(), "invalid_api_key");
    EXPECT_EQ(read.error().fault(), Fault::unauthenticated);
    EXPECT_EQ(read.error().message().find("sk-app"), std::string::npos);
    return read.error().message();
  }
  if (read->access_key_id() != with.access_key_id) return "somebody else's";
  if (read->payload() && *read->payload() != sha256(sent.body)) return "another body";
  return read->is_by(signing_root(with.secret_access_key), sha256(sent.body)) ? "" : "a wrong signature";
}

std::string hex_of(const std::string& body) {
  std::string out;
  for (const std::uint8_t byte : sha256(body)) {
    constexpr std::string_view digits = "0123456789abcdef";
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

TEST(AwsSignature, is_accepted_as_we_make_it) {
  EXPECT_EQ(trouble(signed_request()), "");
  Sent bare;
  bare.method = "GET";
  bare.target = "/";
  bare.body.clear();
  EXPECT_EQ(trouble(signed_request(bare)), "");
  Sent query;
  query.target += "?b=2&a=1%2F";
  EXPECT_EQ(trouble(signed_request(query)), "");
  for (const AwsScope& one : {AwsScope{"us-east-1", "bedrock"}, AwsScope{"moon", "s3"}, AwsScope{"x", "y-z"}}) {
    EXPECT_EQ(trouble(signed_request({}, now, keys, one)), "") << "whatever region and service";
  }
}

// By an independent implementation: botocore 1.44's SigV4Auth, for this very request.
TEST(AwsSignature, of_a_known_request_is_accepted) {
  Sent sent;
  sent.lines = {{"Host", "gateway.example:8080"},
                {"X-Amz-Date", "20261123T235930Z"},
                {"Authorization",
                 "AWS4-HMAC-SHA256 Credential=app/20261123/eu-west-1/bedrock/aws4_request, "
                 "SignedHeaders=host;x-amz-date, "
                 "Signature=db167781de7b76baddf8e402f4763623fda13b67a5aa61f4e33615ea2cc0e8a1"}};
  EXPECT_EQ(trouble(sent), "");
}

TEST(AwsSignature, tells_the_hash_of_the_body_where_the_head_has_it) {
  Sent sent;
  sent.line("x-amz-content-sha256") = hex_of(sent.body);
  const Sent good = signed_request(sent);
  EXPECT_EQ(trouble(good), "");
  const auto fields = good.fields();
  const auto read = AwsSignature::read({good.method, good.target, fields, {}}, now);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->payload(), sha256(good.body));
  Sent other = good;
  other.body += " ";
  EXPECT_EQ(trouble(other), "another body");
  for (const std::string& word :
       {std::string("UNSIGNED-PAYLOAD"), std::string("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"), hex_of(sent.body).substr(1),
        hex_of(sent.body) + "0", std::string(64, 'G'), std::string(64, 'A')}) {
    sent.line("x-amz-content-sha256") = word;
    EXPECT_NE(trouble(signed_request(sent)).find("x-amz-content-sha256"), std::string::npos) << word;
  }
}

// Everything that is signed, with each bit of each byte flipped that leaves a byte a request can have.
TEST(AwsSignature, does_not_hold_for_anything_else) {
  Sent usual;
  usual.line("x-amz-meta") = "told";
  const Sent good = signed_request(usual);
  ASSERT_EQ(trouble(good), "");
  std::size_t flips = 0;
  const auto flip_all = [&](const std::function<std::string&(Sent&)>& part) {
    Sent spoiled = good;
    const std::size_t size = part(spoiled).size();
    for (std::size_t at = 0; at < size; ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        spoiled = good;
        char& byte = part(spoiled)[at];
        byte = static_cast<char>(byte ^ (1 << bit));
        if (static_cast<unsigned char>(byte) <= ' ' || byte == 127) continue;
        EXPECT_NE(trouble(spoiled), "") << part(spoiled);
        ++flips;
      }
    }
  };
  flip_all([](Sent& sent) -> std::string& { return sent.method; });
  flip_all([](Sent& sent) -> std::string& { return sent.target; });
  flip_all([](Sent& sent) -> std::string& { return sent.body; });
  for (const char* name : {"Host", "content-type", "x-amz-meta", "x-amz-date", "authorization"}) {
    flip_all([name](Sent& sent) -> std::string& { return sent.line(name); });
  }
  EXPECT_GT(flips, 2000u);
  Sent harmless = good;
  harmless.line("user-agent") = "client/2";
  EXPECT_EQ(trouble(harmless), "") << "what is not signed is nobody's word";
}

TEST(AwsSignature, is_of_one_secret) {
  EXPECT_EQ(trouble(signed_request(), now, {"app", Secret("sk-app-012345678"), {}}), "a wrong signature");
  EXPECT_EQ(trouble(signed_request(), now, {"ap", Secret("sk-app-0123456789"), {}}), "somebody else's");
}

TEST(AwsSignature, is_good_for_fifteen_minutes_either_way) {
  using std::chrono::minutes;
  using std::chrono::seconds;
  const Sent sent = signed_request();
  for (const auto good : {seconds(0), seconds(900), seconds(-900)}) EXPECT_EQ(trouble(sent, now + good), "");
  for (const auto bad : {seconds(901), seconds(-901), seconds(86400), seconds(-86400)}) {
    EXPECT_NE(trouble(sent, now + bad).find("15 minutes"), std::string::npos);
  }
  EXPECT_EQ(trouble(sent, now + minutes(10)), "") << "also over midnight";
}

TEST(AwsSignature, has_one_date_in_one_spelling) {
  for (const char* date :
       {"", "20261123T235930", "20261123t235930Z", "2026-11-23T23:59:30Z", "20261123T235960Z", "20261323T235930Z",
        "20261131T235930Z", "99991123T235930Z", "20261123T245930Z", "Mon, 23 Nov 2026 23:59:30 GMT"}) {
    Sent sent = signed_request();
    sent.line("x-amz-date") = date;
    EXPECT_NE(trouble(sent).find("x-amz-date"), std::string::npos) << date;
  }
  Sent twice = signed_request();
  twice.lines.emplace_back("X-Amz-Date", twice.line("x-amz-date"));
  EXPECT_NE(trouble(twice).find("more than one"), std::string::npos);
  Sent other_day = signed_request();
  other_day.replace("authorization", "20261123", "20261122");
  EXPECT_NE(trouble(other_day).find("credential's date"), std::string::npos);
}

TEST(AwsSignature, covers_the_host_and_all_of_its_own_fields) {
  Sent unsigned_field = signed_request();
  unsigned_field.lines.emplace_back("X-Amz-Target", "something");
  EXPECT_NE(trouble(unsigned_field).find("must cover"), std::string::npos);
  Sent hash = signed_request();
  hash.lines.emplace_back("x-amz-content-sha256", hex_of(hash.body));
  EXPECT_NE(trouble(hash).find("must cover"), std::string::npos);
  Sent second = signed_request();
  second.lines.emplace_back("content-type", "text/plain");
  EXPECT_EQ(trouble(second), "a wrong signature") << "all fields of a signed name are signed";
  Sent hostless;
  hostless.lines.erase(hostless.lines.begin());
  EXPECT_NE(trouble(signed_request(hostless)).find("host"), std::string::npos);
  Sent late = signed_request(hostless);
  late.lines.emplace_back("host", "gateway.example:8080");
  EXPECT_NE(trouble(late).find("must cover"), std::string::npos);
}

TEST(AwsSignature, names_its_fields_in_one_way) {
  for (const char* names :
       {"host;content-type;x-amz-date", "Content-Type;host;x-amz-date", "content-type;host;host;x-amz-date",
        "content-type;host;x-amz-date;", "content-type;host;nothing;x-amz-date", "content-type,host,x-amz-date",
        "a;b;c;d;e;f;g;h", ";", "x-amz-date"}) {
    Sent sent = signed_request();
    sent.replace("authorization", "content-type;host;x-amz-date", names);
    EXPECT_NE(trouble(sent), "") << names;
  }
}

TEST(AwsSignature, is_written_in_one_way) {
  const Sent good = signed_request();
  Sent narrow = good;
  narrow.replace("authorization", ", SignedHeaders", ",SignedHeaders");
  narrow.replace("authorization", ", Signature", ",   Signature");
  EXPECT_EQ(trouble(narrow), "") << "blanks between the parts do not matter";
  const std::vector<std::pair<std::string, std::string>> spoils{{"AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA512 "},
                                                                {"AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256"},
                                                                {"Credential=app/", "Credential="},
                                                                {"Credential=app/", "Credential=/"},
                                                                {"Credential=app/", "Credential=a/b/"},
                                                                {"eu-west-1/", "/"},
                                                                {"aws4_request", "aws4_request2"},
                                                                {"Credential", "credential"},
                                                                {", SignedHeaders", ", Extra=1, SignedHeaders"},
                                                                {"SignedHeaders", "Signature"},
                                                                {"Signature=", "Signature=0"},
                                                                {"Signature=", "Signature= "},
                                                                {"Signature=", ""}};
  for (const auto& [from, to] : spoils) {
    Sent sent = good;
    sent.replace("authorization", from, to);
    EXPECT_NE(trouble(sent).find("authorization header"), std::string::npos) << from << " -> " << to;
  }
  Sent twice = good;
  twice.lines.emplace_back("Authorization", twice.line("authorization"));
  EXPECT_NE(trouble(twice).find("more than one"), std::string::npos);
  Sent none = good;
  none.lines.pop_back();
  EXPECT_NE(trouble(none), "");
  EXPECT_TRUE(AwsSignature::is_in("AWS4-HMAC-SHA256 Credential="));
  EXPECT_FALSE(AwsSignature::is_in("AWS4-HMAC-SHA256"));
  EXPECT_FALSE(AwsSignature::is_in("Bearer AWS4-HMAC-SHA256 "));
}

TEST(AwsSignature, comes_without_a_session_token) {
  const AwsKeys temporary{"app", Secret("sk-app-0123456789"), Secret("token")};
  EXPECT_NE(trouble(signed_request({}, now, temporary)).find("session token"), std::string::npos);
}

// Two paths of one canonical form would share a signature.
TEST(AwsSignature, is_for_one_spelling_of_the_path) {
  for (const char* path : {"//model/m/converse", "/model//m/converse", "/model/./m/converse", "/model/x/../m/converse",
                           "/model/m/converse/..", "/model/m/converse/.", "model/m/converse"}) {
    Sent sent;
    sent.target = path;
    EXPECT_NE(trouble(signed_request(sent)).find("path"), std::string::npos) << path;
  }
  Sent folder;
  folder.target = "/model/...m/..converse/";
  EXPECT_EQ(trouble(signed_request(folder)), "");
}

TEST(BasicTime, is_read_as_it_is_written) {
  for (const auto& day : {std::chrono::year(2026) / 2 / 28, std::chrono::year(2028) / 2 / 29,
                          std::chrono::year(1970) / 1 / 1, std::chrono::year(2199) / 12 / 31}) {
    const UtcTime time = std::chrono::sys_days(day) + std::chrono::seconds(86399);
    EXPECT_EQ(read_basic_time(basic_time(time)), time);
  }
  EXPECT_FALSE(read_basic_time("20260229T000000Z"));
}

}  // namespace
}  // namespace sluice::credential::aws_signature_test

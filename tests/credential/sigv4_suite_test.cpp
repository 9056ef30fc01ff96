#include <sluice/credential/aws_signature.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

// AWS's own suite is not part of this tree. It lies beside the recordings (in ../auth): where SLUICE_RECORDINGS names
// those, all of it is checked, and a suite that is missing is a failure. sigv4_test.cpp checks signatures without it.
namespace sluice::credential {
namespace {

bool has_recordings() { return std::getenv("SLUICE_RECORDINGS") != nullptr; }
constexpr std::string_view unchecked = "SLUICE_RECORDINGS is not set: THE PUBLISHED SUITE WAS NOT CHECKED";

const UtcTime suite_time =
    std::chrono::sys_days(std::chrono::year(2015) / 8 / 30) + std::chrono::hours(12) + std::chrono::minutes(36);

nlohmann::json suite(const std::string& name) {
  const std::string path = std::string(std::getenv("SLUICE_RECORDINGS")) + "/../auth/" + name;
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  auto read = nlohmann::json::parse(std::string(std::istreambuf_iterator<char>(file), {}), nullptr, false);
  EXPECT_TRUE(read.is_object()) << path;
  return read.is_object() ? read : nlohmann::json::object();
}

// A request as the suite writes it. Lines that begin with a blank go on with the value before them.
struct Written {
  explicit Written(const std::string& text) {
    std::istringstream stream(text);
    std::string line;
    std::getline(stream, line);
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    method = line.substr(0, first);
    target = line.substr(first + 1, last - first - 1);
    while (std::getline(stream, line) && !line.empty()) {
      const std::size_t colon = line.find(':');
      if (line.front() == ' ') {
        lines.back().second += line;
      } else {
        lines.emplace_back(line.substr(0, colon), line.substr(colon + 1));
      }
    }
    body.assign(std::istreambuf_iterator<char>(stream), {});
  }
  // The signer brings the date and the token itself.
  std::vector<SignedField> fields() const {
    std::vector<SignedField> out;
    for (const auto& [name, value] : lines) {
      if (name != "X-Amz-Date" && name != "X-Amz-Security-Token") out.push_back({name, value});
    }
    return out;
  }
  std::vector<SignedField> all_fields() const {
    std::vector<SignedField> out;
    out.reserve(lines.size());
    for (const auto& [name, value] : lines) out.push_back({name, value});
    return out;
  }
  std::string method, target, body;
  std::vector<std::pair<std::string, std::string>> lines;
};

std::string token_in(const std::string& canonical) {
  constexpr std::string_view name = "\nx-amz-security-token:";
  const std::size_t at = canonical.find(name);
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size();
  return canonical.substr(begin, canonical.find('\n', begin) - begin);
}

TEST(SigV4Suite, is_signed_as_published) {
  if (!has_recordings()) GTEST_SKIP() << unchecked;
  const nlohmann::json all = suite("aws_sigv4_testsuite.json");
  ASSERT_TRUE(all.contains("cases"));
  std::size_t checked = 0;
  for (const auto& [name, example] : all["cases"].items()) {
    const Written request(example["req"]);
    const std::vector<SignedField> fields = request.fields();
    const AwsKeys keys{"AKIDEXAMPLE", Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
                       Secret(token_in(example["creq"]))};
    std::string lines;
    append_aws_signature({request.method, request.target, fields, sha256(request.body)}, keys, {"us-east-1", "service"},
                         suite_time, lines);
    EXPECT_TRUE(lines.ends_with("authorization: " + example["authz"].get<std::string>() + "\r\n"))
        << name << "\n"
        << lines << example["authz"] << example["creq"];
    ++checked;
  }
  EXPECT_GE(checked, 30u);
}

// Paths in another than their canonical form share a signature with that: those are refused, as are session tokens.
TEST(SigV4Suite, is_accepted_as_published) {
  if (!has_recordings()) GTEST_SKIP() << unchecked;
  const nlohmann::json all = suite("aws_sigv4_testsuite.json");
  ASSERT_TRUE(all.contains("cases"));
  const Hmac root = signing_root(Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"));
  std::size_t refused = 0;
  for (const auto& [name, example] : all["cases"].items()) {
    SCOPED_TRACE(name);
    Written request(example["req"]);
    request.lines.emplace_back("Authorization", example["authz"].get<std::string>());
    const std::string token = token_in(example["creq"]);
    if (!token.empty()) request.lines.emplace_back("X-Amz-Security-Token", token);
    const bool is_plain = name.find("normalize-path/") == std::string::npos || name.ends_with("/get-space") ||
                          name.ends_with("/get-special-character");
    const std::vector<SignedField> fields = request.all_fields();
    const auto read = AwsSignature::read({request.method, request.target, fields, {}}, suite_time);
    ASSERT_EQ(static_cast<bool>(read), is_plain && token.empty()) << (read ? "" : read.error().message());
    if (!read) {
      ++refused;
      continue;
    }
    EXPECT_EQ(read->access_key_id(), "AKIDEXAMPLE");
    EXPECT_TRUE(read->is_by(root, sha256(request.body)));
    EXPECT_FALSE(read->is_by(root, sha256(request.body + " ")));
    EXPECT_FALSE(read->is_by(signing_root(Secret("another")), sha256(request.body)));
  }
  EXPECT_EQ(refused, 8u);
}

TEST(SigV4Suite, agrees_about_a_request_to_a_model) {
  if (!has_recordings()) GTEST_SKIP() << unchecked;
  const nlohmann::json example = suite("bedrock_mantle_sigv4.json");
  ASSERT_TRUE(example.contains("credentials"));
  const nlohmann::json& given = example["credentials"];
  const AwsKeys keys{given["accessKeyId"], Secret(given["secretAccessKey"]), Secret(given["sessionToken"])};
  const std::string url = example["request"]["url"];
  const std::string rest = url.substr(std::string("https://").size());
  const std::string host = rest.substr(0, rest.find('/'));
  const std::string type = example["request"]["contentType"];
  const std::string hash = example["expected"]["payloadHash"];
  const std::string target = rest.substr(host.size());
  const std::string body = example["request"]["body"];
  const std::vector<SignedField> fields{{"content-type", type}, {"host", host}, {"x-amz-content-sha256", hash}};
  const UtcTime time = std::chrono::sys_days(std::chrono::year(2025) / 1 / 2) + std::chrono::hours(3) +
                       std::chrono::minutes(4) + std::chrono::seconds(5);
  std::string lines;
  append_aws_signature({"POST", target, fields, sha256(body)}, keys, {example["region"], example["service"]}, time,
                       lines);
  EXPECT_TRUE(lines.ends_with("authorization: " + example["expected"]["authorization"].get<std::string>() + "\r\n"))
      << lines;
}

}  // namespace
}  // namespace sluice::credential

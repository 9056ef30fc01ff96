#include "gateway/signature_check.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

namespace sluice::test {
namespace {

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
    text += two;
  }
  return text;
}

std::string sha256_of(std::string_view text) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  EVP_Digest(text.data(), text.size(), out, &length, EVP_sha256(), nullptr);
  return {reinterpret_cast<char*>(out), length};
}

std::string hmac_of(std::string_view key, std::string_view text) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), out, &length);
  return {reinterpret_cast<char*>(out), length};
}

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t end = text.find(at);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// What stands between `name=` and the next comma.
std::string part_of(const std::string& authorization, const std::string& name) {
  const std::size_t at = authorization.find(name + "=");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size() + 1;
  return authorization.substr(begin, authorization.find(',', begin) - begin);
}

// What was sent, encoded once more, its slashes kept.
std::string encoded_again(std::string_view path) {
  constexpr std::string_view kept = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
  std::string out;
  for (const char c : path) {
    char three[4];
    std::snprintf(three, sizeof three, "%%%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
    out += kept.find(c) != std::string_view::npos ? std::string(1, c) : std::string(three);
  }
  return out;
}

bool is_now(const std::string& date) {
  std::tm parts{};
  if (strptime(date.c_str(), "%Y%m%dT%H%M%SZ", &parts) == nullptr) return false;
  return std::labs(static_cast<long>(timegm(&parts) - std::time(nullptr))) < 300;
}

}  // namespace

std::string signature_trouble(const SeenRequest& request, std::string_view access_key_id, std::string_view secret,
                              std::string_view region, std::string_view service) {
  const std::string authorization = request.field("authorization").value_or("");
  if (!authorization.starts_with("AWS4-HMAC-SHA256 ")) return "not signed: " + authorization;
  const std::string date = request.field("x-amz-date").value_or("");
  if (!is_now(date)) return "the date is not now: " + date;
  const std::string scope =
      date.substr(0, 8) + "/" + std::string(region) + "/" + std::string(service) + "/aws4_request";
  if (part_of(authorization, "Credential") != std::string(access_key_id) + "/" + scope) return "another scope";
  const std::string names = part_of(authorization, "SignedHeaders");
  std::string canonical =
      request.head.substr(0, request.head.find(' ')) + "\n" + encoded_again(request.target()) + "\n\n";
  bool host = false;
  bool token = false;
  for (const std::string& name : split(names, ';')) {
    const auto value = request.field(name);
    if (!value) return "a signed field is not there: " + name;
    canonical += name + ":" + *value + "\n";
    host = host || name == "host";
    token = token || name == "x-amz-security-token";
  }
  if (!host || token != request.field("x-amz-security-token").has_value()) return "a field is not signed";
  canonical += "\n" + names + "\n" + hex(sha256_of(request.body));
  std::string key = "AWS4" + std::string(secret);
  for (const std::string& part : split(scope, '/')) key = hmac_of(key, part);
  const std::string expected =
      hex(hmac_of(key, "AWS4-HMAC-SHA256\n" + date + "\n" + scope + "\n" + hex(sha256_of(canonical))));
  return part_of(authorization, "Signature") == expected ? "" : "the signature is wrong";
}

}  // namespace sluice::test

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <sluice/credential/aws_profile.hpp>
#include <sluice/credential/aws_signature.hpp>
#include <sluice/credential/jwt.hpp>
#include <sluice/credential/service_account.hpp>

#include "credential/answers.hpp"
#include "credential/sigv4.hpp"
#include "credential/trouble.hpp"

namespace {

using namespace sluice;
using namespace sluice::credential;

void check(const AwsKeys& keys) {
  const bool token = keys.session_token.empty() || is_sendable(keys.session_token.reveal());
  if (!is_sendable(keys.access_key_id) || !is_sendable(keys.secret_access_key.reveal()) || !token) std::abort();
}

// Whatever a stranger writes, nobody's secret is in it.
void check_signature(std::string_view text) {
  const std::string_view half = text.substr(0, text.size() / 2);
  const std::string authorization = "AWS4-HMAC-SHA256 Credential=a/20260101/r/s/aws4_request, " + std::string(half);
  const std::array<SignedField, 4> fields{{{"host", "h"},
                                           {"x-amz-date", "20260101T000000Z"},
                                           {"authorization", text.size() % 2 == 0 ? text : authorization},
                                           {"x-amz-content-sha256", text.substr(half.size())}}};
  const UtcTime now = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);
  const auto read = AwsSignature::read({"POST", "/model/m/converse", fields, {}}, now);
  if (read && read->is_by(signing_root(Secret("a secret")), sha256(text))) std::abort();
}

// Whatever a stranger shows, no key has signed it; and whatever is published, keys that come of it can be used.
void check_tokens(std::string_view text) {
  static const auto known = KeySet::read(
      R"({"keys":[{"kid":"o","kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})");
  const TokenRules rules{"i", "a", "groups", {{"user", "sub"}}};
  const UtcTime now = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);
  const auto checked = check_token(text, **known, rules, now);
  if (checked && std::holds_alternative<Claims>(*checked)) std::abort();
  const auto published = KeySet::read(text);
  if (!published) return;
  if ((*published)->size() == 0) std::abort();
  for (const TokenAlgorithm algorithm : {TokenAlgorithm::rs256, TokenAlgorithm::es256, TokenAlgorithm::eddsa}) {
    if ((*published)->check(algorithm, std::nullopt, text, text) == KeySet::Match::good) std::abort();
  }
}

}  // namespace

// Whatever files and token servers say, what comes out can stand in a header field, and a signature is one set of
// lines.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view half = text.substr(0, size / 2);
  const std::string_view rest = text.substr(size / 2);
  const auto profile = read_aws_profile(half, rest, "default");
  if (profile) check(profile->keys);
  const auto token = read_token_answer(200, text);
  if (token && (!is_sendable(token->grant.token.reveal()) || *token->lifetime <= Duration::zero())) std::abort();
  const auto keys = read_keys_answer(200, text, UtcTime());
  if (keys) check(keys->grant.keys);
  (void)read_token_answer(400, text);
  (void)read_service_account(text);
  check_signature(text);
  check_tokens(text);
  const std::string path = canonical_path(text, "service");
  const std::string query = canonical_query(text);
  if (path.empty() || path.front() != '/' || path.find_first_of(" ?#\r\n") != std::string::npos) std::abort();
  // A canonical query is its own canonical form.
  if (canonical_query(query) != query || query.find_first_of(" ?#\r\n/") != std::string::npos) std::abort();
  return 0;
}

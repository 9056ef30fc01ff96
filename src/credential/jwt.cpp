#include <sluice/credential/jwt.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include <nlohmann/json.hpp>
#include <sluice/base/text.hpp>

#include "credential/base64url.hpp"
#include "credential/strict_json.hpp"

namespace sluice::credential {
namespace {

using nlohmann::json;
using std::chrono::seconds;

constexpr std::size_t longest_token = 8u << 10;
constexpr std::size_t longest_subject = 256;
constexpr std::size_t longest_value = 256;  // of a tag
constexpr std::int64_t leeway = 60;         // seconds that clocks may differ by
// Seconds since 1970, in the year 2255: what lies behind it is as good as for ever, and cannot be counted in
// nanoseconds.
constexpr std::int64_t last_second = 9'000'000'000;

Error not_good(std::string why) {
  return Error(Fault::unauthenticated, Blame::client, "invalid_api_key", std::move(why));
}

Error not_a_token() { return not_good("The token is no JSON web token as this gateway takes it."); }

// The three parts as they are written, and as they are read.
struct Parts {
  std::string_view message;  // what is signed
  json header;
  json claims;
  std::string signature;
};

std::optional<Parts> taken_apart(std::string_view token) {
  const std::size_t first = token.find('.');
  const std::size_t second = token.rfind('.');
  const auto header = from_base64url(token.substr(0, first));
  const auto claims = from_base64url(token.substr(first + 1, second - first - 1));
  auto signature = from_base64url(token.substr(second + 1));
  if (!header || !claims || !signature) return std::nullopt;
  auto read_header = read_strict_object(*header);
  auto read_claims = read_strict_object(*claims);
  if (!read_header || !read_claims) return std::nullopt;
  return Parts{token.substr(0, second), *std::move(read_header), *std::move(read_claims), *std::move(signature)};
}

// RFC 8725 §3.11: tokens of other sorts, such as proofs of possession, let nobody in. Access tokens are at+jwt (RFC
// 9068).
bool is_of_our_sort(const json& header) {
  const auto typ = header.find("typ");
  if (typ == header.end()) return true;
  if (!typ->is_string()) return false;
  std::string_view sort = typ->get_ref<const std::string&>();
  constexpr std::string_view prefix = "application/";
  if (equals_ignoring_case(sort.substr(0, prefix.size()), prefix)) sort.remove_prefix(prefix.size());
  return equals_ignoring_case(sort, "JWT") || equals_ignoring_case(sort, "at+jwt");
}

// What the header says of the signature.
struct Signed {
  TokenAlgorithm algorithm;
  std::optional<std::string> kid;
};

Result<Signed> read_header(const json& header) {
  const auto alg = header.find("alg");
  if (alg == header.end() || !alg->is_string() || header.contains("crit") || !is_of_our_sort(header)) {
    return not_a_token();
  }
  const auto algorithm = token_algorithm_named(alg->get_ref<const std::string&>());
  if (!algorithm) return not_good("The token is not signed with RS256, ES256 or EdDSA.");
  Signed is_signed{*algorithm, std::nullopt};
  if (const auto kid = header.find("kid"); kid != header.end()) {
    if (!kid->is_string()) return not_a_token();
    is_signed.kid = kid->get<std::string>();
  }
  return is_signed;
}

// A time in whole seconds since 1970, also one that is written with a fraction. Nothing when it is no number that can
// be a time.
std::optional<std::int64_t> time_in(const json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_number()) return std::nullopt;
  const double time = found->get<double>();
  if (!(time >= 0) || time > 1e15) return std::nullopt;
  return std::min(static_cast<std::int64_t>(time), last_second);
}

bool is_text(const json& value, std::string_view text) {
  return value.is_string() && value.get_ref<const std::string&>() == text;
}

bool is_for_audience(const json& claims, std::string_view audience) {
  const auto aud = claims.find("aud");
  if (aud == claims.end()) return false;
  if (!aud->is_array()) return is_text(*aud, audience);
  return std::any_of(aud->begin(), aud->end(), [&](const json& one) { return is_text(one, audience); });
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

// Who it is for, and when.
Result<> check_claims(const json& claims, const TokenRules& rules, UtcTime utc) {
  const auto iss = claims.find("iss");
  if (iss == claims.end() || !is_text(*iss, rules.issuer)) return not_good("The token is of another issuer.");
  if (!is_for_audience(claims, rules.audience)) return not_good("The token is for another audience.");
  const std::int64_t now = std::chrono::floor<seconds>(utc).time_since_epoch().count();
  const auto exp = time_in(claims, "exp");
  if (!exp) return not_good("The token does not say when it expires.");
  if (now >= *exp + leeway) return not_good("The token has expired.");
  const auto nbf = time_in(claims, "nbf");
  if (claims.contains("nbf") && !nbf) return not_a_token();
  if (nbf && now + leeway < *nbf) return not_good("The token is not valid yet.");
  return Ok{};
}

// One value as a tag's; nothing for a value that can be none.
std::optional<std::string> value_of(const json& claims, const std::string& name) {
  const auto found = claims.find(name);
  if (found == claims.end() || !(found->is_string() || found->is_number() || found->is_boolean())) return std::nullopt;
  std::string value = found->is_string() ? found->get<std::string>() : found->dump();
  if (value.size() > longest_value || has_control_character(value)) return std::nullopt;
  return value;
}

std::vector<std::string> values_of(const json& claims, const std::string& name) {
  std::vector<std::string> values;
  const auto found = claims.find(name);
  if (name.empty() || found == claims.end()) return values;
  if (found->is_string()) values.push_back(found->get<std::string>());
  if (!found->is_array()) return values;
  for (const json& one : *found) {
    if (one.is_string()) values.push_back(one.get<std::string>());
  }
  return values;
}

Result<Claims> read_claims(const json& said, const TokenRules& rules) {
  Claims claims;
  const auto sub = said.find("sub");
  if (sub != said.end() && sub->is_string()) claims.subject = sub->get<std::string>();
  if (claims.subject.empty() || claims.subject.size() > longest_subject || has_control_character(claims.subject)) {
    return not_good("The token does not say who its bearer is, in 1 to 256 bytes of `sub`.");
  }
  claims.good_until = UtcTime(seconds(*time_in(said, "exp") + leeway));
  claims.teams = values_of(said, rules.team);
  for (const TokenRules::TagClaim& wanted : rules.tags) {
    if (auto value = value_of(said, wanted.claim)) claims.tags.emplace_back(wanted.tag, *std::move(value));
  }
  return claims;
}

}  // namespace

bool is_like_token(std::string_view shown) {
  std::array<std::size_t, 3> lengths{};
  std::size_t part = 0;
  for (const char c : shown) {
    if (c == '.') {
      if (++part == lengths.size()) return false;
    } else if (is_base64url(c)) {
      ++lengths[part];
    } else {
      return false;
    }
  }
  // The last part may be empty: that is how a token without a signature looks.
  return part == 2 && lengths[0] > 0 && lengths[1] > 0;
}

Result<std::variant<Claims, UnknownKey>> check_token(std::string_view token, const KeySet& keys,
                                                     const TokenRules& rules, UtcTime now) {
  if (token.size() > longest_token) return not_good("The token is longer than 8 KiB.");
  if (!is_like_token(token)) return not_a_token();
  const std::optional<Parts> parts = taken_apart(token);
  if (!parts) return not_a_token();
  Result<Signed> header = read_header(parts->header);
  if (!header) return std::move(header).error();
  // Before the signature: whose token this is not says nothing of keys that are to be looked for.
  const Result<> right = check_claims(parts->claims, rules, now);
  if (!right) return right.error();
  Result<Claims> claims = read_claims(parts->claims, rules);
  if (!claims) return std::move(claims).error();
  switch (keys.check(header->algorithm, header->kid, parts->message, parts->signature)) {
    case KeySet::Match::unknown:
      return std::variant<Claims, UnknownKey>(UnknownKey{});
    case KeySet::Match::wrong:
      return not_good("The token's signature does not hold.");
    case KeySet::Match::good:
      break;
  }
  return std::variant<Claims, UnknownKey>(*std::move(claims));
}

}  // namespace sluice::credential
